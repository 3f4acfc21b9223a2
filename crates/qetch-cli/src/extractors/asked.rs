//! Who claims a link: `qetch extractors --for`.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, BufRead as _},
};

use qetch::{Claim, Claimed, Matched, Registry, Url};
use serde::Serialize;

use crate::{
    console::Console,
    exit::{FAILED, Failure, USAGE},
    link::{Link, for_programs},
    plain::plain,
    table::{self, Align},
};

/// Answers for a link, or for each line of standard input where it is `-`.
pub(super) fn run(link: &str, registry: &Registry, json: bool, console: &Console) -> Result<(), Failure> {
    if link == "-" {
        return from_input(|line| {
            let answer = Answer::of(registry, line);
            answer.print(json, console)?;
            Ok(answer.problem.is_none())
        });
    }
    let answer = Answer::of(registry, link);
    answer.print(json, console)?;
    answer.problem.map_or(Ok(()), Err)
}

/// Asks for each line of standard input; `ask` says whether it was a URL. Every line is answered; one that is no URL
/// makes the whole an error of usage.
fn from_input(mut ask: impl FnMut(&str) -> Result<bool, Failure>) -> Result<(), Failure> {
    let mut wrong = 0;
    for line in io::stdin().lock().split(b'\n') {
        let line =
            line.map_err(|error| Failure::new(FAILED, format!("cannot read standard input: {error}")))?;
        let line = String::from_utf8_lossy(&line);
        if line.trim().is_empty() {
            continue;
        }
        wrong += usize::from(!ask(line.trim())?);
    }
    if wrong > 0 {
        return Err(Failure::new(USAGE, format!("lines that are no URL: {wrong}")));
    }
    Ok(())
}

/// Who claims a link: the one that is asked first, and the others in the order in which they are asked.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    url: Cow<'a, str>,
    #[serde(flatten)]
    first: Claimant,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<Claimant>,
    #[serde(skip)]
    problem: Option<Failure>,
}

/// What an extractor says of a link.
#[derive(Debug, Serialize)]
struct Claimant {
    extractor: Option<String>,
    claim: &'static str,
    handle: Option<String>,
    captures: BTreeMap<String, String>,
}

impl Claimant {
    fn nobody() -> Self {
        Self { extractor: None, claim: "no", handle: None, captures: BTreeMap::new() }
    }

    fn of(claimed: &Claimed, url: &Url) -> Self {
        let info = claimed.extractor.info();
        let found = info.handles().find(url);
        let (claim, handle) = match &claimed.claim {
            Claim::Yes(name) => ("yes", Some(&**name)),
            // One that knows links by what they lead to may have no handle for them.
            _ => ("perhaps", found.as_ref().map(|found| found.handle().name())),
        };
        let captures = found.iter().flat_map(Matched::captures);
        Self {
            extractor: Some(info.name().to_owned()),
            claim,
            handle: handle.map(str::to_owned),
            captures: captures.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }
}

impl<'a> Answer<'a> {
    fn of(registry: &Registry, text: &'a str) -> Self {
        let nobody =
            Self { url: for_programs(text), first: Claimant::nobody(), others: Vec::new(), problem: None };
        let link = match Link::parse(text) {
            Ok(link) => link,
            Err(problem) => return Self { problem: Some(problem), ..nobody },
        };
        let claims = registry.claims(link.url());
        let mut claimants = claims.iter().map(|claimed| Claimant::of(claimed, link.url()));
        match claimants.next() {
            Some(first) => Self { first, others: claimants.collect(), ..nobody },
            None => nobody,
        }
    }

    /// Prints it as JSON; for people on a terminal; or else with tabs between URL, extractor, claim, handle and, where there are several, the names of the
    /// others.
    fn print(&self, json: bool, console: &Console) -> Result<(), Failure> {
        if json {
            return console.json(self);
        }
        if console.columns().is_some() {
            return self.shown().into_iter().try_for_each(|line| console.result(line));
        }
        let Claimant { extractor, claim, handle, .. } = &self.first;
        let or_none = |text: &Option<String>| plain(text.as_deref().unwrap_or("-"));
        let mut parts = vec![plain(&self.url), or_none(extractor), (*claim).to_owned(), or_none(handle)];
        if !self.others.is_empty() {
            let names: Vec<_> = self.others.iter().map(|other| or_none(&other.extractor)).collect();
            parts.push(format!("then {}", names.join(", ")));
        }
        console.result(parts.join("\t"))
    }

    /// The link, and a line beneath it for each who claims it.
    fn shown(&self) -> Vec<String> {
        let row = |it: &Claimant| {
            let name = it.extractor.as_deref().unwrap_or("nobody claims it");
            let claim = if it.extractor.is_some() { it.claim } else { "" };
            [String::new(), plain(name), claim.to_owned(), plain(it.handle.as_deref().unwrap_or_default())]
        };
        let rows: Vec<_> = std::iter::once(&self.first).chain(&self.others).map(row).collect();
        let mut lines = vec![plain(&self.url)];
        lines.extend(table::lines([Align::Left; 4], &rows));
        lines
    }
}

#[cfg(test)]
mod tests {
    use qetch::{Context, Extraction, Extractor, ExtractorInfo, Handle, Handles, Result, async_trait};
    use serde_json::json;

    use super::*;

    /// Claims by its handle where it has one, and else says perhaps.
    #[derive(Debug)]
    struct Pond(ExtractorInfo);

    fn pond(name: &str, host: Option<&str>) -> Pond {
        let handle = host.map(|host| Handle::new("frog", [host], "^/p/(?P<id>[0-9]+)$"));
        Pond(ExtractorInfo::new(name, "").with_handles(Handles::new(handle)))
    }

    #[async_trait]
    impl Extractor for Pond {
        fn info(&self) -> &ExtractorInfo {
            &self.0
        }

        fn can_handle(&self, url: &Url) -> Claim {
            let handles = self.0.handles();
            if handles.iter().next().is_some() { handles.claim(url) } else { Claim::Perhaps }
        }

        async fn extract(&self, _: &Context, _: &Url) -> Result<Extraction> {
            Ok(Extraction::of([]))
        }
    }

    fn registry<'a>(ponds: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Registry {
        let ponds = ponds.into_iter().map(|(name, host)| pond(name, host));
        ponds.fold(Registry::new(), Registry::with_extractor)
    }

    /// What is answered about a frog where these are asked.
    fn answer<'a>(ponds: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> serde_json::Value {
        serde_json::to_value(Answer::of(&registry(ponds), "https://pond.example/p/7")).unwrap()
    }

    #[test]
    fn one_that_says_perhaps_has_its_handle_and_captures_and_the_others_follow() {
        let claimant = |name: &str, handle: Option<&str>, captures: serde_json::Value| json!({ "extractor": name, "claim": "perhaps", "handle": handle, "captures": captures });
        let frog = |name: &str| claimant(name, Some("frog"), json!({ "id": "7" }));
        let mut expected = frog("a");
        expected["url"] = "https://pond.example/p/7".into();
        expected["others"] = json!([claimant("b", None, json!({})), frog("c")]);
        let ponds = [("d", Some("other.example")), ("c", Some("*")), ("b", None), ("a", Some("*"))];
        assert_eq!(answer(ponds), expected);

        let registry = registry(ponds);
        let shown = Answer::of(&registry, "https://pond.example/p/7").shown();
        assert_eq!(
            shown,
            ["https://pond.example/p/7", "  a  perhaps  frog", "  b  perhaps", "  c  perhaps  frog"]
        );
        assert_eq!(Answer::of(&registry, "no url").shown(), ["no url", "  nobody claims it"]);
    }

    #[test]
    fn those_who_claim_a_link_equally_are_all_told() {
        let ponds = [("b", Some("pond.example")), ("a", Some("pond.example")), ("c", Some("*"))];
        let both = answer(ponds);
        let others = both["others"].as_array().unwrap();
        assert_eq!((both["extractor"].as_str(), others.len()), (Some("a"), 1));
        assert_eq!(others[0]["extractor"], "b");
        assert_eq!(answer([ponds[0], ponds[2]]).get("others"), None);
    }
}
