//! The program killed at any moment, again and again, and then completed.
#![cfg(unix)]

use std::{
    fs::{self, File},
    process::{Child, Stdio},
    time::Duration,
};

use qetch_testkit::{Origin, Resource, pattern};

use crate::support::{Home, Said};

const MIB: u64 = 1 << 20;

/// Where everything is.
struct Scene {
    home: Home,
    origin: Origin,
    body: Vec<u8>,
}

/// What came of it.
#[derive(Debug)]
struct Figures {
    kills: usize,
    /// Kills that lost something.
    losses: usize,
    /// Bytes that were fetched and not kept by the worst one.
    longest_loss: u64,
    /// Bytes that the origin sent, over the size of the file.
    sent: f64,
}

impl Scene {
    /// A file of so many bytes, which takes so many seconds to be sent once, over all connections.
    async fn new(size: u64, seconds: u64, dress: impl Fn(Resource) -> Resource) -> Self {
        let (home, origin, body) = (Home::new(), Origin::start().await.unwrap(), pattern(size as usize, 1));
        let resource = Resource::new(body.clone()).with_content_type("video/mp4");
        origin.serve("/f.mp4", dress(resource.with_shared_throttle(size / seconds)));
        Self { home, origin, body }
    }

    fn command(&self) -> std::process::Command {
        self.home.command(&[
            "-o",
            "f.mp4",
            "--progress=json",
            "--max-connections=8",
            &self.origin.url("/f.mp4"),
        ])
    }

    /// Starts the program; what it says of its progress goes to a file.
    fn start(&self) -> Child {
        let said = File::create(self.home.path("said")).unwrap();
        self.command().stdout(Stdio::null()).stderr(said).spawn().unwrap()
    }

    /// Bytes that the program found when it began, if it came to say so.
    fn resumed(&self) -> Option<u64> {
        let said = fs::read_to_string(self.home.path("said")).unwrap();
        let line = serde_json::from_str::<serde_json::Value>(said.lines().next()?).ok()?;
        Some(line["resumed"].as_u64().unwrap())
    }

    /// How many of the file's bytes were sent at least once.
    fn covered(&self) -> u64 {
        let runs = self.origin.requests().into_iter().filter(|seen| seen.bytes_sent > 0).map(|seen| {
            let range = seen.header("range").map_or("0-", |range| range.strip_prefix("bytes=").unwrap());
            let start: u64 = range.split_once('-').unwrap().0.parse().unwrap();
            (start, start + seen.bytes_sent)
        });
        let mut runs: Vec<_> = runs.collect();
        runs.sort_unstable();
        let (mut count, mut at) = (0, 0);
        for (start, end) in runs {
            count += end.max(at) - start.max(at);
            at = end.max(at);
        }
        count
    }

    fn sent(&self) -> u64 {
        self.origin.bytes_sent("/f.mp4")
    }

    /// Kills the program once so many bytes of the file were sent, for each of these moments, and then lets it end.
    async fn kill(&self, moments: impl IntoIterator<Item = u64>) -> Figures {
        let mut figures = Figures { kills: 0, losses: 0, longest_loss: 0, sent: 0.0 };
        // What an earlier run kept, and what was sent when it said so.
        let mut kept = (0, 0);
        for moment in moments {
            let (mut program, sent) = (self.start(), self.sent());
            while self.covered() < moment {
                assert_eq!(program.try_wait().unwrap(), None, "it ended before {moment}");
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            // SIGKILL.
            program.kill().unwrap();
            program.wait().unwrap();
            self.origin.until(|origin| origin.open_connections() == 0).await;
            figures.kills += 1;
            figures.learn(self.resumed(), sent, &mut kept);
            let mut files = self.home.files(".");
            // One that was about to be the next journal.
            files.retain(|name| name != "f.mp4.qetch-journal-new");
            assert_eq!(files, ["f.mp4.qetch", "f.mp4.qetch-journal", "said"]);
        }
        let sent = self.sent();
        let said = Said::of(&self.command().output().unwrap());
        fs::write(self.home.path("said"), &said.err).unwrap();
        figures.learn(self.resumed(), sent, &mut kept);
        assert_eq!(said.code, 0, "{said:?}");
        fs::remove_file(self.home.path("said")).unwrap();
        assert_eq!(self.home.files("."), ["f.mp4"]);
        assert!(fs::read(self.home.path("f.mp4")).unwrap() == self.body, "another file");
        figures.sent = self.sent() as f64 / self.body.len() as f64;
        figures
    }
}

impl Figures {
    fn learn(&mut self, resumed: Option<u64>, sent: u64, kept: &mut (u64, u64)) {
        let Some(resumed) = resumed else { return };
        let lost = (kept.0 + sent - kept.1).saturating_sub(resumed);
        self.losses += usize::from(lost > 0);
        self.longest_loss = self.longest_loss.max(lost);
        *kept = (resumed, sent);
    }
}

/// So many moments as bytes of the file, one at random in each of as many equal parts of 2 to 98 in a hundred.
fn moments(size: u64, count: u64) -> Vec<u64> {
    let random = pattern(count as usize * 8, 50);
    let random = random.chunks(8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()));
    let part = size * 96 / 100 / count;
    random.enumerate().map(|(number, random)| size / 50 + part * number as u64 + random % part).collect()
}

/// A kill loses what was fetched since the last journal, about a tenth of a second's worth, however fast that was. So the
/// file takes long enough that fifty times as much is less than a tenth of it.
#[tokio::test(flavor = "multi_thread")]
async fn killed_fifty_times_it_loses_little_and_ends_with_the_file() {
    let size = 64 * MIB;
    let scene = Scene::new(size, 120, |resource| resource.with_etag("v")).await;
    let figures = scene.kill(moments(size, 50)).await;
    println!("{figures:?}");
    assert!(figures.sent <= 1.1, "{figures:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_does_where_only_the_bytes_prove_that_the_file_is_the_same() {
    let size = 24 * MIB;
    let scene = Scene::new(size, 30, |resource| resource).await;
    let figures = scene.kill(moments(size, 10)).await;
    println!("{figures:?}");
    assert!(figures.sent <= 1.1, "{figures:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_being_written_is_not_left_behind() {
    let scene = Scene::new(1000, 1, |resource| resource).await;
    fs::write(scene.home.path("f.mp4.qetch"), "").unwrap();
    fs::write(scene.home.path("f.mp4.qetch-journal-new"), "{").unwrap();
    let figures = scene.kill([]).await;
    assert_eq!(figures.kills, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_playlist_is_gone_on_with_after_each_kill() {
    const SEGMENTS: usize = 200;
    let (home, origin) = (Home::new(), Origin::start().await.unwrap());
    let (mut list, mut all) = ("#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned(), Vec::new());
    for number in 0..SEGMENTS {
        let bytes = pattern(20_000, number as u64);
        let segment =
            Resource::new(bytes.clone()).with_content_type("video/mp2t").with_etag(number.to_string());
        origin.serve(&format!("/{number}.ts"), segment.with_delay(Duration::from_millis(100)));
        list.push_str(&format!("#EXTINF:2,\n{number}.ts\n"));
        all.extend(bytes);
    }
    let list = Resource::new(list + "#EXT-X-ENDLIST\n").with_content_type("application/vnd.apple.mpegurl");
    origin.serve("/list.m3u8", list);
    let link = origin.url("/list.m3u8");
    let command = || home.command(&["-o", "f.ts", "--json", "--max-fragments=4", &link]);
    for _ in 0..3 {
        let before = origin.requests().len();
        let mut program = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Longer than what is fetched waits for a journal.
        while origin.requests().len() < before + 60 {
            assert_eq!(program.try_wait().unwrap(), None, "it ended before it was killed");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        program.kill().unwrap();
        program.wait().unwrap();
        origin.until(|origin| origin.open_connections() == 0).await;
    }
    let output = command().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read(home.path("f.ts")).unwrap() == all, "another file");
    assert_eq!(home.files("."), ["f.ts"]);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["resumed"].as_u64().unwrap() > 0, "{said}");
    // Each kill loses what came in its last second, and what was under way.
    let segments = origin.requests().iter().filter(|seen| seen.bytes_sent >= 20_000).count();
    assert!(segments <= SEGMENTS + 3 * 60, "{segments} segments were sent");
}
