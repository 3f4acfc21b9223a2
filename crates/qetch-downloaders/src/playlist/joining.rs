//! Making one file of parts, or of a file whose form its bytes tell, once they are there.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use qetch_core::{
    Apart, Content, Context, DownloadOptions, Error, Mux, Phase, Progress, ProgressHook, Report, Result,
    Staging, Target, Track, files, media_type, naming,
};

use crate::http::{Http, noted, source::Source};

/// Forms that a rendition may turn out to have.
const FORMS: [&str; 8] = ["ts", "mp4", "m4a", "aac", "mp3", "webm", "weba", "vtt"];

/// A file that is brought aside, and made the result in the end.
pub(super) struct Joining<'a> {
    http: &'a Http,
    content: &'a Content,
    aside: PathBuf,
    to: PathBuf,
    options: &'a DownloadOptions,
    is_live: bool,
    told: Arc<Told>,
}

impl<'a> Joining<'a> {
    pub(super) fn new(
        http: &'a Http,
        content: &'a Content,
        aside: PathBuf,
        to: PathBuf,
        options: &'a DownloadOptions,
        is_live: bool,
    ) -> Self {
        let told = Arc::new(Told { hook: options.hook.clone(), last: Mutex::default() });
        Self { http, content, aside, to, options, is_live, told }
    }

    /// Brings what `source` lists, and makes one file of it. Its extension is that of what it is, unless it `is_known`.
    pub(super) async fn bring(
        mut self,
        cx: &Context,
        source: Arc<dyn Source>,
        is_known: bool,
    ) -> Result<Report> {
        if !is_known && let Some(report) = self.found(cx, &source).await? {
            return Ok(report);
        }
        let mut options = self.options.clone();
        options.hook = options.hook.is_some().then(|| -> Arc<dyn ProgressHook> { self.told.clone() });
        let track = Target::track(&self.aside);
        let report = self.http.bring(cx, self.content, source, &track, &options).await?;
        // Whoever else wants to write or to join it is refused from here on.
        let held = self.http.hold(&self.aside).await?;
        self.check_there(report.bytes).await?;
        if let Some(extension) = extension_of(&self.aside).await?.filter(|_| !is_known) {
            self.to = naming::with_extension(&self.to, extension);
        }
        let report = match self.join(report).await {
            // What can be fetched again is not left beside a file that is not replaced.
            Err(error @ Error::Conflict { .. }) if !self.is_live => {
                remove(&self.aside).await?;
                remove(&noted(&self.aside)).await?;
                return Err(error);
            }
            done => done?,
        };
        remove(&noted(&self.aside)).await?;
        drop(held);
        self.told.phase(Phase::Done);
        Ok(report)
    }

    /// The file that an earlier run made of the same list, whatever form it turned out to have.
    async fn found(&self, cx: &Context, source: &Arc<dyn Source>) -> Result<Option<Report>> {
        if self.is_live || self.options.overwrite {
            return Ok(None);
        }
        for extension in FORMS {
            let path = naming::with_extension(&self.to, extension);
            if !path.is_file() {
                continue;
            }
            match self.http.bring(cx, self.content, source.clone(), &Target::file(path), self.options).await {
                Err(Error::Conflict { .. }) => (),
                done => return done.map(Some),
            }
        }
        Ok(None)
    }

    /// Makes the result of what lies aside, of one part or several.
    async fn join(&self, report: Report) -> Result<Report> {
        // The clock of a recording began long before it, which in an MP4 is a pause without pictures.
        let begins_late =
            self.is_live && self.options.mux != Mux::Never && is_fragmented(&self.aside).await?;
        if report.parts.len() <= 1 && !begins_late {
            return self.named(&self.aside, report).await;
        }
        self.told.phase(Phase::Merging);
        let track = Track::new(&self.aside, self.content.kind).with_parts(report.parts.clone());
        let staging = Staging::beside(&self.to)?;
        let staged = staged(&staging, &self.to);
        let apart = tokio::select! {
            biased;
            // A recording was asked to end, and is whole.
            () = self.options.stop.asked(), if !self.is_live => return Err(Error::Interrupted),
            done = mux(&track, &staged, &self.options.mux) => done?,
        };
        if let Some(apart) = apart {
            // One after the other they are what there is, and no command makes more of them.
            return Ok(self.named(&self.aside, report).await?.with_apart(apart));
        }
        let report = self.named(&staged, report).await?;
        remove(&self.aside).await?;
        Ok(report)
    }

    /// Gives the file at `from` its name, and tells what it is by now.
    async fn named(&self, from: &Path, mut report: Report) -> Result<Report> {
        self.told.phase(Phase::Finishing);
        let bytes = publish(from, &self.to, self.options.overwrite).await?;
        (report.paths, report.bytes, report.existed) = (vec![self.to.clone()], bytes, false);
        Ok(report.with_parts(Vec::new()))
    }

    /// Refuses to go on where another run has taken away what was brought.
    async fn check_there(&self, bytes: u64) -> Result<()> {
        let aside = self.aside.clone();
        let found = qetch_core::blocking(move |_| Ok(std::fs::symlink_metadata(aside).ok())).await?;
        match found {
            Some(found) if found.is_file() && found.len() == bytes => Ok(()),
            _ => Err(Error::conflict(&self.to, "was made by another download meanwhile")),
        }
    }
}

/// Passes on what is told of the parts, but for their end: the file is still to be made of them.
struct Told {
    hook: Option<Arc<dyn ProgressHook>>,
    last: Mutex<Option<Progress>>,
}

impl Told {
    /// Says what is done with all of the parts.
    fn phase(&self, phase: Phase) {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(hook), Some(mut progress)) = (&self.hook, last) {
            progress.phase = phase;
            hook.update(progress);
        }
    }
}

impl ProgressHook for Told {
    fn update(&self, progress: Progress) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
        if let (Some(hook), false) = (&self.hook, progress.phase == Phase::Done) {
            hook.update(progress);
        }
    }
}

/// Where the result is made until it is whole. It bears the extension of the result, which tells muxers its form.
fn staged(staging: &Staging, to: &Path) -> PathBuf {
    let path = staging.path().join("joined");
    to.extension().map_or(path.clone(), |extension| path.with_extension(extension))
}

/// Joins the parts of a track.
#[cfg(feature = "mux")]
async fn mux(track: &Track, to: &Path, how: &Mux) -> Result<Option<Apart>> {
    crate::muxer().mux(std::slice::from_ref(track), to, how).await
}

/// Says why the parts of a track are not joined.
#[cfg(not(feature = "mux"))]
async fn mux(_: &Track, _: &Path, _: &Mux) -> Result<Option<Apart>> {
    Ok(Some(Apart::new("this build has no muxer (the cargo feature `mux`)", None)))
}

/// The extension that the first bytes of the file at `path` tell.
async fn extension_of(path: &Path) -> Result<Option<&'static str>> {
    let path = path.to_owned();
    qetch_core::blocking(move |_| {
        let mut head = Vec::new();
        let read = std::fs::File::open(&path).and_then(|file| file.take(1024).read_to_end(&mut head));
        read.map_err(|error| Error::io("read", &path, error))?;
        Ok(media_type::by_first_bytes(&head).map(|known| known.extension))
    })
    .await
}

/// Whether the file at `path` is an MP4 of fragments.
async fn is_fragmented(path: &Path) -> Result<bool> {
    Ok(matches!(extension_of(path).await?, Some("mp4" | "m4a")))
}

/// Makes the file at `from` durable and gives it the name `to`.
async fn publish(from: &Path, to: &Path, overwrite: bool) -> Result<u64> {
    let (from, to) = (from.to_owned(), to.to_owned());
    qetch_core::blocking(move |wanted| {
        let opened = std::fs::File::open(&from).and_then(|file| {
            file.sync_all()?;
            file.metadata()
        });
        let bytes = opened.map_err(|error| Error::io("read", &from, error))?.len();
        let name = || if overwrite { files::publish_over(&from, &to) } else { files::publish(&from, &to) };
        wanted.unless_dropped(name)??;
        Ok(bytes)
    })
    .await
}

async fn remove(path: &Path) -> Result<()> {
    let path = path.to_owned();
    qetch_core::blocking(move |_| match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &path, error)),
        _ => Ok(()),
    })
    .await
}
