//! Live recordings by the command: options, and Ctrl-C, which ends one in order.
#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::support::{Home, Said};

/// Bytes of a segment: packets of an MPEG-TS without anything in them.
const PACKETS: usize = 4;

/// A broadcast that never ends: each reading of its list shows one segment more.
struct Broadcast {
    url: String,
    /// How many segments were fetched.
    fetched: Arc<AtomicUsize>,
}

impl Broadcast {
    /// Begins one. Where it `hangs`, no segment from the sixth on is ever there.
    fn start(hangs: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/live.m3u8", listener.local_addr().unwrap());
        let fetched = Arc::new(AtomicUsize::new(0));
        let (counted, readings) = (fetched.clone(), Arc::new(AtomicUsize::new(0)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (counted, readings) = (counted.clone(), readings.clone());
                thread::spawn(move || serve(stream, &counted, &readings, hangs));
            }
        });
        Self { url, fetched }
    }

    fn wait_for(&self, segments: usize) {
        let begun = Instant::now();
        while self.fetched.load(Ordering::Relaxed) < segments {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is recorded");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(mut stream: TcpStream, fetched: &AtomicUsize, readings: &AtomicUsize, hangs: bool) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        while line.trim_end() != "" {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
        }
        let body =
            match path.strip_prefix('/').and_then(|name| name.strip_suffix(".ts")?.parse::<usize>().ok()) {
                Some(number) if hangs && number > 5 => {
                    fetched.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_secs(3600));
                    return;
                }
                Some(number) => segment(number),
                None => {
                    let first = readings.fetch_add(1, Ordering::Relaxed);
                    let mut list =
                        format!("#EXTM3U\n#EXT-X-TARGETDURATION:0.25\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
                    (first..first + 5)
                        .for_each(|number| list.push_str(&format!("#EXTINF:0.25,\n{number}.ts\n")));
                    list.into_bytes()
                }
            };
        let kind = if path.ends_with(".ts") { "video/mp2t" } else { "application/vnd.apple.mpegurl" };
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
        if path.ends_with(".ts") {
            fetched.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Packets that say which segment they are of.
fn segment(number: usize) -> Vec<u8> {
    let mut packet = [u8::try_from(number % 256).unwrap(); 188];
    packet[..4].copy_from_slice(&[0x47, 0x1f, 0xff, 0x10]);
    packet.repeat(PACKETS)
}

/// The numbers of the segments in a file.
fn numbers(home: &Home, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(home.path(name)).unwrap();
    assert_eq!(bytes.len() % (188 * PACKETS), 0);
    bytes.chunks(188 * PACKETS).map(|segment| segment[4]).collect()
}

fn recording(home: &Home, broadcast: &Broadcast, more: &[&str]) -> Child {
    let arguments = [&[broadcast.url.as_str(), "-o", "f.ts"], more].concat();
    home.command(&arguments).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn asked_once_it_finishes_the_file() {
    let (home, broadcast) = (Home::new(), Broadcast::start(false));
    let child = recording(&home, &broadcast, &["--live-start=window"]);
    broadcast.wait_for(7);
    interrupt(&child);
    let said = Said::of(&child.wait_with_output().unwrap());
    assert_eq!(said.code, 0, "{said:?}");
    let numbers = numbers(&home, "f.ts");
    assert!(numbers.len() >= 6, "{numbers:?}");
    let first = numbers[0];
    assert!(numbers.iter().zip(first..).all(|(found, expected)| *found == expected), "{numbers:?}");
    assert_eq!(home.files("."), ["f.ts"]);
}

#[test]
fn asked_twice_it_ends_at_once_and_keeps_what_it_has() {
    let (home, broadcast) = (Home::new(), Broadcast::start(true));
    let mut child = recording(&home, &broadcast, &["--live-start=window"]);
    broadcast.wait_for(7);
    let journal = home.path("f.ts.qetch-parts.qetch-journal");
    let begun = Instant::now();
    while !journal.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is made durable");
        thread::sleep(Duration::from_millis(20));
    }
    interrupt(&child);
    // It heard the first, and waits for the segment that never comes.
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("once more") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let begun = Instant::now();
    interrupt(&child);
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{said}");
    assert_eq!(home.files("."), ["f.ts.qetch-parts.qetch", "f.ts.qetch-parts.qetch-journal"]);
}

#[test]
fn how_long_and_from_where_it_records_can_be_said() {
    let check = |start: &str, first: u8| {
        let (home, broadcast) = (Home::new(), Broadcast::start(false));
        let said = Said::of(
            &recording(&home, &broadcast, &["--live-duration=1", start]).wait_with_output().unwrap(),
        );
        assert_eq!(said.code, 0, "{said:?}");
        let numbers = numbers(&home, "f.ts");
        // The link was read once to find out what it is.
        assert_eq!((numbers.len(), numbers[0]), (4, first), "{numbers:?}");
    };
    check("--live-start=window", 1);
    check("--live-start=edge", 3);
}
