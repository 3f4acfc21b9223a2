//! A URL as a person typed it.

use std::{borrow::Cow, fmt};

use qetch::{Url, shown};

use crate::{args::COMMANDS, exit::Failure};

/// A URL as a person typed it. `Display` shows no more of it than may be seen.
#[derive(Clone)]
pub(crate) struct Link(Url);

/// Refuses commands among links, before anything is done: an option before a command makes it one, and what follows
/// it may be a secret.
pub(crate) fn refuse_commands(links: &[String]) -> Result<(), Failure> {
    let Some(command) = links.iter().map(|link| link.trim()).find(|link| COMMANDS.contains(link)) else {
        return Ok(());
    };
    Err(Failure::usage(format!("`{command}` is a command: put it first, as in `qetch {command} ...`")))
}

impl Link {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        match Url::parse(text) {
            Ok(url) if url.has_host() || !text.contains(['.', '/']) => Ok(Self(url)),
            // `host:8080/path` parses, with the host as its scheme.
            Ok(_) | Err(_) if !text.contains("://") => {
                let reason = "not a URL; it would begin with https:// or http://";
                Err(Failure::usage(format!("{}: {reason}", as_typed(text))))
            }
            Ok(url) => Ok(Self(url)),
            Err(error) => Err(Failure::usage(format!("{}: not a URL: {error}", as_typed(text)))),
        }
    }

    /// Where a saved content was found. Nobody typed it, so what stands before its `@` is nobody's login.
    pub(crate) fn of_source(source: &Url) -> Self {
        Self(without_login(source))
    }

    /// The URL itself, with all it holds.
    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    /// The URL for programs, which tell their links apart by it: all but the user and password.
    pub(crate) fn for_programs(&self) -> String {
        without_login(&self.0).into()
    }
}

fn without_login(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail for URLs that have no host, which cannot have user information either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.0))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({self})")
    }
}

/// What programs, which tell their links apart by it, are told of a text that may be a link: all of it but a user and
/// password.
pub(crate) fn for_programs(text: &str) -> Cow<'_, str> {
    match Url::parse(text) {
        Ok(url) if url.has_host() => match without_login(&url) {
            bare if bare == url => text.into(),
            bare => String::from(bare).into(),
        },
        // `me:password@host` parses, with the user as its scheme.
        _ => text.rsplit_once('@').map_or(text, |(_, rest)| rest).into(),
    }
}

/// What may be shown of a text that is no URL: what stands before a `?`, a `#` or after an `@` is no secret. Of a password
/// that has a `?` or a `#` itself nobody can tell where it ends.
fn as_typed(text: &str) -> &str {
    let (text, hidden) = text.split_at(text.find(['?', '#']).unwrap_or(text.len()));
    if hidden.contains('@') {
        return "…";
    }
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        let failure = Link::parse(text).unwrap_err();
        assert_eq!(failure.code, crate::exit::USAGE);
        failure.message.unwrap()
    }

    #[test]
    fn what_lacks_its_scheme_is_told_so() {
        for text in ["gfycat.com/Name", "localhost:8080/x", "name", "h.example:443", ""] {
            assert!(message(text).contains("https://"), "{text}: {}", message(text));
        }
        assert!(message("https://").contains("empty host"));
    }

    #[test]
    fn a_command_among_links_is_refused_without_a_word_of_the_others() {
        let links = |texts: &[&str]| -> Vec<_> { texts.iter().map(|&text| text.to_owned()).collect() };
        let failure = refuse_commands(&links(&["auth", "add", "gfycat", "key:hunter2"])).unwrap_err();
        assert_eq!(failure.code, crate::exit::USAGE);
        let message = failure.message.unwrap();
        assert!(message.contains("`qetch auth ...`") && !message.contains("hunter2"), "{message}");
        assert_eq!(refuse_commands(&links(&["https://h.example/extract"])), Ok(()));
    }

    #[test]
    fn secrets_are_not_shown() {
        for text in [
            "me:hunter2@h.example/",
            "https://me:hunter2@:x/",
            "h.example/?key=hunter2",
            "https://me:hunter2?x@h.example/",
            "https://me:x#hunter2@h.example/",
            "h.example/?key=hunter2@x",
        ] {
            assert!(!message(text).contains("hunter2"), "{}", message(text));
        }
        let link = Link::parse(" https://me:hunter2@h.example/a?b=c ").unwrap();
        assert_eq!(link.to_string(), "https://h.example/a?…");
        assert_eq!(link.for_programs(), "https://h.example/a?b=c");
        assert_eq!(format!("{link:?}"), "Link(https://h.example/a?…)");
    }

    #[test]
    fn programs_are_told_all_but_the_login() {
        let check = |text: &str, expected: &str| assert_eq!(for_programs(text), expected);
        check("HTTPS://h.example?b=c@d", "HTTPS://h.example?b=c@d");
        check("https://me:hunter2@h.example/?b=c", "https://h.example/?b=c");
        check("me:hunter2@h.example", "h.example");
        check("https://me:hunter2@:x/", ":x/");
        check("no url", "no url");
    }

    #[test]
    fn other_schemes_are_urls() {
        assert_eq!(Link::parse("ftp://h.example/").unwrap().to_string(), "ftp://h.example/");
        assert!(Link::parse("mailto:me").is_ok());
    }
}
