//! What an origin was asked and what it really sent.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use bytes::Bytes;

use super::request::Request;

/// One request that an origin received, and how far the answer got.
///
/// "Sent" means handed to the operating system. A client that has read a byte finds it counted; a client that
/// went away may have been sent more than it read, by what the socket buffers hold.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seen {
    /// The number of the request at this origin, from 1, in the order of arrival.
    pub request: u64,
    /// The number of the connection at this origin, from 1, in the order of arrival.
    pub connection: u64,
    /// The port of the client's end of that connection.
    pub client_port: u16,
    /// The method as sent.
    pub method: String,
    /// The path with its query, as sent.
    pub path: String,
    /// The headers in the order sent, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body of the request; empty if there was none.
    pub body: Bytes,
    /// When the request had been read.
    pub started: Instant,
    /// When the head of the answer was sent, its delay over.
    pub body_started: Option<Instant>,
    /// When the last byte of the body that was to be sent was sent, or the connection was given up.
    pub ended: Option<Instant>,
    /// The status sent.
    pub status: Option<u16>,
    /// How many bytes the answer's body has if it is sent whole.
    pub body_length: u64,
    /// How many bytes of the answer's body were sent, without chunk sizes.
    pub bytes_sent: u64,
}

impl Seen {
    /// The first header of this name, given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether this request is for `path`; without a query it means the path with any query.
    #[must_use]
    pub fn is_for(&self, path: &str) -> bool {
        self.path == path || self.path.split('?').next() == Some(path)
    }
}

/// One entry of the log, written by the connection that answers it.
#[derive(Clone, Debug)]
pub(crate) struct Record(Arc<Mutex<Seen>>);

impl Record {
    pub(crate) fn entry(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the answer as ended, if nothing did before.
    pub(crate) fn end(&self) {
        self.entry().ended.get_or_insert_with(Instant::now);
    }
}

/// All entries in the order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Record>>);

impl Log {
    /// Enters a request.
    pub(crate) fn enter(&self, request: &Request, body: Bytes, connection: u64, client_port: u16) -> Record {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let record = Record(Arc::new(Mutex::new(Seen {
            request: records.len() as u64 + 1,
            connection,
            client_port,
            method: request.method.clone(),
            path: request.path.clone(),
            headers: request.headers.clone(),
            body,
            started: Instant::now(),
            body_started: None,
            ended: None,
            status: None,
            body_length: 0,
            bytes_sent: 0,
        })));
        records.push(record.clone());
        record
    }

    /// The log as it stands.
    pub(crate) fn all(&self) -> Vec<Seen> {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        records.iter().map(|record| record.entry().clone()).collect()
    }

    /// The requests for a path as they stand.
    pub(crate) fn of(&self, path: &str) -> Vec<Seen> {
        let mut seen = self.all();
        seen.retain(|seen| seen.is_for(path));
        seen
    }
}

/// The client ports of these requests.
pub(crate) fn client_ports(seen: &[Seen]) -> BTreeSet<u16> {
    seen.iter().map(|seen| seen.client_port).collect()
}

/// The greatest number of bodies, of those that sent a byte, that were being sent at one moment.
pub(crate) fn overlapping(seen: &[Seen], now: Instant) -> usize {
    let spans = seen.iter().filter(|seen| seen.bytes_sent > 0).filter_map(|seen| {
        let start = seen.body_started?;
        Some((start, seen.ended.unwrap_or(now)))
    });
    let mut turns: Vec<(Instant, isize)> = spans.flat_map(|(start, end)| [(start, 1), (end, -1)]).collect();
    // At the same instant an end comes before a start: bodies that only touch do not overlap.
    turns.sort_unstable();
    let mut most = 0;
    let mut open = 0_isize;
    for (_, turn) in turns {
        open += turn;
        most = most.max(open);
    }
    usize::try_from(most).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use bytes::Bytes;

    use super::{Log, Seen, client_ports, overlapping};
    use crate::origin::request::Request;

    fn log(paths: &[&str]) -> Log {
        let log = Log::default();
        for (number, path) in (1_u8..).zip(paths) {
            let request = Request {
                method: "GET".to_owned(),
                path: (*path).to_owned(),
                headers: Vec::new(),
                old: false,
            };
            log.enter(&request, Bytes::new(), u64::from(number), u16::from(number));
        }
        log
    }

    /// Spans in milliseconds.
    fn spans(spans: &[(u64, Option<u64>)]) -> (Vec<Seen>, Instant) {
        let zero = Instant::now();
        let at = |milliseconds| zero + Duration::from_millis(milliseconds);
        let mut seen = log(&vec!["/a"; spans.len()]).all();
        for (seen, (start, end)) in seen.iter_mut().zip(spans) {
            seen.body_started = Some(at(*start));
            seen.ended = end.map(at);
            seen.bytes_sent = 1;
        }
        (seen, at(1000))
    }

    #[test]
    fn overlaps_are_counted_at_one_moment() {
        let check = |list: &[(u64, Option<u64>)], expected| {
            let (seen, now) = spans(list);
            assert_eq!(overlapping(&seen, now), expected, "{list:?}");
        };
        check(&[], 0);
        check(&[(0, Some(10))], 1);
        check(&[(0, Some(10)), (10, Some(20))], 1);
        check(&[(0, Some(10)), (9, Some(20)), (11, Some(12))], 2);
        check(&[(0, None), (5, None), (6, Some(7))], 3);
    }

    #[test]
    fn a_body_of_which_nothing_was_sent_overlaps_none() {
        let (mut seen, now) = spans(&[(0, Some(10)), (0, Some(10))]);
        seen[0].bytes_sent = 0;
        assert_eq!(overlapping(&seen, now), 1);
    }

    #[test]
    fn a_path_means_itself_with_any_query() {
        let log = log(&["/a", "/a?b", "/a?c", "/ab"]);
        assert_eq!(client_ports(&log.of("/a")), [1, 2, 3].into());
        assert_eq!(client_ports(&log.of("/a?c")), [3].into());
    }
}
