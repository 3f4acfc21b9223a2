//! Text of what people wrote in HTML.

/// The text of HTML: its lines without tags, the characters that names and numbers stand for, and nothing of scripts and
/// styles. What is no HTML stays as it is, but for blanks.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        text.push_str(before);
        rest = tag;
        if !tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')) {
            text.push('<');
            rest = &tag[1..];
            continue;
        }
        let Some(end) = tag.find('>') else { break };
        let name = tag[1..end].trim_start_matches('/');
        let name =
            name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
        rest = &tag[end + 1..];
        match name.as_str() {
            "br" | "p" | "div" | "li" | "tr" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "blockquote" => {
                text.push('\n');
            }
            "script" | "style" if !tag.starts_with("</") => rest = behind(rest, &name),
            _ => (),
        }
    }
    text.push_str(rest);
    lines(&characters(&text))
}

/// What stands from the end of the element `name` on.
fn behind<'a>(rest: &'a str, name: &str) -> &'a str {
    let is_end = |at: &usize| {
        let end = rest.as_bytes().get(at + 2..at + 2 + name.len());
        end.is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
    };
    let end = rest.match_indices("</").map(|(at, _)| at).find(is_end);
    end.map_or("", |end| &rest[end..])
}

/// With the characters that references stand for (HTML, section 13.5, of which those are read that people write by hand).
pub(crate) fn characters(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        read.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        // The longest of those that are read has eight characters.
        let end = rest.bytes().take(9).position(|byte| byte == b';');
        match end.and_then(|end| Some((character(&rest[..end])?, end))) {
            Some((character, end)) => {
                read.push(character);
                rest = &rest[end + 1..];
            }
            None => read.push('&'),
        }
    }
    read.push_str(rest);
    read
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => return None,
    })
}

/// The lines, each with single blanks, and never more than one empty one between two.
fn lines(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn html_becomes_lines_of_text() {
        let check = |html: &str, expected: &str| assert_eq!(text(html), expected, "{html}");
        check("plain  text", "plain text");
        check("<div>One<br />two</div><div>three</div>", "One\ntwo\n\nthree");
        check("Tom &amp; Jerry &#39;40 &#x2013; &bogus; &", "Tom & Jerry '40 – &bogus; &");
        check("1 < 2 <b>and</b> 3 > 2", "1 < 2 and 3 > 2");
        check("a<script>let x = '<p>';</script>b<STYLE>p{}</STYLE>c", "abc");
        check("<script>never ends", "");
        check("ends in <b", "ends in <b");
        check("a&lt;b&gt;c", "a<b>c");
        check("<a href=\"https://x.example/\">link</a>\r\n\r\n\r\nmore", "link\n\nmore");
        check("", "");
    }
}
