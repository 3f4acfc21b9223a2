//! Decides the reply to a request from the resource, what became of it so far, and its behaviours. Pure but
//! for [`When::Time`](crate::When::Time): the same requests in the same order give the same replies.

mod end;
mod frame;
mod refuse;
mod represent;
mod state;

use super::{
    conditions::Version,
    reply::{Reply, cut},
    request::Request,
};
use crate::{Behaviour, Resource, resource::strong_etag};

pub(crate) use state::{Arrival, State};

/// Plans the reply.
pub(crate) fn plan(resource: &Resource, state: &mut State, request: &Request, arrival: Arrival) -> Reply {
    if !answers(resource, &request.method) {
        let allowed = resource.method.as_deref().unwrap_or("GET, HEAD");
        return Reply::refusal(405).with("Allow", allowed.to_owned()).finish(request);
    }
    state.arrive(arrival);
    if let Some(reply) = refuse::instead(resource, state, request, arrival) {
        return reply.finish(request);
    }
    let version = version(resource, state, arrival);
    let mut reply = match (resource.status, version.condition(request)) {
        (Some(status), _) => {
            let reply = Reply::new(status, vec![version.body.clone()]);
            let reply = frame::frame(reply, resource, None, resource.content_type.as_deref());
            frame::own_headers(reply, resource)
        }
        (None, Some(status)) => frame::validators(Reply::new(status, Vec::new()).with_length(), &version),
        (None, None) => represent::represent(resource, &version, request),
    };
    let represents = matches!(reply.status, 200 | 206);
    if request.method == "HEAD" {
        if represents {
            reply = frame::lie_to_head(reply, resource);
        }
        return reply.finish(request);
    }
    if represents || resource.status.is_some() {
        end::end(&mut reply, resource, state, arrival);
    }
    if represents {
        state.bodies += 1;
        state.whole |= reply.status == 200;
        reply.carries = true;
    }
    reply.finish(request)
}

fn answers(resource: &Resource, method: &str) -> bool {
    match &resource.method {
        Some(own) => own == method,
        None => matches!(method, "GET" | "HEAD"),
    }
}

/// The body and validators that the resource has for this request.
fn version(resource: &Resource, state: &mut State, arrival: Arrival) -> Version {
    let mut version = Version {
        body: resource.body.clone(),
        etag: resource.etag.clone(),
        last_modified: resource.last_modified.clone(),
    };
    for behaviour in &resource.behaviours {
        match behaviour {
            Behaviour::Changing { body, etag } if state.bodies > 0 => {
                version.body = body.clone();
                version.etag = Some(strong_etag(etag));
            }
            Behaviour::ChangingQuietly { body } => {
                version.etag = None;
                version.last_modified = None;
                if state.bodies > 0 {
                    version.body = body.clone();
                }
            }
            Behaviour::Grows { from, by } => {
                let length = from.saturating_add(by.saturating_mul(state.bodies));
                version.body = cut(&version.body, &(0..length));
            }
            Behaviour::EtagPerConnection => {
                version.etag = Some(numbered(version.etag.as_deref(), state.connection(arrival)));
            }
            Behaviour::EtagPerRequest => {
                version.etag = Some(numbered(version.etag.as_deref(), state.requests));
            }
            Behaviour::Gzip | Behaviour::GzipRanges => {
                version.body = state.pack(&version.body);
            }
            _ => {}
        }
    }
    version
}

/// The entity tag with a number at its end.
fn numbered(etag: Option<&str>, number: u64) -> String {
    match etag.and_then(|etag| etag.strip_suffix('"')) {
        Some(start) => format!("{start}-{number}\""),
        None => strong_etag(&number.to_string()),
    }
}
