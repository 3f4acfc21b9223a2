//! `Content-Disposition`: whether an answer is to be saved, and under which name (RFC 6266, and RFC 8187 for
//! `filename*`).
//!
//! Servers write it in many ways that the RFCs do not allow, so it is read as far as it makes sense.

use percent_encoding::percent_decode_str;

use crate::common_link::base;

/// What the header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentDisposition {
    /// Whether the answer is to be saved rather than shown. Types that are not known count as this one (RFC 6266,
    /// section 4.2).
    pub(super) is_attachment: bool,
    /// The name to save it under, without a directory.
    pub(super) file_name: Option<String>,
}

impl ContentDisposition {
    /// Reads the value of the header; where there is none, it says nothing.
    pub(super) fn parse(value: Option<&[u8]>) -> Self {
        let text = value.map(to_text).unwrap_or_default();
        let (kind, rest) = text.split_once(';').unwrap_or((&text, ""));
        // Some leave the type out and begin with the name.
        let (kind, parameters) = if kind.contains('=') { ("", text.as_str()) } else { (kind.trim(), rest) };
        let is_attachment = !kind.is_empty() && !kind.eq_ignore_ascii_case("inline");
        let (mut plain, mut extended) = (None, None);
        for (key, value) in Parameters(parameters) {
            match key.to_ascii_lowercase().as_str() {
                "filename" if plain.is_none() => plain = base(&value),
                "filename*" if extended.is_none() => {
                    extended = decode(&value).and_then(|value| base(&value));
                }
                _ => (),
            }
        }
        Self { is_attachment, file_name: extended.or(plain) }
    }
}

/// UTF-8 where it is that, as browsers take it and most servers send it, else Latin-1, as HTTP had it.
fn to_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => latin1(bytes),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// The value of `filename*`: a character set, a language that is not looked at, and percent-encoded text.
fn decode(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, encoded) = rest.split_once('\'')?;
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    match charset.trim().to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(latin1(&bytes)),
        _ => None,
    }
}

/// The parameters of the text, names and values, one after another.
struct Parameters<'a>(&'a str);

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a str, String);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.0 = self.0.trim_start_matches(|c: char| c == ';' || c.is_whitespace());
            if self.0.is_empty() {
                return None;
            }
            let end = self.0.find(['=', ';']).unwrap_or(self.0.len());
            let (key, rest) = self.0.split_at(end);
            let Some(rest) = rest.strip_prefix('=') else {
                // A word that is no parameter.
                self.0 = rest;
                continue;
            };
            let (value, rest) = value(rest.trim_start());
            self.0 = rest;
            return Some((key.trim(), value));
        }
    }
}

/// The value that `text` begins with, and what follows it. One that is not quoted ends at the next semicolon, so that a
/// name with blanks is read whole.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            // Only what needs escaping is: a backslash before anything else is one of a Windows path.
            '\\' => match characters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push('\\'),
            },
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: impl AsRef<[u8]>, is_attachment: bool, file_name: Option<&str>) {
        let expected = ContentDisposition { is_attachment, file_name: file_name.map(str::to_owned) };
        assert_eq!(ContentDisposition::parse(Some(value.as_ref())), expected);
    }

    #[test]
    fn the_type_says_whether_it_is_to_be_saved() {
        check("attachment", true, None);
        check("Attachment ; x", true, None);
        check("INLINE; filename=a.mp4", false, Some("a.mp4"));
        check("of-tomorrow; filename=a.mp4", true, Some("a.mp4"));
        check("filename=a.mp4", false, Some("a.mp4"));
        check("", false, None);
        assert_eq!(ContentDisposition::parse(None), ContentDisposition::default());
    }

    #[test]
    fn names_come_plain_and_quoted() {
        check("attachment; filename=a.mp4", true, Some("a.mp4"));
        check("attachment;FileName = \"a; b.mp4\" ;size=3", true, Some("a; b.mp4"));
        check(r#"attachment; filename="a \"b\" \\ c.mp4""#, true, Some("c.mp4"));
        check(r#"attachment; filename="a \"b\".mp4""#, true, Some("a \"b\".mp4"));
        check("attachment; filename=my clip.mp4; x=y", true, Some("my clip.mp4"));
        check("attachment; filename=\"never closed.mp4", true, Some("never closed.mp4"));
        check("attachment; x=\"filename=b\"; filename=a.mp4; filename=c.mp4", true, Some("a.mp4"));
        check("attachment; filename=\"\"", true, None);
        check("attachment; filename", true, None);
        check("attachment; =a.mp4", true, None);
    }

    #[test]
    fn the_extended_name_wins_where_it_can_be_read() {
        check("attachment; filename=a.mp4; filename*=UTF-8''%e2%82%ac.mp4", true, Some("€.mp4"));
        check("attachment; filename*=utf-8'en'a%20b.mp4; filename=c.mp4", true, Some("a b.mp4"));
        check("attachment; filename*=\"UTF-8''a.mp4\"", true, Some("a.mp4"));
        check("attachment; filename*=iso-8859-1''%e4.mp4", true, Some("ä.mp4"));
        check("attachment; filename=a.mp4; filename*=UTF-8''%ff", true, Some("a.mp4"));
        check("attachment; filename=a.mp4; filename*=big5''x", true, Some("a.mp4"));
        check("attachment; filename=a.mp4; filename*=b.mp4", true, Some("a.mp4"));
    }

    #[test]
    fn raw_bytes_are_utf8_or_latin1() {
        check("attachment; filename=\"ä.mp4\"", true, Some("ä.mp4"));
        check(b"attachment; filename=\"\xe4.mp4\"", true, Some("ä.mp4"));
    }

    #[test]
    fn a_name_leads_to_no_directory() {
        check("attachment; filename=\"../../etc/passwd\"", true, Some("passwd"));
        check(r#"attachment; filename="C:\Users\me\a.mp4""#, true, Some("a.mp4"));
        check("attachment; filename*=UTF-8''..%2F..%2Fa.mp4", true, Some("a.mp4"));
        check("attachment; filename=..", true, None);
        check("attachment; filename=a/", true, None);
    }

    #[test]
    fn whatever_comes_is_read_without_a_panic() {
        // Every text of up to five of these, which are all that mean something.
        let parts = ["", ";", "=", "\"", "\\", "'", "%", "ä", " ", "filename", "filename*", "\u{0}"];
        for number in 0..parts.len().pow(5) {
            let digits = std::iter::successors(Some(number), |rest| Some(rest / parts.len())).take(5);
            let text: String = digits.map(|digit| parts[digit % parts.len()]).collect();
            ContentDisposition::parse(Some(text.as_bytes()));
        }
    }
}
