//! How a body of the resource ends, and how fast it goes there.

use super::{
    super::reply::{Ending, Late, Reply},
    state::{Arrival, State},
};
use crate::{Behaviour, Resource};

/// Decides how the connection goes on or ends, for a reply that carries the resource.
pub(super) fn end(reply: &mut Reply, resource: &Resource, state: &mut State, arrival: Arrival) {
    let length = reply.body_length();
    let mut behaviours = resource.behaviours.iter().enumerate();
    let ending = behaviours.find_map(|(place, behaviour)| one(behaviour, place, length, state, arrival));
    reply.ending = ending.unwrap_or(Ending::KeepAlive);
    let number = state.bodies + 1;
    let connection = state.connection(arrival);
    reply.late = resource.behaviours.iter().find_map(|behaviour| match behaviour {
        Behaviour::Slows { which, after, bytes_per_second } if which.strikes(number) => {
            Some(Late { after: *after, bytes_per_second: *bytes_per_second })
        }
        Behaviour::SlowConnections { which, bytes_per_second } if which.strikes(connection) => {
            Some(Late { after: 0, bytes_per_second: *bytes_per_second })
        }
        _ => None,
    });
}

fn one(
    behaviour: &Behaviour,
    place: usize,
    length: u64,
    state: &mut State,
    arrival: Arrival,
) -> Option<Ending> {
    let number = state.bodies + 1;
    match behaviour {
        Behaviour::ContentLengthTooLong { .. }
        | Behaviour::ContentLengthTooShort { .. }
        | Behaviour::ClosesQuietly
        | Behaviour::UntilClose => Some(Ending::Close),
        Behaviour::ChunkedCut { after } => Some(Ending::CutAfter(*after)),
        Behaviour::CutAlways { after } => {
            let left = after.saturating_sub(arrival.carried);
            (left <= length).then_some(Ending::CutAfter(left))
        }
        Behaviour::CutOnce { after } => {
            (length > *after && state.spent.insert(place)).then_some(Ending::CutAfter(*after))
        }
        Behaviour::StallOnce { after } => {
            (length > *after && state.spent.insert(place)).then_some(Ending::StallAfter(*after))
        }
        Behaviour::Resets { which, after } => {
            (length > *after && which.strikes(number)).then_some(Ending::ResetAfter(*after))
        }
        Behaviour::Stalls { which, after } => {
            (length > *after && which.strikes(number)).then_some(Ending::StallAfter(*after))
        }
        _ => None,
    }
}
