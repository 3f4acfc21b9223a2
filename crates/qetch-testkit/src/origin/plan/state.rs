//! What became of a resource since it was registered.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{When, gzip::gzip};

/// The counts that a resource's behaviours go by.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Requests whose method is allowed, this one included.
    pub(super) requests: u64,
    /// Bodies begun with a 200 or 206.
    pub(super) bodies: u64,
    /// Whether one of them was begun with a 200.
    pub(super) whole: bool,
    /// Bytes of bodies that were sent or are about to be.
    sent: u64,
    /// When the first request came.
    first: Option<Instant>,
    /// The connections that requests came on, in their order.
    connections: Vec<u64>,
    /// Which behaviours, by their place, have had the one fault that they have.
    pub(super) spent: HashSet<usize>,
    /// Bodies that are being sent.
    pub(crate) sending: usize,
    /// The body that was last asked for as gzip, and as what.
    packed: Option<(Bytes, Bytes)>,
}

/// What is known of a request beside its head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// The number of the connection at the origin.
    pub(crate) connection: u64,
    /// How many bytes of bodies the connection has carried so far.
    pub(crate) carried: u64,
    /// When the request came.
    pub(crate) at: Instant,
}

impl State {
    /// Counts a request.
    pub(super) fn arrive(&mut self, arrival: Arrival) {
        self.requests += 1;
        self.first.get_or_insert(arrival.at);
        if !self.connections.contains(&arrival.connection) {
            self.connections.push(arrival.connection);
        }
    }

    /// The number of a connection among those that came to this resource, from 1.
    pub(super) fn connection(&self, arrival: Arrival) -> u64 {
        let place = self.connections.iter().position(|known| *known == arrival.connection);
        place.map_or(0, |place| place as u64 + 1)
    }

    /// Whether the moment has come.
    pub(crate) fn has_come(&self, when: When, now: Instant) -> bool {
        match when {
            When::Bodies(bodies) => self.bodies >= bodies,
            When::Bytes(bytes) => self.sent >= bytes,
            When::Time(time) => {
                self.first.map_or(Duration::ZERO, |first| now.saturating_duration_since(first)) >= time
            }
        }
    }

    /// The body as gzip, made once.
    pub(super) fn pack(&mut self, body: &Bytes) -> Bytes {
        match &self.packed {
            Some((from, packed)) if from == body => packed.clone(),
            _ => {
                let packed = Bytes::from(gzip(body));
                self.packed = Some((body.clone(), packed.clone()));
                packed
            }
        }
    }

    /// Takes up to `wanted` bytes from those that may be sent in all, and tells how many.
    pub(crate) fn take(&mut self, wanted: u64, in_all: Option<u64>) -> u64 {
        let left = in_all.map_or(wanted, |in_all| in_all.saturating_sub(self.sent));
        let taken = wanted.min(left);
        self.sent = self.sent.saturating_add(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Arrival, State};
    use crate::When;

    #[test]
    fn moments_come() {
        let zero = Instant::now();
        let mut state = State::default();
        let check = |state: &State, when: When, at: u64, expected: bool| {
            assert_eq!(state.has_come(when, zero + Duration::from_secs(at)), expected, "{when:?} {state:?}");
        };
        check(&state, When::Bodies(0), 0, true);
        check(&state, When::Time(Duration::from_secs(5)), 9, false);
        state.arrive(Arrival { connection: 7, carried: 0, at: zero });
        check(&state, When::Time(Duration::from_secs(5)), 4, false);
        check(&state, When::Time(Duration::from_secs(5)), 5, true);
        check(&state, When::Bytes(10), 0, false);
        assert_eq!(state.take(7, Some(10)), 7);
        assert_eq!(state.take(7, Some(10)), 3);
        assert_eq!(state.take(7, Some(10)), 0);
        check(&state, When::Bytes(10), 0, true);
        assert_eq!(state.take(7, None), 7);
    }

    #[test]
    fn connections_are_numbered_as_they_come() {
        let mut state = State::default();
        for (connection, number) in [(9, 1), (4, 2), (9, 1), (5, 3)] {
            let arrival = Arrival { connection, carried: 0, at: Instant::now() };
            state.arrive(arrival);
            assert_eq!(state.connection(arrival), number);
        }
    }
}
