//! Reads the head of a request. Pure: bytes in, a request or the status that refuses it out.

/// The most that the head of a request may take, in bytes.
pub(crate) const HEAD_LIMIT: usize = 32 * 1024;

/// The most that the body of a request may take, in bytes.
pub(crate) const BODY_LIMIT: u64 = 1024 * 1024;

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// As sent.
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// Names in lower case, in the order sent.
    pub(crate) headers: Vec<(String, String)>,
    /// HTTP/1.0, which has no persistent connections here.
    pub(crate) old: bool,
}

/// What the bytes read so far amount to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// The head is not whole yet.
    Partial,
    /// A request, and how many bytes its head took.
    Whole(Request, usize),
    /// No request: the status to refuse it with.
    Refused(u16),
}

impl Request {
    /// Reads one head from the start of `bytes`.
    pub(crate) fn parse(bytes: &[u8]) -> Parsed {
        // Line ends before a request are skipped, as RFC 9112 2.2 asks.
        let skipped = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let rest = bytes.get(skipped..).unwrap_or_default();
        let Some(len) = head_length(rest) else {
            return if bytes.len() > HEAD_LIMIT { Parsed::Refused(431) } else { Parsed::Partial };
        };
        if skipped + len > HEAD_LIMIT {
            return Parsed::Refused(431);
        }
        let text = String::from_utf8_lossy(rest.get(..len).unwrap_or_default());
        match Self::from_lines(text.lines()) {
            Some(request) => Parsed::Whole(request, skipped + len),
            None => Parsed::Refused(400),
        }
    }

    fn from_lines<'a>(mut lines: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut words = lines.next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        let known = matches!(version, "HTTP/1.1" | "HTTP/1.0");
        if words.next().is_some() || method.is_empty() || target.is_empty() || !known {
            return None;
        }
        let mut headers = Vec::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            if name.is_empty() || name.contains([' ', '\t']) {
                return None;
            }
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let (host, path) = split_target(target);
        if let Some(host) = host {
            // What a client of a proxy asks for counts, whatever its Host header says (RFC 9112 3.2.2).
            headers.retain(|(name, _)| name != "host");
            headers.push(("host".to_owned(), host));
        }
        Some(Self { method: method.to_owned(), path, headers, old: version == "HTTP/1.0" })
    }

    /// The first header of this lower-cased name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the client wants no further request on the connection.
    pub(crate) fn closes(&self) -> bool {
        let closes = self.headers.iter().filter(|(name, _)| name == "connection");
        self.old
            || closes
                .flat_map(|(_, value)| value.split(','))
                .any(|word| word.trim().eq_ignore_ascii_case("close"))
    }

    /// How long the body is, or the status that refuses it.
    pub(crate) fn body_length(&self) -> Result<u64, u16> {
        if self.header("transfer-encoding").is_some() {
            return Err(411);
        }
        let Some(length) = self.header("content-length") else {
            return Ok(0);
        };
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(400);
        }
        length.parse().ok().filter(|length| *length <= BODY_LIMIT).ok_or(413)
    }
}

/// The length of the head with the empty line that ends it.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' {
            if matches!(bytes.get(line_start..at), Some(b"" | b"\r")) {
                return Some(at + 1);
            }
            line_start = at + 1;
        }
    }
    None
}

/// The host, where the target is a whole URL, and the path with its query.
fn split_target(target: &str) -> (Option<String>, String) {
    let scheme = target.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://"));
    let Some(rest) = scheme.and_then(|_| target.get(7..)) else {
        return (None, target.to_owned());
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(end);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    (Some(host.to_owned()), path)
}

#[cfg(test)]
mod tests {
    use super::{HEAD_LIMIT, Parsed, Request};
    use crate::pattern;

    fn whole(head: &str) -> Request {
        match Request::parse(head.as_bytes()) {
            Parsed::Whole(request, length) => {
                assert_eq!(length, head.len());
                request
            }
            other => panic!("{head:?} gives {other:?}"),
        }
    }

    #[test]
    fn a_head_is_read() {
        let request = whole("GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nRaNgE:  bytes=0-1 \r\n\r\n");
        assert_eq!(request.method, "GET");
        assert_eq!(request.path, "/a?b=c");
        assert_eq!(request.header("range"), Some("bytes=0-1"));
        assert_eq!(request.header("host"), Some("a.example"));
        assert!(!request.closes());
    }

    #[test]
    fn the_target_of_a_proxy_request_names_the_host() {
        let request = whole("GET http://a.example:8/b?c HTTP/1.1\r\nHost: other\r\n\r\n");
        assert_eq!((request.header("host"), request.path.as_str()), (Some("a.example:8"), "/b?c"));
        let request = whole("GET HTTP://a.example?c HTTP/1.1\r\n\r\n");
        assert_eq!((request.header("host"), request.path.as_str()), (Some("a.example"), "/?c"));
    }

    #[test]
    fn connections_persist_unless_told_otherwise() {
        assert!(whole("GET / HTTP/1.1\r\nConnection: TE, Close\r\n\r\n").closes());
        assert!(whole("GET / HTTP/1.0\r\n\r\n").closes());
        assert!(!whole("GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n").closes());
    }

    #[test]
    fn body_lengths_are_judged() {
        let length = |header: &str| whole(&format!("POST / HTTP/1.1\r\n{header}\r\n\r\n")).body_length();
        assert_eq!(length("Accept: */*"), Ok(0));
        assert_eq!(length("Content-Length: 7"), Ok(7));
        assert_eq!(length("Content-Length: -7"), Err(400));
        assert_eq!(length("Content-Length: +7"), Err(400));
        assert_eq!(length("Content-Length:"), Err(400));
        assert_eq!(length("Content-Length: 1048577"), Err(413));
        assert_eq!(length("Content-Length: 99999999999999999999"), Err(413));
        assert_eq!(length("Transfer-Encoding: chunked"), Err(411));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for head in [
            "GET\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET / HTTP/1.1 x\r\n\r\n",
            " / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\nna me: x\r\n\r\n",
            "GET / HTTP/1.1\r\n: x\r\n\r\n",
        ] {
            assert_eq!(Request::parse(head.as_bytes()), Parsed::Refused(400), "{head:?}");
        }
        assert_eq!(Request::parse(&vec![b'a'; HEAD_LIMIT + 1]), Parsed::Refused(431));
        assert_eq!(Request::parse(&vec![b'\n'; HEAD_LIMIT + 1]), Parsed::Refused(431));
    }

    #[test]
    fn every_beginning_of_a_head_waits_for_the_rest() {
        let head = b"\r\nGET /a HTTP/1.1\r\nHost: b\r\n\r\n";
        for end in 0..head.len() {
            assert_eq!(Request::parse(&head[..end]), Parsed::Partial, "{end}");
        }
        assert!(matches!(Request::parse(head), Parsed::Whole(..)));
    }

    #[test]
    fn damaged_heads_never_panic() {
        let head = "GET http://é.example/é HTTP/1.1\r\nRange: bytes=0-1\r\n\r\n".as_bytes();
        let noise = pattern(40_000, 5);
        for (at, random) in noise.chunks_exact(2).enumerate() {
            let mut damaged = head.to_vec();
            damaged[at % head.len()] = random[0];
            damaged[usize::from(random[1]) % head.len()] ^= random[0];
            Request::parse(&damaged);
            Request::parse(&noise[at..(at + 100).min(noise.len())]);
        }
    }
}
