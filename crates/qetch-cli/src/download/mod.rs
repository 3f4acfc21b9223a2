//! `qetch download`: the chosen rendition of each resource, as a whole file.

#[cfg(test)]
mod tests;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use qetch::{DownloadOptions, Error, Mux, Qetch, RateLimit, Report, Selection, Target, naming};

use crate::{
    args::DownloadArguments,
    at_once::AtOnce,
    bar::Shown,
    chosen::Chosen,
    console,
    exit::{FAILED, Failure, INTERRUPTED},
    ffmpeg,
    finished::Finished,
    input::Input,
    link::Link,
    network,
    plain::plain,
    printer::{Printer, Results},
    session::{Session, beneath, within},
};

/// What cannot be right whatever the links lead to.
pub(crate) fn check(arguments: &DownloadArguments, inputs: &[Input]) -> Result<(), Failure> {
    if let Some(flag) = only_for_one(arguments)
        && inputs.len() > 1
    {
        return Err(Failure::usage(format!("{flag}, and there are several URLs")));
    }
    let is_link = |input: &Input| matches!(input, Input::Link(_));
    if network::headers(&arguments.network.headers)?.may_be_secret() && !inputs.iter().any(is_link) {
        let reason = "-H: what may be a secret goes to the hosts of the links alone, and there is no link";
        return Err(Failure::usage(reason));
    }
    let Some(output) = &arguments.output else { return Ok(()) };
    if output.as_os_str() == "-" {
        return Err(Failure::usage("a download cannot be written to standard output: name a file"));
    }
    if output.is_dir() || output.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(Failure::usage(format!("{} is a directory: use -d", output.display())));
    }
    Ok(())
}

/// What there may be one result alone for, and what to do about it.
fn only_for_one(arguments: &DownloadArguments) -> Option<&'static str> {
    if arguments.output.is_some() {
        return Some("-o names one file (use -d for several)");
    }
    (!arguments.checksums.is_empty()).then_some("--checksum is for one file")
}

/// Downloads what each input holds. Answers the exit code.
///
/// As many inputs are read at once as there are downloads at once: one after the other each would wait for the answer of
/// the one before it.
pub(crate) async fn run(session: &Session, arguments: &DownloadArguments, inputs: Vec<Input>) -> u8 {
    let (printer, results) = Printer::start(&session.console);
    let run = Run::new(session, arguments, results);
    let mut readings = AtOnce::new(session, arguments.max_downloads.get());
    let downloads = AtOnce::new(session, arguments.max_downloads.get());
    for input in inputs {
        let place = readings.place().await;
        if session.stop.is_asked() {
            run.told(Err(Error::Interrupted.into()));
            break;
        }
        let (run, downloads) = (run.clone(), downloads.others());
        readings.begin(place, async move {
            match only_for_one(&run.arguments) {
                Some(flag) => run.told(run.only(input, flag).await),
                None => run.all(input, downloads).await,
            }
        });
    }
    readings.finish().await;
    drop(run);
    printer.finish(session).await;
    session.code()
}

/// What is the same for every download. Clones are one.
#[derive(Clone)]
struct Run {
    session: Session,
    arguments: Arc<DownloadArguments>,
    rate: Option<RateLimit>,
    mux: Mux,
    results: Results,
    /// Set once the directory is there.
    is_there: Arc<OnceLock<()>>,
}

impl Run {
    fn new(session: &Session, arguments: &DownloadArguments, results: Results) -> Self {
        let rate = arguments.limit_rate.map(|rate| RateLimit::new(rate.0));
        let (session, arguments) = (session.clone(), Arc::new(arguments.clone()));
        Self { session, arguments, rate, mux: ffmpeg::mux(), results, is_there: Arc::default() }
    }

    /// Downloads every resource of `input` as soon as it is found and there is a place for it.
    async fn all(&self, input: Input, mut downloads: AtOnce) {
        self.told(self.begin_all(input, &mut downloads).await);
        downloads.finish().await;
    }

    /// Tells of what went wrong.
    fn told(&self, done: Result<(), Failure>) {
        if let Err(failure) = done {
            self.session.fail(failure);
        }
    }

    async fn begin_all(&self, input: Input, downloads: &mut AtOnce) -> Result<(), Failure> {
        let mut place = downloads.place().await;
        let (link, mut chosen) = self.open(input).await?;
        loop {
            let found = chosen.next().await.map_err(|failure| within(chosen.name(), failure))?;
            // A recording that was asked to end, and that was all there was, is no interruption.
            let Some(selection) = found else { return Ok(()) };
            if self.session.stop.is_asked() {
                return Err(Error::Interrupted.into());
            }
            let (run, link) = (self.clone(), link.clone());
            let path = beneath(&self.arguments.directory, naming::file_name(&selection.content));
            downloads.begin(place, async move {
                if let Err(failure) = run.one(link.as_ref(), &selection, path).await {
                    run.session.fail(failure);
                }
            });
            place = downloads.place().await;
        }
    }

    /// Downloads the one result of `input`. Whether there is one alone is known once a second one was looked for, and
    /// before anything is downloaded.
    async fn only(&self, input: Input, flag: &str) -> Result<(), Failure> {
        let (link, mut chosen) = self.open(input).await?;
        let first = chosen.next().await.map_err(|failure| within(chosen.name(), failure))?;
        let Some(selection) = first else { return Ok(()) };
        let second = chosen.next().await.map_err(|failure| within(chosen.name(), failure))?;
        if second.is_some() {
            let failure = Failure::usage(format!("{flag}, and there is more than one result"));
            return Err(within(chosen.name(), failure));
        }
        if chosen.has_failed() {
            // It was told already; whether there is more is not known.
            return Ok(());
        }
        let named = || beneath(&self.arguments.directory, naming::file_name(&selection.content));
        let path = self.arguments.output.clone().unwrap_or_else(named);
        self.one(link.as_ref(), &selection, path).await
    }

    /// Begins to read `input`, and answers its link if it is one.
    async fn open(&self, input: Input) -> Result<(Option<Link>, Chosen), Failure> {
        if self.session.stop.is_asked() {
            return Err(Error::Interrupted.into());
        }
        let items = self.arguments.choice.items.as_ref();
        let (link, reading) = match input {
            Input::Link(link) => {
                let link = link?;
                let reading =
                    self.session.read(&link, items).await.map_err(|failure| within(&link, failure))?;
                (Some(link), reading)
            }
            Input::Saved { name, resources } => (None, self.session.read_saved(name, resources, items)),
        };
        Ok((link, Chosen::of(&self.session, &self.arguments.format, reading)))
    }

    /// Downloads `selection`, which was found behind `link` or saved.
    async fn one(&self, link: Option<&Link>, selection: &Selection, path: PathBuf) -> Result<(), Failure> {
        // What was typed is for the files of the link too; of a saved content nobody typed anything.
        let (qetch, link) = match link {
            Some(link) => (self.session.qetch_for(link), link.clone()),
            None => (self.session.qetch.clone(), Link::of_source(&selection.content.source)),
        };
        self.fetch(&qetch, &link, selection, path).await.map_err(|failure| within(&link, failure))
    }

    async fn fetch(
        &self,
        qetch: &Qetch,
        link: &Link,
        selection: &Selection,
        path: PathBuf,
    ) -> Result<(), Failure> {
        if self.arguments.output.is_none() && self.is_there.get().is_none() {
            let directory = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(directory).map_err(|error| Error::io("create", directory, error))?;
            self.is_there.get_or_init(|| ());
        }
        let console = &self.session.console;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let shown = Shown::new(self.arguments.progress, console, link, &selection.content.uid, &name);
        let mut options = self.options();
        options.hook = shown.hook();
        let to = Target::file(&path);
        // A name that was typed is what it is.
        let to = if self.arguments.output.is_none() { to.with_fitting_extension() } else { to };
        let done = qetch.download_selection(selection, &to, &options).await;
        drop(options);
        let summary = done.as_ref().ok().filter(|report| !report.existed);
        let summary = summary.and_then(|report| shown.summary(report));
        drop(shown);
        let report = done.map_err(|error| self.explain(error, &path))?;
        match summary {
            // The path that follows may be that of another one.
            Some(summary) if self.arguments.max_downloads.get() > 1 => {
                console.raw(&plain(&format!("{name}: {summary}")));
            }
            Some(summary) => console.raw(&summary),
            None => (),
        }
        if report.existed {
            console.note(&format!("{name} is there already, whole"));
        }
        if let Some(apart) = &report.apart {
            let command =
                apart.command.as_ref().map(|command| format!("; this makes one of them: {command}"));
            let reason = &apart.reason;
            console.note(&format!("{name} stays in several files: {reason}{}", command.unwrap_or_default()));
        }
        self.print(link, selection, &path, &report)?;
        incomplete(&report).map_or(Ok(()), Err)
    }

    fn options(&self) -> DownloadOptions {
        let arguments = &self.arguments;
        let (fragments, connections) = (arguments.max_fragments, arguments.max_connections);
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
        if let Some(retries) = arguments.retries {
            options = options.with_retries(retries);
        }
        if let Some(timeout) = arguments.network.timeout {
            // Several connections in a row may be silent as long as each may be before all of it is given up.
            let patience = timeout.0.saturating_mul(4).max(options.patience);
            options = options.with_patience(patience);
        }
        if let Some(size) = arguments.max_size {
            options = options.with_max_size(size.0.get());
        }
        if let Some(rate) = &self.rate {
            options = options.with_rate_limit(rate.clone());
        }
        if let Some(duration) = arguments.live_duration {
            options = options.with_live_duration(duration.0);
        }
        options = arguments.checksums.iter().cloned().fold(options, DownloadOptions::with_checksum);
        options
            .with_stop(self.session.stop.clone())
            .with_overwrite(arguments.overwrite)
            .with_resume(!arguments.no_resume)
            .with_mux(self.mux.clone())
            .with_allow_gaps(arguments.allow_gaps)
            .with_live_start(arguments.live_start.into())
    }

    /// The failure that `error` is, with the argument that would help.
    fn explain(&self, error: Error, to: &Path) -> Failure {
        let is_result = |path: &Path| path.with_extension("") == to.with_extension("");
        let is_file = matches!(&error, Error::Conflict { path, .. } if is_result(path) && path.is_file());
        let mut failure = Failure::from(error);
        let hint = if is_file && !self.arguments.overwrite {
            " (--overwrite replaces it)"
        } else if failure.code == INTERRUPTED && is_begun(to) {
            " (the same command goes on from here)"
        } else {
            ""
        };
        if let Some(message) = &mut failure.message {
            message.push_str(hint);
        }
        failure
    }

    /// Prints the files of a result, the one that was named first.
    fn print(&self, link: &Link, selection: &Selection, path: &Path, report: &Report) -> Result<(), Failure> {
        let path = report.paths.first().map_or(path, PathBuf::as_path);
        if self.arguments.json {
            let finished = Finished::new(link, &selection.content, path, report);
            self.results.print(console::json(&finished)?.into_bytes());
            return Ok(());
        }
        for path in [path].into_iter().chain(report.paths.iter().skip(1).map(PathBuf::as_path)) {
            self.results.print(path.as_os_str().as_encoded_bytes().to_vec());
        }
        Ok(())
    }
}

/// The failure of a result that is there and lacks something.
fn incomplete(report: &Report) -> Option<Failure> {
    if report.complete {
        return None;
    }
    let missing = match report.gaps.len() {
        0 => "some of it is missing".to_owned(),
        1 => "1 fragment is missing".to_owned(),
        count => format!("{count} fragments are missing"),
    };
    let list = report.gaps_list.as_ref().map(|list| format!("; {} lists what", list.display()));
    Some(Failure::new(FAILED, missing + &list.unwrap_or_default()))
}

/// Whether something of the file `to` is there to go on with: a journal, its own or that of a track.
fn is_begun(to: &Path) -> bool {
    let directory = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = to.file_name().unwrap_or_default().as_encoded_bytes();
    let is_ours = |entry: fs::DirEntry| {
        let entry = entry.file_name();
        let end = entry.as_encoded_bytes().strip_prefix(name);
        end.is_some_and(|end| end == b".qetch-journal" || end.starts_with(b".qetch-t"))
    };
    fs::read_dir(directory).is_ok_and(|entries| entries.flatten().any(is_ours))
}
