//! One run of the engine, and what is always to hold.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use qetch_core::{
    Content, Context, DownloadOptions, Downloader as _, Fragment, Kind, Progress, Report, Result, Target, Url,
};
use tokio::time::{Instant, timeout};

use super::{
    super::{Http, dice::Dice, disk::Disk},
    disk::SimDisk,
    network::Network,
    origin::Origin,
};

/// Every run ends within this time, an origin that falls silent in every body included.
const LONGEST: Duration = Duration::from_secs(3600);

/// Where every run downloads to.
pub(super) fn target() -> PathBuf {
    PathBuf::from("/sim/film")
}

/// A download to be run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) origin: Arc<Origin>,
    pub(super) disk: SimDisk,
    pub(super) content: Content,
    pub(super) options: DownloadOptions,
    pub(super) max_per_host: usize,
    pub(super) seed: u64,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// `None` where the disk crashed before the end.
    pub(super) result: Option<Result<Report>>,
    pub(super) took: Duration,
    pub(super) heard: Vec<Progress>,
}

/// A content of so many fragments, whose files are `0`, `1` and so on.
pub(super) fn content(sizes: &[Option<u64>]) -> Content {
    let fragments = sizes.iter().enumerate().map(|(index, size)| {
        let fragment = Fragment::new(url(&format!("https://h.example/{index}")));
        size.map_or(fragment.clone(), |size| fragment.with_size(size))
    });
    let fragments: Vec<_> = fragments.collect();
    Content::new("uid", Kind::Other, url("https://h.example/"), fragments)
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

impl Run {
    pub(super) fn new(origin: Arc<Origin>, disk: SimDisk, content: Content) -> Self {
        Self { origin, disk, content, options: DownloadOptions::new(), max_per_host: 10, seed: 1 }
    }

    /// Runs it to its end, or to the crash of its disk.
    ///
    /// # Panics
    /// Where it does not end, holds more connections than it may, or leaves something running.
    pub(super) fn go(&self) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = heard.clone();
        let options = self.options.clone().with_hook(move |it| hears.lock().unwrap().push(it));
        let (result, took) = runtime.block_on(async {
            self.origin.age();
            let begun = Instant::now();
            let network = Arc::new(Network(self.origin.clone()));
            let cx = Context::builder().transport(network).max_per_host(self.max_per_host).build();
            let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
            let http = Http { disk, dice: Dice::seeded(self.seed) };
            let target = Target::file(target());
            let result = tokio::select! {
                biased;
                () = self.disk.crash() => None,
                result = timeout(LONGEST, http.download(&cx, &self.content, &target, &options)) => {
                    Some(result.expect("it hangs"))
                }
            };
            (result, begun.elapsed())
        });
        drop(runtime);
        let account = self.origin.account().clone();
        assert_eq!(account.exchanges, 0, "an exchange is left open");
        let cap = self.max_per_host.saturating_sub(1).max(1);
        assert!(account.most_exchanges <= cap, "{} connections where {cap} may be", account.most_exchanges);
        let heard = std::mem::take(&mut *heard.lock().unwrap());
        let outcome = Outcome { result, took, heard };
        outcome.check_progress();
        outcome
    }

    /// The file at the target.
    pub(super) fn file(&self) -> Option<Vec<u8>> {
        self.disk.get(&target())
    }

    /// Whatever else there is.
    pub(super) fn leftovers(&self) -> Vec<PathBuf> {
        self.disk.names().into_iter().filter(|name| *name != target()).collect()
    }
}

impl Outcome {
    /// The error it ended with.
    pub(super) fn code(&self) -> Option<&'static str> {
        self.result.as_ref()?.as_ref().err().map(qetch_core::Error::code)
    }

    /// Whether it ended well.
    pub(super) fn is_ok(&self) -> bool {
        matches!(self.result, Some(Ok(_)))
    }

    fn check_progress(&self) {
        for pair in self.heard.windows(2) {
            let (before, now) = (&pair[0], &pair[1]);
            assert!(before.attempt <= now.attempt, "the attempt falls: {before:?}, {now:?}");
            let fell = before.attempt == now.attempt && before.done > now.done;
            assert!(!fell, "progress falls: {before:?}, {now:?}");
        }
        let (Some(Ok(report)), Some(last)) = (&self.result, self.heard.last()) else { return };
        assert_eq!(last.done, report.bytes, "the last progress is not all");
        assert!(last.total.is_none_or(|total| total == report.bytes), "{last:?}");
    }
}

/// The name of a file, for people.
pub(super) fn shown(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
