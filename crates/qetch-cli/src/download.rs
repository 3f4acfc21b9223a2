//! `qetch download`: the chosen rendition of each resource, as a whole file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use qetch::{Content, DownloadOptions, Error, Report, naming};
use serde::Serialize;

use crate::{
    args::DownloadArguments,
    bar::Shown,
    chosen::Chosen,
    exit::{Failure, INTERRUPTED},
    link::{Link, refuse_commands},
    session::{Session, beneath, within},
};

/// What cannot be right whatever the links lead to.
pub(crate) fn check(arguments: &DownloadArguments) -> Result<(), Failure> {
    refuse_commands(&arguments.urls)?;
    let Some(output) = &arguments.output else { return Ok(()) };
    if arguments.urls.len() > 1 {
        return Err(Failure::usage("-o names one file, and there are several URLs: use -d"));
    }
    if output.as_os_str() == "-" {
        return Err(Failure::usage("a download cannot be written to standard output: name a file"));
    }
    if output.is_dir() || output.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(Failure::usage(format!("{} is a directory: use -d", output.display())));
    }
    Ok(())
}

/// Downloads what is behind each URL. Answers the exit code.
pub(crate) async fn run(session: &Session, arguments: &DownloadArguments) -> u8 {
    let run = Run { session, arguments };
    session
        .each(&arguments.urls, async |link| match &arguments.output {
            Some(output) => run.only(link, output.clone()).await,
            None => run.all(link).await,
        })
        .await
}

struct Run<'a> {
    session: &'a Session,
    arguments: &'a DownloadArguments,
}

impl Run<'_> {
    /// Downloads every resource behind `link` as soon as it is found.
    async fn all(&self, link: &Link) -> Result<(), Failure> {
        let mut chosen = Chosen::read(self.session, &self.arguments.format, link).await?;
        while let Some(content) = chosen.next().await? {
            let path = beneath(&self.arguments.directory, naming::file_name(&content));
            match self.one(link, &content, path).await {
                Err(failure) if failure.message.is_some() && failure.code != INTERRUPTED => {
                    self.session.fail(within(link, failure));
                }
                done => done?,
            }
        }
        Ok(())
    }

    /// Downloads the one result of `link` to `output`. Whether there is one alone is known once a second one was looked
    /// for, and before anything is downloaded.
    async fn only(&self, link: &Link, output: PathBuf) -> Result<(), Failure> {
        let mut chosen = Chosen::read(self.session, &self.arguments.format, link).await?;
        let Some(content) = chosen.next().await? else { return Ok(()) };
        if chosen.next().await?.is_some() {
            return Err(Failure::usage("-o names one file, and there is more than one result: use -d"));
        }
        if chosen.has_failed() {
            // It was told already; whether there is more is not known.
            return Ok(());
        }
        self.one(link, &content, output).await
    }

    async fn one(&self, link: &Link, content: &Content, path: PathBuf) -> Result<(), Failure> {
        if let Some(directory) = path.parent().filter(|_| self.arguments.output.is_none()) {
            fs::create_dir_all(directory).map_err(|error| Error::io("create", directory, error))?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let shown = Shown::new(self.arguments.progress, &self.session.console, link, &content.uid, &name);
        let mut options = self.options();
        options.hook = shown.hook();
        // What was typed before the `@` of the link is for its files too.
        let (qetch, _) = self.session.qetch.adopt(link.url());
        let done = qetch.download(content, &path, &options).await;
        drop(options);
        let summary = done.as_ref().ok().and_then(|report| shown.summary(report));
        drop(shown);
        let report = done.map_err(|error| self.explain(error, &path))?;
        if let Some(summary) = summary {
            self.session.console.raw(&summary);
        }
        match self.print(link, content, &path, &report) {
            // That nobody reads the paths is no reason to leave files out.
            Err(failure) if failure == Failure::closed() => Ok(()),
            printed => printed,
        }
    }

    fn options(&self) -> DownloadOptions {
        let (fragments, connections) = (self.arguments.max_fragments, self.arguments.max_connections);
        let mut options = if (fragments, connections) == (None, None) {
            DownloadOptions::auto()
        } else {
            DownloadOptions::new()
        };
        if let Some(fragments) = fragments {
            options = options.with_max_fragments(fragments.get());
        }
        if let Some(connections) = connections {
            options = options.with_max_connections(connections.get());
        }
        options.with_stop(self.session.stop.clone()).with_overwrite(self.arguments.overwrite)
    }

    /// The failure that `error` is, with the argument that would help.
    fn explain(&self, error: Error, to: &Path) -> Failure {
        let is_file = matches!(&error, Error::Conflict { path, .. } if path == to && to.is_file());
        let mut failure = Failure::from(error);
        if let (true, false, Some(message)) = (is_file, self.arguments.overwrite, &mut failure.message) {
            message.push_str(" (--overwrite replaces it)");
        }
        failure
    }

    fn print(&self, link: &Link, content: &Content, path: &Path, report: &Report) -> Result<(), Failure> {
        let path = report.paths.first().map_or(path, PathBuf::as_path);
        if !self.arguments.json {
            return self.session.console.result(path.as_os_str().as_encoded_bytes());
        }
        self.session.console.json(&Line {
            url: &link.for_programs(),
            uid: &content.uid,
            extractor: &content.extractor,
            path: &path.to_string_lossy(),
            bytes: report.bytes,
            bytes_fetched_twice: report.bytes_fetched_twice,
            connections: report.connections,
            complete: report.complete,
        })
    }
}

/// A line of `qetch download --json`.
#[derive(Serialize)]
struct Line<'a> {
    url: &'a str,
    uid: &'a str,
    extractor: &'a str,
    path: &'a str,
    bytes: u64,
    bytes_fetched_twice: u64,
    connections: usize,
    complete: bool,
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use clap::Parser as _;
    use qetch::{
        Claim, Context, Downloader, Extraction, Extractor, ExtractorInfo, Found, Fragment, Kind, Qetch,
        Result, Target, Url, async_trait,
    };

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
            let content =
                |uid: &str| Content::new(uid, Kind::Image, url.clone(), [Fragment::new(url.clone())]);
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

    /// The failure of writing the one result to a file, and what was asked for before it.
    async fn only(select: &str) -> (Failure, Vec<String>) {
        let url = "https://h.example/album";
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let album = || Album { info: ExtractorInfo::new("album", ""), asked: asked.clone() };
        let qetch = Qetch::builder().extractor(album()).downloader(album()).build();
        let session = Session::of(qetch, Console::new(true));
        let arguments = Arguments::try_parse_from(["qetch", "-o", "f", "-f", select, url]).unwrap().download;
        let run = Run { session: &session, arguments: &arguments };
        let failure = run.only(&Link::parse(url).unwrap(), "f".into()).await.unwrap_err();
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

    #[test]
    fn eight_connections_are_spent_unless_told_otherwise() {
        let session = Session::of(Qetch::new(), Console::new(true));
        let check = |arguments: &[&str], expected: (usize, usize, bool)| {
            let all = [&["qetch", "https://h.example/"], arguments].concat();
            let arguments = Arguments::try_parse_from(all).unwrap().download;
            let options = Run { session: &session, arguments: &arguments }.options();
            let spent = (options.max_fragments, options.max_connections, options.spend_freely);
            assert_eq!(spent, expected, "{arguments:?}");
        };
        check(&[], (1, 8, true));
        check(&["--max-fragments=3"], (3, 8, false));
        check(&["--max-connections=2"], (1, 2, false));
    }
}
