//! imgur from cassettes: pages and files without a key, version 3 of the API with one, and what both refuse.

use std::collections::BTreeSet;

use qetch::{
    AuthRegistry, Cassette, Context, Credential, Error, Kind, Qetch, Registry, Replay, Role, Url, Variants,
};
use qetch_testkit::shapes;
use qetch_tests::{
    cassette,
    replayed::{all, bring, fails, one, resources, told, uids},
    site::builtins,
};

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("imgur/{name}")).build()
}

fn known(name: &str) -> Qetch {
    let auth = AuthRegistry::new().with("imgur", Credential::token("k3y"));
    let cassette = match name {
        "api" | "api_refusals" => cassette::keyed(&format!("imgur/{name}")),
        _ => cassette::read(&format!("imgur/{name}")),
    };
    cassette::of(cassette).auth(auth).build()
}

#[tokio::test]
async fn an_image_is_what_its_page_embeds_with_smaller_copies_as_thumbnails() {
    let qetch = site("pages");
    let heron = one(&qetch, "https://imgur.com/a-herons-pond-HeroN12").await;
    let copies = ["HeroN12-h", "HeroN12-l", "HeroN12-m", "HeroN12-b", "HeroN12-t", "HeroN12-s"];
    assert_eq!(uids(heron.contents())[0], "HeroN12-jpg");
    assert_eq!(uids(&heron.contents()[1..]), copies);
    assert_eq!(heron.collection, None);
    let best = heron.best();
    assert_eq!((best.kind, best.width, best.height), (Kind::Image, Some(2000), Some(1000)));
    assert_eq!((best.size, best.size_approx, best.duration), (None, Some(20), None));
    assert_eq!(
        (best.title.as_deref(), best.description.as_deref(), best.uploaded_by.as_deref()),
        (Some("A heron's pond"), Some("It \"waits\"."), Some("heron"))
    );
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2021-03-04T05:06:07Z");
    assert_eq!(
        (best.tags.as_slice(), &best.metadata["view_count"]),
        (["herons".to_owned()].as_slice(), &12.into())
    );
    let sides: Vec<_> =
        heron.contents()[1..].iter().map(|it| (it.width.unwrap(), it.height.unwrap())).collect();
    assert_eq!(sides, [(1024, 512), (640, 320), (320, 160), (160, 160), (160, 80), (90, 90)]);
    assert!(heron.contents()[1..].iter().all(|it| it.role == Role::Thumbnail));
    let (_, bytes) = bring(&qetch, best).await.unwrap();
    assert!(bytes.starts_with(&[0xff, 0xd8]));
}

#[tokio::test]
async fn a_link_to_a_small_copy_is_the_whole_image() {
    let qetch = site("pages");
    for link in
        ["https://i.imgur.com/HeroN12h.png", "https://imgur.io/HeroN12s", "http://m.imgur.com/HeroN12"]
    {
        assert_eq!(one(&qetch, link).await.best().uid, "HeroN12-jpg", "{link}");
    }
    let webp = one(&qetch, "https://i.imgur.com/HeroN12_d.webp?maxwidth=760&fidelity=grand").await;
    assert_eq!(webp.best().uid, "HeroN12-jpg");
}

#[tokio::test]
async fn an_album_is_its_images_in_order_and_says_what_its_page_leaves_out() {
    let (found, warnings) = told(&site("pages"), "https://imgur.com/a/some-ponds-PonDs#1").await;
    let bests: Vec<_> = found.iter().map(|it| it.best().uid.as_str()).collect();
    assert_eq!(bests, ["PondA12-png", "PondB12-mp4", "PondC12-mp4"]);
    let place = found[1].collection.clone().unwrap();
    assert_eq!((place.title.as_deref(), place.index, place.count), (Some("Ponds"), Some(2), Some(4)));
    assert_eq!(found[0].best().title.as_deref(), Some("The first"));
    assert_eq!(uids(found[0].contents()), ["PondA12-png"], "no copy is larger than the image");

    let moving = found[1].contents();
    assert_eq!(
        (moving[1].uid.as_str(), moving[1].kind, moving[1].duration),
        ("PondB12-gif", Kind::Image, Some(2.5))
    );
    assert_eq!((moving[0].size_approx, moving[0].title.as_deref()), (None, None));
    let clip = found[2].best();
    assert_eq!(
        (clip.kind, clip.duration, &clip.metadata["has_sound"]),
        (Kind::Video, Some(12.48), &true.into())
    );
    assert_eq!(clip.uploaded_by.as_deref(), Some("heron"));
    let expected = "imgur: the page of imgur album PonDs leaves 1 of its images out; a Client-ID finds them";
    assert_eq!(warnings, [expected]);
    let album = one(&site("pages"), "https://imgur.com/gallery/FullA").await;
    assert_eq!(album.collection.unwrap().count, Some(1));
}

#[tokio::test]
async fn a_link_to_a_file_is_that_file_whose_first_answer_tells_the_type() {
    let qetch = site("pages");
    let clip = one(&qetch, "https://i.imgur.com/ClipA12.gifv").await;
    let best = clip.best();
    assert_eq!((best.uid.as_str(), best.kind, best.size_approx), ("ClipA12-mp4", Kind::Video, Some(28)));
    assert_eq!(best.fragments[0].url.as_str(), "https://i.imgur.com/ClipA12.mp4");
    let (_, bytes) = bring(&qetch, best).await.unwrap();
    assert_eq!(&bytes[4..12], b"ftypisom");
    let moving = one(&qetch, "https://i.imgur.com/MoveA12.jpg").await;
    assert_eq!(
        (moving.best().uid.as_str(), moving.best().extension.as_deref()),
        ("MoveA12-gif", Some("gif"))
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_had_is_told_by_kind() {
    let qetch = site("refusals");
    for (link, code, part) in [
        ("i.imgur.com/GoneA12.jpg", "gone", "imgur file GoneA12"),
        ("i.imgur.com/GoneB12.jpg", "gone", "imgur file GoneB12"),
        ("i.imgur.com/FarAw12.jpg", "geo_blocked", "imgur file FarAw12"),
        ("imgur.com/FarPage", "geo_blocked", "imgur image FarPage"),
        ("imgur.com/a/FarA1", "geo_blocked", "/a/FarA1"),
        ("i.imgur.com/NoneA12.png", "not_found", "imgur file NoneA12"),
        ("imgur.com/a/NoneA", "not_found", "imgur album NoneA"),
        ("imgur.com/a/BlinD", "login_required", "imgur needs a login (token)"),
        ("imgur.com/a/BusyA", "over_capacity", "imgur.com"),
        ("imgur.com/BusyB12", "over_capacity", "imgur.com"),
        ("imgur.com/WallA12", "challenge", "imgur.com"),
        ("imgur.com/a/OddAa", "site_changed", "no post in its page at $"),
        ("imgur.com/a/EmptY", "site_changed", "empty at $.media"),
        ("imgur.com/gallery/LostA", "site_changed", "missing at $.media"),
        // The host is not asked again after it.
        ("imgur.com/a/SlowA", "rate_limited", "3600"),
        ("imgur.com/r/pics", "login_required", "imgur"),
        ("imgur.com/t/cats/top/week", "login_required", "imgur"),
        ("imgur.com/user/frog/posts", "login_required", "imgur"),
        ("imgur.com/user/me/hidden", "unsupported", "the pages of who is logged in"),
        ("imgur.com/user/mikf1/favorites/folder/11896741/private", "unsupported", "what an imgur user likes"),
    ] {
        let error = fails(&qetch, &format!("https://{link}")).await;
        assert_eq!(error.code(), code, "{link}: {error}");
        assert!(error.to_string().contains(part), "{link}: {error}");
    }
}

#[tokio::test]
async fn with_a_client_id_a_gif_is_had_as_a_clip_too() {
    let qetch = known("api");
    for link in ["https://imgur.com/GiFvA12", "https://i.imgur.com/GiFvA12.gifv"] {
        let found = one(&qetch, link).await;
        assert_eq!(uids(&found.contents()[..2]), ["GiFvA12-mp4", "GiFvA12-gif"]);
        assert_eq!(found.worst().uid, "GiFvA12-mp4");
        let [clip, gif] = &found.contents()[..2] else { panic!("{found:?}") };
        assert_eq!((clip.size_approx, gif.size_approx), (Some(28), Some(362_373)));
        assert_eq!((gif.width, gif.title.as_deref(), gif.tags.len()), (Some(500), Some("Hop"), 1));
        assert_eq!((gif.uploaded_by.as_deref(), &gif.metadata["nsfw"]), (Some("frog"), &true.into()));
        assert_eq!(clip.metadata["hls"], "https://i.imgur.com/GiFvA12.m3u8");
        // The API has the link of a copy for what is large.
        assert_eq!(gif.fragments[0].url.as_str(), "https://i.imgur.com/GiFvA12.gif");
        let (_, bytes) = bring(&qetch, clip).await.unwrap();
        assert_eq!(&bytes[4..12], b"ftypisom");
    }
}

#[tokio::test]
async fn with_a_client_id_an_album_is_whole() {
    let qetch = known("api");
    let found = resources(&qetch, "https://imgur.com/a/VzqXk/all").await;
    let bests: Vec<_> = found.iter().map(|it| it.best().uid.as_str()).collect();
    assert_eq!(bests, ["BikeA12-jpg", "BikeB12-png"]);
    let (first, place) = (found[0].best(), found[0].collection.clone().unwrap());
    assert_eq!((place.title.as_deref(), place.index, place.count), (Some("Bikes"), Some(1), Some(2)));
    assert_eq!((first.title.as_deref(), first.description.as_deref()), (None, Some("One")));
    assert_eq!((first.uploaded_by.as_deref(), &first.metadata["section"]), (Some("rider"), &"pics".into()));
    assert_eq!(first.uploaded_date.unwrap().as_unix(), 1_460_715_032);
    // The answer for a gallery may have but the first of them.
    let long = resources(&qetch, "https://imgur.com/gallery/bikes-LongA").await;
    assert_eq!((long.len(), long[2].best().uid.as_str()), (3, "BikeC12-mp4"));
}

#[tokio::test]
async fn with_a_client_id_what_one_way_does_not_know_is_asked_for_by_the_next() {
    let qetch = known("api");
    for (link, uid) in [
        ("https://imgur.com/gallery/OneAa12", "OneAa12-jpg"),
        ("https://imgur.com/t/small/one-OneAa12", "OneAa12-jpg"),
        ("https://imgur.com/topic/Small/OneAa12", "OneAa12-jpg"),
        ("https://imgur.com/r/aww/SubAa12", "SubAa12-png"),
        ("https://i.imgur.com/FileA12.png", "FileA12-png"),
    ] {
        assert_eq!(one(&qetch, link).await.best().uid, uid, "{link}");
    }
}

#[tokio::test]
async fn with_a_client_id_lists_are_read_page_by_page() {
    let qetch = known("api");
    let found = all(qetch.extract("https://imgur.com/r/pics").await.unwrap()).await;
    let bests: Vec<_> = found.iter().map(|it| it.as_ref().unwrap().best().uid.as_str()).collect();
    assert_eq!(bests, ["ListA12-jpg", "BikeA12-jpg", "BikeB12-png", "ListB12-jpg"]);
    let tagged = resources(&qetch, "https://imgur.com/t/frogs/top/year").await;
    assert_eq!(tagged[0].best().uid, "GiFvA12-mp4");
    assert!(resources(&qetch, "https://imgur.com/user/frog").await.is_empty());

    let mut first: Vec<Variants> = Vec::new();
    let whole = cassette::keyed("imgur/api").to_string();
    let cut = whole.find("=== GET https://api.imgur.com/3/gallery/r/pics/time/week/1").unwrap();
    let auth = AuthRegistry::new().with("imgur", Credential::token("k3y"));
    let qetch = cassette::of(Cassette::parse("first", &whole[..cut]).unwrap()).auth(auth).build();
    let mut extraction = qetch.extract("https://imgur.com/r/pics").await.unwrap();
    while first.len() < 3 {
        first.push(extraction.next_variants().await.unwrap().unwrap());
    }
    assert_eq!(extraction.next_variants().await.unwrap_err().code(), "not_recorded");
}

#[tokio::test(start_paused = true)]
async fn what_the_api_refuses_is_told_by_kind() {
    let qetch = known("api_refusals");
    for (id, code, part) in [
        ("BusyA12", "over_capacity", "api.imgur.com"),
        ("BusyB12", "over_capacity", "api.imgur.com"),
        ("BusyC12", "over_capacity", "api.imgur.com"),
        ("RateA12", "rate_limited", "api.imgur.com"),
        ("KeyAa12", "login_required", "token"),
        ("KeyBb12", "login_required", "token"),
        ("MineA12", "private", "imgur image MineA12"),
        ("FarAa12", "geo_blocked", "imgur image FarAa12"),
        ("OddAa12", "http", "status 500"),
        ("OddBb12", "site_changed", "no JSON"),
        ("OddCc12", "site_changed", "$.success"),
        ("OddDd12", "site_changed", "$.data"),
        ("OddEe12", "site_changed", "$.data.type"),
        ("OddFf12", "http", "status 500"),
        ("NoneA12", "not_found", "imgur image NoneA12"),
    ] {
        let error = fails(&qetch, &format!("https://imgur.com/{id}")).await;
        assert_eq!(error.code(), code, "{id}: {error}");
        assert!(error.to_string().contains(part), "{id}: {error}");
        assert!(!format!("{error:?}").contains("k3y"), "{error:?}");
        if let Error::RateLimited { retry_after, .. } = error {
            assert!(retry_after.unwrap().as_secs() > 1_000_000);
        }
    }
}

/// What comes of any shape of an answer: contents, each with a uid of its own, or an error that names what was missing.
async fn check(registry: &Registry, cassette: Cassette, link: &str, name: &str) {
    let auth = AuthRegistry::new().with("imgur", Credential::token("k3y"));
    let cx = Context::builder().transport(Replay::of(cassette).into()).auth(auth).build();
    let mut extraction = match registry.extract(&cx, &Url::parse(link).unwrap()).await {
        Ok(extraction) => extraction,
        Err(error) => return check_error(&error, name),
    };
    for _ in 0..5 {
        match extraction.next_variants().await {
            Ok(Some(variants)) => {
                let uids: BTreeSet<_> = uids(variants.contents()).into_iter().collect();
                assert_eq!(uids.len(), variants.contents().len(), "{name}");
            }
            Ok(None) => return,
            Err(error) => check_error(&error, name),
        }
    }
}

fn check_error(error: &Error, name: &str) {
    match error {
        Error::SiteChanged { path, .. } => assert!(path.starts_with('$'), "{name}: {error}"),
        other => assert_ne!(other.code(), "unexpected", "{name}: {error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn no_shape_of_what_is_asked_for_with_a_client_id_is_a_fault() {
    let (registry, whole) = (builtins(), cassette::keyed("imgur/api"));
    let links = [
        ("image/GiFvA12", "https://imgur.com/GiFvA12"),
        ("album/VzqXk", "https://imgur.com/a/VzqXk"),
        ("album/LongA", "https://imgur.com/gallery/LongA"),
        ("week/0", "https://imgur.com/r/pics"),
    ];
    let mut tried = 0;
    for (at, body) in whole.bodies() {
        let text = String::from_utf8_lossy(body);
        let Some((_, link)) = links.iter().find(|(path, _)| match *path {
            "week/0" => text.contains("ListA12"),
            path => text.contains(&format!("\"data\": {{\"id\": \"{}\"", &path[6..])),
        }) else {
            continue;
        };
        for shape in shapes(body) {
            check(&registry, whole.clone().with_body(at, shape.body), link, &shape.name).await;
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
}

#[tokio::test(start_paused = true)]
async fn no_shape_of_what_a_page_embeds_is_a_fault() {
    let (registry, whole) = (builtins(), cassette::read("imgur/pages"));
    let found = whole.bodies().find(|(_, body)| String::from_utf8_lossy(body).contains("PonDs"));
    let (at, html) = found.map(|(at, body)| (at, String::from_utf8_lossy(body).into_owned())).unwrap();
    let begin = html.find("JSON=").unwrap() + 5;
    let end = html.find("</script>").unwrap();
    let post: String = serde_json::from_str(&html[begin..end].replace("\\'", "'")).unwrap();
    let mut tried = 0;
    for shape in shapes(post.as_bytes()) {
        let post = serde_json::to_string(&String::from_utf8_lossy(&shape.body)).unwrap();
        let html = format!("<script>window.postDataJSON = {post};</script>");
        let changed = whole.clone().with_body(at, html.into_bytes());
        check(&registry, changed, "https://imgur.com/a/PonDs", &shape.name).await;
        tried += 1;
    }
    assert!(tried > 200, "{tried}");
}

#[cfg(recorded)]
#[tokio::test]
async fn recorded_answers_of_the_api_are_read() {
    let auth = AuthRegistry::new().with("imgur", Credential::token("k3y"));
    let qetch = cassette::of(cassette::keyed("imgur/recorded").with_files(env!("QETCH_FIXTURES")).unwrap())
        .auth(auth)
        .build();
    for link in ["https://imgur.com/ClF8rLe", "https://i.imgur.com/ClF8rLe.jpg"] {
        let image = one(&qetch, link).await;
        let best = image.best();
        assert_eq!((best.uid.as_str(), best.width, best.height), ("ClF8rLe-jpg", Some(2448), Some(3264)));
        assert_eq!(
            (best.size_approx, best.uploaded_date.unwrap().as_unix()),
            (Some(1_071_339), 1_451_248_840)
        );
    }
    for (link, title) in [
        ("https://imgur.com/a/VZQXk", "Gianluca Gimini's bikes"),
        ("https://imgur.com/gallery/VZQXk", "As it turns out, most people cannot draw a bike."),
    ] {
        let album = one(&qetch, link).await;
        let place = album.collection.clone().unwrap();
        assert_eq!((place.title.as_deref(), place.index, place.count), (Some(title), Some(1), Some(1)));
        assert_eq!(album.best().uid, "CJCA0gW-jpg");
        assert_eq!(album.best().uploaded_by.as_deref(), Some("mrcassette"));
    }
    for (id, code) in [("Error50", "http"), ("NotDone", "site_changed"), ("RateSim", "site_changed")] {
        assert_eq!(fails(&qetch, &format!("https://imgur.com/{id}")).await.code(), code, "{id}");
    }
}
