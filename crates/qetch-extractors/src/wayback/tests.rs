//! Tests of the whole extractor against canned answers of the archive.

use qetch_core::{
    Claim, NetworkFault, Registry, Variants,
    http::{HeaderName, header},
};

use super::*;
use crate::common_canned::{Canned, Reply};

const LINK: &str = "https://web.archive.org/web/20160102030405/http://h.example/My%20clip.mp4";
const RAW: &str = "https://web.archive.org/web/20160102030405id_/http://h.example/My%20clip.mp4";
const MP4: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0rest of the file";

/// A raw memento of this type.
fn memento(content_type: &str, body: &'static [u8]) -> Reply {
    captured(200, body).with(header::CONTENT_TYPE, content_type)
}

/// What was captured with this status.
fn captured(status: u16, body: &'static [u8]) -> Reply {
    Reply::new(status, body)
        .with(HeaderName::from_static("memento-datetime"), "Sat, 02 Jan 2016 03:04:05 GMT")
}

/// What an extractor says that it was handed on to.
#[derive(Debug)]
struct Reader(ExtractorInfo);

#[async_trait]
impl Extractor for Reader {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    fn can_handle(&self, _: &Url) -> Claim {
        Claim::No
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        Ok(Extraction::once(Content::new(self.0.name(), Kind::Other, url.clone(), [])))
    }
}

/// What is found at `link`: the variants and the warnings.
async fn found_by(registry: Registry, site: Canned, link: &str) -> Result<(Variants, Vec<String>)> {
    let (_, cx) = site.start();
    let registry = registry.with_extractor(Wayback::new());
    let mut extraction = registry.extract(&cx.build(), &Url::parse(link).unwrap()).await?;
    let (mut variants, mut warnings) = (None, Vec::new());
    while let Some(found) = extraction.next().await {
        match found? {
            Found::Variants(it) => assert!(variants.replace(it).is_none()),
            Found::Warning(warning) => warnings.push(warning.message),
            other => panic!("{other:?}"),
        }
    }
    Ok((variants.unwrap(), warnings))
}

async fn found_at(site: Canned, link: &str) -> Result<(Variants, Vec<String>)> {
    found_by(Registry::new(), site, link).await
}

/// What is found where `RAW` is answered so.
async fn behind(reply: Reply) -> Result<Variants> {
    let (variants, warnings) = found_at(Canned::default().on(RAW, [reply]), LINK).await?;
    assert!(warnings.is_empty(), "{warnings:?}");
    Ok(variants)
}

#[test]
fn every_form_of_link_is_claimed() {
    let wayback = Wayback::new();
    let check = |link: &str, handle: &str| {
        let claim = wayback.can_handle(&Url::parse(link).unwrap());
        assert_eq!(claim, Claim::Yes(handle.into()), "{link}");
    };
    for link in [
        LINK,
        RAW,
        "http://web.archive.org/web/2/http://h.example",
        "https://web.archive.org/web/20160102if_/https://h.example/a?b=c#d",
        "https://web.archive.org/web/2016/h.example/a",
        "https://web.archive.org/web/20160102030405/http:/h.example/a",
        "https://web.archive.org/20160102030405/http://h.example/a",
        "https://wayback.archive.org/web/20160102030405/http://h.example/a",
    ] {
        check(link, "capture");
    }
    for link in [
        "https://web.archive.org/web/http://h.example/a",
        "https://web.archive.org/web/HTTPS://h.example/a",
        "https://web.archive.org/web/http:/h.example/a",
        "https://web.archive.org/http://h.example/a",
        "https://web.archive.org/web/h.example",
        "https://web.archive.org/web/h.example/a",
    ] {
        check(link, "latest");
    }
    for link in [
        "https://web.archive.org/web/*/h.example",
        "https://web.archive.org/web/*/http://h.example/*",
        "https://web.archive.org/web/2016*/http://h.example/a",
        "https://web.archive.org/web/20160101000000*/http://h.example/a",
    ] {
        check(link, "calendar");
    }
    check("https://web.archive.org/save/http://h.example/a", "save");
    check("https://web.archive.org/save", "save");
}

#[test]
fn other_pages_of_the_archive_are_not_claimed() {
    let wayback = Wayback::new();
    for link in [
        "https://web.archive.org/",
        "https://web.archive.org/web/",
        "https://web.archive.org/web/2016",
        "https://web.archive.org/web/timemap/link/http://h.example/",
        "https://web.archive.org/cdx/search/cdx?url=h.example",
        "https://web.archive.org/details/h.example",
        "https://archive.org/details/item",
        "https://notweb.archive.org/web/2016/http://h.example/",
        "https://web.archive.org.evil.test/web/2016/http://h.example/",
        "https://web.archive.org@evil.test/web/2016/http://h.example/",
        "https://evil.test/?u=https://web.archive.org/web/2016/http://h.example/",
        "https://evil.test/web/2016/http://h.example/",
    ] {
        assert_eq!(wayback.can_handle(&Url::parse(link).unwrap()), Claim::No, "{link}");
    }
}

#[tokio::test]
async fn a_captured_file_is_one_content_that_says_so() {
    let reply = memento("Video/MP4; x=y", MP4).with(header::CONTENT_LENGTH, MP4.len().to_string());
    let variants = behind(reply).await.unwrap();
    let content = variants.best();
    assert_eq!(content.uid, "wayback-20160102030405-My-clip-feb9aa122ade");
    assert_eq!((content.extractor.as_str(), content.source.as_str()), ("wayback", LINK));
    assert_eq!(content.fragments[0].url.as_str(), RAW);
    assert_eq!((content.kind, content.content_type.as_deref()), (Kind::Video, Some("video/mp4")));
    assert_eq!((content.extension.as_deref(), content.title.as_deref()), (Some("mp4"), Some("My clip")));
    assert_eq!((content.size, content.size_approx), (None, Some(MP4.len() as u64)));
    assert_eq!(content.metadata["archived_at"], "2016-01-02T03:04:05Z");
    assert_eq!(content.metadata["archived_url"], "http://h.example/My%20clip.mp4");
    assert!(content.checksums.is_empty());
}

#[tokio::test]
async fn a_uid_is_of_the_moment_and_of_the_url_without_its_scheme() {
    let uid = async |at: &str, url: &str| {
        let link = format!("https://web.archive.org/web/{at}/{url}");
        let raw = format!("https://web.archive.org/web/{at}id_/{url}");
        let site = Canned::default().on(&raw, [memento("image/gif", b"GIF89a")]);
        found_at(site, &link).await.unwrap().0.best().uid.clone()
    };
    let one = uid("20160102030405", "http://h.example/a.gif").await;
    assert_eq!(uid("20160102030405", "https://h.example/a.gif").await, one);
    assert_ne!(uid("20160102030406", "http://h.example/a.gif").await, one);
    assert_ne!(uid("20160102030405", "http://h.example/b.gif").await, one);
    assert_ne!(uid("20160102030405", "http://h.example/a.gif?2").await, one);
}

#[tokio::test]
async fn what_tells_no_type_is_told_by_its_bytes_and_its_name() {
    let check = async |reply: Reply, content_type: Option<&str>, extension: Option<&str>| {
        let variants = behind(reply).await.unwrap();
        let content = variants.best();
        let told = (content.content_type.as_deref(), content.extension.as_deref());
        assert_eq!(told, (content_type, extension));
    };
    check(captured(200, b"GIF89a"), Some("image/gif"), Some("gif")).await;
    check(memento("application/octet-stream", MP4), Some("video/mp4"), Some("mp4")).await;
    check(memento("application/octet-stream", b"?"), Some("video/mp4"), Some("mp4")).await;
    check(memento("application/x-unheard-of", b"?"), Some("application/x-unheard-of"), Some("mp4")).await;
    check(memento("video/x-unheard-of", b"?"), Some("video/x-unheard-of"), Some("mp4")).await;
    check(memento("text/plain", b"?"), Some("text/plain"), Some("txt")).await;
}

#[tokio::test]
async fn the_moment_that_was_really_got_counts() {
    let nearest = "https://web.archive.org/web/20150503090125id_/http://h.example/My%20clip.mp4";
    let redirect = Reply::new(302, "")
        .with(header::LOCATION, nearest)
        .with(HeaderName::from_static("x-archive-redirect-reason"), "found capture at 20150503090125");
    let site = || Canned::default().on(RAW, [redirect.clone()]).on(nearest, [memento("video/mp4", MP4)]);
    let (variants, warnings) = found_at(site(), LINK).await.unwrap();
    let best = variants.best();
    assert_eq!(best.metadata["archived_at"], "2015-05-03T09:01:25Z");
    assert!(best.uid.starts_with("wayback-20150503090125-") && best.fragments[0].url.as_str() == nearest);
    assert_eq!(best.source.as_str(), nearest.replace("id_", ""));
    let warning = "wayback: there is no capture of 20160102030405 that can be played back; \
                   this one is of 2015-05-03T09:01:25Z";
    assert_eq!(warnings, [warning]);
}

#[tokio::test]
async fn a_link_without_a_whole_moment_is_for_the_nearest_capture() {
    let check = async |link: &str, asked: &str| {
        let redirect = Reply::new(302, "").with(header::LOCATION, RAW);
        let site = Canned::default().on(asked, [redirect]).on(RAW, [memento("video/mp4", MP4)]);
        let (variants, warnings) = found_at(site, link).await.unwrap();
        assert_eq!((variants.best().source.as_str(), warnings.len()), (LINK, 0), "{link}");
    };
    let file = "http://h.example/My%20clip.mp4";
    check(
        &format!("https://web.archive.org/web/{file}"),
        &format!("https://web.archive.org/web/2id_/{file}"),
    )
    .await;
    check(&format!("https://web.archive.org/{file}"), &format!("https://web.archive.org/web/2id_/{file}"))
        .await;
    check(
        &format!("https://web.archive.org/web/2016im_/{file}"),
        &format!("https://web.archive.org/web/2016id_/{file}"),
    )
    .await;
}

#[tokio::test]
async fn the_captured_url_has_its_own_capitals() {
    let link = "<https://H.example/My%20Clip.mp4?a>; rel=\"original\", <https://web.archive.org/web/http://h.example/>; \
                rel=\"timegate\"";
    let variants = behind(memento("video/mp4", MP4).with(header::LINK, link)).await.unwrap();
    let best = variants.best();
    assert_eq!(best.metadata["archived_url"], "https://h.example/My%20Clip.mp4?a");
    assert_eq!(
        best.fragments[0].url.as_str(),
        "https://web.archive.org/web/20160102030405id_/https://h.example/My%20Clip.mp4?a"
    );
}

#[tokio::test]
async fn pages_and_playlists_are_handed_on_to_who_reads_them() {
    let reader = |name: &str| Registry::new().with_extractor(Reader(ExtractorInfo::new(name, "")));
    let check = async |reply: Reply, name: &str, flag: &str| {
        let (variants, _) =
            found_by(reader(name), Canned::default().on(RAW, [reply.clone()]), LINK).await.unwrap();
        let best = variants.best();
        assert_eq!((best.extractor.as_str(), best.source.as_str()), (name, &*RAW.replace("id_", flag)));
        assert_eq!(best.metadata["archived_at"], "2016-01-02T03:04:05Z");
        assert_eq!(best.metadata["archived_url"], "http://h.example/My%20clip.mp4");

        let error = behind(reply).await.unwrap_err();
        assert_eq!(error.code(), "unsupported");
        assert!(error.to_string().contains(&format!("no extractor `{name}`")), "{error}");
    };
    check(memento("text/html; charset=utf-8", b"<html>"), "page", "if_").await;
    check(memento("application/xhtml+xml", b"<html>"), "page", "if_").await;
    check(memento("application/vnd.apple.mpegurl", b"#EXTM3U"), "generic", "id_").await;
    check(memento("application/dash+xml", b"<MPD>"), "generic", "id_").await;
}

#[tokio::test]
async fn what_is_not_built_says_what_would_help() {
    let check = async |link: &str, expected: &str| {
        let error = found_at(Canned::default(), link).await.unwrap_err();
        assert_eq!(error.code(), "unsupported", "{link}");
        assert!(error.to_string().contains(expected), "{link}: {error}");
    };
    check("https://web.archive.org/web/*/http://h.example/*", "give its link").await;
    check("https://web.archive.org/save/http://h.example/", "qetch only reads").await;
    check("https://web.archive.org/web/2016/ftp://h.example/a", "no URL of http or https").await;
    check("https://web.archive.org/web/2016/http://me:pw@h.example/a", "no URL of http or https").await;
}

#[tokio::test]
async fn what_the_archive_says_in_place_of_a_capture_is_told_by_kind() {
    let check = async |reply: Reply, code: &str, expected: &str| {
        let error = behind(reply).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    };
    let excluded = "<p>This URL has been excluded from the Wayback Machine.</p>";
    check(Reply::new(200, excluded), "private", "excluded from the Wayback Machine").await;
    check(Reply::new(403, excluded), "private", "http://h.example/My%20clip.mp4").await;
    let exception = |name: &str| {
        let text =
            format!("org.archive.util.io.RuntimeIOException: org.archive.wayback.exception.{name}: Blocked");
        Reply::new(403, "").with(HeaderName::from_static("x-archive-wayback-runtime-error"), text)
    };
    check(exception("AdministrativeAccessControlException"), "private", "excluded").await;
    check(exception("RobotAccessControlException"), "private", "robots.txt").await;
    check(Reply::new(404, "not archived"), "not_found", "in the Wayback Machine").await;
    check(Reply::new(429, ""), "rate_limited", "web.archive.org").await;
    for status in [502, 503, 504] {
        check(Reply::new(status, ""), "over_capacity", "web.archive.org").await;
    }
    check(Reply::new(500, ""), "http", "500").await;
    check(Reply::new(200, "<html>"), "bad_reply", "neither what was asked for").await;
}

#[tokio::test]
async fn a_capture_without_a_moment_is_a_wrong_reply() {
    let elsewhere = "https://web.archive.org/web/20160102030405/ftp://h.example/";
    let redirect = Reply::new(302, "").with(header::LOCATION, elsewhere);
    let site = Canned::default().on(RAW, [redirect]).on(elsewhere, [memento("video/mp4", MP4)]);
    assert_eq!(found_at(site, LINK).await.unwrap_err().code(), "bad_reply");
    // Nor is one of a month that there is none of, which the index really has.
    let link = "https://web.archive.org/web/20000012170449/http://h.example/a.gif";
    let raw = link.replace("/http", "id_/http");
    let site = Canned::default().on(&raw, [memento("image/gif", b"GIF89a")]);
    assert_eq!(found_at(site, link).await.unwrap_err().code(), "bad_reply");
}

#[tokio::test]
async fn what_another_host_says_is_no_capture() {
    let elsewhere = "https://evil.example/web/20160102030405id_/http://h.example/My%20clip.mp4";
    let redirect = Reply::new(302, "").with(header::LOCATION, elsewhere);
    let site = Canned::default().on(RAW, [redirect]).on(elsewhere, [memento("video/mp4", MP4)]);
    assert_eq!(found_at(site, LINK).await.unwrap_err().code(), "bad_reply");
}

#[tokio::test]
async fn what_was_captured_of_an_error_is_no_file() {
    for status in [206, 403, 404, 429, 503] {
        let error = behind(captured(status, b"whoa there")).await.unwrap_err();
        assert_eq!(error.code(), "not_found", "{status}: {error}");
        let expected = format!("(that of 20160102030405 is of status {status}) was not found");
        assert!(error.to_string().ends_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn one_request_tells_what_a_capture_is() {
    let (site, cx) = Canned::default().on(RAW, [memento("video/mp4", MP4)]).start();
    let registry = Registry::new().with_extractor(Wayback::new());
    drop(registry.extract(&cx.build(), &Url::parse(LINK).unwrap()).await.unwrap());
    assert_eq!(site.asked(), [format!("GET {RAW}")]);
}

#[tokio::test]
async fn a_network_that_fails_is_told() {
    let error = behind(Reply::fault(NetworkFault::Timeout)).await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("network", true));
}

#[test]
fn the_archive_is_asked_no_oftener_than_it_wants() {
    let wayback = Wayback::new();
    let interval = wayback.info().interval(&Url::parse(RAW).unwrap());
    assert_eq!(interval.unwrap().as_millis(), 2500);
}
