//! A tree of the elements of a manifest. Nothing outside it is read, and no entity of its own is expanded.

use qetch_core::{Error, Result, Url};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
};

/// The most elements that a manifest may have.
const MOST_ELEMENTS: usize = 1_000_000;

/// How deep they may stand in one another. It bounds the recursion with which a tree is dropped, too.
const DEEPEST: usize = 64;

/// The most attributes that an element may have.
const MOST_ATTRIBUTES: usize = 256;

/// An element, by its name without its prefix.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: Box<str>,
    /// By their names as they are written, with their prefixes: `xsi:type` is no `type`.
    attributes: Vec<(Box<str>, Box<str>)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Its name, without a prefix.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The value of the attribute that has this name and no prefix, trimmed.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(it, _)| &**it == name).map(|(_, value)| value.trim())
    }

    /// Where the element is to be had from, where this only stands for it: `xlink:href`, by whatever prefix.
    pub(super) fn href(&self) -> Option<&str> {
        let is_href = |name: &str| name.rsplit_once(':').is_some_and(|(_, local)| local == "href");
        self.attributes.iter().find(|(name, _)| is_href(name)).map(|(_, value)| value.trim())
    }

    /// The text in it, trimmed.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// Those in it that have this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.name() == name)
    }

    /// The first in it that has this name.
    pub(super) fn first(&self, name: &str) -> Option<&Element> {
        self.all(name).next()
    }
}

/// Reads the document `text` that is at `url`: its root.
pub(super) fn parse(text: &str, url: &Url) -> Result<Element> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let (mut open, mut root, mut count) = (Vec::<Element>::new(), None, 0);
    loop {
        let event = reader.read_event().map_err(|_| malformed(url))?;
        match event {
            Event::Start(ref tag) | Event::Empty(ref tag) => {
                count += 1;
                if count > MOST_ELEMENTS {
                    return Err(Error::over_limit("the manifest", format!("{MOST_ELEMENTS} elements")));
                }
                if open.len() == DEEPEST {
                    return Err(Error::over_limit("the manifest", format!("{DEEPEST} levels")));
                }
                let element = element(tag, url)?;
                if matches!(event, Event::Start(_)) {
                    open.push(element);
                } else {
                    close(element, &mut open, &mut root, url)?;
                }
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(|| malformed(url))?;
                close(element, &mut open, &mut root, url)?;
            }
            Event::Text(text) => write(&mut open, &text.xml10_content()),
            Event::CData(text) => write(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let mut buffer = [0; 4];
                write(&mut open, character(&reference, url)?.encode_utf8(&mut buffer));
            }
            Event::Eof => break,
            // A document type is passed over: no entity is declared by it.
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => (),
        }
    }
    root.filter(|_| open.is_empty()).ok_or_else(|| malformed(url))
}

fn malformed(url: &Url) -> Error {
    Error::bad_reply(url, "the manifest is no well-formed XML")
}

fn element(tag: &BytesStart<'_>, url: &Url) -> Result<Element> {
    let mut element = Element { name: tag.local_name().as_ref().into(), ..Element::default() };
    // Without checks: looking for duplicates takes the square of their number. The first of a name is taken.
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| malformed(url))?;
        if element.attributes.len() == MOST_ATTRIBUTES {
            return Err(Error::over_limit(
                "an element of the manifest",
                format!("{MOST_ATTRIBUTES} attributes"),
            ));
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| malformed(url))?;
        element.attributes.push((attribute.key.as_ref().into(), value.into()));
    }
    Ok(element)
}

/// Puts what is whole into what it stands in.
fn close(element: Element, open: &mut [Element], root: &mut Option<Element>, url: &Url) -> Result<()> {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => return Err(malformed(url)),
    }
    Ok(())
}

/// Adds to the text of the innermost element; what only indents begins none.
fn write(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut()
        && (!element.text.is_empty() || !text.trim().is_empty())
    {
        element.text.push_str(text);
    }
}

/// The character that a reference stands for: by its number, or one of the five that XML itself knows.
fn character(reference: &BytesRef<'_>, url: &Url) -> Result<char> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| malformed(url))? {
        return Ok(character);
    }
    match reference.xml10_content().as_ref() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(Error::bad_reply(url, "the manifest has an entity of its own, which is not expanded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        Url::parse("https://h.example/m.mpd").unwrap()
    }

    /// The tree as one line: names, attributes in brackets, text in quotes, children in parentheses.
    fn shape_of(element: &Element) -> String {
        let mut shape = element.name().to_owned();
        for (name, value) in &element.attributes {
            shape += &format!("[{name}={value}]");
        }
        if !element.text().is_empty() {
            shape += &format!("'{}'", element.text());
        }
        if !element.children.is_empty() {
            shape += &format!("({})", element.children.iter().map(shape_of).collect::<Vec<_>>().join(" "));
        }
        shape
    }

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = parse(text, &url()).map(|root| shape_of(&root));
        assert_eq!(found.as_deref().map_err(Error::code), expected, "{text:.200}");
    }

    #[test]
    fn a_document_becomes_a_tree_of_names_without_prefixes() {
        check("<a/>", Ok("a"));
        check("\u{feff}<?xml version='1.0'?><!-- x --><m:a xmlns:m='u'><m:b c='1' m:c='2'/> t </m:a>\n", {
            Ok("a[xmlns:m=u]'t'(b[c=1][m:c=2])")
        });
        check("<a>x&amp;y&#65;<![CDATA[<&]]></a>", Ok("a'x&yA<&'"));
        check("<a b='x&amp;y&#x41;'/>", Ok("a[b=x&yA]"));
    }

    #[test]
    fn what_is_no_document_is_a_bad_reply() {
        for text in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/><b>",
            "<a b=1/>",
            "<a b='&c;'/>",
            "<a>&#x110000;</a>",
        ] {
            check(text, Err("bad_reply"));
        }
    }

    #[test]
    fn entities_of_a_document_are_not_expanded() {
        let laughs =
            r#"<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;"><!ENTITY d SYSTEM "file:///etc/passwd">]>"#;
        check(&format!("{laughs}<a/>"), Ok("a"));
        check(&format!("{laughs}<a>&c;</a>"), Err("bad_reply"));
        check(&format!("{laughs}<a>&d;</a>"), Err("bad_reply"));
        check(&format!("{laughs}<a b='&c;'/>"), Err("bad_reply"));
    }

    #[test]
    fn depth_and_numbers_are_limited() {
        let nested = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels);
        assert!(parse(&nested(DEEPEST), &url()).is_ok());
        check(&nested(DEEPEST + 1), Err("over_limit"));
        check(&"<a>".repeat(1_000_000), Err("over_limit"));
        let attributes = |count: usize| format!("<a {}/>", "b='' ".repeat(count));
        assert!(parse(&attributes(MOST_ATTRIBUTES), &url()).is_ok());
        check(&attributes(MOST_ATTRIBUTES + 1), Err("over_limit"));
        check(&format!("<a>{}</a>", "<b/>".repeat(MOST_ELEMENTS)), Err("over_limit"));
    }
}
