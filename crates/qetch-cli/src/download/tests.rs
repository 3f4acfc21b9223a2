//! What a download is made of: fakes, and an origin of this machine.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use clap::Parser as _;
use qetch::{
    Apart, Checksum, Claim, Content, Context, Downloader, Extraction, Extractor, ExtractorInfo, Found,
    Fragment, Gap, Kind, LiveStart, Muxer, Qetch, Result, Target, Track, Url, async_trait,
};
use qetch_testkit::{Origin, Resource, pattern};
use tokio::time::timeout;

use super::*;
use crate::{
    args::Arguments,
    console::Console,
    exit::{FAILED, MISSING},
};

/// Finds two resources behind everything, `a` and `b`, and has neither when it comes to it.
#[derive(Debug)]
struct Album {
    info: ExtractorInfo,
    asked: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Extractor for Album {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    fn can_handle(&self, _: &Url) -> Claim {
        Claim::Yes("album".into())
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        let content = |uid: &str| Content::new(uid, Kind::Image, url.clone(), [Fragment::new(url.clone())]);
        Ok(Extraction::of([content("a"), content("b")].map(Found::from)))
    }
}

#[async_trait]
impl Downloader for Album {
    fn name(&self) -> &'static str {
        "album"
    }

    fn can_handle(&self, _: &Content) -> bool {
        true
    }

    async fn download(
        &self,
        _: &Context,
        content: &Content,
        _: &Target,
        _: &DownloadOptions,
    ) -> Result<Report> {
        self.asked.lock().unwrap().push(content.uid.clone());
        Err(Error::not_found(content.uid.as_str()))
    }
}

fn run_of(session: &Session, arguments: &DownloadArguments) -> Run {
    Run::new(session, arguments, Printer::start(&session.console).1)
}

/// The failure of writing the one result to a file, and what was asked for before it.
async fn only(select: &str) -> (Failure, Vec<String>) {
    let url = "https://h.example/album";
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let album = || Album { info: ExtractorInfo::new("album", ""), asked: asked.clone() };
    let qetch = Qetch::builder().extractor(album()).downloader(album()).build();
    let session = Session::of(qetch, Console::new(true));
    let arguments = Arguments::try_parse_from(["qetch", "-o", "f", "-f", select, url]).unwrap().download;
    let run = run_of(&session, &arguments);
    let failure = run.only(Input::Link(Link::parse(url)), "-o").await.unwrap_err();
    let asked = asked.lock().unwrap().clone();
    (failure, asked)
}

#[tokio::test]
async fn a_second_result_is_known_of_before_anything_is_downloaded() {
    for select in ["best", "worst"] {
        let (failure, asked) = only(select).await;
        assert_eq!((failure.code, asked.len()), (crate::exit::USAGE, 0), "{failure:?}");
    }
}

#[tokio::test]
async fn a_uid_is_one_result_wherever_it_stands() {
    let (failure, asked) = only("b").await;
    assert_eq!((failure.code, asked), (MISSING, vec!["b".to_owned()]));
    let (failure, asked) = only("c").await;
    assert_eq!((failure.code, asked.len()), (FAILED, 0));
    assert!(failure.message.unwrap().ends_with("there is a, b"));
}

/// A recording, which goes on until it is asked to end; `/gap` has a gap, `/apart` is of two files, and after `/and-more`
/// there is another one.
#[derive(Debug)]
struct Camera(ExtractorInfo);

#[async_trait]
impl Extractor for Camera {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    fn can_handle(&self, _: &Url) -> Claim {
        Claim::Yes("camera".into())
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        let uid = url.path().trim_matches('/');
        let content = |uid: &str| Content::new(uid, Kind::Video, url.clone(), [Fragment::new(url.clone())]);
        let more = (uid == "and-more").then(|| content("more"));
        Ok(Extraction::of([content(uid)].into_iter().chain(more).map(Found::from).collect::<Vec<_>>()))
    }
}

#[async_trait]
impl Downloader for Camera {
    fn name(&self) -> &'static str {
        "camera"
    }

    fn can_handle(&self, _: &Content) -> bool {
        true
    }

    async fn download(
        &self,
        _: &Context,
        content: &Content,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        assert!(to.fits_extension());
        options.stop.asked().await;
        let report = Report::complete([PathBuf::from("nowhere/f")], 1);
        Ok(match content.uid.as_str() {
            "gap" => report.with_gaps(vec![Gap::new(1, "404")]),
            "apart" => report.with_apart(Apart::new("they do not fit", None)),
            _ => report,
        })
    }
}

#[tokio::test]
async fn a_recording_that_is_asked_to_end_is_a_result() {
    let check = async |path: &str, expected: u8| {
        let folder = tempfile::tempdir().unwrap();
        let camera = || Camera(ExtractorInfo::new("camera", ""));
        let qetch = Qetch::builder().extractor(camera()).downloader(camera()).build();
        let session = Session::of(qetch, Console::new(true));
        let url = format!("http://127.0.0.1/{path}");
        let directory = folder.path().to_str().unwrap();
        let arguments =
            Arguments::try_parse_from(["qetch", "--json", "-d", directory, &url]).unwrap().download;
        let stop = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            session.stop.ask();
        };
        let (code, ()) = tokio::join!(run(&session, &arguments, vec![Input::Link(Link::parse(&url))]), stop);
        assert_eq!(code, expected, "{path}");
    };
    check("one", 0).await;
    check("apart", 0).await;
    check("gap", FAILED).await;
    check("and-more", INTERRUPTED).await;
}

#[test]
fn what_is_missing_is_told_with_where_it_is_listed() {
    let check = |report: &Report, expected: Option<&str>| {
        let failure = incomplete(report);
        assert_eq!(failure.as_ref().and_then(|failure| failure.message.as_deref()), expected);
        assert!(failure.is_none_or(|failure| failure.code == FAILED));
    };
    let whole = Report::complete(["f".into()], 1);
    check(&whole, None);
    let mut report = whole.with_gaps(vec![Gap::new(1, "404"), Gap::new(2, "404")]);
    check(&report, Some("2 fragments are missing"));
    report.gaps_list = Some("f.gaps.json".into());
    report.gaps.truncate(1);
    check(&report, Some("1 fragment is missing; f.gaps.json lists what"));
}

#[test]
fn what_there_is_to_go_on_with_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let check = |there: &str, expected: bool| {
        fs::write(folder.path().join(there), "").unwrap();
        assert_eq!(is_begun(&folder.path().join("f.mp4")), expected, "{there}");
        fs::remove_file(folder.path().join(there)).unwrap();
    };
    check("f.mp4.qetch-journal", true);
    check("f.mp4.qetch-t012345.qetch-journal", true);
    check("f.mp4", false);
    check("g.mp4.qetch-journal", false);
}

fn options(arguments: &[&str]) -> DownloadOptions {
    let all = [&["qetch", "https://h.example/"], arguments].concat();
    let arguments = Arguments::try_parse_from(all).unwrap().download;
    run_of(&Session::of(Qetch::new(), Console::new(true)), &arguments).options()
}

#[test]
fn eight_connections_are_spent_unless_told_otherwise() {
    let check = |arguments: &[&str], expected: (usize, usize, bool)| {
        let options = options(arguments);
        let spent = (options.max_fragments, options.max_connections, options.spend_freely);
        assert_eq!(spent, expected, "{arguments:?}");
    };
    check(&[], (1, 8, true));
    check(&["--max-fragments=3"], (3, 8, false));
    check(&["--max-connections=2"], (1, 2, false));
}

#[test]
fn what_is_typed_reaches_the_download() {
    let unset = options(&[]);
    assert!(unset.resume && !unset.overwrite && unset.rate_limit.is_none() && unset.checksums.is_empty());
    assert_eq!((unset.retries, unset.max_size, unset.patience.as_secs()), (8, None, 120));

    assert_eq!((unset.allow_gaps, unset.live_duration, unset.live_start), (false, None, LiveStart::Edge));
    let live = options(&["--allow-gaps", "--live-duration=1h30m", "--live-start=window"]);
    assert_eq!((live.allow_gaps, live.live_start), (true, LiveStart::Window));
    assert_eq!(live.live_duration, Some(Duration::from_secs(5400)));

    let sum = "d41d8cd98f00b204e9800998ecf8427e";
    let checksum = format!("--checksum=MD5:{sum}");
    let set = options(&[
        "--no-resume",
        "--overwrite",
        "--limit-rate=1.5K",
        "--retries=0",
        "--max-size=2M",
        &checksum,
    ]);
    assert!(!set.resume && set.overwrite);
    assert_eq!(set.rate_limit.unwrap().bytes_per_second().get(), 1536);
    assert_eq!((set.retries, set.max_size), (0, Some(2 << 20)));
    assert_eq!(set.checksums, [Checksum::new("md5", sum)]);
    assert_eq!(options(&["--timeout=5"]).patience.as_secs(), 120);
    assert_eq!(options(&["--timeout=60"]).patience.as_secs(), 240);
}

#[tokio::test]
async fn one_rate_is_for_all_downloads() {
    let session = Session::of(Qetch::new(), Console::new(true));
    let arguments = ["qetch", "--limit-rate=1K", "https://h.example/"];
    let run = run_of(&session, &Arguments::try_parse_from(arguments).unwrap().download);
    let (one, other) = (run.options().rate_limit.unwrap(), run.clone().options().rate_limit.unwrap());
    // A minute's worth, which the other one waits for as well.
    assert!(timeout(Duration::from_millis(1), one.take(61_440)).await.is_err());
    assert!(timeout(Duration::from_millis(50), other.take(1)).await.is_err());
}

/// Fails once, and then writes its tracks one after the other.
#[derive(Debug, Default)]
struct Joiner(AtomicBool);

#[async_trait]
impl Muxer for Joiner {
    async fn mux(&self, tracks: &[Track], to: &Path, _: &Mux) -> Result<Option<Apart>> {
        if !self.0.swap(true, Ordering::SeqCst) {
            return Err(Error::unexpected("planted", None));
        }
        let read = |track: &Track| fs::read(&track.path).unwrap();
        fs::write(to, tracks.iter().flat_map(read).collect::<Vec<_>>()).unwrap();
        Ok(None)
    }
}

#[tokio::test]
async fn tracks_over_http_are_fetched_once_and_become_one_file() {
    let (origin, folder) = (Origin::start().await.unwrap(), tempfile::tempdir().unwrap());
    let content = |uid: &str, kind: Kind, bytes: Vec<u8>| {
        let path = format!("/{uid}");
        origin.serve(&path, Resource::new(bytes));
        let url = Url::parse(origin.url(&path).as_str()).unwrap();
        Content::new(uid, kind, url.clone(), [Fragment::new(url)])
    };
    let (video, sound) = (pattern(1_000_000, 1), pattern(300_000, 2));
    let selection =
        Selection::new(content("v", Kind::Video, video.clone()), [content("a", Kind::Audio, sound.clone())]);
    let qetch = Qetch::builder().muxer(Arc::new(Joiner::default())).build();
    let to = Target::file(folder.path().join("film.mp4"));
    let error = qetch.download_selection(&selection, &to, &DownloadOptions::auto()).await.unwrap_err();
    assert_eq!(error.code(), "unexpected");
    let asked = origin.requests().len();
    let report = qetch.download_selection(&selection, &to, &DownloadOptions::auto()).await.unwrap();
    // One look each, whether they are still what the origin has.
    assert_eq!((origin.requests().len() - asked, report.resumed), (2, 1_300_000));
    assert!(fs::read(folder.path().join("film.mp4")).unwrap() == [video, sound].concat());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
