//! giphy.com from cassettes.

use qetch::{AuthRegistry, Credential, Kind, Qetch, Role, Url};
use qetch_testkit::shapes;
use qetch_tests::{
    cassette,
    replayed::{bring, fails, one, uids},
    site::builtins,
};

const CAT: &str = "https://giphy.com/gifs/cat-pond-cQtlhD48EG0SY";

fn keyless() -> Qetch {
    cassette::replay("giphy/keyless").build()
}

fn keyed(name: &str) -> Qetch {
    let auth = AuthRegistry::new().with("giphy", Credential::token("key-1234"));
    cassette::of(cassette::keyed(&format!("giphy/{name}"))).auth(auth).build()
}

#[tokio::test]
async fn without_a_key_the_original_is_known_by_its_id_and_brought() {
    let qetch = keyless();
    let cat = one(&qetch, CAT).await;
    let expected = [
        "cQtlhD48EG0SY-original-mp4",
        "cQtlhD48EG0SY-original-gif",
        "cQtlhD48EG0SY-original-webp",
        "cQtlhD48EG0SY-original_still-gif",
    ];
    assert_eq!(uids(cat.contents()), expected);
    assert_eq!((cat.best().kind, cat.best().width, &cat.best().title), (Kind::Video, None, &None));
    assert_eq!(cat.contents()[3].role, Role::Poster);
    assert_eq!(bring(&qetch, &cat.contents()[1]).await.unwrap().1.len(), 42);
}

#[tokio::test]
async fn every_form_of_a_link_has_the_same_uids() {
    let qetch = keyless();
    let expected = one(&qetch, CAT).await;
    for link in [
        "https://giphy.com/stickers/cQtlhD48EG0SY",
        "https://giphy.com/clips/cat-cQtlhD48EG0SY",
        "https://giphy.com/videos/cat-cQtlhD48EG0SY",
        "https://giphy.com/embed/cQtlhD48EG0SY/video",
        "http://media2.giphy.com/media/cQtlhD48EG0SY/100.gif",
        "https://media1.giphy.com/media/v1.Y2lkPTEyMw/cQtlhD48EG0SY/giphy.gif",
        "https://i.giphy.com/cQtlhD48EG0SY.gif",
        "https://gph.is/g/4bW7AZ0",
    ] {
        assert_eq!(uids(one(&qetch, link).await.contents()), uids(expected.contents()), "{link}");
    }
}

#[tokio::test]
async fn a_short_link_that_leads_elsewhere_is_not_supported() {
    let error = fails(&keyless(), "https://gph.is/g/Z0000").await;
    assert_eq!(error.code(), "unsupported");
}

#[tokio::test]
async fn with_a_key_every_rendition_is_told_without_tracking() {
    let qetch = keyed("api");
    let cat = one(&qetch, CAT).await;
    let links: Vec<_> =
        cat.contents().iter().map(|it| (it.uid.as_str(), it.fragments[0].url.as_str())).collect();
    let expected = [
        ("cQtlhD48EG0SY-hd-mp4", "https://media3.giphy.com/media/cQtlhD48EG0SY/giphy-hd.mp4?v=2"),
        ("cQtlhD48EG0SY-original-mp4", "https://media3.giphy.com/media/cQtlhD48EG0SY/giphy.mp4"),
        ("cQtlhD48EG0SY-original-gif", "https://media3.giphy.com/media/cQtlhD48EG0SY/giphy.gif"),
        ("cQtlhD48EG0SY-original_still-gif", "https://media3.giphy.com/media/cQtlhD48EG0SY/giphy_s.gif"),
        (
            "cQtlhD48EG0SY-fixed_height_small_still-gif",
            "https://media3.giphy.com/media/cQtlhD48EG0SY/100_s.gif",
        ),
    ];
    assert_eq!(links, expected);

    let gif = &cat.contents()[2];
    assert_eq!((gif.width, gif.height, gif.size, gif.size_approx), (Some(480), Some(270), None, Some(42)));
    assert_eq!((gif.title.as_deref(), gif.uploaded_by.as_deref()), (Some("Pond Cat GIF"), Some("heron")));
    assert_eq!((gif.description.as_deref(), gif.tags.len()), (Some("A cat at a pond"), 2));
    assert_eq!(gif.uploaded_date.unwrap().to_string(), "2014-01-18T06:42:11Z");
    assert_eq!(gif.metadata["rating"], "g");
    assert_eq!(cat.contents()[1].size_approx, Some(13_681));
    assert_eq!(bring(&qetch, gif).await.unwrap().1.len(), 42);
}

#[tokio::test]
async fn a_clip_has_its_sound_first_and_its_captions() {
    let qetch = keyed("clip");
    let clip = one(&qetch, "https://giphy.com/clips/pond-frog-clip0f0frogs").await;
    let expected = [
        "clip0f0frogs-clip-720p-mp4",
        "clip0f0frogs-clip-360p-mp4",
        "clip0f0frogs-clip-hd-mp4",
        "clip0f0frogs-hd-mp4",
        "clip0f0frogs-original-gif",
    ];
    assert_eq!(uids(clip.contents()), expected);
    let best = clip.best();
    assert_eq!(
        (best.width, best.duration, best.title.as_deref()),
        (Some(1280), Some(7.2), Some("Frogs that croak"))
    );
    assert_eq!(best.fragments[0].url.as_str(), "https://media3.giphy.com/media/clip0f0frogs/giphy720p.mp4");
    let captions: Vec<_> =
        clip.companions.iter().map(|it| (it.uid.as_str(), it.language.as_deref())).collect();
    let english = Some("en");
    assert_eq!(
        captions,
        [("clip0f0frogs-captions-en-vtt", english), ("clip0f0frogs-captions-en-srt", english)]
    );
    assert!(clip.companions.iter().all(|it| it.role == Role::Caption));
    assert_eq!(bring(&qetch, best).await.unwrap().1.len(), 5);
}

#[tokio::test]
async fn the_key_is_in_nothing_that_is_saved_or_said() {
    let cat = one(&keyed("api"), CAT).await;
    let saved = serde_json::to_string(cat.contents()).unwrap();
    assert!(!saved.contains("key-1234"), "{saved}");

    for id in ["often00429", "nolinks000", "unheardof0"] {
        let error = fails(&keyed("refusals"), &format!("https://giphy.com/gifs/{id}")).await;
        let said = format!("{error} {error:?}");
        assert!(!said.contains("key-1234"), "{said}");
    }
}

#[tokio::test]
async fn refusals_of_the_api_are_told_by_kind() {
    let qetch = keyed("refusals");
    for (id, expected) in [
        ("missing0404", "not_found"),
        ("emptylist0", "not_found"),
        ("nokey00401", "login_required"),
        ("often00429", "rate_limited"),
        ("nolinks000", "site_changed"),
    ] {
        let error = fails(&qetch, &format!("https://giphy.com/gifs/{id}")).await;
        assert_eq!(error.code(), expected, "{id}: {error}");
    }
}

/// The fuzzer of all cassettes has no key, with which alone anything is asked.
#[tokio::test]
async fn no_shape_of_what_the_api_says_is_more_than_a_typed_error() {
    let whole = cassette::keyed("giphy/api");
    let (at, body) = whole.bodies().next().unwrap();
    let mut tried = 0;
    for shape in shapes(body) {
        tried += 1;
        let auth = AuthRegistry::new().with("giphy", Credential::token("key-1234"));
        let qetch = cassette::of(whole.clone().with_body(at, shape.body)).auth(auth).build();
        if let Err(error) = qetch.extract(CAT).await {
            assert!(["site_changed", "not_found"].contains(&error.code()), "{}: {error}", shape.name);
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn pages_of_the_site_and_look_alikes_are_not_claimed() {
    for link in [
        "https://giphy.com/",
        "https://giphy.com/trending-gifs",
        "https://media2.giphy.com@evil.example/media/xTk9ZLmAX9VtDNi3U4/100.gif",
        "https://notgiphy.com/gifs/cQtlhD48EG0SY",
    ] {
        let claims = builtins().claims(&Url::parse(link).unwrap());
        assert!(claims.iter().all(|it| it.extractor.info().name() != "giphy"), "{link}");
    }
}

#[cfg(recorded)]
#[tokio::test]
async fn recorded_numbers_are_read_in_either_way() {
    let auth = AuthRegistry::new().with("giphy", Credential::token("key-1234"));
    let qetch = cassette::of(cassette::keyed("giphy/recorded").with_files(env!("QETCH_FIXTURES")).unwrap())
        .auth(auth)
        .build();
    let old = one(&qetch, "https://giphy.com/gifs/xTk9ZLmAX9VtDNi3U4").await;
    let small = old.find("xTk9ZLmAX9VtDNi3U4-fixed_height_small-gif").unwrap();
    assert_eq!((small.width, small.size_approx), (Some(100), Some(401_171)));
    let new = one(&qetch, "https://giphy.com/gifs/cQtlhD48EG0SY").await;
    let still = new.find("cQtlhD48EG0SY-fixed_height_still-gif").unwrap();
    assert_eq!(
        (still.width, still.size_approx, still.fragments[0].url.query()),
        (Some(211), Some(17_813), None)
    );
}
