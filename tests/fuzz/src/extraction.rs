//! Whole extractions, from an answer to contents.

use std::{collections::BTreeSet, sync::LazyLock};

use http::{HeaderMap, HeaderValue, header};
use qetch_core::{
    AuthRegistry, Content, Context, Credential, Delivery, Found, Quality, Registry, Result, Url, Variants,
    naming,
};
use qetch_extractors::{generic::Generic, gfycat::Gfycat};
use serde::Deserialize;

use crate::{
    canned::{Canned, Reply, headers, now},
    first_line,
    names::is_plain,
    saved::reads_back,
};

/// Errors that an answer may come to.
const ERRORS: [&str; 11] = [
    "site_changed",
    "drm",
    "gone",
    "private",
    "not_found",
    "bad_reply",
    "unsupported",
    "login_required",
    "over_limit",
    "http",
    "invalid",
];

static FILES: LazyLock<Registry> = LazyLock::new(|| Registry::new().with_extractor(Generic::new()));

/// Made once: its patterns take longer to be made than an extraction.
static CLIPS: LazyLock<Registry> = LazyLock::new(|| Registry::new().with_extractor(Gfycat::new()));

const GFYCAT: &str = "https://gfycat.com/DapperEarlyFinch";

/// A title and an extension out of `Content-Disposition` make a plain name. The input is the value of the header.
pub fn content_disposition(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let headers: HeaderMap =
        [(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4")), (header::CONTENT_DISPOSITION, value)]
            .into_iter()
            .collect();
    let url = Url::parse("https://files.example/a.mp4").unwrap();
    let content = behind(&url, headers, b"\0\0\0\x20ftypisom\0\0\x02\0").unwrap();
    // A name may tell what is in such a container, and nothing else.
    let told = content.content_type.as_deref();
    assert!(told.is_some_and(|it| ["video/mp4", "audio/mp4", "video/quicktime"].contains(&it)), "{told:?}");
}

/// What lies behind a plain link is a file with a plain name and what its server and its bytes tell, or a typed error. The
/// input is the link, header lines, an empty line, and the body.
pub fn generic(data: &[u8]) {
    let (link, rest) = first_line(data);
    let end = rest.windows(2).position(|pair| pair == b"\n\n").unwrap_or(rest.len());
    let (head, body) = (&rest[..end], rest.get(end + 2..).unwrap_or_default());
    let url = std::str::from_utf8(link).ok().and_then(|link| Url::parse(link).ok());
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty());
    let url = url.filter(|url| url.password().is_none() && url.fragment().is_none());
    let url = url.unwrap_or_else(|| Url::parse("https://files.example/My%20clip.mp4?a=b").unwrap());
    behind(&url, headers(head), body);
}

/// The content behind `url`, which is answered so.
fn behind(url: &Url, headers: HeaderMap, body: &[u8]) -> Option<Content> {
    let is_page = body.trim_ascii_start().get(..6).is_some_and(|it| it.eq_ignore_ascii_case(b"<html>"));
    let is_attachment = headers.contains_key(header::CONTENT_DISPOSITION);
    let (_, cx) = Canned::start([Reply::new(200, body).with_all(headers)]);
    let cx = cx.build();
    let variants = match extracted(&FILES, &cx, url) {
        Ok((variants, 0)) => variants,
        Ok((_, warnings)) => panic!("{warnings} warnings"),
        Err(error) => {
            // An address within is the person's own word, and a link that no request can be made of is refused.
            assert!(ERRORS.contains(&error.code()), "{}: {error}", error.code());
            return None;
        }
    };
    let content = variants.best().clone();
    assert!(!is_page || is_attachment, "a page is taken for a file");
    assert!(content.fragments.len() == 1 && content.fragments[0].url == *url && content.source == *url);
    // The rendition of a playlist has its id behind that of the link.
    let most = if content.delivery == Delivery::Fragments { 73 } else { 73 + 134 };
    assert!(content.uid.len() <= most && !content.uid.contains(['/', '\\', '\0']), "{}", content.uid);
    assert!(content.title.as_deref().is_none_or(|title| !title.contains(['/', '\\']) && !title.is_empty()));
    let is_extension = |it: &str| {
        (1..=10).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit() || it.is_ascii_lowercase())
    };
    assert!(content.extension.as_deref().is_none_or(is_extension), "{:?}", content.extension);
    assert!(content.content_type.as_deref().is_none_or(|name| name.contains('/')));
    assert_eq!(content.size, None, "one answer is no guarantee for the next");
    Some(content)
}

/// Whatever the API answers is a set of renditions that can be told apart, or a typed error. The input is the answer.
pub fn gfycat(data: &[u8]) {
    let url = Url::parse(GFYCAT).unwrap();
    let (site, cx) = Canned::start([Reply::new(200, data)]);
    let found = extracted(&CLIPS, &cx.option("gfycat", "archive", "never").build(), &url);
    assert_eq!(site.asked().len(), 1);
    let variants = match found {
        Ok((variants, warnings)) => {
            assert!(warnings <= 1);
            variants
        }
        Err(error) => return assert!(ERRORS.contains(&error.code()), "{}: {error}", error.code()),
    };
    for content in variants.contents() {
        assert_eq!((content.extractor.as_str(), &content.source), ("gfycat", &url));
        assert!(
            content
                .uid
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        );
        assert!(content.extension.is_some() && content.content_type.is_some());
        assert!(content.size.is_none() && content.size_approx != Some(0));
    }
}

/// As the engine reads it, which takes a list for an object whose fields come in order.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default, rename = "expires_in")]
    _expires_in: serde_json::Value,
}

/// Whatever the API answers to a request for a token, no other host hears of it, and no error tells it. The input is the
/// answer.
pub fn token(data: &[u8]) {
    const ITEM: &[u8] = br#"{"gfyItem":{"gfyId":"a","mp4Url":"https://giant.gfycat.com/A.mp4"}}"#;
    let url = Url::parse(GFYCAT).unwrap();
    let (site, cx) = Canned::start([Reply::new(200, data), Reply::new(200, ITEM)]);
    let auth = AuthRegistry::new().with("gfycat", Credential::oauth("k3y", "s3cret"));
    let found = extracted(&CLIPS, &cx.auth(auth).option("gfycat", "archive", "never").build(), &url);
    // As far as it is JSON: what stands behind it is not looked at.
    let granted = Granted::deserialize(&mut serde_json::Deserializer::from_slice(data)).ok();
    let granted = granted.as_ref().map(|it| it.access_token.as_str());
    let asked = site.asked();
    assert!(asked.iter().all(|it| it.uri().host() == Some("api.gfycat.com")) && asked.len() <= 2);
    if let Some(request) = asked.get(1) {
        let value = request.headers().get(header::AUTHORIZATION);
        let expected = granted.map(|token| format!("Bearer {token}"));
        // A token that no header can hold is left out.
        let is_held = expected.as_deref().is_some_and(|it| HeaderValue::try_from(it).is_ok());
        assert_eq!(
            value.map(HeaderValue::as_bytes),
            expected.as_deref().filter(|_| is_held).map(str::as_bytes)
        );
        assert!(value.is_none_or(HeaderValue::is_sensitive));
    }
    if let Err(error) = found {
        assert!(ERRORS.contains(&error.code()), "{}: {error}", error.code());
        let text = format!("{error} {error:?}");
        assert!(!text.contains("s3cret"), "{text}");
        assert!(granted.is_none_or(|token| token.len() < 8 || !text.contains(token)), "{text}");
    }
}

/// What `registry` finds behind `url`: one resource, and how many warnings.
fn extracted(registry: &Registry, cx: &Context, url: &Url) -> Result<(Variants, usize)> {
    let (variants, warnings) = now(async {
        let mut extraction = registry.extract(cx, url).await?;
        let (mut variants, mut warnings) = (Vec::new(), 0);
        while let Some(found) = extraction.next().await {
            match found? {
                Found::Variants(it) => variants.push(it),
                Found::Warning(_) => warnings += 1,
                other => panic!("{other:?}"),
            }
        }
        Ok::<_, qetch_core::Error>((variants, warnings))
    })?;
    assert_eq!(variants.len(), 1, "one resource");
    let variants = variants.into_iter().next().unwrap();
    sound(&variants);
    Ok((variants, warnings))
}

/// Holds what is promised of every resource.
fn sound(variants: &Variants) {
    reads_back(variants);
    let contents = variants.contents();
    let all = || contents.iter().chain(&variants.companions);
    let uids: BTreeSet<_> = all().map(|content| content.uid.as_str()).collect();
    assert_eq!(uids.len(), all().count(), "two renditions with one uid");
    assert_eq!(contents[0].quality, Quality::BEST);
    assert!(contents.windows(2).all(|pair| pair[0].quality > pair[1].quality), "best first");
    for content in all() {
        is_plain(&naming::file_name(content));
        assert!(content.fragments.iter().all(|it| matches!(it.url.scheme(), "http" | "https")));
        let numbers = [content.fps, content.duration].into_iter().flatten();
        assert!(numbers.into_iter().all(|number| number.is_finite() && number > 0.0));
        assert!(
            content.width.is_none_or(|width| width > 0) && content.height.is_none_or(|height| height > 0)
        );
    }
}
