//! A site that answers like gfycat did in 2017, for demonstrations and tests without a network.
//!
//! It is reached by sending requests for gfycat's hosts to it with their `Host` header as it was, as
//! `qetch --route '*=http://127.0.0.1:PORT'` does. It knows one item, [`LINK`], with invented values and six
//! renditions that are really there.

mod item;
mod media;

use std::io;

pub use media::{MP4_NAME, MP4_SHA256};

use crate::{Origin, Resource};
use media::Media;

/// The page of the one item that there is.
pub const LINK: &str = "https://gfycat.com/CleverSampleQuokka";

/// How the item's files and pages are called.
const NAME: &str = "CleverSampleQuokka";

/// Where items are asked for.
const API: &str = "api.gfycat.com";

/// The hosts that have the media; each has all of them.
const MEDIA_HOSTS: [&str; 4] =
    ["fat.gfycat.com", "giant.gfycat.com", "zippy.gfycat.com", "thumbs.gfycat.com"];

/// For how long the mp4 is sent, over however many connections, in milliseconds: long enough to watch.
const MP4_MILLISECONDS: u64 = 1500;

/// The running demo site. Dropping it stops it.
#[derive(Debug)]
pub struct DemoSite {
    origin: Origin,
}

impl DemoSite {
    /// Starts the site on 127.0.0.1, on this port or on a free one.
    ///
    /// # Errors
    ///
    /// If the port is taken or not allowed.
    pub async fn start(port: Option<u16>) -> io::Result<Self> {
        let origin = Origin::start_on(port.unwrap_or(0)).await?;
        serve_api(&origin);
        for media in media::all() {
            for host in MEDIA_HOSTS {
                origin.serve_on(host, &format!("/{}", media.name), resource(&media));
            }
        }
        Ok(Self { origin })
    }

    /// The URL to route gfycat's hosts to: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.origin.url("")
    }

    /// The origin beneath, for its log and to serve more on it.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

fn serve_api(origin: &Origin) {
    let json = |text: String| Resource::new(text).with_content_type("application/json; charset=utf-8");
    for id in [NAME.to_owned(), NAME.to_ascii_lowercase()] {
        origin.serve_on(API, &format!("/v1/gfycats/{id}"), json(item::answer().to_string()));
    }
    origin.serve_on(API, "/v1/oauth/token", json(item::token().to_string()).with_method("POST"));
    origin.serve_rest_of(API, json(item::not_found().to_string()).with_status(404));
}

fn resource(media: &Media) -> Resource {
    let resource = Resource::new(media.bytes)
        .with_content_type(media.content_type)
        .with_etag(format!("{:x}-{:x}", item::CREATED, media.bytes.len()))
        .with_last_modified(item::CREATED_TEXT);
    if media.name == MP4_NAME {
        resource.with_shared_throttle(media.bytes.len() as u64 * 1000 / MP4_MILLISECONDS)
    } else {
        resource
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::Value;

    use super::{DemoSite, MP4_NAME, media};
    use crate::raw_client::exchange;

    /// The head and the body of what the site answers.
    async fn ask(site: &DemoSite, method: &str, host: &str, path: &str, lines: &str) -> (String, Vec<u8>) {
        let ask = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n");
        let wire = exchange(site.origin(), &ask).await;
        let end = wire.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        (String::from_utf8(wire[..end].to_vec()).unwrap(), wire[end + 4..].to_vec())
    }

    async fn item(site: &DemoSite, id: &str) -> (String, Value) {
        let (head, body) = ask(site, "GET", "api.gfycat.com", &format!("/v1/gfycats/{id}"), "").await;
        assert!(head.contains("Content-Type: application/json"), "{head}");
        (head, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn the_item_is_there_under_both_spellings() {
        let site = DemoSite::start(None).await.unwrap();
        let (head, camel) = item(&site, "CleverSampleQuokka").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(camel["gfyItem"]["gfyName"], "CleverSampleQuokka");
        assert_eq!(camel["gfyItem"]["gfyId"], "cleversamplequokka");
        assert_eq!(item(&site, "cleversamplequokka").await.1, camel);
    }

    #[tokio::test]
    async fn another_item_does_not_exist() {
        let site = DemoSite::start(None).await.unwrap();
        let (head, answer) = item(&site, "OtherSampleQuokka").await;
        assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
        assert!(answer["errorMessage"].as_str().unwrap().ends_with("does not exist."));
    }

    #[tokio::test]
    async fn every_url_of_the_item_downloads_and_every_file_is_named() {
        let site = DemoSite::start(None).await.unwrap();
        let (_, answer) = item(&site, "CleverSampleQuokka").await;
        let mut names = Vec::new();
        for (key, value) in answer["gfyItem"].as_object().unwrap() {
            let Some(url) = value.as_str().and_then(|text| text.strip_prefix("https://")) else { continue };
            let (host, name) = url.split_once('/').unwrap();
            let (head, body) = ask(&site, "GET", host, &format!("/{name}"), "").await;
            assert!(head.starts_with("HTTP/1.1 200 "), "{key}: {head}");
            let file = media::all().into_iter().find(|media| media.name == name).unwrap();
            assert!(head.contains(file.content_type), "{key}: {head}");
            assert!(body == file.bytes, "{key}: other bytes than the file's");
            names.push(name.to_owned());
        }
        names.sort_unstable();
        let mut all = media::all().map(|media| media.name);
        all.sort_unstable();
        assert_eq!(names, all);
    }

    #[tokio::test]
    async fn ranges_carry_validators() {
        let site = DemoSite::start(None).await.unwrap();
        let path = format!("/{MP4_NAME}");
        let (head, body) = ask(&site, "GET", "giant.gfycat.com", &path, "Range: bytes=4-7\r\n").await;
        assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
        for part in ["Content-Range: bytes 4-7/", "\r\nETag: \"", "\r\nLast-Modified: Sat, 01 Apr 2017"] {
            assert!(head.contains(part), "{head}");
        }
        assert_eq!(body, b"ftyp");
    }

    #[tokio::test]
    async fn the_mp4_takes_its_time() {
        let site = DemoSite::start(None).await.unwrap();
        let start = Instant::now();
        ask(&site, "GET", "fat.gfycat.com", &format!("/{MP4_NAME}"), "").await;
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(1400) && took < Duration::from_secs(6), "{took:?}");
    }

    #[tokio::test]
    async fn a_token_is_given_to_whoever_posts() {
        let site = DemoSite::start(None).await.unwrap();
        let (head, body) = ask(&site, "POST", "api.gfycat.com", "/v1/oauth/token", "").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let token: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(token["token_type"], "bearer");
    }

    #[tokio::test]
    async fn other_hosts_have_nothing() {
        let site = DemoSite::start(None).await.unwrap();
        let (head, _) = ask(&site, "GET", "gfycat.example", &format!("/{MP4_NAME}"), "").await;
        assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    }
}
