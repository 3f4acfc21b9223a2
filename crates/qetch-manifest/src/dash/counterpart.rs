//! Which representation of another period goes on with one: periods need not offer the same.

use std::cmp::Reverse;

use qetch_core::Kind;

use super::representation::Representation;

/// What goes on with `one` among `others`, which are those of another period: the one with its id, where there is one of its
/// kind; else the nearest, by language, role, height, codec, and bandwidth. None has sound or subtitles in another language.
pub(super) fn counterpart<'a>(
    one: &Representation,
    others: &'a [Representation],
) -> Option<&'a Representation> {
    // In its own period it is itself, even where another is its double.
    if let Some(itself) = others.iter().find(|&other| std::ptr::eq(one, other)) {
        return Some(itself);
    }
    let alike = others.iter().filter(|other| other.kind == one.kind);
    let near = alike.filter_map(|other| Some((distance(one, other)?, other)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, other)| other)
}

/// Less is nearer.
type Distance = (Reverse<bool>, Reverse<bool>, Reverse<bool>, u32, Reverse<bool>, u64);

fn distance(one: &Representation, other: &Representation) -> Option<Distance> {
    let has_id = one.id.is_some() && one.id == other.id;
    let same_language = match (&one.language, &other.language) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        _ => false,
    };
    // A language that is not told may be the right one.
    let may_follow = same_language || one.language.is_none() || other.language.is_none();
    if !has_id && !may_follow && one.kind != Kind::Video {
        return None;
    }
    Some((
        Reverse(has_id),
        Reverse(same_language),
        Reverse(one.role == other.role),
        one.height.unwrap_or_default().abs_diff(other.height.unwrap_or_default()),
        Reverse(family(one) == family(other)),
        one.bandwidth.abs_diff(other.bandwidth),
    ))
}

/// The first codec without its profile.
fn family(one: &Representation) -> &str {
    one.codecs.as_deref().unwrap_or_default().split(['.', ',']).next().unwrap_or_default()
}
