//! `Handles`: the URLs an extractor knows, as named patterns kept as data.

use std::{
    ops,
    sync::{Arc, OnceLock},
};

use regex::Regex;
use url::{Host, Url};

use crate::{Error, HostPattern, Result, claim::Claim, link, shown::shown};

/// The URLs an extractor knows: the host first, then a few patterns on the path.
///
/// Host and path are looked at apart, so a look-alike (`gfycat.com.evil.example`, `gfycat.com@evil.example`, a URL
/// within a query) cannot match whatever the pattern. Only `http` and `https` URLs with the scheme's own port match a host
/// that is named. Software that runs on any host has handles for `*`, which match on every host and port, and whose claim is
/// [`Claim::Perhaps`].
///
/// ```
/// use qetch_core::{Handle, Handles, Url};
///
/// let handles = Handles::new([
///     Handle::new("frog", ["pond.example", "*.pond.example"], r"^/p/(?P<id>\d+)/?$")
///         .with_example("https://pond.example/p/7"),
/// ]);
/// let url = Url::parse("https://www.pond.example/p/7?ref=x").unwrap();
/// assert_eq!(&handles.find(&url).unwrap()["id"], "7");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Handles {
    handles: Vec<Handle>,
}

/// One named pattern.
#[derive(Clone, Debug)]
pub struct Handle {
    name: Arc<str>,
    hosts: Vec<HostPattern>,
    path: PathPattern,
    without: Option<Without>,
    examples: Vec<String>,
}

/// A regular expression that is compiled when it is needed: that takes longer than to match thousands of URLs, and most
/// sites of a build are never asked for. Clones share it.
#[derive(Clone, Debug)]
struct PathPattern {
    text: Arc<str>,
    compiled: Arc<OnceLock<Regex>>,
}

impl PathPattern {
    fn new(text: &str) -> Self {
        let pattern = Self { text: text.into(), compiled: Arc::default() };
        if cfg!(debug_assertions) {
            pattern.regex();
        }
        pattern
    }

    #[expect(clippy::expect_used, reason = "documented: a pattern is source code")]
    fn regex(&self) -> &Regex {
        let compile = || Regex::new(&self.text).expect("a handle's pattern is a regular expression");
        self.compiled.get_or_init(compile)
    }
}

/// What a group may not be.
#[derive(Clone, Debug)]
struct Without {
    group: String,
    words: Vec<String>,
    /// Finds any of the words anywhere in a path, in any case; `None` where no pattern can say so. Compiled when needed.
    anywhere: Arc<OnceLock<Option<Regex>>>,
}

impl Without {
    /// Whether one of the words may be in `path`.
    fn may_be_in(&self, path: &str) -> bool {
        let compile = || {
            let words = self.words.iter().map(|word| regex::escape(word)).collect::<Vec<_>>().join("|");
            Regex::new(&format!("(?i-u:{words})")).ok()
        };
        self.anywhere.get_or_init(compile).as_ref().is_none_or(|anywhere| anywhere.is_match(path))
    }
}

impl Handle {
    /// URLs whose host is one of `hosts` (`site.example`, `*.site.example` for those beneath it, or `*` for any) and whose
    /// path, as the URL standard writes it, matches the regular expression `path`.
    ///
    /// # Panics
    /// If `path` is no regular expression: that is a fault in the extractor's source. Builds with debug assertions find it
    /// here; others once a URL of one of the hosts is looked at, since most programs never see one.
    pub fn new<'a>(name: &str, hosts: impl IntoIterator<Item = &'a str>, path: &str) -> Self {
        let hosts = hosts.into_iter().map(HostPattern::new).collect();
        Self { name: name.into(), hosts, path: PathPattern::new(path), without: None, examples: Vec::new() }
    }

    /// Leaves out URLs whose group `group` is one of `words`, in any case: a site's own pages, which would pass for ids.
    #[must_use]
    pub fn without<'a>(mut self, group: &str, words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
        self.without = Some(Without { group: group.to_owned(), words, anywhere: Arc::default() });
        self
    }

    /// Adds a URL that it matches, for people and for tests.
    #[must_use]
    pub fn with_example(mut self, url: impl Into<String>) -> Self {
        self.examples.push(url.into());
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hosts.
    pub fn hosts(&self) -> &[HostPattern] {
        &self.hosts
    }

    /// The regular expression on the path.
    pub fn pattern(&self) -> &str {
        &self.path.text
    }

    /// URLs that it matches.
    pub fn examples(&self) -> &[String] {
        &self.examples
    }

    /// Whether it is for this host, and names it; `None` where it is not.
    fn at(&self, host: Option<&str>) -> Option<bool> {
        if host.is_some_and(|host| self.hosts.iter().any(|it| !it.is_any() && it.matches(host))) {
            return Some(true);
        }
        self.hosts.iter().any(HostPattern::is_any).then_some(false)
    }

    /// What it captures from a path, if it matches.
    fn captures<'a>(&self, path: &'a str) -> Option<regex::Captures<'a>> {
        let captures = self.path.regex().captures(path)?;
        let Some(Without { group, words, .. }) = &self.without else { return Some(captures) };
        let word = captures.name(group).map_or("", |text| text.as_str());
        let is_left_out = words.iter().any(|it| it.eq_ignore_ascii_case(word));
        (!is_left_out).then_some(captures)
    }

    /// Whether it matches a path. What it captures there takes several times as long to find, so that is done only where
    /// it may be a word that is left out.
    fn matches(&self, path: &str) -> bool {
        let may_be_left_out = |without: &Without| without.may_be_in(path);
        self.path.regex().is_match(path)
            && (!self.without.as_ref().is_some_and(may_be_left_out) || self.captures(path).is_some())
    }

    /// Whether it names this host without a wildcard.
    pub(crate) fn names_host(&self, url: &Url) -> bool {
        host(url).is_some_and(|host| self.hosts.iter().any(|it| it.is_exact() && it.matches(host)))
    }
}

impl Handles {
    /// Patterns that are tried in this order.
    pub fn new(handles: impl IntoIterator<Item = Handle>) -> Self {
        Self { handles: handles.into_iter().collect() }
    }

    /// The patterns, in the order they are tried.
    pub fn iter(&self) -> impl Iterator<Item = &Handle> {
        self.handles.iter()
    }

    /// The pattern of this name.
    pub fn get(&self, name: &str) -> Option<&Handle> {
        self.handles.iter().find(|handle| &*handle.name == name)
    }

    /// The first pattern that matches `url`, with what it captured.
    pub fn find<'a>(&'a self, url: &'a Url) -> Option<Matched<'a>> {
        if !link::is_http(url) {
            return None;
        }
        let host = host(url);
        self.handles.iter().filter(|handle| handle.at(host).is_some()).find_map(|handle| {
            let captures = handle.captures(url.path())?;
            Some(Matched { handle, captures })
        })
    }

    /// What most extractors answer from `can_handle`: [`Claim::Yes`] with the pattern's name where the first that matches
    /// names the host, [`Claim::Perhaps`] where it is for any host, else [`Claim::No`].
    pub fn claim(&self, url: &Url) -> Claim {
        if !link::is_http(url) {
            return Claim::No;
        }
        let host = host(url);
        let found = self.handles.iter().find_map(|handle| {
            let names_it = handle.at(host)?;
            handle.matches(url.path()).then_some((handle, names_it))
        });
        match found {
            Some((handle, true)) => Claim::Yes(handle.name.clone()),
            Some((_, false)) => Claim::Perhaps,
            None => Claim::No,
        }
    }

    /// As [`find`](Handles::find), for an extractor that was asked for `url`.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) where none matches.
    pub fn require<'a>(&'a self, url: &'a Url) -> Result<Matched<'a>> {
        self.find(url).ok_or_else(|| Error::unsupported(shown(url), "its form is not known"))
    }
}

/// A handle that matched, with what it captured: `&found["id"]`.
#[derive(Debug)]
pub struct Matched<'a> {
    handle: &'a Handle,
    captures: regex::Captures<'a>,
}

impl<'a> Matched<'a> {
    /// The handle.
    pub fn handle(&self) -> &'a Handle {
        self.handle
    }

    /// The text of the group `name`; `None` where the group took no part.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.captures.name(name).map(|text| text.as_str())
    }

    /// The text of the group `name` with the characters that its escapes stand for.
    ///
    /// # Panics
    /// As `found[name]` does.
    pub fn decoded(&self, name: &str) -> String {
        link::decoded(&self[name])
    }

    /// The named groups that took part, in the pattern's order.
    pub fn captures(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let names = self.handle.path.regex().capture_names().flatten();
        names.filter_map(|name| Some((name, self.get(name)?)))
    }
}

impl ops::Index<&str> for Matched<'_> {
    type Output = str;

    /// # Panics
    /// If the pattern has no such group, or it took no part: that is a fault in the extractor's source.
    fn index(&self, name: &str) -> &str {
        &self.captures[name]
    }
}

/// The host's name, without the dot of a fully qualified one; `None` for what no handle can name.
pub(crate) fn host(url: &Url) -> Option<&str> {
    if !link::is_http(url) || url.port().is_some() {
        return None;
    }
    match url.host()? {
        Host::Domain(name) => Some(name.strip_suffix('.').unwrap_or(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handles() -> Handles {
        Handles::new([
            Handle::new(
                "item",
                ["site.example", "*.site.example"],
                r"^/(?P<id>[a-z]+)(?:-(?P<tag>[a-z]+))?$",
            ),
            Handle::new("any", ["site.example"], ""),
        ])
    }

    fn check(url: &str, expected: Option<&str>) {
        let url = Url::parse(url).unwrap();
        assert_eq!(
            handles().find(&url).map(|found| found.handle().name().to_owned()).as_deref(),
            expected,
            "{url}"
        );
        let claim = expected.map_or(Claim::No, |name| Claim::Yes(name.into()));
        assert_eq!(handles().claim(&url), claim, "{url}");
    }

    #[test]
    fn the_host_is_matched_whole() {
        check("https://site.example/abc", Some("item"));
        check("http://SITE.example./abc?x=1#y", Some("item"));
        check("https://a.b.site.example/abc", Some("item"));
        check("https://site.example/1", Some("any"));
        for stranger in [
            "https://notsite.example/abc",
            "https://site.example.evil.test/abc",
            "https://site.example@evil.test/abc",
            "https://evil.test/?u=https://site.example/abc",
            "https://evil.test/site.example/abc",
            "https://.site.example/abc",
            "https://site.example:8443/abc",
            "ftp://site.example/abc",
            "https://127.0.0.1/abc",
        ] {
            let Ok(url) = Url::parse(stranger) else { continue };
            assert!(handles().find(&url).is_none(), "{stranger}");
        }
    }

    #[test]
    fn words_that_are_no_ids_are_left_out() {
        let item =
            Handle::new("item", ["site.example"], "^/(?P<id>[A-Za-z]+)$").without("id", ["about", "terms"]);
        let handles = Handles::new([item]);
        let finds = |url: &str| {
            let url = Url::parse(url).unwrap();
            let found = handles.find(&url).is_some();
            assert_eq!(handles.claim(&url) != Claim::No, found, "{url}");
            found
        };
        assert!(finds("https://site.example/abouts") && finds("https://site.example/frog"));
        assert!(!finds("https://site.example/aBouT") && !finds("https://site.example/terms"));
    }

    #[test]
    fn what_is_for_any_host_is_perhaps_unless_a_host_is_named() {
        let handles = Handles::new([
            Handle::new("home", ["tube.example"], "^/w/(?P<id>[a-z]+)$"),
            Handle::new("watch", ["*"], "^/w/(?P<id>[a-z]+)$"),
        ]);
        let check = |url: &str, name: Option<&str>, claim: Claim| {
            let url = Url::parse(url).unwrap();
            assert_eq!(handles.find(&url).map(|it| it.handle().name().to_owned()).as_deref(), name, "{url}");
            assert_eq!(handles.claim(&url), claim, "{url}");
        };
        check("https://tube.example/w/abc", Some("home"), Claim::Yes("home".into()));
        for elsewhere in
            ["https://other.example/w/abc", "http://127.0.0.1:9000/w/abc", "https://tube.example:81/w/a"]
        {
            check(elsewhere, Some("watch"), Claim::Perhaps);
        }
        check("https://other.example/v/abc", None, Claim::No);
        check("ftp://other.example/w/abc", None, Claim::No);
        assert_eq!(HostPattern::new("*").to_string(), "*");
    }

    #[test]
    fn captures_are_those_that_took_part() {
        let url = Url::parse("https://site.example/abc").unwrap();
        let (handles, with_tag) = (handles(), Url::parse("https://site.example/abc-de").unwrap());
        assert_eq!(handles.find(&url).unwrap().captures().collect::<Vec<_>>(), [("id", "abc")]);
        assert_eq!(handles.find(&with_tag).unwrap().get("tag"), Some("de"));
    }
}
