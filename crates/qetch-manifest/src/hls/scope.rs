//! Where a playlist stands: its address, against which its links are resolved, and its variables
//! (draft-pantos-hls-rfc8216bis, sections 4.3 and 4.4.2.3).

use std::{borrow::Cow, collections::HashMap};

use qetch_core::{Error, Result, Url, shown};

use super::lines::Attributes;

/// The variables of a playlist, by name.
pub(super) type Variables = HashMap<String, String>;

/// The most bytes that the links of a playlist and the values of its variables come to in all. A link may be far longer than
/// what is written of it, as each begins with the address of the playlist and each mention of a variable is its whole value.
const MOST_BYTES: usize = 128 << 20;

/// The address of a playlist and the variables in it.
pub(super) struct Scope<'a> {
    url: &'a Url,
    /// The variables of the master playlist, for those who import them.
    outer: Option<&'a Variables>,
    variables: Variables,
    room: usize,
}

impl<'a> Scope<'a> {
    /// That of the playlist at `url`, which may import the variables `outer`.
    pub(super) fn new(url: &'a Url, outer: Option<&'a Variables>) -> Self {
        Self { url, outer, variables: Variables::new(), room: MOST_BYTES }
    }

    /// The variables that were defined.
    pub(super) fn into_variables(self) -> Variables {
        self.variables
    }

    /// The error that the playlist is with this problem.
    pub(super) fn bad(&self, problem: impl Into<String>) -> Error {
        Error::bad_reply(self.url, problem)
    }

    /// The error of a playlist that `system` protects.
    pub(super) fn drm(&self, system: &str) -> Error {
        Error::drm(shown(self.url), system)
    }

    /// The error of a playlist with more of something than `limit`.
    pub(super) fn over(&self, what: &str, limit: usize) -> Error {
        Error::over_limit(format!("the number of {what} in {}", shown(self.url)), limit.to_string())
    }

    /// Makes room for a text of so many bytes.
    pub(super) fn take(&mut self, bytes: usize) -> Result<()> {
        self.room = self.room.checked_sub(bytes).ok_or_else(|| {
            let what = format!("the length of all links in {}", shown(self.url));
            Error::over_limit(what, format!("{MOST_BYTES} bytes"))
        })?;
        Ok(())
    }

    /// The attribute list `text`, its variables filled in.
    pub(super) fn attributes<'t>(&mut self, text: &'t str) -> Result<Attributes<'t>> {
        Attributes::read(text, |value| self.fill(value))
    }

    /// The link `text`, its variables filled in. It may have any scheme.
    pub(super) fn link(&mut self, text: &str) -> Result<Url> {
        let text = self.fill(text)?;
        self.resolve(&text)
    }

    /// The link `text` without variables.
    pub(super) fn resolve(&mut self, text: &str) -> Result<Url> {
        let link = self.url.join(text).map_err(|error| self.bad(format!("a link is none: {error}")))?;
        self.take(link.as_str().len())?;
        Ok(link)
    }

    /// What an `EXT-X-DEFINE` says.
    pub(super) fn define(&mut self, attributes: &Attributes<'_>) -> Result<()> {
        let get = |name| attributes.get(name);
        let (name, value) = match (get("NAME"), get("IMPORT"), get("QUERYPARAM")) {
            // An empty value is one, and may be meant.
            (Some(name), None, None) => (name, attributes.text("VALUE").unwrap_or_default()),
            (None, Some(name), None) => {
                let value = self.outer.and_then(|outer| outer.get(name)).cloned();
                (
                    name,
                    value.ok_or_else(|| self.bad("it imports a variable that its master does not define"))?,
                )
            }
            (None, None, Some(name)) => {
                let value = self.url.query_pairs().find(|(own, _)| own == name);
                let value = value.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty());
                (name, value.ok_or_else(|| self.bad("it uses a parameter that its address does not have"))?)
            }
            _ => return Err(self.bad("a variable is defined in no way, or in several")),
        };
        self.take(value.len())?;
        if self.variables.insert(name.to_owned(), value).is_some() {
            return Err(self.bad("a variable is defined twice"));
        }
        Ok(())
    }

    /// `text` with the value of each variable in the place of its `{$name}`.
    fn fill<'t>(&mut self, text: &'t str) -> Result<Cow<'t, str>> {
        let Some((mut filled, mut rest)) = text.split_once("{$").map(|(text, rest)| (text.to_owned(), rest))
        else {
            return Ok(Cow::Borrowed(text));
        };
        loop {
            let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            match behind.strip_prefix('}').filter(|_| !name.is_empty()) {
                Some(behind) => {
                    let Some(value) = self.variables.get(name) else {
                        return Err(self.bad("it uses a variable that it does not define"));
                    };
                    filled.push_str(value);
                    let bytes = value.len();
                    self.take(bytes)?;
                    rest = behind;
                }
                None => filled.push_str("{$"),
            }
            let Some((text, more)) = rest.split_once("{$") else { break };
            filled.push_str(text);
            rest = more;
        }
        filled.push_str(rest);
        Ok(Cow::Owned(filled))
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "https://h.example/a/b.m3u8?token=t%201&empty=";

    /// Defines `definitions` in turn, and fills in `text`; the code of the error where that fails.
    #[track_caller]
    fn check(definitions: &[&str], text: &str, expected: Result<&str, &str>) {
        let url = Url::parse(AT).unwrap();
        let outer = Variables::from([("host".to_owned(), "cdn".to_owned())]);
        let mut scope = Scope::new(&url, Some(&outer));
        let defined = definitions.iter().try_for_each(|definition| {
            let attributes = scope.attributes(definition)?;
            scope.define(&attributes)
        });
        let filled = defined.and_then(|()| scope.fill(text).map(Cow::into_owned));
        assert_eq!(filled.as_deref().map_err(Error::code), expected, "{definitions:?} {text}");
    }

    #[test]
    fn variables_are_filled_in() {
        let base = "NAME=\"base\",VALUE=\"x\"";
        check(&[], "a{b}$c", Ok("a{b}$c"));
        check(&[base], "{$base}/a{$base}", Ok("x/ax"));
        check(&[base], "{$base", Ok("{$base"));
        check(&[base], "{$}{$ base}{${$base}", Ok("{$}{$ base}{$x"));
        check(&[base, "NAME=\"both\",VALUE=\"{$base}{$base}\""], "{$both}", Ok("xx"));
        check(&["NAME=\"none\",VALUE=\"\""], "a{$none}b", Ok("ab"));
        check(&["QUERYPARAM=\"token\""], "{$token}", Ok("t 1"));
        check(&["IMPORT=\"host\""], "{$host}", Ok("cdn"));
    }

    #[test]
    fn what_is_not_defined_is_an_error() {
        check(&[], "{$base}", Err("bad_reply"));
        check(&["NAME=\"a\",VALUE=\"{$b}\""], "", Err("bad_reply"));
        check(&["NAME=\"a\",VALUE=\"1\"", "NAME=\"a\",VALUE=\"1\""], "", Err("bad_reply"));
        check(&["NAME=\"a\",IMPORT=\"host\""], "", Err("bad_reply"));
        check(&["VALUE=\"a\""], "", Err("bad_reply"));
        check(&["QUERYPARAM=\"empty\""], "", Err("bad_reply"));
        check(&["QUERYPARAM=\"other\""], "", Err("bad_reply"));
        check(&["IMPORT=\"other\""], "", Err("bad_reply"));
        // What the master defines is not there unless it is imported.
        check(&[], "{$host}", Err("bad_reply"));
    }

    #[test]
    fn values_that_double_each_other_end_at_a_limit() {
        let names: Vec<_> = ('a'..='z').chain('A'..='Z').collect();
        let doubled = names
            .windows(2)
            .map(|pair| format!("NAME=\"{}\",VALUE=\"{{${}}}{{${}}}\"", pair[1], pair[0], pair[0]));
        let all: Vec<_> = ["NAME=\"a\",VALUE=\"0123456789\"".to_owned()].into_iter().chain(doubled).collect();
        check(&all.iter().map(String::as_str).collect::<Vec<_>>(), "", Err("over_limit"));
    }

    #[test]
    fn links_are_resolved_against_the_playlist() {
        let check = |text: &str, expected: Option<&str>| {
            let url = Url::parse(AT).unwrap();
            let link = Scope::new(&url, None).link(text);
            assert_eq!(link.as_ref().ok().map(Url::as_str), expected, "{text}");
            assert!(link.is_ok() || link.is_err_and(|error| error.code() == "bad_reply"));
        };
        check("c.ts?x=1#y", Some("https://h.example/a/c.ts?x=1#y"));
        check("../c d.ts", Some("https://h.example/c%20d.ts"));
        check("/c", Some("https://h.example/c"));
        check("//i.example/c", Some("https://i.example/c"));
        check("?y", Some("https://h.example/a/b.m3u8?y"));
        check("ftp://i.example/c", Some("ftp://i.example/c"));
        check("data:,x", Some("data:,x"));
        check("https://", None);
        check("http://[::1", None);
    }
}
