//! Downloads whose extractor merges the fragments itself.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use url::Url;

use crate::{
    Content, Context, DownloadOptions, Downloader, Error, Extractor, Meter, Phase, Progress, ProgressHook,
    Report, Result, Target, blocking::blocking, files, lock::lock, staging::Staging,
};

/// Downloads the fragments as pieces beside `path`, and has the extractor merge them into it.
pub(super) async fn merged(
    extractor: &Arc<dyn Extractor>,
    downloader: &Arc<dyn Downloader>,
    cx: &Context,
    content: &Content,
    path: &Path,
    options: &DownloadOptions,
) -> Result<Report> {
    files::check_free(path, options.overwrite)?;
    let staging = Staging::beside(path)?;
    let told = Arc::new(Told { hook: options.hook.clone(), last: Mutex::default() });
    let mut inner = options.clone();
    inner.hook = Some(told.clone());
    let report = downloader.download(cx, content, &Target::pieces(staging.path()), &inner).await?;
    let meter = Meter::at(told.last().unwrap_or_else(|| Progress::new(report.paths.len())));
    meter.set_phase(Phase::Merging);
    let work = async {
        let merged = staging.path().join("merged");
        tokio::select! {
            biased;
            done = extractor.merge(&report.paths, &merged) => done?,
            () = options.stop.asked() => return Err(Error::Interrupted),
        }
        meter.set_phase(Phase::Finishing);
        let promised = content.size.map(|size| (size, content.source.clone()));
        let bytes = finish(merged, path, promised, options.overwrite, || ()).await?;
        meter.set_phase(Phase::Done);
        Ok(bytes)
    };
    let bytes = meter.run(options.hook.clone(), options.update_delay, work).await?;
    Ok(Report { paths: vec![path.to_owned()], bytes, ..report })
}

/// Makes what was merged durable and gives it its name, if it is as large as a site promised. What stands `after` that
/// happens in the same step: dropping the future leaves both or neither.
pub(super) async fn finish(
    merged: PathBuf,
    to: &Path,
    promised: Option<(u64, Url)>,
    overwrite: bool,
    after: impl FnOnce() + Send + 'static,
) -> Result<u64> {
    let to = to.to_owned();
    blocking(move |wanted| {
        let opened = std::fs::File::open(&merged).and_then(|file| {
            file.sync_all()?;
            file.metadata()
        });
        let bytes = opened.map_err(|error| Error::io("read", &merged, error))?.len();
        if let Some((promised, source)) = promised.filter(|(promised, _)| *promised != bytes) {
            let problem = format!("{bytes} bytes where the site promises {promised}");
            return Err(Error::bad_reply(&source, problem));
        }
        let name = || {
            let named =
                if overwrite { files::publish_over(&merged, &to) } else { files::publish(&merged, &to) };
            named.map(|()| after())
        };
        wanted.unless_dropped(name)??;
        Ok(bytes)
    })
    .await
}

/// Passes on what a downloader of pieces tells, but for its end: it is done with its pieces, not with the file.
struct Told {
    hook: Option<Arc<dyn ProgressHook>>,
    last: Mutex<Option<Progress>>,
}

impl Told {
    fn last(&self) -> Option<Progress> {
        *lock(&self.last)
    }
}

impl ProgressHook for Told {
    fn update(&self, progress: Progress) {
        *lock(&self.last) = Some(progress);
        if let (Some(hook), false) = (&self.hook, progress.phase == Phase::Done) {
            hook.update(progress);
        }
    }
}
