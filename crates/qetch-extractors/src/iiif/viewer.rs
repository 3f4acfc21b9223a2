//! Viewers: pages that show a manifest which their link names.

use base64::{Engine as _, alphabet, engine};
use qetch_core::{
    Url,
    link::{decoded, whole},
};
use serde_json::Value;

use super::values::{either, id, list, type_of};

/// The manifest that the viewer at `url` shows: `iiif-content` (Content State API 1.0, section 3.1), or `manifest`, as most
/// viewers call it, where `is_manifest` says so of its link. Some have it behind `#?`.
pub(super) fn shown_in(url: &Url, is_manifest: impl Fn(&Url) -> bool) -> Option<Url> {
    let is_named = |text: &&str| text.contains("manifest=") || text.contains("iiif-content=");
    let named = [url.query(), url.fragment()].into_iter().flatten().find(is_named)?;
    let mut pairs = url.clone();
    pairs.set_query(Some(named.trim_start_matches('?')));
    let mut pairs = pairs.query_pairs();
    pairs.find_map(|(name, value)| match &*name {
        "iiif-content" => content_state(&value),
        "manifest" => whole(&value).filter(&is_manifest),
        _ => None,
    })
}

/// The manifest of a content state: a link, or else JSON that says what of it is to be shown, in URL-safe base64 (section 6).
fn content_state(value: &str) -> Option<Url> {
    const BASE64: engine::GeneralPurpose = engine::GeneralPurpose::new(
        &alphabet::URL_SAFE,
        engine::GeneralPurposeConfig::new().with_decode_padding_mode(engine::DecodePaddingMode::Indifferent),
    );
    if let Some(link) = whole(value) {
        return Some(link);
    }
    let text = if value.trim_start().starts_with('{') {
        value.to_owned()
    } else {
        decoded(&String::from_utf8(BASE64.decode(value.trim()).ok()?).ok()?)
    };
    manifest_of(&serde_json::from_str(&text).ok()?)
}

/// The manifest that something is, is about or is a part of.
fn manifest_of(state: &Value) -> Option<Url> {
    if matches!(type_of(state), "Manifest" | "Collection") {
        return whole(id(state)?);
    }
    let inner = ["target", "partOf", "source"].into_iter().flat_map(|name| list(state, name));
    inner.filter(|inner| either(inner, "id", "target").is_some()).find_map(manifest_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_name_the_manifest_they_show() {
        let manifest = "https://library.example/iiif/7/manifest";
        let check = |link: &str, expected: Option<&str>| {
            let shown = shown_in(&Url::parse(link).unwrap(), |url| url.path().ends_with("manifest"));
            assert_eq!(shown.as_ref().map(Url::as_str), expected, "{link}");
        };
        let viewer = "https://viewer.example/view";
        check(&format!("{viewer}?manifest={manifest}&page=2"), Some(manifest));
        check(
            &format!("{viewer}?manifest=https%3A%2F%2Flibrary.example%2Fiiif%2F7%2Fmanifest"),
            Some(manifest),
        );
        check(&format!("{viewer}?iiif-content={manifest}"), Some(manifest));
        check(&format!("https://viewer.example/uv.html#?c=0&manifest={manifest}"), Some(manifest));
        let canvas = r#"{"id":"https://library.example/c1","type":"Canvas","partOf":[{"id":"https://library.example/iiif/7/manifest","type":"Manifest"}]}"#;
        let base64 = "eyJpZCI6Imh0dHBzOi8vbGlicmFyeS5leGFtcGxlL2MxIiwidHlwZSI6IkNhbnZhcyIsInBhcnRPZiI6W3siaWQiOiJodHRwczovL2xpYnJhcnkuZXhhbXBsZS9paWlmLzcvbWFuaWZlc3QiLCJ0eXBlIjoiTWFuaWZlc3QifV19";
        for state in [canvas, base64] {
            check(&format!("{viewer}?iiif-content={state}"), Some(manifest));
        }
        check(&format!("{viewer}?u={manifest}"), None);
        check(&format!("{viewer}?manifest=https://cdn.example/live.m3u8"), None);
        check(&format!("{viewer}?manifest=file:///etc/manifest"), None);
        check(&format!("{viewer}?iiif-content=frogs"), None);
    }
}
