//! The heads of replies, as the engine judges them: a first one, and one that must fit it.

use http::HeaderMap;
use qetch_core::Url;
use qetch_downloaders::http::fuzz::{Asked, Told, judge};

use crate::{canned::headers, first_line};

/// The most bytes before what was asked for that a reply may bring.
const SKIPPED: u64 = 1 << 20;

/// A head: its status, what was asked (`all`, `5-` or `5-9`), and its header lines.
struct Head {
    status: u16,
    asked: Asked,
    headers: HeaderMap,
}

/// What is used of a reply holds what was asked for, lies within the file, and contradicts nothing that is known. The
/// input is two heads with an empty line between them.
pub fn reply(data: &[u8]) {
    let between = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let Some(first) = head(&data[..between]) else { return };
    let Some(told) = judged(&first, None) else { return };
    assert!(told.is_proven, "there is nothing yet that it could differ from");
    let Some(second) = head(data.get(between + 2..).unwrap_or_default()) else { return };
    let Some(later) = judged(&second, Some(&told)) else { return };
    let sizes = told.complete.zip(later.complete);
    assert!(sizes.is_none_or(|(first, later)| first == later), "two sizes: {sizes:?}");
    let tag = |headers: &HeaderMap| headers.get("etag").map(|it| it.as_bytes().trim_ascii().to_vec());
    if later.is_proven {
        let tags = tag(&first.headers).zip(tag(&second.headers));
        let is_dated = first.headers.contains_key("last-modified") && first.headers.contains_key("date");
        assert!(tags.is_some_and(|(first, second)| first == second) || is_dated, "nothing proves it");
    }
}

/// Judges a reply, and what may be used of it.
fn judged(head: &Head, known: Option<&Told>) -> Option<Told> {
    let url = Url::parse("https://site.example/f").unwrap();
    let judged = || judge(head.status, &head.headers, &url, &head.asked, known.map(|known| &known.known));
    let told = judged();
    assert_eq!(told, judged());
    let told = told?;
    let (start, end) = told.body;
    let asked = match &head.asked {
        Asked::Whole => 0,
        Asked::From(start) => *start,
        Asked::Between(range) => range.start,
    };
    assert!(start <= asked && asked - start <= SKIPPED, "{told:?}");
    match head.status {
        200 => assert!(start == 0 && asked == 0 && end == told.complete, "{told:?}"),
        206 => {
            assert!(head.asked != Asked::Whole && told.complete.is_some(), "{told:?}");
            assert!(end.is_some_and(|end| end > asked), "{told:?}");
        }
        status => panic!("a status of {status} is used"),
    }
    assert!(end.zip(told.complete).is_none_or(|(end, complete)| end <= complete), "{told:?}");
    Some(told)
}

fn head(text: &[u8]) -> Option<Head> {
    let (first, rest) = first_line(text);
    let (status, asked) = std::str::from_utf8(first).ok()?.split_once(' ')?;
    let asked = match asked.split_once('-') {
        None => Asked::Whole,
        Some((start, "")) => Asked::From(start.parse().ok()?),
        Some((start, end)) => {
            let (start, end) = (start.parse().ok()?, end.parse().ok()?);
            // Nobody asks for nothing, nor past what a file can have.
            (start < end && end <= i64::MAX as u64).then_some(Asked::Between(start..end))?
        }
    };
    Some(Head { status: status.parse().ok()?, asked, headers: headers(rest) })
}
