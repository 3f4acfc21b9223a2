//! `Template`: URLs with identifiers between dollar signs (ISO/IEC 23009-1, section 5.3.9.4.4).

use std::fmt::Write;

use qetch_core::{Error, Result, Url};

/// The widest that a number may be made: a larger width helps nobody.
const WIDEST: usize = 32;

/// The longest URL that a template may make.
const LONGEST: usize = 8 << 10;

/// A template, with all filled in that is the same for each segment.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    /// With at least so many digits.
    Number(usize),
    Time(usize),
}

impl Template {
    /// Reads a template of the manifest at `url`, for this representation. A dollar sign that begins no identifier stays.
    ///
    /// # Errors
    /// `bad_reply` where an identifier has a width that makes no sense, or would make a URL too long.
    pub(super) fn new(text: &str, id: &str, bandwidth: u64, url: &Url) -> Result<Self> {
        let mut template = Self { pieces: Vec::new() };
        let (mut rest, mut length) = (text, 0);
        while let Some((before, after)) = rest.split_once('$') {
            template.push(before, &mut length, url)?;
            rest = match after.split_once('$') {
                Some(("", next)) => {
                    template.push("$", &mut length, url)?;
                    next
                }
                Some((inner, next)) if template.identifier(inner, id, bandwidth, &mut length, url)? => next,
                _ => {
                    template.push("$", &mut length, url)?;
                    after
                }
            };
        }
        template.push(rest, &mut length, url)?;
        Ok(template)
    }

    /// Whether it tells segments apart: without a number or a time, all are the same.
    pub(super) fn tells_apart(&self) -> bool {
        self.pieces.iter().any(|piece| !matches!(piece, Piece::Text(_)))
    }

    /// Whether it has the time of a segment, and no number.
    pub(super) fn is_timed(&self) -> bool {
        self.tells_apart() && !self.pieces.iter().any(|piece| matches!(piece, Piece::Number(_)))
    }

    /// The URL of a segment, relative as the template is.
    pub(super) fn expand(&self, number: u64, time: u64) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            // Writing to a string does not fail.
            let _ = match piece {
                Piece::Text(piece) => text.write_str(piece),
                Piece::Number(width) => write!(text, "{number:0width$}"),
                Piece::Time(width) => write!(text, "{time:0width$}"),
            };
        }
        text
    }

    /// Adds an identifier, if `inner` is one.
    fn identifier(
        &mut self,
        inner: &str,
        id: &str,
        bandwidth: u64,
        length: &mut usize,
        url: &Url,
    ) -> Result<bool> {
        let (name, tag) = match inner.find('%') {
            Some(at) => (&inner[..at], Some(&inner[at..])),
            None => (inner, None),
        };
        match name {
            "RepresentationID" if tag.is_none() => self.push(id, length, url)?,
            "Bandwidth" => {
                let width = width(tag, url)?;
                self.push(&format!("{bandwidth:0width$}"), length, url)?;
            }
            "Number" => self.pieces.push(Piece::Number(reserve(width(tag, url)?, length, url)?)),
            "Time" => self.pieces.push(Piece::Time(reserve(width(tag, url)?, length, url)?)),
            "SubNumber" => {
                return Err(Error::bad_reply(url, "the manifest has sub-segments, which are not read"));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn push(&mut self, text: &str, length: &mut usize, url: &Url) -> Result<()> {
        add(text.len(), length, url)?;
        match self.pieces.last_mut() {
            Some(Piece::Text(piece)) => piece.push_str(text),
            _ if text.is_empty() => (),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
        Ok(())
    }
}

/// The width that a format tag such as `%05d` asks for: 1 where there is none.
fn width(tag: Option<&str>, url: &Url) -> Result<usize> {
    let Some(tag) = tag else { return Ok(1) };
    let digits = tag.strip_prefix('%').and_then(|tag| tag.strip_suffix('d'));
    let width = match digits {
        Some("") => Some(1),
        Some(digits) if digits.bytes().all(|it| it.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    width
        .filter(|&width: &usize| width <= WIDEST)
        .ok_or_else(|| Error::bad_reply(url, "a template of the manifest has a width that makes no sense"))
}

/// Room for a number of this width, or for the longest.
fn reserve(width: usize, length: &mut usize, url: &Url) -> Result<usize> {
    add(width.max(20), length, url)?;
    Ok(width)
}

fn add(more: usize, length: &mut usize, url: &Url) -> Result<()> {
    *length = length.saturating_add(more);
    if *length > LONGEST {
        return Err(Error::bad_reply(
            url,
            format!("a template of the manifest makes URLs of over {LONGEST} bytes"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, expected: Result<&str, &str>) {
        let url = Url::parse("https://h.example/m.mpd").unwrap();
        let found = Template::new(template, "v1", 900_000, &url).map(|it| it.expand(42, 9000));
        assert_eq!(found.as_deref().map_err(Error::code), expected, "{template:.100}");
    }

    #[test]
    fn identifiers_are_filled_in() {
        check("$RepresentationID$/$Number$.m4s", Ok("v1/42.m4s"));
        check("$Bandwidth$/$Time$.m4s", Ok("900000/9000.m4s"));
        check("$Number%05d$-$Time%02d$-$Bandwidth%08d$", Ok("00042-9000-00900000"));
        check("$Number%d$-$Number%0d$", Ok("42-42"));
        check("a$$b$$", Ok("a$b$"));
        check("plain", Ok("plain"));
    }

    #[test]
    fn what_is_no_identifier_stays() {
        check("a$b", Ok("a$b"));
        check("?sig=a$b$Number$", Ok("?sig=a$b42"));
        check("$number$", Ok("$number$"));
        check("$", Ok("$"));
        check("$RepresentationID%05d$", Ok("$RepresentationID%05d$"));
    }

    #[test]
    fn widths_are_bounded() {
        check("$Number%032d$", Ok(&format!("{:032}", 42)));
        for tag in ["%033d", "%099999999999999999999d", "%05x", "%", "%-1d", "%+1d"] {
            check(&format!("$Number{tag}$"), Err("bad_reply"));
        }
        check("$SubNumber$", Err("bad_reply"));
    }

    #[test]
    fn urls_are_bounded() {
        check(&"x".repeat(LONGEST + 1), Err("bad_reply"));
        check(&"$RepresentationID$".repeat(LONGEST), Err("bad_reply"));
        check(&"$Number$".repeat(LONGEST / 20 + 1), Err("bad_reply"));
        check(&"x".repeat(LONGEST), Ok(&"x".repeat(LONGEST)));
    }
}
