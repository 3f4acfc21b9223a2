//! A tree of the elements of an XML document that a stranger wrote by hand or by a program: feeds and lists.
//!
//! It is read as far as it is well-formed: what was whole before a fault is there, and the fault tells its place. Lone
//! ampersands stay as they are, and so do entities that neither XML nor HTML knows: none is ever expanded from a document
//! type, and nothing outside the document is read.

mod encoding;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use qetch_core::{Error, Result};
use quick_xml::{
    NsReader,
    escape::resolve_html5_entity,
    events::{BytesRef, BytesStart, Event},
    name::ResolveResult,
};

pub(crate) use self::encoding::text_of;

/// The most elements that a document may have.
const MOST_ELEMENTS: usize = 500_000;

/// How deep they may stand in one another. It bounds the recursion with which a tree is dropped, too.
const DEEPEST: usize = 128;

/// The most attributes that an element may have.
const MOST_ATTRIBUTES: usize = 256;

/// The longest name of an entity, with room to spare.
const LONGEST_ENTITY: usize = 40;

/// An element. `S` is what its reader makes of namespaces.
#[derive(Debug)]
pub(crate) struct Element<S> {
    space: S,
    name: Box<str>,
    /// By their names without prefixes.
    attributes: Vec<(Box<str>, Box<str>)>,
    text: String,
    children: Vec<Element<S>>,
    is_whole: bool,
}

impl<S: Copy + PartialEq> Element<S> {
    /// Its namespace.
    pub(crate) fn space(&self) -> S {
        self.space
    }

    /// Its name, without a prefix.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has this namespace and this name.
    pub(crate) fn is(&self, space: S, name: &str) -> bool {
        self.space == space && &*self.name == name
    }

    /// Whether it was closed before a fault.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The value of the first attribute of this name, whatever its prefix, trimmed; `None` where it is empty.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(it, _)| &**it == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The text in it, trimmed; `None` where there is none.
    pub(crate) fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The text in it and in all that stands in it.
    pub(crate) fn whole_text(&self) -> String {
        let mut whole = self.text.clone();
        for child in &self.children {
            whole.push(' ');
            whole.push_str(&child.whole_text());
        }
        whole.trim().to_owned()
    }

    /// What stands in it.
    pub(crate) fn children(&self) -> &[Element<S>] {
        &self.children
    }

    /// Those in it that have this namespace and name.
    pub(crate) fn all(&self, space: S, name: &str) -> impl Iterator<Item = &Element<S>> {
        self.children.iter().filter(move |child| child.is(space, name))
    }

    /// The first in it that has this namespace and name.
    pub(crate) fn first(&self, space: S, name: &str) -> Option<&Element<S>> {
        self.children.iter().find(|child| child.is(space, name))
    }

    /// The text of the first in it that has this namespace and name, and text.
    pub(crate) fn text_of(&self, space: S, name: &str) -> Option<&str> {
        self.children.iter().filter(|child| child.is(space, name)).find_map(Element::text)
    }
}

/// What was read of a document.
#[derive(Debug)]
pub(crate) struct Document<S> {
    /// Its root; `None` where it has none.
    pub(crate) root: Option<Element<S>>,
    /// What ended the reading before the end of the document.
    pub(crate) fault: Option<Fault>,
}

/// What is wrong with a document, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    path: String,
    line: usize,
    problem: Problem,
}

#[derive(Debug, PartialEq, Eq)]
enum Problem {
    Malformed(&'static str),
    OverLimit(String),
}

impl Fault {
    /// It as an error of the extractor `name`.
    pub(crate) fn error(self, name: &str) -> Error {
        let Self { path, line, problem } = self;
        match problem {
            Problem::Malformed(what) => {
                Error::site_changed(name, path, format!("no well-formed XML ({what}, line {line})"))
            }
            Problem::OverLimit(limit) => Error::over_limit(format!("the XML document at {path}"), limit),
        }
    }

    /// The line it is in, from 1.
    #[cfg(feature = "generic")]
    pub(crate) fn line(&self) -> usize {
        self.line
    }
}

/// Reads the document `text`. `space_of` is told the address of a namespace, or a prefix that no address was given for, or
/// nothing.
pub(crate) fn read<S: Copy + PartialEq>(text: &str, space_of: fn(&str) -> S) -> Document<S> {
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    reader.config_mut().allow_dangling_amp = true;
    let mut builder = Builder { open: Vec::new(), root: None, count: 0 };
    let ended = loop {
        let (space, event) = match reader.read_resolved_event() {
            Ok((ResolveResult::Bound(address), event)) => (space_of(address.0), event),
            Ok((ResolveResult::Unbound, event)) => (space_of(""), event),
            Ok((ResolveResult::Unknown(prefix), event)) => (space_of(&prefix), event),
            Err(_) => break Err(Problem::Malformed("a tag that is wrong")),
        };
        match builder.add(space, event) {
            Ok(true) => (),
            Ok(false) => break Ok(()),
            Err(problem) => break Err(problem),
        }
    };
    let unended = match (&builder.root, builder.open.is_empty()) {
        (_, false) => Some(Problem::Malformed("it ends early")),
        (None, true) => Some(Problem::Malformed("no tag in it")),
        (Some(_), true) => None,
    };
    let fault = ended.err().or(unended).map(|problem| {
        let at = reader.buffer_position().max(reader.error_position());
        let before =
            text.as_bytes().get(..usize::try_from(at).unwrap_or(usize::MAX)).unwrap_or(text.as_bytes());
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        Fault { path: builder.path(), line, problem }
    });
    Document { root: builder.finish(), fault }
}

struct Builder<S> {
    open: Vec<Element<S>>,
    root: Option<Element<S>>,
    count: usize,
}

impl<S: Copy + PartialEq> Builder<S> {
    /// Takes what comes next; whether more may follow.
    fn add(&mut self, space: S, event: Event<'_>) -> Result<bool, Problem> {
        match event {
            Event::Start(tag) => {
                let element = self.element(space, &tag)?;
                self.open.push(element);
            }
            Event::Empty(tag) => {
                let element = self.element(space, &tag)?;
                self.close(element)?;
            }
            Event::End(_) => {
                let element = self.open.pop().ok_or(Problem::Malformed("an end without a beginning"))?;
                self.close(element)?;
            }
            Event::Text(text) => self.write(&text.xml10_content()),
            Event::CData(text) => self.write(&text.xml10_content()),
            Event::GeneralRef(reference) => self.refer(&reference),
            Event::Eof => return Ok(false),
            // A document type is passed over: no entity is declared by it.
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => (),
        }
        Ok(true)
    }

    fn element(&mut self, space: S, tag: &BytesStart<'_>) -> Result<Element<S>, Problem> {
        self.count += 1;
        if self.count > MOST_ELEMENTS {
            return Err(Problem::OverLimit(format!("{MOST_ELEMENTS} elements")));
        }
        if self.open.len() == DEEPEST {
            return Err(Problem::OverLimit(format!("{DEEPEST} levels")));
        }
        let mut attributes = Vec::new();
        // Without checks: looking for duplicates takes the square of their number. The first of a name is taken.
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| Problem::Malformed("an attribute that is wrong"))?;
            if attributes.len() == MOST_ATTRIBUTES {
                return Err(Problem::OverLimit(format!("{MOST_ATTRIBUTES} attributes")));
            }
            let name = attribute.key.local_name();
            attributes.push((Box::from(name.as_ref()), unescaped(&attribute.value).into()));
        }
        let name = tag.local_name().as_ref().into();
        Ok(Element { space, name, attributes, text: String::new(), children: Vec::new(), is_whole: false })
    }

    /// Puts what is whole into what it stands in.
    fn close(&mut self, mut element: Element<S>) -> Result<(), Problem> {
        element.is_whole = true;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None if self.root.is_none() => self.root = Some(element),
            None => return Err(Problem::Malformed("a second root")),
        }
        Ok(())
    }

    /// Adds to the text of the innermost element; what only indents begins none.
    fn write(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut()
            && (!element.text.is_empty() || !text.trim().is_empty())
        {
            element.text.push_str(text);
        }
    }

    fn refer(&mut self, reference: &BytesRef<'_>) {
        let name = reference.xml10_content();
        match character(&name) {
            Some(Referred::Character(character)) => self.write(character.encode_utf8(&mut [0; 4])),
            Some(Referred::Text(text)) => self.write(text),
            None => self.write(&format!("&{name};")),
        }
    }

    /// Where it is now, as a path.
    fn path(&self) -> String {
        let mut path = "$".to_owned();
        let mut parent: Option<&Element<S>> = None;
        for element in &self.open {
            // A `String` takes whatever is written to it.
            let _ = write!(path, ".{}", element.name);
            let before =
                parent.map_or(0, |it| it.children.iter().filter(|it| it.name == element.name).count());
            if before > 0 {
                let _ = write!(path, "[{before}]");
            }
            parent = Some(element);
        }
        path
    }

    /// The root, with what is still open closed where it stands.
    fn finish(mut self) -> Option<Element<S>> {
        while let Some(element) = self.open.pop() {
            match self.open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => self.root = self.root.or(Some(element)),
            }
        }
        self.root
    }
}

/// What a reference stands for.
enum Referred {
    Character(char),
    Text(&'static str),
}

/// What the reference `name`, without its ends, stands for: a character by its number, or one of those of XML and HTML.
fn character(name: &str) -> Option<Referred> {
    let Some(number) = name.strip_prefix('#') else { return resolve_html5_entity(name).map(Referred::Text) };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?).filter(|&it| it != '\0').map(Referred::Character)
}

/// `text` with the references in it that are known put in.
fn unescaped(text: &str) -> String {
    let mut found = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        found.push_str(before);
        let end = after.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';');
        let referred = end.and_then(|end| Some((character(&after[..end])?, &after[end + 1..])));
        rest = match referred {
            Some((Referred::Character(character), behind)) => {
                found.push(character);
                behind
            }
            Some((Referred::Text(text), behind)) => {
                found.push_str(text);
                behind
            }
            None => {
                found.push('&');
                after
            }
        };
    }
    found.push_str(rest);
    found
}
