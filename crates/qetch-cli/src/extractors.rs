//! `qetch extractors`: what this build knows, and who claims a link. No network is used.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, BufRead as _},
};

use qetch::{Claim, ExtractorInfo, Handle, Matched, Qetch, Registry};
use serde::Serialize;

use crate::{
    args::ExtractorsArguments,
    console::Console,
    exit::{FAILED, Failure, USAGE},
    link::{Link, for_programs},
    plain::plain,
};

/// Shows the extractors, or who claims a link.
pub(crate) fn run(arguments: &ExtractorsArguments, console: &Console) -> Result<(), Failure> {
    let qetch = Qetch::new();
    match arguments.link.as_deref() {
        None => list(qetch.registry(), arguments.json, console),
        Some("-") => from_input(|line| {
            let answer = Answer::of(qetch.registry(), line);
            answer.print(arguments.json, console)?;
            Ok(answer.problem.is_none())
        }),
        Some(url) => {
            let answer = Answer::of(qetch.registry(), url);
            answer.print(arguments.json, console)?;
            answer.problem.map_or(Ok(()), Err)
        }
    }
}

fn list(registry: &Registry, json: bool, console: &Console) -> Result<(), Failure> {
    let mut infos: Vec<_> = registry.extractors().map(|extractor| extractor.info()).collect();
    infos.sort_unstable_by_key(|info| info.name());
    for (position, info) in infos.into_iter().enumerate() {
        if json {
            console.json(&Described::of(info))?;
            continue;
        }
        if position > 0 {
            console.result("")?;
        }
        for line in paragraph(info) {
            console.result(line)?;
        }
    }
    Ok(())
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

/// Who claims a link.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    url: Cow<'a, str>,
    extractor: Option<String>,
    claim: &'static str,
    handle: Option<String>,
    captures: BTreeMap<String, String>,
    #[serde(skip)]
    problem: Option<Failure>,
}

impl<'a> Answer<'a> {
    fn of(registry: &Registry, text: &'a str) -> Self {
        let nobody = Self {
            url: for_programs(text),
            extractor: None,
            claim: "no",
            handle: None,
            captures: BTreeMap::new(),
            problem: None,
        };
        let link = match Link::parse(text) {
            Ok(link) => link,
            Err(problem) => return Self { problem: Some(problem), ..nobody },
        };
        let Some(first) = registry.claims(link.url()).into_iter().next() else { return nobody };
        let info = first.extractor.info();
        let found = info.handles().find(link.url());
        let captures = found.iter().flat_map(Matched::captures);
        Self {
            extractor: Some(info.name().to_owned()),
            claim: if first.claim == Claim::Perhaps { "perhaps" } else { "yes" },
            handle: match &first.claim {
                Claim::Yes(name) => Some(name.to_string()),
                _ => None,
            },
            captures: captures.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ..nobody
        }
    }

    /// Prints it as JSON, or with tabs between URL, extractor, claim and handle.
    fn print(&self, json: bool, console: &Console) -> Result<(), Failure> {
        if json {
            return console.json(self);
        }
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let parts = [
            self.url.clone().into_owned(),
            or_none(&self.extractor),
            self.claim.to_owned(),
            or_none(&self.handle),
        ];
        console.result(parts.map(|part| plain(&part)).join("\t"))
    }
}

/// An extractor, for programs.
#[derive(Serialize)]
struct Described<'a> {
    name: &'a str,
    description: &'a str,
    hosts: Vec<String>,
    asks: Vec<String>,
    auth: Auth,
    options: BTreeMap<&'a str, &'a str>,
    handles: Vec<DescribedHandle<'a>>,
}

#[derive(Serialize)]
struct Auth {
    kinds: Vec<String>,
    required: bool,
}

#[derive(Serialize)]
struct DescribedHandle<'a> {
    name: &'a str,
    hosts: Vec<String>,
    pattern: &'a str,
    examples: &'a [String],
}

impl<'a> Described<'a> {
    fn of(info: &'a ExtractorInfo) -> Self {
        Self {
            name: info.name(),
            description: info.description(),
            hosts: texts(info.hosts()),
            asks: texts(info.asks()),
            auth: Auth { kinds: texts(info.auth_kinds()), required: info.requires_auth() },
            options: info.options().iter().map(|it| (it.name.as_str(), it.help.as_str())).collect(),
            handles: info.handles().iter().map(DescribedHandle::of).collect(),
        }
    }
}

impl<'a> DescribedHandle<'a> {
    fn of(handle: &'a Handle) -> Self {
        Self {
            name: handle.name(),
            hosts: texts(handle.hosts()),
            pattern: handle.pattern(),
            examples: handle.examples(),
        }
    }
}

/// An extractor, for people.
fn paragraph(info: &ExtractorInfo) -> Vec<String> {
    let described = Described::of(info);
    let mut lines = vec![format!("{}: {}", described.name, described.description)];
    let mut line = |label: &str, text: String| {
        if !text.is_empty() {
            lines.push(format!("  {label:<9} {text}"));
        }
    };
    line("hosts", described.hosts.join(" "));
    line("asks", described.asks.join(" "));
    let kinds: Vec<_> = described.auth.kinds.into_iter().filter(|kind| kind != "none").collect();
    if !kinds.is_empty() {
        let need = if described.auth.required { "required" } else { "optional" };
        line("login", format!("{} ({need})", kinds.join(" or ")));
    }
    for (name, help) in described.options {
        line("option", format!("{name}: {help}"));
    }
    for handle in described.handles {
        line("takes", format!("{}  {}", handle.name, handle.pattern));
        for example in handle.examples {
            line("", format!("  {example}"));
        }
    }
    lines
}

fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}
