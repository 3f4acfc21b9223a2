//! Matching: which extractor a URL belongs to, with every extractor of this repository.

use std::{hint::black_box, sync::Arc};

use qetch_core::{
    Context, Extraction, Extractor, ExtractorInfo, Handle, Handles, Registry, Result, Url, async_trait,
};

use crate::{Round, Work};

pub(crate) const WORKS: &[Work] = &[
    Work::new("matching/claimed", "URL", || matched(registry(), &claimed())),
    Work::new("matching/plain", "URL", || matched(registry(), &plain())),
    Work::new("matching/nearly", "URL", || matched(registry(), &nearly())),
    Work::new("matching/mixed", "URL", || matched(registry(), &mixed())),
    Work::new("matching/mixed, from text", "URL", from_text),
    Work::new("matching/mixed, 100 more sites", "URL", || matched(crowded(), &mixed())),
];

/// The real links of the recordings, where those are: `QETCH_FIXTURES` names their folder.
pub(crate) const RECORDED: &[Work] =
    &[Work::new("matching/real links", "URL", || matched_all(&real_links()))];

/// Who is asked first about what no site claims.
const REST: Option<&str> = Some("page");

/// A URL, and the name of the extractor that is to be asked for it.
type Case = (Url, Option<String>);

fn registry() -> Registry {
    Registry::new().with_builtin(qetch_extractors::builtin())
}

/// With a hundred sites besides, each with a handle for items and one for everything beneath it.
fn crowded() -> Registry {
    let sites = (0..100).map(|number| {
        let (host, beneath) = (format!("site{number}.example"), format!("*.site{number}.example"));
        let handles = [
            Handle::new(
                "item",
                [host.as_str(), beneath.as_str()],
                r"^/(?:[a-z]{2}/)?v/(?P<id>[a-z0-9]{6,})/?$",
            ),
            Handle::new("user", [host.as_str()], r"^/u/(?P<user>[a-z0-9_-]+)(?:/(?P<tab>[a-z]+))?/?$"),
        ];
        let info = ExtractorInfo::new(format!("site{number}"), "").with_handles(Handles::new(handles));
        Arc::new(MadeUp(info)) as Arc<dyn Extractor>
    });
    registry().with_builtin(sites)
}

/// Prepares a round over `cases` and more of the same.
fn matched(registry: Registry, cases: &[Case]) -> Round {
    for (url, expected) in cases {
        let extractor = registry.extractor_for(url);
        assert_eq!(extractor.as_ref().map(|it| it.info().name()), expected.as_deref(), "{url}");
    }
    let urls: Vec<_> = cases.iter().map(|(url, _)| url.clone()).collect();
    Box::new(move || {
        for url in &urls {
            black_box(registry.extractor_for(black_box(url)));
        }
        urls.len() as u64
    })
}

/// Prepares a round over `urls`, whoever claims them, with every claim told.
fn matched_all(urls: &[Url]) -> Round {
    let (registry, urls) = (registry(), urls.to_vec());
    Box::new(move || {
        for url in &urls {
            black_box(registry.claims(black_box(url)));
        }
        urls.len() as u64
    })
}

/// Every row of `url_cases.tsv` that is a URL, to be claimed or not.
fn real_links() -> Vec<Url> {
    let folder = std::env::var_os("QETCH_FIXTURES").unwrap();
    let rows = std::fs::read_to_string(std::path::Path::new(&folder).join("url_cases.tsv")).unwrap();
    let links = rows.lines().skip(1).filter_map(|row| row.split('\t').next()?.parse().ok());
    links.collect()
}

fn from_text() -> Round {
    let registry = registry();
    let texts: Vec<_> = mixed().into_iter().map(|(url, _)| String::from(url)).collect();
    Box::new(move || {
        for text in &texts {
            black_box(registry.extractor_for(&black_box(text).parse().unwrap()));
        }
        texts.len() as u64
    })
}

fn cases(urls: impl IntoIterator<Item = String>, expected: Option<&str>) -> Vec<Case> {
    urls.into_iter().map(|url| (url.parse().unwrap(), expected.map(str::to_owned))).collect()
}

/// The examples of every handle.
fn claimed() -> Vec<Case> {
    let mut found = Vec::new();
    for extractor in registry().extractors() {
        let examples = extractor.info().handles().iter().flat_map(Handle::examples).cloned();
        found.extend(cases(examples, Some(extractor.info().name())));
    }
    found
}

/// Links to files of hosts that no site claims.
fn plain() -> Vec<Case> {
    let hosts =
        ["files.example", "cdn.media.example", "a.b.c.downloads.example", "198.51.100.7", "localhost:8080"];
    let paths =
        ["/a.mp4", "/2024/05/17/some-longer-name-of-a-file.webm", "/get?id=1234567&sig=abcdef0123456789"];
    cases(hosts.iter().flat_map(|host| paths.map(|path| format!("https://{host}{path}"))), REST)
}

/// What resembles a URL of a site and is nobody's: its own host with another path, and other hosts with its path.
fn nearly() -> Vec<Case> {
    let (registry, mut found) = (registry(), Vec::new());
    for (url, _) in claimed() {
        let (host, path) = (url.host_str().unwrap(), url.path());
        found.extend([
            format!("https://{host}/@{}", &path[1..]),
            format!("https://{host}{path}/and/more"),
            format!("https://{host}.lookalike.example{path}"),
            format!("https://{host}:8443{path}"),
        ]);
    }
    let mut cases = cases(found, REST);
    // Some of those are other forms of the site, and software that runs on any host takes its paths anywhere.
    cases.retain(|(url, _)| registry.extractor_for(url).is_some_and(|it| Some(it.info().name()) == REST));
    cases
}

/// All of those by turns, and what nobody takes.
fn mixed() -> Vec<Case> {
    let nobody = cases(["ftp://files.example/a.mp4".into(), "data:text/plain,hello".into()], None);
    let (claimed, plain, nearly) = (claimed(), plain(), nearly());
    let mut others = nearly.iter().cycle();
    let turns = claimed.iter().zip(plain.iter().cycle());
    let mut mixed: Vec<_> =
        turns.flat_map(|(a, b)| [Some(a), Some(b), others.next(), others.next()]).flatten().collect();
    mixed.extend(&nobody);
    mixed.into_iter().cloned().collect()
}

/// Claims by its handles, as most sites do.
#[derive(Debug)]
struct MadeUp(ExtractorInfo);

#[async_trait]
impl Extractor for MadeUp {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    async fn extract(&self, _: &Context, _: &Url) -> Result<Extraction> {
        Ok(Extraction::of([]))
    }
}
