//! Texts of feeds, which are for people who read them anywhere, as far as each may go.

use crate::common_prose;

/// The most bytes of a description, of which each content has a copy.
const LONGEST: usize = 64 << 10;

/// The most bytes of a title, a name and the like.
const LONGEST_NAME: usize = 1 << 10;

/// `text` as far as a name goes.
pub(super) fn cut(text: &str) -> &str {
    first(text, LONGEST_NAME)
}

/// As many whole characters of `text` as have this many bytes at most.
fn first(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A description: `html` as text.
pub(super) fn description(html: &str) -> Option<String> {
    common_prose::text(html).map(|text| first(&text, LONGEST).to_owned())
}

/// A title: text in which references are at times written twice.
pub(super) fn title(text: &str) -> String {
    cut(&common_prose::characters(text).split_whitespace().collect::<Vec<_>>().join(" ")).to_owned()
}

/// The name in `frog@pond.example (A Frog)`, as RSS writes people.
pub(super) fn name_of(person: &str) -> String {
    let within = person.split_once('(').and_then(|(_, rest)| Some(rest.rsplit_once(')')?.0.trim()));
    within.filter(|name| !name.is_empty()).unwrap_or(person).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_cut() {
        assert_eq!(description(&"é".repeat(LONGEST)).unwrap().len(), LONGEST);
        assert_eq!(cut(&"é".repeat(LONGEST)).len(), LONGEST_NAME);
        assert_eq!((cut("a"), first("aé", 2)), ("a", "a"));
    }
}
