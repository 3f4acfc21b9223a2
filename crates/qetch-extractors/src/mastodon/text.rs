//! The text of a post: HTML in, plain text out.

/// How many characters of a post a title has at most.
const TITLE: usize = 100;

/// The text of `html`: paragraphs are an empty line apart, breaks and list items one line, tags are left out and entities
/// read. What is no HTML comes out as it is, and nothing in it is ever run or fetched.
pub(super) fn plain(html: &str) -> String {
    let (mut text, mut rest) = (String::with_capacity(html.len()), html);
    // Behind the last of these no tag ends, and none is looked for: text may be made of nothing but beginnings.
    let last_end = html.rfind('>');
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let may_end = last_end.is_some_and(|end| html.len() - from.len() < end);
        rest = match Some(from).filter(|_| may_end).and_then(tag) {
            Some((name, after)) => {
                text.push_str(instead_of(name));
                after
            }
            None => match entity(from) {
                Some((c, after)) => {
                    text.push(c);
                    after
                }
                None => {
                    text.push_str(&from[..1]);
                    &from[1..]
                }
            },
        };
    }
    text.push_str(rest);
    tidy(&text)
}

/// The first line of `text`, not too long for a title; `None` where there is none.
pub(super) fn title(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    match line.char_indices().nth(TITLE) {
        None => Some(line.to_owned()),
        Some((end, _)) => Some(format!("{}…", line[..end].trim_end())),
    }
}

/// The name of the tag that `html` begins with, with its slash, and what follows the tag.
fn tag(html: &str) -> Option<(&str, &str)> {
    let inside = html.strip_prefix('<')?;
    if !inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
        return None;
    }
    let (inside, after) = inside.split_once('>')?;
    let end = inside.char_indices().skip(1).find(|(_, c)| !c.is_ascii_alphanumeric());
    Some((&inside[..end.map_or(inside.len(), |(at, _)| at)], after))
}

/// What stands in the text in the place of a tag.
fn instead_of(tag: &str) -> &'static str {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(tag));
    match () {
        () if is(&["/p", "/blockquote", "/ul", "/ol", "/pre"]) => "\n\n",
        () if is(&["br", "br/", "li", "/h1", "/h2", "/h3", "/h4", "/h5", "/h6"]) => "\n",
        () => "",
    }
}

/// The character of the entity that `html` begins with, and what follows it.
fn entity(html: &str) -> Option<(char, &str)> {
    /// The longest that is read, such as `#x10FFFF`.
    const LONGEST: usize = 8;
    let inside = html.strip_prefix('&')?;
    let end = inside.bytes().take(LONGEST + 1).position(|byte| byte == b';')?;
    let (name, after) = (&inside[..end], &inside[end + 1..]);
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let hex = number.strip_prefix(['x', 'X']);
            let code = hex.map_or_else(|| number.parse(), |hex| u32::from_str_radix(hex, 16)).ok()?;
            char::from_u32(code).filter(|c| *c != '\0')?
        }
    };
    Some((c, after))
}

/// `text` without spaces at the ends of its lines, and never with two empty lines together.
fn tidy(text: &str) -> String {
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

    #[test]
    fn paragraphs_and_breaks_become_lines() {
        let check = |html: &str, expected: &str| assert_eq!(plain(html), expected, "{html}");
        check("<p>One<br>two<br />three</p><p>four</p>", "One\ntwo\nthree\n\nfour");
        check("<ul><li>a</li><li>b</li></ul>c", "a\nb\n\nc");
        check("<p></p><p></p><p>x</p>", "x");
        check(
            r#"<p>See <a href="https://a.example/b" rel="nofollow"><span class="invisible">https://</span><span>a.example/b</span></a></p>"#,
            "See https://a.example/b",
        );
        check("plain", "plain");
        check("", "");
    }

    #[test]
    fn entities_are_read_and_what_is_none_stays() {
        let check = |html: &str, expected: &str| assert_eq!(plain(html), expected, "{html}");
        check("a &amp;lt; b &lt;p&gt; &#39;&#x1F9A6;&quot;", "a &lt; b <p> '🦦\"");
        check("R&D &unknown; &#xD800; &#0; & &", "R&D &unknown; &#xD800; &#0; & &");
        check("1 < 2, 3 <4 <", "1 < 2, 3 <4 <");
        check("&ä; <ä>", "&ä; <ä>");
        check("<p>cut <a href=", "cut <a href=");
    }

    #[test]
    fn a_title_is_one_line_of_bounded_length() {
        assert_eq!(title("\n  \n one \ntwo").as_deref(), Some("one"));
        assert_eq!(title(" \n"), None);
        let long = title(&"ä".repeat(500)).unwrap();
        assert_eq!(long.chars().count(), TITLE + 1);
        assert!(long.ends_with('…'));
        assert_eq!(title(&"b".repeat(TITLE)).unwrap().len(), TITLE);
    }
}
