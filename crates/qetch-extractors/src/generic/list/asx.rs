//! ASX lists of Windows Media (Advanced Stream Redirector), whose names are in any case.

use qetch_core::{Answer, Limits, Result};

use super::{Entry, List};
use crate::common_xml::{self, Element};

pub(super) fn read(answer: &Answer, limits: &Limits) -> Result<List> {
    let document = common_xml::read(&common_xml::text_of(answer), |_| ());
    let fault = document.fault.map(|fault| format!("the ASX playlist is broken in line {}", fault.line()));
    let mut list = List { fault, ..List::default() };
    let Some(root) = document.root else { return Ok(list) };
    list.title = text(&root, "title");
    for it in root.children().iter().filter(|it| it.is_whole()) {
        if it.name().eq_ignore_ascii_case("entry") {
            list.push(entry(it), limits)?;
        } else if it.name().eq_ignore_ascii_case("entryref") {
            list.push(Entry { addresses: address(it).into_iter().collect(), ..Entry::default() }, limits)?;
        }
    }
    Ok(list)
}

fn entry(it: &Element<()>) -> Entry {
    Entry {
        addresses: named(it, "ref").filter_map(address).collect(),
        title: text(it, "title"),
        creator: text(it, "author"),
        description: text(it, "abstract"),
        ..Entry::default()
    }
}

fn named<'a>(element: &'a Element<()>, name: &'a str) -> impl Iterator<Item = &'a Element<()>> {
    element.children().iter().filter(move |child| child.name().eq_ignore_ascii_case(name))
}

fn text(element: &Element<()>, name: &str) -> Option<String> {
    named(element, name).find_map(Element::text).map(str::to_owned)
}

fn address(reference: &Element<()>) -> Option<String> {
    let href = ["href", "HREF", "Href"].into_iter().find_map(|name| reference.attribute(name))?;
    Some(href.to_owned())
}
