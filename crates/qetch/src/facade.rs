//! `Qetch`: a registry and a context, wired.

use std::path::{Path, PathBuf};

use qetch_core::{
    Content, Context, DownloadOptions, Error, Extraction, Registry, Report, Result, Select, Selection,
    Target, Url, UserHeaders, blocking, naming, shown,
};

use crate::{Download, Downloads, QetchBuilder};

/// Extracts what is behind a URL and downloads it: the extractors and downloaders of this build, and one context.
///
/// Cheap to clone; clones share connections, host limits and tokens. Everything it does is bounded by its own host
/// limits, so a program needs one of them.
#[derive(Clone, Debug)]
pub struct Qetch {
    registry: Registry,
    cx: Context,
}

impl Qetch {
    /// Everything that is built in, with the default settings and no credentials.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings to change.
    pub fn builder() -> QetchBuilder {
        QetchBuilder::new()
    }

    /// A registry and a context of your own, with nothing added.
    pub fn of(registry: Registry, cx: Context) -> Self {
        Self { registry, cx }
    }

    /// The extractors and downloaders.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What extractors and downloaders are lent.
    pub fn context(&self) -> &Context {
        &self.cx
    }

    /// The resources behind `url`. A user name and password before its `@` go to its origin alone, and are known to this
    /// extraction alone: for the downloads that follow, see [`adopt`](Qetch::adopt).
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where `url` is none, and those of [`Registry::extract`].
    pub async fn extract(&self, url: &str) -> Result<Extraction> {
        self.registry.extract(&self.cx, &Url::parse(url)?).await
    }

    /// Takes a user name and password before the `@` of a link out of it: see [`Context::adopt`]. Ask the answer for what
    /// is behind that link, and this for everything else.
    #[must_use]
    pub fn adopt(&self, link: &Url) -> (Self, Url) {
        let (cx, bare) = self.cx.adopt(link);
        (Self::of(self.registry.clone(), cx), bare)
    }

    /// This, with headers of the user's own on every request, those that may be secrets to the origins of the links that
    /// the user `typed` alone: see [`Context::with_headers`].
    #[must_use]
    pub fn with_headers<'a>(&self, headers: UserHeaders, typed: impl IntoIterator<Item = &'a Url>) -> Self {
        Self::of(self.registry.clone(), self.cx.with_headers(headers, typed))
    }

    /// Downloads `content` into the file `to`, whose directory exists.
    ///
    /// # Errors
    /// Those of [`Registry::download`].
    pub async fn download(
        &self,
        content: &Content,
        to: impl Into<PathBuf>,
        options: &DownloadOptions,
    ) -> Result<Report> {
        self.download_to(content, &Target::file(to), options).await
    }

    /// Downloads `content` to any [`Target`].
    ///
    /// # Errors
    /// Those of [`Registry::download`].
    pub async fn download_to(
        &self,
        content: &Content,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        self.registry.download(&self.cx, content, to, options).await
    }

    /// Downloads `selection`, a rendition and what goes with it, as one file where that can be made.
    ///
    /// ```no_run
    /// # async fn run(qetch: qetch::Qetch, variants: qetch::Variants) -> qetch::Result<()> {
    /// use qetch::{DownloadOptions, Select, Target};
    ///
    /// let select: Select = "height<=720,language=es".parse()?;
    /// if let Some(selection) = select.choose(&variants) {
    ///     let to = Target::file("film.mp4");
    ///     let report = qetch.download_selection(&selection, &to, &DownloadOptions::auto()).await?;
    ///     println!("{}", report.paths[0].display());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Registry::download_selection`].
    pub async fn download_selection(
        &self,
        selection: &Selection,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        self.registry.download_selection(&self.cx, selection, to, options).await
    }

    /// Downloads several contents, `at_once` at a time, each of them done with `options` unless it brings its own.
    /// What comes is each content with its result, as they end: one that fails stops none of the others.
    ///
    /// Nothing goes on unless the stream is read, and dropping it cancels what has not ended. The connections to one
    /// host are bounded over all of them together.
    ///
    /// ```no_run
    /// # async fn run(qetch: qetch::Qetch, contents: Vec<qetch::Content>) {
    /// let named = contents.into_iter().map(|content| {
    ///     let name = qetch::naming::file_name(&content);
    ///     (content, name)
    /// });
    /// let mut downloads = qetch.download_many(named, 4, &qetch::DownloadOptions::auto());
    /// while let Some((content, result)) = downloads.next().await {
    ///     match result {
    ///         Ok(report) => println!("{}: {} bytes", content.uid, report.bytes),
    ///         Err(error) => println!("{}: {error}", content.uid),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn download_many<D>(
        &self,
        downloads: impl IntoIterator<Item = D, IntoIter: Send + 'static>,
        at_once: usize,
        options: &DownloadOptions,
    ) -> Downloads
    where
        D: Into<Download> + 'static,
    {
        Downloads::new(self.clone(), downloads.into_iter().map(Into::into), at_once, options.clone())
    }

    /// Downloads the best of each resource behind `url`, with its sound, into `directory`, one after another, under the names
    /// that [`naming::file_name`] gives, with the extension of what the file turns out to be. The directory is created where it is missing, once there is something to put in it.
    ///
    /// It is for a link that is wanted whole: the first error ends it, and what was finished by then stays. To go on
    /// past errors, read [`extract`](Qetch::extract) and use [`download_many`](Qetch::download_many); to take some of the
    /// resources, [`Extraction::only`].
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound) where there is no resource, [`Io`](Error::Io) when the directory cannot be
    /// created, and those of [`extract`](Qetch::extract) and [`download_selection`](Qetch::download_selection).
    pub async fn fetch(&self, url: &str, directory: impl AsRef<Path>) -> Result<Vec<Report>> {
        let directory = directory.as_ref();
        let options = DownloadOptions::auto();
        let mut reports = Vec::new();
        // What stands before the `@` of the link is for its downloads too.
        let (mine, url) = self.adopt(&Url::parse(url)?);
        let mut extraction = mine.registry.extract(&mine.cx, &url).await?;
        while let Some(variants) = extraction.next_variants().await? {
            if reports.is_empty() {
                create(directory.to_owned()).await?;
            }
            let best = Select::best().choose(&variants);
            let best = best.unwrap_or_else(|| variants.best().clone().into());
            let to = Target::file(directory.join(naming::file_name(&best.content))).with_fitting_extension();
            reports.push(mine.download_selection(&best, &to, &options).await?);
        }
        if reports.is_empty() {
            return Err(Error::not_found(format!("anything to download at {}", shown(&url))));
        }
        Ok(reports)
    }
}

async fn create(directory: PathBuf) -> Result<()> {
    blocking(move |_| {
        std::fs::create_dir_all(&directory).map_err(|error| Error::io("create", directory, error))
    })
    .await
}

impl Default for Qetch {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::qetch;

    fn names(directory: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[tokio::test(start_paused = true)]
    async fn fetching_brings_the_best_of_each_resource_into_a_new_directory() {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("a/b");
        let reports = qetch().0.fetch("https://pond.example/3", &to).await.unwrap();
        let paths: Vec<_> = ["pond-1", "pond-2", "pond-3"].map(|name| vec![to.join(name)]).into();
        assert_eq!(reports.into_iter().map(|report| report.paths).collect::<Vec<_>>(), paths);
        assert_eq!(names(&to), ["pond-1", "pond-2", "pond-3"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fetch_that_fails_leaves_what_was_finished() {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("new");
        let check = async |url: &str| qetch().0.fetch(url, &to).await.unwrap_err().code();
        assert_eq!(check("https://pond.example/2/bad").await, "not_found");
        assert_eq!(check("https://pond.example/0").await, "not_found");
        assert_eq!(check("pond.example/1").await, "invalid");
        assert_eq!(check("ftp://pond.example/").await, "unsupported");
        assert_eq!(names(&to), ["pond-1"]);
    }

    #[test]
    fn it_goes_wherever_its_user_goes() {
        fn assert<T: Send + Sync + 'static>() {}
        fn assert_send<T: Send>(_: T) {}
        assert::<Qetch>();
        assert::<QetchBuilder>();
        assert::<Download>();
        let (qetch, _) = qetch();
        assert_send(qetch.extract(""));
        assert_send(qetch.fetch("", ""));
        let (selection, to) = (crate::testing::content("a1").into(), Target::file(""));
        assert_send(qetch.download_selection(&selection, &to, &DownloadOptions::new()));
    }
}
