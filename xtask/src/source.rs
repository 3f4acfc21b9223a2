//! Rust source as tokens: enough to look for words and paths without being misled by comments, strings or tests.

/// A piece of source that is not a comment: a word, a string with its quotes, `::`, or a single sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

impl Token<'_> {
    /// Whether this is an identifier or keyword.
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(is_word_start) && self.text.chars().all(is_word_part)
    }
}

/// Splits `source` into tokens; comments and doc comments are left out.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let length = piece(rest, first);
        let (text, after) = rest.split_at(length);
        let comment = text.starts_with("//") || text.starts_with("/*");
        if !comment && !first.is_whitespace() {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Whether `tokens` begin with exactly these texts.
pub(crate) fn begins(tokens: &[Token<'_>], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.text == *text)
}

/// The tokens that are built into the product: items under `#[cfg(test)]`, and files under `#![cfg(test)]`, are left out.
pub(crate) fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::with_capacity(tokens.len());
    if begins(tokens, &["#", "!", "[", "cfg", "(", "test", ")", "]"]) {
        return kept;
    }
    let mut at = 0;
    while at < tokens.len() {
        if begins(&tokens[at..], &["#", "[", "cfg", "(", "test", ")", "]"]) {
            at += 7;
            at += item_length(&tokens[at..]);
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// How many tokens from the first bracket to the one that closes it; all of them when nothing does.
pub(crate) fn group_length(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// An item ends with its block, or with `;` or `,`. Where that is too early the rest counts as code: never too late.
fn item_length(tokens: &[Token<'_>]) -> usize {
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].text {
            "{" => return at + group_length(&tokens[at..]),
            "(" | "[" => at += group_length(&tokens[at..]),
            ";" | "," => return at + 1,
            "}" | ")" | "]" => return at,
            _ => at += 1,
        }
    }
    at
}

/// How many bytes the next piece of source takes.
fn piece(rest: &str, first: char) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if let Some(length) = raw_string(rest) {
        return length;
    }
    match first {
        '"' => string(rest),
        '\'' => character(rest),
        ':' if rest.starts_with("::") => 2,
        _ if is_word_part(first) => rest.find(|c| !is_word_part(c)).unwrap_or(rest.len()),
        _ => first.len_utf8(),
    }
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let step = if rest[at..].starts_with("/*") {
            depth += 1;
            2
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            2
        } else {
            rest[at..].chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#` and the same with `b` or `c` before; `r#word` is not one.
fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|&it| {
        let after = rest.strip_prefix(it);
        after.is_some_and(|after| after.trim_start_matches('#').starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let opened = prefix.len() + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    let length = rest[opened..].find(&closing).map(|at| opened + at + closing.len());
    Some(length.unwrap_or(rest.len()))
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal, or only the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut inside = rest[1..].char_indices();
    let Some((_, first)) = inside.next() else { return 1 };
    if first == '\\' {
        // The escaped character itself may be a quote.
        let closing = inside.skip(1).find(|&(_, c)| c == '\'');
        return closing.map_or(rest.len(), |(at, _)| at + 2);
    }
    match inside.next() {
        Some((at, '\'')) => at + 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let found: Vec<_> = tokens(source).iter().map(|token| token.text).collect();
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_product(source: &str, expected: &[&str]) {
        let all = tokens(source);
        let found: Vec<_> = without_tests(&all).iter().map(|token| token.text).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn comments_are_left_out() {
        check("a // b \" c\n/// d\n//! e\n/* f /* g */ h */ i", &["a", "i"]);
    }

    #[test]
    fn strings_stay_whole() {
        check(
            r##"a("b // \" c", r#"d " e"#, br"\", b"x")"##,
            &["a", "(", r#""b // \" c""#, ",", r##"r#"d " e"#"##, ",", r#"br"\""#, ",", "b", "\"x\"", ")"],
        );
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        check(
            r"'{' '\'' '\u{7f}' &'a b r#type",
            &["'{'", r"'\''", r"'\u{7f}'", "&", "'", "a", "b", "r", "#", "type"],
        );
    }

    #[test]
    fn paths_and_lines_are_kept() {
        let found = tokens("use a::b;\n\"x\ny\"\nc");
        assert_eq!(found[2].text, "::");
        assert_eq!(found.last().map(|token| token.line), Some(4));
    }

    #[test]
    fn what_is_only_for_tests_is_cut_and_what_follows_is_not() {
        check_product("a #[cfg(test)] mod tests { fn b() { '}' } } c", &["a", "c"]);
        check_product("#[cfg(test)] mod tests; d", &["d"]);
        check_product("#[cfg(test)] #[path = \"x\"] use e::{f}; g", &[";", "g"]);
        check_product("#[cfg(not(test))] h", &["#", "[", "cfg", "(", "not", "(", "test", ")", ")", "]", "h"]);
        check_product("//! Tests.\n#![cfg(test)]\nuse i;", &[]);
    }
}
