//! Text of what feeds write in HTML: titles and descriptions are for people who read them anywhere.

use crate::common_xml::unescaped;

/// Tags between which a line ends.
const LINES: [&str; 13] =
    ["br", "div", "dd", "dt", "hr", "li", "ol", "pre", "section", "table", "tr", "ul", "article"];

/// Tags around which a line stays empty.
const PARAGRAPHS: [&str; 9] = ["p", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "figure"];

/// Tags with nothing in them for people.
const HIDDEN: [&str; 2] = ["script", "style"];

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

/// `html` as text: without tags, with line breaks for those that make them. What has no tag stays as it is, but for
/// references. What is longer than a description is cut.
pub(super) fn plain(html: &str) -> Option<String> {
    let text = if html.contains('<') { without_tags(html) } else { unescaped(html) };
    let text = text.trim();
    (!text.is_empty()).then(|| first(text, LONGEST).to_owned())
}

fn without_tags(html: &str) -> String {
    let (mut text, mut rest, mut is_tagged) = (String::new(), html, false);
    while let Some((before, after)) = rest.split_once('<') {
        // Space counts as one as soon as there are tags.
        append(&mut text, before);
        let Some((name, behind)) = tag(after) else {
            text.push('<');
            rest = after;
            continue;
        };
        is_tagged = true;
        rest = behind;
        if HIDDEN.contains(&name.as_str()) {
            rest = past_end(rest, &name);
        } else if LINES.contains(&name.as_str()) {
            text.push('\n');
        } else if PARAGRAPHS.contains(&name.as_str()) {
            text.push_str("\n\n");
        }
    }
    append(&mut text, rest);
    if !is_tagged {
        return unescaped(html);
    }
    tidy(&text)
}

/// Adds a piece between two tags, each run of space in it as one.
fn append(text: &mut String, piece: &str) {
    let piece = unescaped(piece);
    let mut is_space = false;
    for c in piece.chars() {
        if c.is_whitespace() && c != '\u{a0}' {
            is_space = true;
            continue;
        }
        if std::mem::take(&mut is_space) {
            text.push(' ');
        }
        text.push(c);
    }
    if is_space {
        text.push(' ');
    }
}

/// The name of the tag that `text` begins with, behind its `<`, in lower case, and what follows the tag.
fn tag(text: &str) -> Option<(String, &str)> {
    if let Some(comment) = text.strip_prefix("!--") {
        return Some((String::new(), comment.split_once("-->").map_or("", |(_, rest)| rest)));
    }
    let named = text.strip_prefix(['/', '!', '?']).unwrap_or(text);
    if !named.starts_with(|it: char| it.is_ascii_alphabetic()) {
        return None;
    }
    // No tag begins within another one.
    let at = named.find(['>', '<']).filter(|&at| named[at..].starts_with('>'))?;
    let (inner, rest) = (&named[..at], &named[at + 1..]);
    let end = inner.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(inner.len());
    Some((inner[..end].to_ascii_lowercase(), rest))
}

/// What follows the end tag of `name`.
fn past_end<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("</") {
        let is_end = after.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
        if is_end {
            return after.split_once('>').map_or("", |(_, behind)| behind);
        }
        rest = after;
    }
    ""
}

/// Lines without space around them, and no more than one empty line at a time.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_what_they_look_like() {
        let check = |html: &str, expected: &str| {
            assert_eq!(plain(html).unwrap_or_default(), expected, "{html}");
        };
        check(
            "<p>A <b>bold</b>\n  frog.</p><p>Another&nbsp;one&amp;more</p>",
            "A bold frog.\n\nAnother\u{a0}one&more",
        );
        check("one<br/>two<BR>three", "one\ntwo\nthree");
        check("<ul><li>a</li><li><a href='x>y'>b</a></li></ul>", "a\n\ny'>b");
        check("a<script>if (1 < 2) { '</b>' }</script>b<!-- > c -->d<style>", "abd");
        check("Frogs &lt; toads", "Frogs < toads");
        check("1 < 2 and 3 > 2", "1 < 2 and 3 > 2");
        check("kept\n\nas it is", "kept\n\nas it is");
        check("<p> </p>", "");
        check("a <", "a <");
        check("a <b", "a <b");
    }

    #[test]
    fn what_is_long_is_cut() {
        assert_eq!(plain(&"é".repeat(LONGEST)).unwrap().len(), LONGEST);
        assert_eq!(cut(&"é".repeat(LONGEST)).len(), LONGEST_NAME);
        assert_eq!((cut("a"), first("aé", 2)), ("a", "a"));
    }

    #[test]
    fn many_tags_take_no_longer_than_they_are_long() {
        let begun = std::time::Instant::now();
        for hostile in ["<script>", "</", "<p", "<!--", "&amp", "&"] {
            assert!(plain(&hostile.repeat(100_000)).is_none_or(|text| text.len() <= 1_000_000));
        }
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}
