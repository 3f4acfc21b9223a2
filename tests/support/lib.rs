//! What the integration tests and those of the sites share.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a panic in a test is the report"
)]

pub mod canary;
pub mod cassette;
#[cfg(ffmpeg)]
pub mod film;
pub mod flood;
pub mod proxied;
pub mod replayed;
#[cfg(openssl)]
pub mod secure;
pub mod site;
pub mod stage;
pub mod stranger;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use qetch::{
    Content, Context, DownloadOptions, Fragment, Kind, Progress, Registry, Report, Result, Stop, Target, Url,
};
use qetch_testkit::Origin;
use tempfile::TempDir;

/// A registry with every built-in downloader and no extractor.
pub fn downloaders() -> Registry {
    Registry::new().with_downloaders(qetch::downloaders::builtin())
}

/// A content of these links, in this order.
pub fn content<'a>(links: impl IntoIterator<Item = &'a str>) -> Content {
    let links: Vec<_> = links.into_iter().map(url).collect();
    let source = links.first().cloned().unwrap_or_else(|| url("http://127.0.0.1/"));
    Content::new("test", Kind::Video, source, links.into_iter().map(Fragment::new))
}

/// A URL that is known to be one.
pub fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// What comes back of `content` when it is saved and read again.
pub fn saved(content: &Content) -> Content {
    serde_json::from_str(&serde_json::to_string(content).unwrap()).unwrap()
}

/// A folder that downloads go to, gone with the test.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// A new, empty one.
    #[expect(clippy::new_without_default, reason = "it makes a folder, which a default does not")]
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// The names in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// A download of one link of an origin, and all that can be asked of it afterwards.
#[derive(Debug)]
pub struct Outcome {
    /// What the download answered.
    pub result: Result<Report>,
    /// The bytes under the final name, if there is something.
    pub file: Option<Vec<u8>>,
    /// What the hook heard.
    pub heard: Vec<Progress>,
    /// What lies in the folder.
    pub names: Vec<String>,
}

/// Downloads `/f` of `origin` to the file `f` of a new folder.
pub async fn download(origin: &Origin, options: DownloadOptions) -> Outcome {
    download_content(&content([origin.url("/f").as_str()]), options).await
}

/// Downloads `content` to the file `f` of a new folder.
pub async fn download_content(content: &Content, options: DownloadOptions) -> Outcome {
    download_in(&Context::new(), content, options).await
}

/// Downloads `content` to the file `f` of a new folder.
pub async fn download_in(cx: &Context, content: &Content, options: DownloadOptions) -> Outcome {
    let folder = Folder::new();
    let (options, heard) = listening(options);
    let to = folder.path("f");
    let result = downloaders().download(cx, content, &Target::file(&to), &options).await;
    let heard = heard.lock().unwrap().clone();
    Outcome { result, file: fs::read(&to).ok(), heard, names: folder.names() }
}

/// `options` with a hook, and what it hears.
pub fn listening(options: DownloadOptions) -> (DownloadOptions, Arc<Mutex<Vec<Progress>>>) {
    let heard = Arc::<Mutex<Vec<_>>>::default();
    let hook = heard.clone();
    (options.with_hook(move |progress| hook.lock().unwrap().push(progress)), heard)
}

/// `options` that ask to stop once so many bytes are there.
pub fn stopping_at(options: DownloadOptions, bytes: u64) -> DownloadOptions {
    let stop = Stop::new();
    let options = options.with_stop(stop.clone()).with_update_delay(Duration::from_millis(1));
    options.with_hook(move |progress: Progress| {
        if progress.done >= bytes {
            stop.ask();
        }
    })
}

/// Downloads `content` to the file `f` of `folder`.
///
/// # Errors
/// Those of the download.
pub async fn download_to(folder: &Folder, content: &Content, options: &DownloadOptions) -> Result<Report> {
    let to = Target::file(folder.path("f"));
    downloaders().download(&Context::new(), content, &to, options).await
}
