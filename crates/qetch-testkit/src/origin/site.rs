//! What an origin has: resources by host and path, the log, and how many connections are open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::{
    log::Log,
    pace::Pace,
    plan::{Arrival, State, plan},
    reply::Reply,
    request::Request,
};
use crate::{Behaviour, Resource, When};

/// A registered resource and what became of it.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) resource: Resource,
    pub(crate) shared_pace: Option<Pace>,
    /// How many bytes of it are sent in all, if that is limited.
    in_all: Option<u64>,
    /// When it becomes something else, and what.
    next: Option<(When, Arc<Served>)>,
    state: Mutex<State>,
}

/// What a request gets.
#[derive(Debug)]
pub(crate) struct Planned {
    /// What answered, which may be what the resource has become.
    pub(crate) served: Arc<Served>,
    pub(crate) reply: Reply,
    /// Lives for as long as a body is being sent.
    pub(crate) sending: Option<Sending>,
}

/// A host, or any, and a path, or any other.
type Place = (Option<String>, Option<String>);

/// How many connections there are and were.
#[derive(Debug, Default)]
struct Connections {
    open: usize,
    opened: u64,
}

/// All that the connections of one origin share.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) log: Log,
    places: Mutex<HashMap<Place, Arc<Served>>>,
    connections: Mutex<Connections>,
    changed: watch::Sender<()>,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            log: Log::default(),
            places: Mutex::default(),
            connections: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Registers a resource in the place of what was there.
    pub(crate) fn serve(&self, host: Option<&str>, path: Option<&str>, resource: Resource) {
        let served = Arc::new(Served::new(resource));
        let place = (host.map(str::to_ascii_lowercase), path.map(str::to_owned));
        self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(place, served);
    }

    /// What is registered for the request: under its host before under that host without the port before
    /// under any host, and there under its path with the query before without before under any other path.
    pub(crate) fn find(&self, request: &Request) -> Option<Arc<Served>> {
        let named = request.header("host").map(str::to_ascii_lowercase);
        let bare = named.as_deref().and_then(|host| host.rsplit_once(':')).map(|(host, _)| host.to_owned());
        let path = request.path.split('?').next().map(str::to_owned);
        let paths = [Some(request.path.clone()), path, None];
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        [named.map(Some), bare.map(Some), Some(None)].into_iter().flatten().find_map(
            |host: Option<String>| {
                paths.iter().find_map(|path| places.get(&(host.clone(), path.clone())).cloned())
            },
        )
    }

    /// Tells whoever waits in `Origin::until` that something happened.
    pub(crate) fn tell(&self) {
        self.changed.send_replace(());
    }

    /// What [`tell`](Self::tell) wakes.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// How many connections are open.
    pub(crate) fn open_connections(&self) -> usize {
        self.connections().open
    }

    /// How many connections were ever open.
    pub(crate) fn connections_opened(&self) -> u64 {
        self.connections().opened
    }

    /// Counts a connection as open for as long as the answer lives.
    pub(crate) fn open(self: &Arc<Self>) -> Open {
        {
            let mut connections = self.connections();
            connections.open += 1;
            connections.opened += 1;
        }
        self.tell();
        Open(Arc::clone(self))
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Served {
    fn new(resource: Resource) -> Self {
        let in_all = resource.behaviours.iter().filter_map(|behaviour| match behaviour {
            Behaviour::Expires { when: When::Bytes(bytes), .. } => Some(*bytes),
            _ => None,
        });
        let next = resource.behaviours.iter().find_map(|behaviour| match behaviour {
            Behaviour::Becomes { when, resource } => {
                Some((*when, Arc::new(Self::new(resource.as_ref().clone()))))
            }
            _ => None,
        });
        Self {
            shared_pace: resource.shared_throttle.map(Pace::new),
            in_all: in_all.min(),
            next,
            state: Mutex::default(),
            resource,
        }
    }

    /// Plans the reply to a request and remembers it.
    pub(crate) fn answer(self: &Arc<Self>, request: &Request, arrival: Arrival) -> Planned {
        let mut state = self.state();
        if let Some((when, next)) = &self.next
            && state.has_come(*when, arrival.at)
        {
            drop(state);
            return next.answer(request, arrival);
        }
        let reply = plan(&self.resource, &mut state, request, arrival);
        if reply.carries {
            state.sending += 1;
        }
        let sending = reply.carries.then(|| Sending(Arc::clone(self)));
        Planned { served: Arc::clone(self), reply, sending }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One body that is being sent.
#[derive(Debug)]
pub(crate) struct Sending(Arc<Served>);

impl Sending {
    /// Takes up to so many bytes from those that the resource sends in all, and tells how many.
    pub(crate) fn take(&self, wanted: u64) -> u64 {
        self.0.state().take(wanted, self.0.in_all)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.state().sending -= 1;
    }
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct Open(Arc<Site>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections().open -= 1;
        self.0.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::Site;
    use crate::{
        Resource,
        origin::request::{Parsed, Request},
    };

    #[test]
    fn the_closest_registration_answers() {
        let site = Site::new();
        for (host, path, name) in [
            (None, Some("/a"), "any /a"),
            (None, Some("/a?q"), "any /a?q"),
            (Some("One.example"), Some("/a"), "one /a"),
            (Some("one.example:81"), Some("/a"), "one:81 /a"),
            (Some("two.example"), None, "two"),
        ] {
            site.serve(host, path, Resource::new(name));
        }
        let check = |host: &str, path: &str, expected: Option<&str>| {
            let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let Parsed::Whole(request, _) = Request::parse(head.as_bytes()) else { panic!("{head:?}") };
            let found = site.find(&request).map(|served| served.resource.body.clone());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{host} {path}");
        };
        check("one.example", "/a", Some("one /a"));
        check("ONE.example:80", "/a?q", Some("one /a"));
        check("one.example:81", "/a", Some("one:81 /a"));
        check("one.example", "/b", None);
        check("two.example", "/a", Some("two"));
        check("three.example", "/a", Some("any /a"));
        check("three.example", "/a?q", Some("any /a?q"));
        check("three.example", "/a?r", Some("any /a"));
        check("[::1]:8", "/b", None);
    }
}
