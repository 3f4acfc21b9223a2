//! The shape fuzzer: every extractor is shown its cassettes with one thing changed in one JSON answer, each in turn. It
//! answers with contents, a warning or a typed error, which of a changed site names a path, and never panics; and its uids are
//! none of positions.
//!
//! A cassette is entered by the links of its comments `# asks: URL`.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

use qetch::{
    Cassette, Content, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Fragment, Handle,
    Handles, Kind, Registry, Replay, Result, Url, Variants, async_trait,
};
use qetch_testkit::shapes;
use qetch_tests::{cassette, site::builtins};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// How many resources of an extraction are read, and how many of its errors.
const MOST: (usize, usize) = (200, 5);

#[test]
fn no_shape_of_any_answer_makes_an_extractor_panic() {
    let registry = builtins();
    let left = Mutex::new(cassettes());
    let work = || {
        let (mut faults, mut tried) = (Vec::new(), 0);
        loop {
            let Some(path) = left.lock().unwrap().pop() else { return (faults, tried) };
            let Some(cassette) = read(&path) else { continue };
            if cassette.asks().next().is_none() {
                faults
                    .push(format!("{}: nothing says `# asks: URL`, by which it is entered", path.display()));
            }
            tried += fuzz(&registry, &cassette, &mut faults);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let tried: usize = done.iter().map(|(_, tried)| tried).sum();
    let faults: Vec<_> = done.into_iter().flat_map(|(faults, _)| faults).collect();
    assert!(faults.is_empty(), "{} of {tried}:\n{}", faults.len(), faults.join("\n"));
    assert!(tried > 100, "{tried} shapes were tried");
}

/// Every cassette of the sites.
fn cassettes() -> Vec<PathBuf> {
    let mut folders = vec![cassette::folder()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "cassette") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The cassette, with the bodies that are files beside it, or beneath `QETCH_FIXTURES`. None where that is unset and the
/// bodies are there.
fn read(path: &Path) -> Option<Cassette> {
    let cassette = Cassette::read(path).unwrap();
    if let Ok(whole) = cassette.clone().with_files(path.parent().unwrap()) {
        return Some(whole);
    }
    #[cfg(recorded)]
    return Some(cassette.with_files(env!("QETCH_FIXTURES")).unwrap());
    #[cfg(not(recorded))]
    return None;
}

/// Tries every shape of every answer that is asked for behind the links of `cassette`. Answers how many.
fn fuzz(registry: &Registry, cassette: &Cassette, faults: &mut Vec<String>) -> usize {
    let mut tried = 0;
    let mut runtime = runtime();
    let mut reached = BTreeSet::new();
    for link in cassette.asks() {
        let url = Url::parse(link).unwrap();
        let mut run = |cassette: &Cassette| {
            let run = || runtime.block_on(outcome(registry, cassette, &url));
            catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
                runtime = self::runtime();
                Outcome { faults: vec!["it panicked".to_owned()], ..Outcome::default() }
            })
        };
        let whole = run(cassette);
        // Not all that is found behind it need be there.
        if whole.told.starts_with("not_recorded") {
            faults.push(format!("{} is not entered by {link}: {}", cassette.name(), whole.told.trim_end()));
        }
        for (at, body) in cassette.bodies() {
            let Some(line) = cassette.line_of(at) else { continue };
            // What makes no difference was not asked for.
            if shapes(body).next().is_none()
                || run(&cassette.clone().with_body(at, "no JSON")).told == whole.told
            {
                continue;
            }
            reached.insert(line);
            for shape in shapes(body) {
                tried += 1;
                let mut changed = run(&cassette.clone().with_body(at, shape.body));
                // Of what was not read to its end, other parts come first the other way round.
                let is_whole = !whole.is_cut && !changed.is_cut;
                let is_reversed = shape.name.starts_with("reverse ") && is_whole;
                if is_reversed && !changed.uids.is_subset(&whole.uids) {
                    let (now, before) = (&changed.uids, &whole.uids);
                    changed.faults.push(format!("uids are of positions: {now:?}, were {before:?}"));
                }
                if changed.told == NOTHING && whole.told != NOTHING && !is_emptied(&shape.name) {
                    changed.faults.push("neither contents, nor an error, nor a warning".to_owned());
                }
                for fault in changed.faults {
                    faults.push(format!("{}:{line} as {link}: {}: {fault}", cassette.name(), shape.name));
                }
            }
        }
    }
    for (at, body) in cassette.bodies() {
        let Some(line) = cassette.line_of(at).filter(|line| !reached.contains(line)) else { continue };
        let Some((_, url, status)) = cassette.asked(at) else { continue };
        // What a refusal says may make no difference, and a cassette of errors may be entered by some of them alone.
        let is_asked = status.is_success() && !cassette.name().ends_with("errors.cassette");
        if is_asked && shapes(body).next().is_some() {
            faults
                .push(format!("{}:{line}: {url} is behind none of the links of `# asks:`", cassette.name()));
        }
    }
    tried
}

/// What is told where nothing is found.
const NOTHING: &str = "extracted\n";

/// Whether a change leaves less in a list, which may well be empty.
fn is_emptied(change: &str) -> bool {
    change.starts_with("empty ") || (change.starts_with("drop ") && change.ends_with(']'))
}

/// What came of an extraction.
#[derive(Default)]
struct Outcome {
    faults: Vec<String>,
    /// What was found, with all that is told of it, the warnings, and the errors.
    told: String,
    uids: BTreeSet<String>,
    /// Whether more would have come.
    is_cut: bool,
}

/// Clocks stand still, so that nothing is waited for.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

async fn outcome(registry: &Registry, cassette: &Cassette, url: &Url) -> Outcome {
    let mut cx = Context::builder().transport(Replay::of(cassette.clone()).into());
    if registry.extractor("peertube").is_some() {
        cx = cx.option("peertube", "password", "open, frog").option("peertube", "instance", "tube.example");
    }
    let cx = cx.build();
    let mut outcome = Outcome::default();
    let mut extraction = match registry.extract(&cx, url).await {
        Ok(extraction) => extraction,
        Err(error) => {
            outcome.error(&error);
            return outcome;
        }
    };
    outcome.told += NOTHING;
    outcome.is_cut = true;
    let (mut found, mut failed) = (0, 0);
    while found < MOST.0 && failed < MOST.1 {
        match extraction.next().await {
            Some(Ok(Found::Variants(variants))) => {
                found += 1;
                outcome.variants(&variants);
            }
            Some(Ok(other)) => outcome.told += &format!("{other:?}\n"),
            None => {
                outcome.is_cut = false;
                break;
            }
            Some(Err(error)) => {
                failed += 1;
                outcome.error(&error);
            }
        }
    }
    outcome
}

impl Outcome {
    fn error(&mut self, error: &Error) {
        self.told += &format!("{} ({error})\n", error.code());
        match error {
            Error::SiteChanged { path, .. } if !path.starts_with('$') => {
                self.faults.push(format!("no path in `{error}`"));
            }
            Error::Unexpected { .. } => self.faults.push(format!("a fault of ours: {error}")),
            _ => (),
        }
    }

    fn variants(&mut self, variants: &Variants) {
        let mut uids: Vec<_> =
            variants.contents().iter().chain(&variants.companions).map(|it| it.uid.as_str()).collect();
        self.told += &serde_json::to_string(variants).unwrap();
        self.told += "\n";
        self.uids.extend(uids.iter().map(|uid| (*uid).to_owned()));
        if uids.iter().any(|uid| uid.is_empty()) {
            self.faults.push("a content without a uid".to_owned());
        }
        let count = uids.len();
        uids.sort_unstable();
        uids.dedup();
        if uids.len() < count {
            self.faults.push(format!("a uid twice: {uids:?}"));
        }
    }
}

/// An extractor with six faults.
#[derive(Debug)]
struct Faulty(ExtractorInfo);

#[async_trait]
impl Extractor for Faulty {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let item: Value = cx.get_json(url.join("/api")?).await?;
        let name = item["name"].as_str().expect("a fault: it need not be there");
        let file = item["file"].as_str().ok_or_else(|| Error::site_changed("faulty", "file", "missing"))?;
        let more: Value = cx.get_json(url.join("/more")?).await?;
        if more["n"].is_null() {
            return Err(Error::unexpected("a fault: it is the site's", None));
        }
        if more["n"].is_string() {
            // A fault: it does not say what is wrong.
            return Ok(Extraction::of([]));
        }
        let about: Value = cx.get_json(url.join("/about")?).await.unwrap_or_default();
        let fragment = Fragment::new(url.join(file)?);
        let mut content = Content::new(name, Kind::Video, url.clone(), [fragment.clone()]);
        // A fault: a letter may have several bytes.
        content.title = about["title"].as_str().map(|title| title.split_at(1.min(title.len())).0.to_owned());
        let frogs = about["frogs"].as_array().into_iter().flatten().enumerate().map(|(at, frog)| {
            // A fault: another place is another uid.
            Content::new(format!("{frog}-{at}"), Kind::Image, url.clone(), [fragment.clone()])
        });
        Ok(Extraction::once(Variants::in_order(std::iter::once(content).chain(frogs))?))
    }
}

#[test]
fn faults_that_were_planted_are_found() {
    let handles = Handles::new([Handle::new("item", ["faulty.example"], "^/item$")]);
    let registry =
        Registry::new().with_extractor(Faulty(ExtractorInfo::new("faulty", "").with_handles(handles)));
    let text = "# qetch cassette 1\n# asks: https://faulty.example/item\n\
        === GET https://faulty.example/api\n--- 200\n\n{\"name\":\"a\",\"file\":\"/f\",\"more\":1}\n\
        === GET https://faulty.example/more\n--- 200\n\n{\"n\":1}\n\
        === GET https://faulty.example/about\n--- 200\n\n{\"title\":\"A frog\",\"frogs\":[1,2]}\n\
        === GET https://faulty.example/unasked\n--- 200\n\n{\"n\":1}\n";
    let mut faults = Vec::new();
    let tried = fuzz(&registry, &Cassette::parse("c", text).unwrap(), &mut faults);
    let expected = [
        "c:4 as https://faulty.example/item: drop $.name: it panicked",
        "c:4 as https://faulty.example/item: number for $.name: it panicked",
        "c:4 as https://faulty.example/item: empty $.name: a content without a uid",
        "c:4 as https://faulty.example/item: null $.file: no path in `faulty changed: missing at file`",
        "c:12 as https://faulty.example/item: strange text for $.title: it panicked",
        "c:12 as https://faulty.example/item: reverse $.frogs: uids are of positions: {\"1-1\", \"2-0\", \"a\"}, were {\"1-0\", \"2-1\", \"a\"}",
        "c:8 as https://faulty.example/item: text for $.n: neither contents, nor an error, nor a warning",
        "c:8 as https://faulty.example/item: drop $.n: a fault of ours: unexpected: a fault: it is the site's",
    ];
    for fault in expected {
        assert!(faults.iter().any(|it| it == fault), "{fault} is not in\n{}", faults.join("\n"));
    }
    assert!(
        faults.iter().all(|it| !it.contains("$.more") && !it.contains("c:16 as")),
        "{}",
        faults.join("\n")
    );
    assert!(faults.iter().any(|it| it.starts_with("c:16: https://faulty.example/unasked is behind none")));
    assert!(tried > faults.len());

    let wrong = text.replace("asks: https://faulty.example/item", "asks: https://faulty.example/item?x=1");
    let mut faults = Vec::new();
    fuzz(&registry, &Cassette::parse("c", &wrong.replace("/api\n", "/apis\n")).unwrap(), &mut faults);
    assert!(faults.iter().any(|it| it.contains("is not entered by")), "{}", faults.join("\n"));
}
