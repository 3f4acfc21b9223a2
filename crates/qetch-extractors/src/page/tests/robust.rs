//! *Synthetic*: pages that are cut, spoilt and rearranged.

use serde_json::{Value, json};

use super::*;

const PAGE: &str = include_str!("../../../fixtures/page/video.cassette");
const PICTURES: &str = include_str!("../../../fixtures/page/pictures.cassette");

fn here() -> Url {
    Url::parse(LINK).unwrap()
}

/// Reads all of it, as far as contents.
fn read_all(html: &[u8]) -> Vec<Variants> {
    let mut gathered = gather(html, &here(), || true);
    let media = gathered.media(&|_| false);
    let origin = Origin { asked: &here(), page: &here() };
    let with_files = media.into_iter().chain(gathered.pictures).filter(|it| !it.files.is_empty());
    with_files.map(|it| it.variants(origin, None).unwrap()).collect()
}

#[test]
fn a_page_that_is_cut_or_spoilt_anywhere_is_read_without_a_panic() {
    for page in [PAGE, PICTURES] {
        assert!(!read_all(page.as_bytes()).is_empty());
        for end in (0..page.len()).step_by(7) {
            read_all(&page.as_bytes()[..end]);
        }
        let mut state = 1_u64;
        for _ in 0..500 {
            let mut spoilt = page.as_bytes().to_vec();
            for _ in 0..8 {
                // Numerical Recipes' generator: the same bytes on every run.
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (state >> 16) as usize % spoilt.len();
                spoilt[at] = (state >> 40) as u8;
            }
            read_all(&spoilt);
        }
    }
}

/// Every object that `value` becomes where one value in it, at any depth, is another one.
fn spoilt(value: &Value) -> Vec<Value> {
    let others = || {
        [
            json!(null),
            json!(7),
            json!(-1.5),
            json!(""),
            json!("x"),
            json!([]),
            json!({}),
            json!([null, [{}]]),
            json!({"@id": "#x"}),
        ]
    };
    let mut all: Vec<Value> = others().into();
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let mut without = object.clone();
                without.remove(name);
                all.push(without.into());
                all.extend(spoilt(inner).into_iter().map(|inner| {
                    let mut with = object.clone();
                    with.insert(name.clone(), inner);
                    with.into()
                }));
            }
        }
        Value::Array(values) => {
            for (at, inner) in values.iter().enumerate() {
                all.extend(spoilt(inner).into_iter().map(|inner| {
                    let mut with = values.clone();
                    with[at] = inner;
                    with.into()
                }));
            }
        }
        _ => (),
    }
    all
}

#[test]
fn json_ld_of_any_shape_is_read_and_spoils_no_other() {
    let video = json!({"@id": "#x", "@type": ["VideoObject"], "name": "N", "contentUrl": "/a.mp4", "embedUrl": "/e",
        "encoding": [{"@type": "MediaObject", "contentUrl": "/b.webm", "width": {"value": 1}}], "duration": "PT1S",
        "width": "1px", "thumbnail": {"@type": "ImageObject", "url": "/t.jpg"}, "caption": [{"contentUrl": "/c.vtt"}],
        "author": [{"@type": "Person", "name": "Me"}], "keywords": ["a"], "uploadDate": "2024-03-01"});
    let whole =
        json!({"@graph": [{"@type": "Article", "headline": "H", "image": ["/i.jpg"], "video": video}]});
    let all = spoilt(&whole);
    assert!(all.len() > 300, "{}", all.len());
    for spoilt in all {
        let html = format!(
            "<script type=application/ld+json>{spoilt}</script><script type=application/ld+json>{}</script>",
            r#"{"@type":"AudioObject","contentUrl":"/kept.mp3"}"#
        );
        let found = read_all(html.as_bytes());
        let kept = |it: &Variants| it.contents().iter().any(|it| it.fragments[0].url.path() == "/kept.mp3");
        assert!(found.iter().any(kept), "{spoilt}");
    }
}

#[tokio::test]
async fn oembed_of_any_shape_is_contents_or_an_error() {
    let photo =
        json!({"type": "photo", "url": "/a.jpg", "width": 1, "thumbnail_url": "/t.jpg", "title": "T"});
    let video = json!({"type": "video", "html": "<video src=/a.mp4></video>", "thumbnail_url": "/t.jpg"});
    let html = "<link rel=alternate type=application/json+oembed href=/o>";
    for answer in [photo, video].iter().flat_map(spoilt) {
        let reply = Reply::new(200, answer.to_string());
        let site = Canned::default().on(LINK, [page(html)]).on("https://news.example/o", [reply]);
        match found(site, false).await {
            Ok((variants, _)) => assert_eq!(variants.len(), 1, "{answer}"),
            Err(error) => assert_eq!(error.code(), "unsupported", "{answer}"),
        }
    }
}
