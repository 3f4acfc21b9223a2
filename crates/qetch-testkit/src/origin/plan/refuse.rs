//! Replies that stand in the place of the resource: errors, pages, links and silence.

use super::{
    super::{
        reply::{Ending, Minted, Reply},
        request::Request,
    },
    state::{Arrival, State},
};
use crate::{Behaviour, Resource};

/// The reply that takes the place of the resource's own, if a behaviour calls for one.
pub(super) fn instead(
    resource: &Resource,
    state: &State,
    request: &Request,
    arrival: Arrival,
) -> Option<Reply> {
    resource.behaviours.iter().find_map(|behaviour| one(behaviour, state, request, arrival))
}

fn one(behaviour: &Behaviour, state: &State, request: &Request, arrival: Arrival) -> Option<Reply> {
    let number = state.requests;
    let head = request.method == "HEAD";
    let reply = match behaviour {
        Behaviour::FailFirst { times, status, retry_after } if number <= *times => {
            Reply::refusal(*status).with_some("Retry-After", retry_after.as_deref())
        }
        Behaviour::Crowded { at_most, status } if state.sending >= *at_most => Reply::refusal(*status),
        Behaviour::CrowdedReset { at_most } if state.sending >= *at_most => {
            Reply::silence(Ending::ResetAfter(0))
        }
        Behaviour::HeadRefused { status } if head => Reply::refusal(*status),
        Behaviour::Fails { which, status } if which.strikes(number) => Reply::refusal(*status),
        Behaviour::Silent { which } if which.strikes(number) => Reply::silence(Ending::StallAfter(0)),
        Behaviour::Pages { which, page } if which.strikes(number) => {
            Reply::new(200, vec![page.clone()]).with("Content-Type", "text/html").with_length()
        }
        Behaviour::WholeFirst { status } if !state.whole && request.header("range").is_some() => {
            Reply::refusal(*status)
        }
        Behaviour::Expires { when, status } if state.has_come(*when, arrival.at) => Reply::refusal(*status),
        Behaviour::Mints { prefix, links } => {
            let path = format!("{prefix}{number}");
            let place = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            let link = links.get(place).or(links.last());
            let mut reply = Reply::new(302, Vec::new()).with("Location", path.clone()).with_length();
            reply.minted = link.map(|resource| Box::new(Minted { path, resource: resource.clone() }));
            reply
        }
        _ => return None,
    };
    Some(reply)
}
