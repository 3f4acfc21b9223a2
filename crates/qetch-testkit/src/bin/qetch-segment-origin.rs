//! Serves files as HLS media playlists until standard input ends: `qetch-segment-origin FOLDER DELAY`.
//!
//! When it is ready it prints where it listens. Each segment is a piece of a file, so that what a client makes of them is
//! compared with the file. It is to take next to no processor time beside the client that is measured: a file is read once,
//! and each connection has a thread that sleeps for exactly the delay, where timers of a runtime count in milliseconds.

use std::{
    collections::HashMap,
    env, fs,
    io::{self, BufRead, BufReader, IoSlice, Read, Write},
    net::{TcpListener, TcpStream},
    ops::Range,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

const USAGE: &str = "usage: qetch-segment-origin FOLDER DELAY

An origin on 127.0.0.1 that answers each segment after DELAY milliseconds; it ends with standard input.
/FILE/SIZE/list.m3u8 lists the file of that name in FOLDER in segments of SIZE bytes, which are /FILE/SIZE/NUMBER with
the extension of the file, from 0 on. A list is answered at once. Ranges are given.";

/// The most bytes of a request that are read.
const MOST_OF_REQUEST: u64 = 16 << 10;

/// Bytes of a thread's stack: there is one for each connection.
const STACK: usize = 128 << 10;

/// What is served, and how.
#[derive(Debug)]
struct Site {
    folder: PathBuf,
    delay: Duration,
    /// Files that were asked for.
    files: Mutex<HashMap<String, Arc<Vec<u8>>>>,
}

/// What a request asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    path: String,
    /// The first byte that is wanted, and the end where one is named.
    range: Option<(usize, Option<usize>)>,
    /// Whether the connection ends with the answer.
    is_last: bool,
}

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    List,
    Segment(Range<usize>),
    Nothing,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (text, code) = match parse(&arguments) {
        None => (USAGE.to_owned(), 2),
        Some(site) => match serve(site) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => (format!("cannot serve: {error}"), 1),
        },
    };
    // That nobody may be there to read it changes nothing.
    writeln!(io::stderr(), "{text}").ok();
    code.into()
}

fn parse(arguments: &[String]) -> Option<Site> {
    let [folder, delay] = arguments else { return None };
    let delay = Duration::from_millis(delay.parse().ok()?);
    Some(Site { folder: folder.into(), delay, files: Mutex::default() })
}

fn serve(site: Site) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut output = io::stdout().lock();
    writeln!(output, "listening on http://{}", listener.local_addr()?)?;
    output.flush()?;
    let site = Arc::new(site);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let site = site.clone();
            // A client that goes away, and a thread that cannot be had, are a connection less.
            let work = move || drop(site.answer_all(&stream));
            thread::Builder::new().stack_size(STACK).spawn(work).ok();
        }
    });
    io::stdin().lock().read_to_end(&mut Vec::new()).map(drop)
}

impl Site {
    /// Answers every request of a connection, one after the other.
    fn answer_all(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some(request) = request(&mut (&mut reader).take(MOST_OF_REQUEST))? {
            self.answer(stream, &request)?;
            if request.is_last {
                break;
            }
        }
        Ok(())
    }

    fn answer(&self, stream: &TcpStream, request: &Request) -> io::Result<()> {
        let mut parts = request.path.trim_start_matches('/').splitn(3, '/');
        let (name, size, last) = (parts.next(), parts.next(), parts.next());
        let file = name.and_then(|name| self.file(name));
        let size = size.and_then(|size| size.parse().ok()).filter(|size| *size > 0);
        let (Some(name), Some(file), Some(size)) = (name, file, size) else {
            return send(stream, NOTHING, b"");
        };
        match asked(last.unwrap_or_default(), file.len(), size) {
            Asked::Nothing => send(stream, NOTHING, b""),
            Asked::List => {
                let extension = Path::new(name).extension().unwrap_or_default().to_string_lossy();
                let list = list(file.len(), size, &extension);
                let kind = "200 OK\r\nContent-Type: application/vnd.apple.mpegurl";
                send(stream, &format!("{kind}\r\nContent-Length: {}", list.len()), list.as_bytes())
            }
            Asked::Segment(place) => {
                thread::sleep(self.delay);
                let tag = format!("Accept-Ranges: bytes\r\nETag: \"{}-{}\"", place.start, place.end);
                let (segment, len) = (&file[place.clone()], place.len());
                let (status, part) = match request.range {
                    None => ("200 OK".to_owned(), 0..len),
                    Some((from, _)) if from >= len => {
                        let status = format!("416 Range Not Satisfiable\r\nContent-Range: bytes */{len}");
                        return send(stream, &format!("{status}\r\nContent-Length: 0"), b"");
                    }
                    Some((from, end)) => {
                        let end = end.map_or(len, |end| end.clamp(from, len));
                        let last = end.saturating_sub(1);
                        let status =
                            format!("206 Partial Content\r\nContent-Range: bytes {from}-{last}/{len}");
                        (status, from..end)
                    }
                };
                send(stream, &format!("{status}\r\n{tag}\r\nContent-Length: {}", part.len()), &segment[part])
            }
        }
    }

    /// The file of this name, unless it is none of the folder's own.
    fn file(&self, name: &str) -> Option<Arc<Vec<u8>>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(name) {
            return Some(file.clone());
        }
        let is_plain = !name.starts_with('.') && !name.contains(['/', '\\']);
        let file = Arc::new(is_plain.then(|| fs::read(self.folder.join(name)).ok()).flatten()?);
        files.insert(name.to_owned(), file.clone());
        Some(file)
    }
}

const NOTHING: &str = "404 Not Found\r\nContent-Length: 0";

/// The next request, if there is one.
fn request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let path = words.nth(1).unwrap_or_default().to_owned();
    let mut request = Request { path, is_last: words.next() != Some("HTTP/1.1"), ..Request::default() };
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let header = line.trim_end();
        if header.is_empty() {
            return Ok(Some(request));
        }
        let Some((name, value)) = header.split_once(':') else { continue };
        let value = value.trim();
        if name.eq_ignore_ascii_case("connection") {
            request.is_last = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("range") {
            request.range = range(value);
        }
    }
}

/// The one range of `bytes=0-99` or `bytes=100-`; any other form counts as none.
fn range(value: &str) -> Option<(usize, Option<usize>)> {
    let (from, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let from = from.parse().ok()?;
    if last.is_empty() {
        return Some((from, None));
    }
    Some((from, Some(last.parse::<usize>().ok()?.checked_add(1)?)))
}

/// What `name` means of a file of `len` bytes in segments of `size`.
fn asked(name: &str, len: usize, size: usize) -> Asked {
    if name == "list.m3u8" {
        return Asked::List;
    }
    let number = name.split('.').next().and_then(|number| number.parse::<usize>().ok());
    match number.and_then(|number| number.checked_mul(size)).filter(|start| *start < len) {
        Some(start) => Asked::Segment(start..start.saturating_add(size).min(len)),
        None => Asked::Nothing,
    }
}

/// The media playlist (RFC 8216, section 4.3) of a file of `len` bytes in segments of `size`.
fn list(len: usize, size: usize, extension: &str) -> String {
    let mut text =
        String::from("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n");
    for number in 0..len.div_ceil(size) {
        text.push_str(&format!("#EXTINF:2,\n{number}.{extension}\n"));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// Sends a status with headers, and a body, in one write where the system takes them.
fn send(mut stream: &TcpStream, head: &str, body: &[u8]) -> io::Result<()> {
    let head = format!("HTTP/1.1 {head}\r\n\r\n");
    let sent = stream.write_vectored(&[IoSlice::new(head.as_bytes()), IoSlice::new(body)])?;
    stream.write_all(head.as_bytes().get(sent..).unwrap_or_default())?;
    stream.write_all(&body[sent.saturating_sub(head.len()).min(body.len())..])
}

#[cfg(test)]
mod tests {
    use super::{Asked, Request, asked, list, parse, request};

    #[test]
    fn a_folder_and_a_delay_are_read_and_nothing_else() {
        let check = |line: &str, expected: Option<u128>| {
            let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(parse(&words).map(|site| site.delay.as_millis()), expected, "{line}");
        };
        check("folder 50", Some(50));
        check("folder", None);
        check("folder x", None);
        check("folder 50 more", None);
    }

    #[test]
    fn requests_are_read_one_after_the_other() {
        let text = "GET /a/1/0.ts HTTP/1.1\r\nHost: h\r\nrange: bytes=5-9\r\n\r\n\
                    GET /b HTTP/1.1\r\nRange: bytes=7-\r\nConnection: close\r\n\r\nGET /cut HTTP/1.1\r\n";
        let mut reader = text.as_bytes();
        let mut check = |path: &str, range, is_last| {
            let expected = Request { path: path.to_owned(), range, is_last };
            assert_eq!(request(&mut reader).unwrap(), Some(expected));
        };
        check("/a/1/0.ts", Some((5, Some(10))), false);
        check("/b", Some((7, None)), true);
        assert_eq!(request(&mut reader).unwrap(), None);
    }

    #[test]
    fn segments_cover_a_file() {
        let check = |name: &str, expected| assert_eq!(asked(name, 10, 4), expected, "{name}");
        check("list.m3u8", Asked::List);
        check("0.ts", Asked::Segment(0..4));
        check("2.ts", Asked::Segment(8..10));
        check("3.ts", Asked::Nothing);
        check("18446744073709551615.ts", Asked::Nothing);
        check("x.ts", Asked::Nothing);
        assert!(list(10, 4, "ts").contains("#EXTINF:2,\n2.ts\n#EXT-X-ENDLIST"));
    }
}
