//! Selections, with a downloader and a muxer that only write names down.

use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::*;
use crate::{Checksum, Downloader, Fragment, Gap, Meter, Progress, Url};

/// Writes the uid into the file after a second, and more by what stands in the uid: `bad` fails, `live` goes on until it is
/// asked to end, `long` takes an hour, `gap` has a gap. A file that holds the uid stands there whole, unless it is `blind` to that.
#[derive(Clone, Debug, Default)]
struct Scribe {
    asked: Arc<Mutex<Vec<String>>>,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

#[async_trait]
impl Downloader for Scribe {
    fn name(&self) -> &'static str {
        "scribe"
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
        let (TargetKind::File(path) | TargetKind::Track(path)) = to.kind() else { panic!("{to:?}") };
        let (uid, bytes) = (content.uid.as_str(), content.uid.len() as u64);
        if path.exists() && !options.overwrite {
            let is_whole = fs::read(path).unwrap() == uid.as_bytes() && !uid.contains("blind");
            let report = Report::complete([path.to_owned()], bytes).with_existed(true);
            return if is_whole { Ok(report) } else { Err(files::exists(path)) };
        }
        self.asked.lock().unwrap().push(uid.to_owned());
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let meter = Meter::new(1);
        meter.set_total(Some(bytes));
        let work = async {
            meter.answered();
            let time = match uid {
                _ if uid.contains("live") => {
                    options.stop.asked().await;
                    Duration::ZERO
                }
                _ if uid.contains("long") => Duration::from_secs(3600),
                _ => Duration::from_secs(1),
            };
            tokio::select! {
                () = sleep(time) => (),
                () = options.stop.asked(), if !uid.contains("live") => return Err(Error::Interrupted),
            }
            if uid.contains("bad") {
                return Err(Error::not_found(uid));
            }
            fs::write(path, uid).unwrap();
            meter.add(bytes);
            meter.set_phase(Phase::Done);
            Ok(Report::complete([path.to_owned()], bytes).with_connections(1))
        };
        let done = meter.run(options.hook.clone(), options.update_delay, work).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        let gaps = if uid.contains("gap") { vec![Gap::new(3, "404")] } else { Vec::new() };
        done.map(|report| report.with_gaps(gaps))
    }
}

/// Writes the contents of its tracks one after the other, or does what it is told.
#[derive(Clone, Debug, Default)]
struct Joiner {
    seen: Arc<Mutex<Vec<Track>>>,
    answers_apart: bool,
    hangs: bool,
}

#[async_trait]
impl Muxer for Joiner {
    async fn mux(&self, tracks: &[Track], to: &Path, _: &Mux) -> Result<Option<Apart>> {
        *self.seen.lock().unwrap() = tracks.to_vec();
        if self.answers_apart {
            return Ok(Some(Apart::new("they do not fit", Some("join a b".into()))));
        }
        assert!(!to.exists());
        let texts: Vec<_> = tracks.iter().map(|track| fs::read_to_string(&track.path).unwrap()).collect();
        fs::write(to, texts.join("+")).unwrap();
        if self.hangs {
            pending::<()>().await;
        }
        Ok(None)
    }
}

/// A registry, and a directory to download to.
struct Desk {
    directory: TempDir,
    scribe: Scribe,
    joiner: Option<Joiner>,
}

impl Desk {
    fn new(joiner: impl Into<Option<Joiner>>) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), scribe: Scribe::default(), joiner: joiner.into() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// What is there, each with what is in it, but for notes.
    fn files(&self) -> Vec<String> {
        let read = |entry: fs::DirEntry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            let name = entry.file_name().into_string().unwrap();
            let is_note = name.ends_with("-done");
            // What is left of a track is left of its note.
            assert!(!is_note || self.path(name.trim_end_matches("-done")).exists(), "{name}");
            let shown = if name.ends_with(".json") { name } else { format!("{name}={text}") };
            (!is_note).then_some(shown)
        };
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut files: Vec<_> = entries.filter_map(|entry| read(entry.unwrap())).collect();
        files.sort_unstable();
        files
    }

    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.scribe.asked.lock().unwrap());
        asked.sort_unstable();
        asked
    }

    async fn download(&self, uids: &[&str], options: &DownloadOptions) -> Result<Report> {
        self.download_to(uids, &Target::file(self.path("film.mkv")), options).await
    }

    async fn download_to(&self, uids: &[&str], to: &Target, options: &DownloadOptions) -> Result<Report> {
        let registry =
            Registry::new().with_downloaders([Arc::new(self.scribe.clone()) as Arc<dyn Downloader>]);
        let registry = match self.joiner.clone() {
            Some(joiner) => registry.with_muxer(Arc::new(joiner)),
            None => registry,
        };
        let mut contents = uids.iter().map(|uid| content(uid));
        let selection = Selection::new(contents.next().unwrap(), contents);
        registry.download_selection(&Context::new(), &selection, to, options).await
    }
}

/// A video, a sound or captions, by the first letter.
fn content(uid: &str) -> Content {
    // An address: a name would be looked up.
    let url = Url::parse("http://127.0.0.1/").unwrap();
    let kind = match &uid[..1] {
        "v" => Kind::Video,
        "a" => Kind::Audio,
        _ => Kind::Text,
    };
    let mut content = Content::new(uid, kind, url.clone(), [Fragment::new(url)]);
    content.language = uid.split_once('.').map(|(_, language)| language.to_owned());
    content
}

fn options() -> DownloadOptions {
    DownloadOptions::new()
}

#[tokio::test(start_paused = true)]
async fn tracks_are_fetched_side_by_side_and_become_one_file() {
    let desk = Desk::new(Joiner::default());
    let begun = Instant::now();
    let report = desk.download(&["v", "a.de"], &options()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(1900), "{:?}", begun.elapsed());
    assert_eq!(desk.scribe.most.load(Ordering::SeqCst), 2);
    assert_eq!(desk.files(), ["film.mkv=v+a.de"]);
    assert_eq!((report.paths, report.bytes), (vec![desk.path("film.mkv")], 6));
    assert!(report.complete && !report.existed && report.apart.is_none());
    assert_eq!(report.connections, 2);
    let seen = desk.joiner.as_ref().unwrap().seen.lock().unwrap().clone();
    let seen: Vec<_> = seen.into_iter().map(|track| (track.kind, track.language)).collect();
    assert_eq!(seen, [(Kind::Video, None), (Kind::Audio, Some("de".to_owned()))]);
}

#[tokio::test(start_paused = true)]
async fn a_guessed_extension_is_that_of_what_is_in_it() {
    let check = async |uids: &[&str], expected: &str| {
        let desk = Desk::new(Joiner::default());
        let to = Target::file(desk.path("film v1.2.ts")).with_fitting_extension();
        let report = desk.download_to(uids, &to, &options()).await.unwrap();
        assert_eq!(report.paths, [desk.path(expected)]);
    };
    check(&["v", "a"], "film v1.2.mp4").await;
    check(&["a1", "a2"], "film v1.2.m4a").await;
    // Of one content its downloader tells.
    check(&["v"], "film v1.2.ts").await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_for_a_name_that_is_taken() {
    let desk = Desk::new(Joiner::default());
    fs::write(desk.path("film.mkv"), "mine").unwrap();
    assert_eq!(desk.download(&["v", "a"], &options()).await.unwrap_err().code(), "conflict");
    assert_eq!((desk.asked().len(), desk.files()), (0, vec!["film.mkv=mine".to_owned()]));
    desk.download(&["v", "a"], &options().with_overwrite(true)).await.unwrap();
    assert_eq!(desk.files(), ["film.mkv=v+a"]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_track_ends_the_others_and_what_is_there_is_gone_on_with() {
    let desk = Desk::new(Joiner::default());
    let begun = Instant::now();
    let error = desk.download(&["v-long", "a", "a-bad"], &options()).await.unwrap_err();
    assert_eq!(error.code(), "not_found");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // The track that was whole by then.
    let [left] = &desk.files()[..] else { panic!("{:?}", desk.files()) };
    assert!(left.starts_with("film.mkv.qetch-t") && left.ends_with("=a"), "{left}");
    desk.asked();
    desk.download(&["v", "a"], &options()).await.unwrap();
    assert_eq!((desk.asked(), desk.files()), (vec!["v".to_owned()], vec!["film.mkv=v+a".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn an_interruption_leaves_no_result() {
    let desk = Desk::new(Joiner::default());
    let options = options();
    let stop = options.stop.clone();
    let (done, ()) = tokio::join!(desk.download(&["v-long", "a-long"], &options), async {
        sleep(Duration::from_secs(9)).await;
        stop.ask();
    });
    assert_eq!(done.unwrap_err().code(), "interrupted");
    assert_eq!(desk.files(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_is_asked_to_end_is_made_whole() {
    let desk = Desk::new(Joiner::default());
    let options = options();
    let stop = options.stop.clone();
    let (done, ()) = tokio::join!(desk.download(&["v-live", "a-live", "c-long.de"], &options), async {
        sleep(Duration::from_secs(9)).await;
        stop.ask();
    });
    assert!(done.unwrap().complete);
    assert_eq!(desk.files(), ["film.mkv=v-live+a-live"]);
}

#[tokio::test(start_paused = true)]
async fn captions_are_recorded_with_what_they_belong_to() {
    for uids in [&["v-live", "a-live", "c-live.de"][..], &["v-live", "c-live.de"]] {
        let desk = Desk::new(Joiner::default());
        let options = options();
        let stop = options.stop.clone();
        let (done, ()) = tokio::join!(desk.download(uids, &options), async {
            sleep(Duration::from_secs(9)).await;
            stop.ask();
        });
        assert_eq!(done.unwrap().paths, ["film.mkv", "film.de.vtt"].map(|name| desk.path(name)));
        assert!(desk.files().contains(&"film.de.vtt=c-live.de".to_owned()));
    }
    // They end where that fails.
    let desk = Desk::new(Joiner::default());
    let begun = Instant::now();
    assert_eq!(desk.download(&["v-bad", "c-live.de"], &options()).await.unwrap_err().code(), "not_found");
    assert!(begun.elapsed() < Duration::from_secs(5));
    // Where nothing else was still to come, that they are missing is no result.
    let options = options();
    let stop = options.stop.clone();
    let (done, ()) = tokio::join!(desk.download(&["v", "c-long.de"], &options), async {
        sleep(Duration::from_secs(9)).await;
        stop.ask();
    });
    assert_eq!(done.unwrap_err().code(), "interrupted");
}

#[tokio::test(start_paused = true)]
async fn muxing_ends_when_it_is_asked_to_or_dropped_and_leaves_the_tracks() {
    let desk = Desk::new(Joiner { hangs: true, ..Joiner::default() });
    let options = options();
    let stop = options.stop.clone();
    let (done, ()) = tokio::join!(desk.download(&["v", "a"], &options), async {
        sleep(Duration::from_secs(9)).await;
        stop.ask();
    });
    assert_eq!(done.unwrap_err().code(), "interrupted");
    assert_eq!(desk.files().len(), 2);
    let again = DownloadOptions::new();
    let dropped = tokio::time::timeout(Duration::from_secs(9), desk.download(&["v", "a"], &again)).await;
    assert!(dropped.is_err());
    let files = desk.files();
    assert!(files.len() == 2 && files.iter().all(|file| file.contains(".qetch-t")), "{files:?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_muxed_gets_names_of_its_own() {
    let expected = ["film.audio-de.m4a=a.de", "film.video-v.mp4=v"];
    let check = async |desk: &Desk, options: &DownloadOptions, reason: &str| {
        for run in 0..2 {
            let report = desk.download(&["v", "a.de"], options).await.unwrap();
            assert_eq!(desk.files(), expected);
            assert_eq!(report.paths, [desk.path("film.video-v.mp4"), desk.path("film.audio-de.m4a")]);
            assert_eq!((report.apart.unwrap().reason.as_str(), report.bytes), (reason, 5));
            assert_eq!((report.existed, desk.asked().len()), (run == 1, 2 - 2 * run));
        }
    };
    let mut desk = Desk::new(Joiner { answers_apart: true, ..Joiner::default() });
    check(&desk, &options(), "they do not fit").await;
    // Once something can, they are not fetched again, and stay.
    desk.joiner = Some(Joiner::default());
    desk.download(&["v", "a.de"], &options()).await.unwrap();
    assert_eq!((desk.asked().len(), desk.files().len()), (0, 3));
    check(&Desk::new(Joiner::default()), &options().with_mux(Mux::Never), "it was asked for").await;
    check(&Desk::new(None), &options(), "there is nothing that muxes them").await;
}

#[tokio::test(start_paused = true)]
async fn a_file_in_the_place_of_a_track_is_never_replaced_unasked() {
    let desk = Desk::new(Joiner { answers_apart: true, ..Joiner::default() });
    fs::write(desk.path("film.audio-de.m4a"), "mine").unwrap();
    let error = desk.download(&["v", "a.de"], &options()).await.unwrap_err();
    assert_eq!(error.code(), "conflict");
    assert!(desk.files().contains(&"film.audio-de.m4a=mine".to_owned()));
    desk.download(&["v", "a.de"], &options().with_overwrite(true)).await.unwrap();
    assert_eq!(desk.files(), ["film.audio-de.m4a=a.de", "film.video-v.mp4=v"]);
}

#[tokio::test(start_paused = true)]
async fn a_track_that_cannot_be_told_to_be_whole_is_kept_unless_files_may_be_replaced() {
    let desk = Desk::new(Joiner::default());
    let track = Names::new(&desk.path("film.mkv")).way(&content("a"), false).path;
    let check = async |options: DownloadOptions, expected: &str| {
        fs::write(&track, "half").unwrap();
        let done = desk.download(&["v", "a"], &options).await;
        let said = done.map_or_else(|error| error.to_string(), |_| "done".into());
        assert!(said.contains(expected), "{said}");
        let _ = fs::remove_file(desk.path("film.mkv"));
    };
    check(options(), "is a track of an earlier run").await;
    assert_eq!(fs::read(&track).unwrap(), b"half");
    check(options().with_overwrite(true), "done").await;
    check(options().with_resume(false), "done").await;
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_noted_of_its_tracks_is_believed_where_nothing_else_shows_it() {
    let mut desk = Desk::new(Joiner { hangs: true, ..Joiner::default() });
    let uids = ["v-blind-gap", "a-blind.de"];
    for _ in 0..2 {
        let options = options();
        let done = tokio::time::timeout(Duration::from_secs(9), desk.download(&uids, &options)).await;
        assert!(done.is_err());
    }
    assert_eq!((desk.asked().len(), desk.files().len()), (2, 2));
    desk.joiner = Some(Joiner::default());
    let report = desk.download(&uids, &options()).await.unwrap();
    assert_eq!((desk.asked().len(), report.gaps.len(), report.complete), (0, 1, false));
    assert_eq!((report.resumed, report.bytes, report.existed), (21, 22, false));
    assert_eq!(desk.files(), ["film.mkv.gaps.json", "film.mkv=v-blind-gap+a-blind.de"]);
}

#[tokio::test(start_paused = true)]
async fn captions_are_files_beside_unless_they_are_wanted_within() {
    let desk = Desk::new(Joiner::default());
    let report = desk.download(&["v", "a", "c.de", "c-more.de"], &options()).await.unwrap();
    let names = ["film.mkv", "film.de.vtt", "film.c-more.de.vtt"];
    assert_eq!(report.paths, names.map(|name| desk.path(name)));
    assert_eq!(desk.files(), ["film.c-more.de.vtt=c-more.de", "film.de.vtt=c.de", "film.mkv=v+a"]);

    let desk = Desk::new(Joiner::default());
    let report = desk.download(&["v", "c.de"], &options()).await.unwrap();
    assert_eq!((report.paths.len(), desk.files()), (2, vec!["film.de.vtt=c.de".into(), "film.mkv=v".into()]));

    let desk = Desk::new(Joiner::default());
    desk.download(&["v", "c.de"], &options().with_mux_captions(true)).await.unwrap();
    assert_eq!(desk.files(), ["film.mkv=v+c.de"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_of_the_tracks_is_listed_beside_the_result() {
    let desk = Desk::new(Joiner::default());
    let report = desk.download(&["v-gap", "a", "c-gap.de"], &options()).await.unwrap();
    assert!(!report.complete);
    assert_eq!((report.gaps.len(), report.gaps_list), (2, Some(desk.path("film.mkv.gaps.json"))));
    let expected =
        ["film.de.vtt.gaps.json", "film.de.vtt=c-gap.de", "film.mkv.gaps.json", "film.mkv=v-gap+a"];
    assert_eq!(desk.files(), expected);
    let list = fs::read_to_string(desk.path("film.mkv.gaps.json")).unwrap();
    assert!(list.contains(r#""uid":"v-gap","fragment":3"#), "{list}");

    let desk = Desk::new(None);
    let report = desk.download(&["v-gap"], &options()).await.unwrap();
    assert_eq!(report.gaps_list, Some(desk.path("film.mkv.gaps.json")));
}

#[tokio::test(start_paused = true)]
async fn one_progress_is_told_of_all_tracks() {
    let desk = Desk::new(Joiner::default());
    let heard = Arc::new(Mutex::new(Vec::<Progress>::new()));
    let hears = heard.clone();
    let options = options().with_hook(move |progress| hears.lock().unwrap().push(progress));
    desk.download(&["v", "a.de"], &options).await.unwrap();
    let heard = heard.lock().unwrap();
    assert_eq!((heard[0].done, heard[0].phase, heard[0].fragments), (0, Phase::Connecting, (0, 2)));
    let last = heard.last().unwrap();
    assert_eq!((last.done, last.total, last.phase), (5, Some(5), Phase::Done));
    assert_eq!(heard.iter().filter(|progress| progress.phase == Phase::Done).count(), 1);
    assert!(heard.windows(2).all(|pair| pair[0].done <= pair[1].done));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_refused_before_anything_is_fetched() {
    let desk = Desk::new(Joiner::default());
    let summed = options().with_checksum(Checksum::new("md5", "00"));
    assert_eq!(desk.download(&["v", "a"], &summed).await.unwrap_err().code(), "unsupported");
    let pieces = Target::pieces(desk.path(""));
    assert_eq!(desk.download_to(&["v", "a"], &pieces, &options()).await.unwrap_err().code(), "unsupported");
    assert!(desk.asked().is_empty());
    // Captions are not what a checksum is of.
    desk.download(&["v", "c.de"], &summed).await.unwrap();
    let limited = options().with_max_size(1);
    let desk = Desk::new(Joiner::default());
    assert_eq!(desk.download(&["v", "a"], &limited).await.unwrap_err().code(), "over_limit");
}
