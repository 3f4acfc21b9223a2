//! All that an extractor says of itself.

use std::collections::BTreeMap;

use qetch::{ExtractorInfo, Handle};
use serde::Serialize;

use crate::{console::Console, exit::Failure, wrap};

/// Prints it as a line of JSON.
pub(super) fn json(info: &ExtractorInfo, console: &Console) -> Result<(), Failure> {
    console.json(&Described::of(info))
}

/// A paragraph for each, broken where that can be so that lines have no more columns than these.
pub(super) fn lines(infos: &[&ExtractorInfo], columns: usize) -> Vec<String> {
    let paragraphs: Vec<_> = infos.iter().map(|info| paragraph(info, columns)).collect();
    paragraphs.join(&String::new())
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

/// How far what is said under a label is moved in.
const INDENT: usize = 12;

/// An extractor, for people. A link or a pattern is never broken.
fn paragraph(info: &ExtractorInfo, columns: usize) -> Vec<String> {
    let described = Described::of(info);
    let room = columns.saturating_sub(INDENT);
    let mut lines =
        wrap::words(&format!("{}: {}", described.name, described.description), columns.saturating_sub(2));
    lines.iter_mut().skip(1).for_each(|line| line.insert_str(0, "  "));
    let mut say = |label: &str, said: Vec<String>| {
        let labels = std::iter::once(label).chain(std::iter::repeat(""));
        lines.extend(labels.zip(said).map(|(label, line)| format!("  {label:<9} {line}")));
    };
    say("hosts", wrap::words(&described.hosts.join(" "), room));
    say("asks", wrap::words(&described.asks.join(" "), room));
    let kinds: Vec<_> = described.auth.kinds.into_iter().filter(|kind| kind != "none").collect();
    if !kinds.is_empty() {
        let need = if described.auth.required { "required" } else { "optional" };
        say("login", wrap::words(&format!("{} ({need})", kinds.join(" or ")), room));
    }
    for (name, help) in described.options {
        say("option", wrap::words(&format!("{name}: {help}"), room));
    }
    for handle in described.handles {
        // Two blanks between them.
        let name = format!("{} ", handle.name);
        say("takes", wrap::pieces([name.as_str(), handle.pattern], room));
        for example in handle.examples {
            say("", vec![format!("  {example}")]);
        }
    }
    lines
}

fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use qetch::{AuthKind, Handles};

    use super::*;

    #[test]
    fn an_extractor_says_all_of_itself_and_breaks_no_pattern() {
        let long = "^/a/(?P<id>[a-z]{1,9} and a blank)$";
        let handles = Handles::new([
            Handle::new("frog", ["pond.example", "*.pond.example"], "^/p/(?P<id>[0-9]+)$")
                .with_example("https://pond.example/p/7"),
            Handle::new("salamander", ["marsh.example"], long),
        ]);
        let pond = ExtractorInfo::new("pond", "Frogs, toads and what else swims in there")
            .with_handles(handles)
            .with_auth([AuthKind::Token, AuthKind::None])
            .with_option("depth", "how far down to look for them");
        let sea = ExtractorInfo::new("sea", "Fish");
        let expected = [
            "pond: Frogs, toads and what else",
            "  swims in there",
            "  hosts     pond.example",
            "            *.pond.example",
            "            marsh.example",
            "  login     token (optional)",
            "  option    depth: how far down to",
            "            look for them",
            "  takes     frog",
            "            ^/p/(?P<id>[0-9]+)$",
            "              https://pond.example/p/7",
            "  takes     salamander",
            "            ^/a/(?P<id>[a-z]{1,9} and a blank)$",
            "",
            "sea: Fish",
        ];
        assert_eq!(lines(&[&pond, &sea], 36), expected);
        let wide = lines(&[&pond], 80);
        assert_eq!(wide[0], "pond: Frogs, toads and what else swims in there");
        assert_eq!(wide[4], "  takes     frog  ^/p/(?P<id>[0-9]+)$");
        assert!(lines(&[], 80).is_empty() && !lines(&[&pond], 0).is_empty());
    }
}
