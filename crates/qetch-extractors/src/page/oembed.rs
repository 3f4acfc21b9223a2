//! oEmbed (oembed.com): a page names an address that tells what to show in place of a link to it, as JSON.
//!
//! It is asked where the page itself leads to nothing. A photo is a picture. A video, or a rich thing, comes as HTML, which is
//! read like a page: mostly it is the frame of a player.

use qetch_core::{Context, Error, Kind, Request, Result, Role, Url, lenient};
use serde_json::Value;

use super::{
    document::{Document, Link},
    media,
    resource::{Facts, File, Resource},
    text,
};

/// The most bytes of an answer.
const LARGEST: usize = 1 << 20;

/// What an address of oEmbed offers.
#[derive(Debug, Default)]
pub(super) struct Offer {
    /// The photo, or what its HTML plays.
    pub(super) resources: Vec<Resource>,
    /// The frames of its HTML.
    pub(super) frames: Vec<Url>,
    /// Whether it says that it is a video.
    pub(super) is_video: bool,
    pub(super) facts: Facts,
    pub(super) poster: Option<File>,
}

/// The address that a page names, if any.
pub(super) fn address<'a>(links: impl IntoIterator<Item = &'a Link>) -> Option<&'a str> {
    let is_one = |link: &&Link| {
        let is_json = matches!(link.media_type.as_str(), "application/json+oembed" | "text/json+oembed");
        is_json && link.rel.split_ascii_whitespace().any(|rel| matches!(rel, "alternate" | "alternative"))
    };
    links.into_iter().find(is_one).map(|link| link.href.as_str())
}

/// Asks `address`.
///
/// # Errors
/// Those of the network, of a status that is no success, and of an answer that is not of the form.
pub(super) async fn ask(cx: &Context, address: &Url, name: &str) -> Result<Offer> {
    let answer = cx.send(Request::get(address.clone()).with_limit(LARGEST)).await?.ok()?;
    offer(&answer.json(name)?, answer.url())
        .map_err(|path| Error::site_changed(name, path, "nothing that oEmbed knows"))
}

/// What an answer offers, or the path of what it lacks.
fn offer(answer: &Value, at: &Url) -> Result<Offer, &'static str> {
    let of =
        |name: &str| answer.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let pixels = |name: &str| text::pixels(&lenient::text_of(answer.get(name)?)?);
    let document = Document::default();
    let link = |name: &str| document.link(at, of(name)?);
    let facts = Facts {
        title: of("title").and_then(text::plain),
        uploaded_by: of("author_name").and_then(text::plain),
        ..Facts::default()
    };
    let poster = link("thumbnail_url").map(|url| {
        let poster = media::file(url, Kind::Image, None).with_role(Role::Thumbnail);
        poster.sized(pixels("thumbnail_width"), pixels("thumbnail_height"))
    });
    let mut offer = Offer { facts, poster, ..Offer::default() };
    match of("type").ok_or("$.type")?.to_ascii_lowercase().as_str() {
        "photo" => {
            let file = media::file(link("url").ok_or("$.url")?, Kind::Image, None)
                .sized(pixels("width"), pixels("height"));
            offer.resources.push(Resource { files: vec![file], ..Resource::default() });
        }
        kind @ ("video" | "rich") => {
            offer.is_video = kind == "video";
            let html = Document::read(of("html").unwrap_or_default().as_bytes(), || true);
            let players = html.players.iter().map(|player| media::of_player(player, &html, at));
            offer.resources.extend(players.filter(Resource::leads_anywhere));
            offer.frames.extend(html.frames.iter().filter_map(|frame| html.link(at, frame)));
        }
        "link" => (),
        _ => return Err("$.type"),
    }
    Ok(offer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(answer: &Value) -> Result<Offer, &'static str> {
        offer(answer, &Url::parse("https://o.example/oembed?url=x").unwrap())
    }

    #[test]
    fn a_photo_is_a_picture_with_its_size() {
        let offer = of(&json!({"version": "1.0", "type": "photo", "url": "//cdn.example/a.jpg", "width": "1024", "height": 683,
            "title": "T", "author_name": "Me"}))
        .unwrap();
        let file = &offer.resources[0].files[0];
        assert_eq!(
            (file.url.as_str(), file.width, file.height),
            ("https://cdn.example/a.jpg", Some(1024), Some(683))
        );
        assert_eq!(
            (offer.facts.title.as_deref(), offer.facts.uploaded_by.as_deref()),
            (Some("T"), Some("Me"))
        );
    }

    #[test]
    fn a_video_is_what_its_html_shows() {
        let offer =
            of(&json!({"type": "video", "html": "<iframe src=\"//p.example/e/1?a=1&amp;b=2\"></iframe>",
            "thumbnail_url": "https://p.example/t.jpg", "thumbnail_width": 480, "thumbnail_height": null}))
            .unwrap();
        assert!(offer.is_video && offer.resources.is_empty());
        assert_eq!(offer.frames[0].as_str(), "https://p.example/e/1?a=1&b=2");
        assert_eq!((offer.poster.as_ref().unwrap().width, offer.poster.unwrap().height), (Some(480), None));
        let rich =
            of(&json!({"type": "rich", "html": "<video src=https://p.example/a.mp4></video>"})).unwrap();
        assert_eq!((rich.is_video, rich.resources[0].files[0].url.path()), (false, "/a.mp4"));
    }

    #[test]
    fn what_is_no_offer_is_told_by_what_it_lacks() {
        for (answer, path) in [
            (json!(null), "$.type"),
            (json!({}), "$.type"),
            (json!({"type": 7}), "$.type"),
            (json!({"type": "hologram"}), "$.type"),
            (json!({"type": "photo"}), "$.url"),
            (json!({"type": "photo", "url": "data:,x"}), "$.url"),
        ] {
            assert_eq!(of(&answer).err(), Some(path), "{answer}");
        }
        let nothing = of(&json!({"type": "link"})).unwrap();
        assert!(nothing.resources.is_empty() && nothing.frames.is_empty());
        assert!(of(&json!({"type": "video", "html": null})).unwrap().frames.is_empty());
    }

    #[test]
    fn the_address_is_that_of_json() {
        let html = "<link rel=alternate type=text/xml+oembed href=/xml><link rel=stylesheet type=application/json+oembed href=/css>
            <link rel='Alternate' type='Application/JSON+oEmbed' href=/json>";
        assert_eq!(address(&Document::read(html.as_bytes(), || true).links), Some("/json"));
        assert_eq!(address(&[]), None);
    }
}
