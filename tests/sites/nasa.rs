//! images.nasa.gov from cassettes.

use qetch::{Claim, Error, Kind, Qetch, Role, Url};
use qetch_tests::{
    cassette,
    replayed::{all, bring, fails, one, told, uids},
    site::builtins,
};

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("nasa/{name}")).build()
}

#[tokio::test]
async fn a_picture_is_its_renditions_from_the_original_to_the_thumbnail() {
    let qetch = site("items");
    let picture = one(&qetch, "https://images.nasa.gov/details-POND-1.html").await;
    let expected = ["POND-1~orig.tif", "POND-1~large.jpg", "POND-1~medium.jpg", "POND-1~thumb.jpg"];
    assert_eq!(uids(picture.contents()), expected);
    let best = picture.best();
    assert_eq!((best.extractor.as_str(), best.kind, best.quality.value()), ("nasa", Kind::Image, 1.0));
    assert_eq!(best.source.as_str(), "https://images.nasa.gov/details/POND-1");
    assert_eq!((best.width, best.height), (Some(4000), Some(2250)));
    assert_eq!((best.size, best.size_approx), (None, Some(9_000_000)));
    assert_eq!(best.content_type.as_deref(), Some("image/tiff"));
    assert_eq!(best.title.as_deref(), Some("Pond from orbit"));
    assert_eq!(best.description.as_deref(), Some("A pond & its frogs"));
    assert_eq!(
        (best.uploaded_by.as_deref(), &best.tags[..]),
        (Some("JPL"), &["ponds", "frogs"].map(String::from)[..])
    );
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2001-02-03T04:05:06Z");
    assert_eq!(
        (&best.metadata["photographer"], &best.metadata["location"]),
        (&"A. Heron".into(), &"Orbit".into())
    );
    let large = &picture.contents()[1];
    assert_eq!((large.width, large.height), (Some(1920), Some(1080)));
    assert_eq!(picture.contents()[2].width, None);
    assert_eq!(picture.contents()[3].role, Role::Thumbnail);
    let (_, bytes) = bring(&qetch, large).await.unwrap();
    assert_eq!(bytes, b"\xFF\xD8\xFF\xD9");
}

#[tokio::test]
async fn every_link_of_an_item_is_the_whole_item() {
    let qetch = site("items");
    let page = one(&qetch, "https://images.nasa.gov/details/POND-1").await;
    for link in [
        "https://images-api.nasa.gov/asset/POND-1",
        "https://images-assets.nasa.gov/image/POND-1/POND-1~thumb.jpg",
        "https://images-assets.nasa.gov/image/POND-1/metadata.json",
    ] {
        assert_eq!(one(&qetch, link).await, page, "{link}");
    }
}

#[tokio::test]
async fn a_film_has_captions_and_links_that_answers_leave_unescaped() {
    let qetch = site("items");
    let film = one(&qetch, "https://images.nasa.gov/details/A%20Frog%27s%20Leap%3F").await;
    let expected = [
        "A Frog's Leap?~orig.mov",
        "A Frog's Leap?~medium.mp4",
        "A Frog's Leap?~mobile.mp4",
        "A Frog's Leap?~large_1.jpg",
        "A Frog's Leap?~thumb_1.jpg",
    ];
    assert_eq!(uids(film.contents()), expected);
    let roles: Vec<_> = film.contents()[2..].iter().map(|it| it.role).collect();
    assert_eq!(roles, [Role::Main, Role::Poster, Role::Thumbnail]);
    assert_eq!(uids(&film.companions), ["A Frog's Leap?.srt", "A Frog's Leap?.vtt"]);
    assert!(film.companions.iter().all(|it| it.role == Role::Caption && it.kind == Kind::Text));
    assert_eq!(film.best().fragments[0].url.scheme(), "https");
    let (_, bytes) = bring(&qetch, film.best()).await.unwrap();
    assert_eq!(&bytes[4..8], b"ftyp");
}

#[tokio::test(start_paused = true)]
async fn a_sound_is_brought_although_nothing_is_told_of_it() {
    let (found, warnings) = told(&site("items"), "https://images.nasa.gov/details/croak").await;
    assert_eq!(uids(found[0].contents()), ["croak~orig.wav", "croak~128k.mp3", "croak~64k.mp3"]);
    assert!(found[0].contents().iter().all(|it| it.kind == Kind::Audio && it.title.is_none()));
    assert_eq!(found[0].contents()[1].bitrate, Some(128_000));
    assert!(warnings.len() == 1 && warnings[0].contains("croak"), "{warnings:?}");
}

#[tokio::test]
async fn results_come_one_by_one_with_what_the_search_tells_of_them() {
    let link = "https://images.nasa.gov/search?q=frogs&media=image,audio&yearStart=1990&yearEnd=&sort=new";
    let found = all(site("search").extract(link).await.unwrap()).await;
    // One that is gone does not end it, and no page is asked for twice.
    let [Ok(first), Err("not_found"), Ok(last)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(uids(first.contents()), ["FROG 1~orig.png", "FROG 1~thumb.jpg"]);
    let best = first.best();
    assert_eq!((best.title.as_deref(), best.uploaded_by.as_deref()), (Some("Frog one"), Some("MSFC")));
    assert_eq!(best.source.as_str(), "https://images.nasa.gov/details/FROG%201");
    assert_eq!(best.metadata["nasa_id"], "FROG 1");
    assert_eq!(last.best().title.as_deref(), Some("Frog three"));
    let place = last.collection.clone().unwrap();
    assert_eq!((place.title.as_deref(), place.index, place.count), (Some("frogs"), Some(3), Some(3)));
}

#[tokio::test]
async fn the_first_result_needs_no_second_page() {
    let whole = cassette::read("nasa/search").to_string();
    let (first, _) = whole.split_once("=== GET https://images-api.nasa.gov/search?media_type").unwrap();
    let qetch = cassette::of(qetch::Cassette::parse("first page", first).unwrap()).build();
    let link = "https://images.nasa.gov/search?q=frogs&media=image,audio&yearStart=1990";
    let mut extraction = qetch.extract(link).await.unwrap();
    assert_eq!(extraction.next_variants().await.unwrap().unwrap().best().uid, "FROG 1~orig.png");
}

#[tokio::test]
async fn what_the_site_says_instead_is_told_by_kind() {
    let check = async |name: &str, path: &str, expected: &str, text: &str| {
        let error: Error = fails(&site(name), &format!("https://images.nasa.gov/{path}")).await;
        assert_eq!(error.code(), expected, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    };
    check("items", "details/away", "not_found", "away").await;
    check("items", "details/bare", "not_found", "a file of the item bare").await;
    check("items", "details/changed", "site_changed", "$.collection.items").await;
    check("search", "search", "invalid", "Expected 'q'").await;
}

#[test]
fn links_are_claimed_by_their_forms_and_look_alikes_are_not() {
    let registry = builtins();
    let extractor = registry.extractor("nasa").unwrap();
    let claim = |link: &str| extractor.can_handle(&Url::parse(link).unwrap());
    for (link, handle) in [
        ("https://images.nasa.gov/details/PIA12889", "item"),
        ("https://images.nasa.gov/search-results?q=moon", "search"),
        (
            "https://images-assets.nasa.gov/image/GSFC_20171208_Archive_e002174/GSFC_20171208_Archive_e002174~large.jpg",
            "file",
        ),
        ("https://images-assets.nasa.gov/image/6900559/collection.json", "list"),
    ] {
        assert_eq!(claim(link), Claim::Yes(handle.into()), "{link}");
    }
    for link in [
        "https://www.nasa.gov/",
        "https://images.nasa.gov/",
        "https://images.nasa.gov.evil.test/details/PIA12889",
        "https://images.nasa.gov@evil.test/details/PIA12889",
    ] {
        assert_eq!(claim(link), Claim::No, "{link}");
    }
}

#[cfg(recorded)]
#[tokio::test]
async fn a_recorded_page_of_results_is_read() {
    let qetch = cassette::recorded("nasa/recorded").build();
    let link = "https://images.nasa.gov/search?q=apollo%2011&description=moon%20landing&media=image";
    let (found, warnings) = told(&qetch, link).await;
    assert_eq!((found.len(), warnings.len()), (2, 0));
    let best = found[0].best();
    assert_eq!(best.uid, "200907190008HQ~orig.jpg");
    assert_eq!(best.title.as_deref(), Some("Glenn Lecture With Crew of Apollo 11"));
    assert_eq!(best.metadata["photographer"], "NASA/Bill Ingalls");
    assert_eq!((best.tags.len(), best.uploaded_by.as_deref()), (5, Some("HQ")));
    assert_eq!(uids(found[1].contents()), ["6900559~orig.jpg", "6900559~large.jpg"]);
    assert_eq!(found[1].collection.as_ref().unwrap().count, Some(345));
}
