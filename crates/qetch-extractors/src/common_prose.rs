//! What people wrote in HTML, as text for those who read it anywhere.

use std::borrow::Cow;

use html5gum::{State, Token, Tokenizer};

/// Elements with an empty line around them, as browsers show them.
const PARAGRAPHS: [&[u8]; 14] = [
    b"blockquote",
    b"dl",
    b"figure",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"ol",
    b"p",
    b"pre",
    b"table",
    b"ul",
];

/// Elements that have lines of their own.
const LINES: [&[u8]; 12] = [
    b"address",
    b"article",
    b"dd",
    b"div",
    b"dt",
    b"figcaption",
    b"footer",
    b"header",
    b"hr",
    b"li",
    b"section",
    b"tr",
];

/// The text of `html`: its lines as a browser would break them, never more than one empty one at a time, with the characters
/// that references stand for, and nothing of scripts and styles; `None` where that is nothing. What has no tag, or none that
/// breaks a line, keeps its own lines: people write links into plain text.
pub(crate) fn text(html: &str) -> Option<String> {
    let prose = Prose::read(html, false);
    let text = match prose {
        Prose { has_tags: false, .. } => lines(&characters(html)),
        Prose { has_lines: false, .. } => Prose::read(html, true).text,
        Prose { text, .. } => text,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// The text of `html` on one line, which may be empty.
#[cfg_attr(not(any(feature = "page", test)), expect(dead_code, reason = "most sites keep the lines"))]
pub(crate) fn line(html: &str) -> String {
    text(html).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text`, which is no HTML, with the characters that references in it stand for.
pub(crate) fn characters(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    // Where nothing looks like a tag, none is found.
    let quoted = closed(text).replace('<', "&lt;");
    let pieces = Tokenizer::new(&quoted).filter_map(|token| match token {
        Ok(Token::String(piece)) => Some(String::from_utf8_lossy(&piece).into_owned()),
        _ => None,
    });
    pieces.collect()
}

/// `text` with each `&` escaped that begins no reference with an end. Browsers read some without one, which are links that
/// somebody wrote out more often than not: `?id=7&region=1` names no trade mark.
fn closed(text: &str) -> Cow<'_, str> {
    /// Bytes of the longest name, with its end (HTML standard, section 13.5).
    const LONGEST: usize = 32;
    let is_open = |at: usize| {
        let behind = text.as_bytes()[at + 1..].iter().take(LONGEST);
        let end = behind.clone().find(|byte| !byte.is_ascii_alphanumeric() && **byte != b'#');
        end != Some(&b';')
    };
    let mut open = text.match_indices('&').map(|(at, _)| at).filter(|at| is_open(*at)).peekable();
    if open.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let (mut closed, mut from) = (String::with_capacity(text.len() + 64), 0);
    for at in open {
        closed.push_str(&text[from..=at]);
        closed.push_str("amp;");
        from = at + 1;
    }
    closed.push_str(&text[from..]);
    Cow::Owned(closed)
}

/// Text that is being put together.
#[derive(Default)]
struct Prose {
    text: String,
    /// How many lines end before the next word.
    breaks: usize,
    /// Whether there is space before the next word.
    is_apart: bool,
    /// Whether what comes is of a script or a style.
    is_hidden: bool,
    /// Whether the ends of lines are such.
    keeps_lines: bool,
    has_tags: bool,
    /// Whether a tag breaks a line.
    has_lines: bool,
}

impl Prose {
    fn read(html: &str, keeps_lines: bool) -> Self {
        let mut prose = Self { keeps_lines, ..Self::default() };
        let closed = closed(html);
        let mut tokens = Tokenizer::new(&*closed);
        while let Some(Ok(token)) = tokens.next() {
            match token {
                Token::String(piece) => prose.append(&String::from_utf8_lossy(&piece)),
                Token::StartTag(tag) => {
                    match &**tag.name {
                        b"script" => tokens.set_state(State::ScriptData),
                        b"style" => tokens.set_state(State::RawText),
                        _ => (),
                    }
                    prose.is_hidden = matches!(&**tag.name, b"script" | b"style");
                    prose.pass(&tag.name);
                }
                Token::EndTag(tag) => {
                    prose.is_hidden = false;
                    prose.pass(&tag.name);
                }
                Token::Comment(_) => prose.has_tags = true,
                _ => (),
            }
        }
        prose
    }

    /// Adds a piece, each run of space in it as one. Space is what it is in HTML, and that which may not break.
    fn append(&mut self, piece: &str) {
        for c in piece.chars().filter(|_| !self.is_hidden) {
            if c.is_ascii_whitespace() || c == '\u{a0}' {
                self.is_apart = true;
                if self.keeps_lines && c == '\n' {
                    self.breaks = (self.breaks + 1).min(2);
                }
                continue;
            }
            if !self.text.is_empty() && self.breaks > 0 {
                self.text.extend(std::iter::repeat_n('\n', self.breaks));
            } else if !self.text.is_empty() && self.is_apart {
                self.text.push(' ');
            }
            (self.breaks, self.is_apart) = (0, false);
            self.text.push(c);
        }
    }

    /// Notes a tag of this name, and where it breaks lines.
    fn pass(&mut self, name: &[u8]) {
        let breaks = match name {
            b"br" => (self.breaks + 1).min(2),
            name if PARAGRAPHS.contains(&name) => 2,
            name if LINES.contains(&name) => self.breaks.max(1),
            _ => 0,
        };
        self.has_tags = true;
        self.has_lines |= breaks > 0;
        self.breaks = self.breaks.max(breaks);
    }
}

/// The lines of `text` without space at their ends, and never more than one empty one between two.
fn lines(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(text(html).as_deref(), Some(expected).filter(|it| !it.is_empty()), "{html}");
    }

    #[test]
    fn lines_are_broken_as_a_browser_breaks_them() {
        check(
            "<p>A <b>bold</b>\n  frog.</p><p>Another&nbsp;one&amp;more</p>",
            "A bold frog.\n\nAnother one&more",
        );
        check("<p>One<br>two<br />three</p>\n<p>four</p>", "One\ntwo\nthree\n\nfour");
        check("<div>One<BR>two</div><div>three</div>", "One\ntwo\nthree");
        check("<ul><li>a</li><li><a href='x>y'>b</a></li></ul>c", "a\nb\n\nc");
        check("one<br><br><br><br>two", "one\n\ntwo");
        check("<p> </p><p></p>x<p>", "x");
        check("<h1>Frogs</h1>and<hr>toads", "Frogs\n\nand\ntoads");
        check(
            "see <a href=\"https://x.example/\"><span>https://</span><span>x.example</span></a>",
            "see https://x.example",
        );
    }

    #[test]
    fn what_is_not_shown_is_no_text() {
        check("a<script>if (1 < 2) { '</b><!--' }</script>b<!-- > c -->d<STYLE>p{}</STYLE>e<style>", "abde");
        check("<script>never ends", "");
        check("<p>cut <a href=", "cut");
    }

    #[test]
    fn what_has_no_tag_keeps_its_lines() {
        check("kept\r\n\r\n\r\nas  it is \n", "kept\n\nas  it is");
        check("1 < 2 and 3 > 2, <3 & R&D &bogus;", "1 < 2 and 3 > 2, <3 & R&D &bogus;");
        check("ends in <b", "ends in <b");
        check("a&lt;b&gt;c Tom &amp; Jerry &#39;40 &#x2013; &eacute;", "a<b>c Tom & Jerry '40 – é");
        check("", "");
    }

    #[test]
    fn what_has_no_tag_that_breaks_a_line_keeps_its_lines() {
        check("One <b>frog</b>\r\ntwo  frogs\n\n\n\n<a href=x>three</a>", "One frog\ntwo frogs\n\nthree");
        check("One <b>frog</b>\ntwo<br>three", "One frog two\nthree");
        check("蛙\u{3000}<b>池</b>&nbsp;&nbsp;", "蛙\u{3000}池");
    }

    #[test]
    fn a_line_is_one() {
        assert_eq!(line("<p>A\nfrog</p>  <p>&amp; more</p>"), "A frog & more");
        assert_eq!(line("A\n frog"), "A frog");
    }

    #[test]
    fn what_is_no_html_has_its_tags() {
        assert_eq!(characters("<b>&lt;b&gt; &amp;amp; &#x1F9A6; R&D"), "<b><b> &amp; 🦦 R&D");
    }

    #[test]
    fn a_link_that_is_written_out_stays_that_link() {
        let link = "https://x.example/?a=1&region=2&timestamp=3&copy&lt=4&#1";
        check(link, link);
        check(&format!("<p>{link}</p>"), link);
        assert_eq!(characters(link), link);
        check("<p>?a&amp;copy=1&copy; &CounterClockwiseContourIntegral;&ä;</p>", "?a&copy=1© ∳&ä;");
    }

    #[test]
    fn many_tags_take_no_longer_than_they_are_long() {
        let begun = std::time::Instant::now();
        for hostile in ["<script>", "</", "<p", "<p>", "<!--", "&amp", "&", "<a<a", "<![CDATA["] {
            let html = hostile.repeat(100_000);
            assert!(text(&html).is_none_or(|text| text.len() <= html.len()), "{hostile}");
        }
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}
