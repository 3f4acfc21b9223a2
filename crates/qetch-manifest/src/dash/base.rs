//! What the URLs of a manifest are relative to: `BaseURL` (ISO/IEC 23009-1, section 5.6).

use std::sync::Arc;

use qetch_core::{Error, Result, Url};

use super::xml::Element;

/// The longest that one may be: each representation may have its own, made of that of what it stands in.
const LONGEST: usize = 4 << 10;

/// What the URLs in `element` are relative to, where those around it are relative to `outer`. The first of several is
/// taken: the others are the same elsewhere.
pub(super) fn base(element: &Element, outer: &Arc<Url>, url: &Url) -> Result<Arc<Url>> {
    let Some(own) = element.first("BaseURL") else { return Ok(Arc::clone(outer)) };
    let joined = if own.text().len() > LONGEST { None } else { outer.join(own.text()).ok() };
    joined
        .filter(|joined| joined.as_str().len() <= LONGEST)
        .map(Arc::new)
        .ok_or_else(|| Error::bad_reply(url, "the manifest has a `BaseURL` that is no URL"))
}

#[cfg(test)]
mod tests {
    use super::{super::xml::parse, *};

    #[track_caller]
    fn check(outer: &str, element: &str, expected: Result<&str, &str>) {
        let outer = Arc::new(Url::parse(outer).unwrap());
        let found = parse(element, &outer).and_then(|element| base(&element, &outer, &outer));
        assert_eq!(found.as_ref().map(|it| it.as_str()).map_err(Error::code), expected, "{element:.100}");
    }

    #[test]
    fn the_first_is_joined() {
        let outer = "https://h.example/a/m.mpd?x=1";
        check(outer, "<P/>", Ok(outer));
        check(
            outer,
            "<P><BaseURL> dash/ </BaseURL><BaseURL>other/</BaseURL></P>",
            Ok("https://h.example/a/dash/"),
        );
        check(
            outer,
            "<P><BaseURL>https://cdn.example/b/?t=1&amp;u=2</BaseURL></P>",
            Ok("https://cdn.example/b/?t=1&u=2"),
        );
        check(outer, "<P><A><BaseURL>deeper/</BaseURL></A></P>", Ok(outer));
    }

    #[test]
    fn what_is_no_url_is_a_bad_reply() {
        let outer = "https://h.example/";
        check(outer, "<P><BaseURL>https://[</BaseURL></P>", Err("bad_reply"));
        check(outer, &format!("<P><BaseURL>{}</BaseURL></P>", "a".repeat(LONGEST)), Err("bad_reply"));
    }
}
