//! Bluesky from cassettes.

#[cfg(recorded)]
mod recorded;

use qetch::{Delivery, Kind, Qetch, Role};
use qetch_tests::{
    cassette,
    replayed::{all, bring, fails, one, resources, told, uids},
};

const PNG: &str = "bafkreidlp6sdj6jkroakvmbntpy2clsj77foijheae5byt3iwz7d2k542a";
const GIF: &str = "bafkreihpdfk245l4rolgzazeqnidgg6tumhwldhnchzyp6hl6bnlgnugfe";
const MP4: &str = "bafkreigmn5dgs43a7dzdy5byolllqdijqcnuyody6z4iopyxffnevouyhu";
const VTT: &str = "bafkreicc3evser4mtgtzhtb3knsahovl42qbxrppg7vranozzhhyyzkpiq";

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("bluesky/{name}")).retries(0).build()
}

fn link(path: &str) -> String {
    format!("https://bsky.app/profile/{path}")
}

#[tokio::test]
async fn a_post_is_a_resource_for_each_picture_and_the_original_is_brought() {
    let qetch = site("post");
    let source = link("heron.example/post/3lpictures");
    let (found, warnings) = told(&qetch, &source).await;
    assert!(warnings.is_empty(), "{warnings:?}");
    let expected = ["blob", "fullsize", "thumb"].map(|name| format!("3lpictures-{PNG}-{name}"));
    assert_eq!(uids(found[0].contents()), expected);
    for (variants, index) in found.iter().zip(1..) {
        let collection = variants.collection.as_ref().unwrap();
        assert_eq!((collection.index, collection.count), (Some(index), Some(2)));
        assert_eq!(collection.title.as_deref(), Some("Two of them"));
    }

    let best = found[0].best();
    assert_eq!((best.extractor.as_str(), best.source.as_str()), ("bluesky", source.as_str()));
    assert_eq!(
        (best.kind, best.role, best.width, best.height),
        (Kind::Image, Role::Main, Some(1200), Some(800))
    );
    assert_eq!((best.size, best.size_approx), (None, Some(70)));
    assert_eq!((best.content_type.as_deref(), best.extension.as_deref()), (Some("image/png"), Some("png")));
    assert_eq!((best.title.as_deref(), best.description.as_deref()), (Some("Two of them"), Some("A heron")));
    assert_eq!(best.uploaded_by.as_deref(), Some("A. Heron"));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2026-03-01T09:30:00.125Z");
    assert_eq!(best.tags, ["herons", "birds"]);
    assert_eq!(best.metadata["text"], "Two of them\n\n#herons at the pond");
    assert_eq!((&best.metadata["handle"], &best.metadata["likeCount"]), (&"heron.example".into(), &3.into()));

    // A ratio is no size in pixels, and the copies are of sizes that nobody tells.
    assert_eq!((found[1].best().width, found[1].contents()[1].width), (None, None));
    assert!(found[1].best().is_animated_image());
    assert_eq!(found[1].best().description.as_deref(), best.metadata["text"].as_str());
    let (copy, small) = (&found[0].contents()[1], &found[0].contents()[2]);
    assert_eq!((copy.role, copy.extension.as_deref()), (Role::Main, Some("jpg")));
    assert_eq!((small.role, copy.checksums.len()), (Role::Thumbnail, 0));

    let (report, bytes) = bring(&qetch, best).await.unwrap();
    assert_eq!(&bytes[1..4], b"PNG");
    assert!(report.checksums.iter().any(|sum| *sum == best.checksums[0]), "{:?}", report.checksums);
}

#[tokio::test]
async fn a_gallery_beside_a_quote_is_its_pictures_once_each() {
    let (found, warnings) =
        told(&site("post"), &link("did:plc:heronheronheronheronhero/post/3lgallery")).await;
    let expected = ["blob", "fullsize", "thumb"].map(|name| format!("3lgallery-{GIF}-{name}"));
    assert_eq!(found.len(), 1);
    assert_eq!(uids(found[0].contents()), expected);
    assert_eq!(found[0].best().title.as_deref(), Some("@heron.example"));
    assert_eq!(found[0].best().metadata["quoted"], "at://did:web:bea.example/app.bsky.feed.post/3lquoted");
    assert_eq!((&found[0].contents()[1].content_type, &found[0].collection), (&None, &None));
    let expected = "bluesky: an item of the form `app.bsky.embed.gallery#viewVideo` is left out at \
        $.thread.post.embed.media.items[1]";
    assert_eq!(warnings, [expected]);
}

#[tokio::test]
async fn a_card_is_handed_off_where_it_leads_to_a_medium_or_to_what_is_known() {
    let gif = one(&site("post"), &link("heron.example/post/3lcard")).await;
    let best = gif.best();
    assert_eq!((best.extractor.as_str(), best.content_type.as_deref()), ("generic", Some("image/gif")));
    assert_eq!(best.description.as_deref(), Some("ALT: An otter waves"));
    assert_eq!(best.metadata["text"], "Hello");

    let known = one(&site("post"), &link("heron.example/post/3lknown")).await;
    assert_eq!(known.best().uid, format!("3lgallery-{GIF}-blob"));
}

#[tokio::test]
async fn a_video_is_what_was_uploaded_and_the_renditions_of_its_playlist() {
    let qetch = site("video");
    let (found, warnings) = told(&qetch, &link("bea.example/post/3lvideo")).await;
    assert!(warnings.is_empty(), "{warnings:?}");
    let [video] = &found[..] else { panic!("{found:?}") };
    let names: Vec<_> = video.contents().iter().map(|it| it.uid.replace(MP4, "CID")).collect();
    assert_eq!(names[0], "3lvideo-CID-blob");
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names[1].starts_with("3lvideo-CID-hls-") && names[3] == "3lvideo-CID-thumbnail", "{names:?}");

    let (best, large, small) = (video.best(), &video.contents()[1], &video.contents()[2]);
    assert_eq!((best.kind, best.width, best.height), (Kind::Video, Some(1080), Some(1920)));
    assert_eq!((best.delivery.clone(), best.extension.as_deref()), (Delivery::Fragments, Some("mp4")));
    assert_eq!(
        (best.title.as_deref(), best.description.as_deref()),
        (Some("@bea.example"), Some("It lands"))
    );
    assert_eq!(
        (best.uploaded_by.as_deref(), &best.metadata["presentation"]),
        (Some("bea.example"), &"gif".into())
    );
    assert_eq!((large.width, small.width, large.bitrate), (Some(720), Some(360), Some(1_900_000)));
    assert!(matches!(large.delivery, Delivery::Hls { .. }) && large.codecs.is_some());
    assert_eq!(video.contents()[3].role, Role::Thumbnail);

    let [caption] = &video.companions[..] else { panic!("{:?}", video.companions) };
    assert_eq!(caption.uid, format!("3lvideo-{MP4}-{VTT}-blob"));
    assert_eq!(
        (caption.role, caption.kind, caption.language.as_deref()),
        (Role::Caption, Kind::Text, Some("en"))
    );
    assert!(bring(&qetch, caption).await.unwrap().1.starts_with(b"WEBVTT"));
    assert_eq!(bring(&qetch, best).await.unwrap().1.len(), 36);
}

#[tokio::test]
async fn what_one_host_does_not_have_costs_its_renditions_and_no_more() {
    let (found, warnings) = told(&site("lost"), &link("heron.example/post/3lpictures")).await;
    assert_eq!(found[0].best().uid, format!("3lpictures-{PNG}-fullsize"));
    assert!(warnings.len() == 1 && warnings[0].contains("its server is not known"), "{warnings:?}");

    let qetch = site("lost");
    let (found, warnings) = told(&qetch, &link("bea.example/post/3lvideo")).await;
    assert_eq!(found[0].contents().len(), 2);
    assert!(warnings.len() == 1 && warnings[0].contains("the playlist of a video"), "{warnings:?}");
    // A server that gives another file of the same size is found out.
    assert_eq!(bring(&qetch, found[0].best()).await.unwrap_err().code(), "checksum_mismatch");
}

#[tokio::test]
async fn a_profile_is_what_it_posts_page_by_page() {
    let (found, warnings) = told(&site("profile"), &link("heron.example")).await;
    let best: Vec<_> = found.iter().map(|it| it.best().uid.as_str()).collect();
    let names = [("3lone", PNG), ("3lmovie", MP4), ("3ltwo", GIF)];
    assert_eq!(best[0], format!("3lone-{PNG}-blob"));
    for ((key, cid), uid) in names.into_iter().zip(best) {
        assert!(uid.starts_with(&format!("{key}-{cid}-")), "{uid}");
    }
    for (variants, index) in found.iter().zip(1..) {
        let collection = variants.collection.as_ref().unwrap();
        assert_eq!((collection.title.as_deref(), collection.index), (Some("@heron.example"), Some(index)));
    }
    assert!(warnings.len() == 1 && warnings[0].contains("hologram"), "{warnings:?}");
}

#[tokio::test]
async fn a_page_is_asked_for_when_the_one_before_it_was_taken() {
    let found = all(site("first_page").extract(&link("heron.example")).await.unwrap()).await;
    let [Ok(first), Err("gone")] = &found[..] else { panic!("{found:?}") };
    assert_eq!(first.best().uid, format!("3lone-{PNG}-blob"));
}

#[tokio::test]
async fn lists_and_generators_hand_each_post_off() {
    let (found, warnings) = told(&site("list"), &link("heron.example/lists/3lbirds")).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].best().uid, format!("3lpictures-{PNG}-blob"));
    let collection = found[0].collection.as_ref().unwrap();
    assert_eq!((collection.title.as_deref(), collection.index), (Some("list 3lbirds"), Some(1)));
    // Of two posts one is for those alone who have logged in.
    assert!(warnings.len() == 1 && warnings[0].contains("left out"), "{warnings:?}");
    let found = resources(&site("list"), &link("did%3Aplc%3Aheronheronheronheronhero/feed/ponds")).await;
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn a_portrait_is_its_original_and_the_copy_that_is_shown() {
    let qetch = site("portrait");
    let avatar = one(&qetch, &link("heron.example/avatar")).await;
    let did = "did:plc:heronheronheronheronhero-avatar";
    assert_eq!(uids(avatar.contents()), ["blob", "fullsize"].map(|name| format!("{did}-{PNG}-{name}")));
    assert_eq!(avatar.best().title.as_deref(), Some("avatar of @heron.example"));
    assert_eq!(bring(&qetch, avatar.best()).await.unwrap().1.len(), 70);
    assert_eq!(fails(&qetch, &link("heron.example/banner")).await.code(), "not_found");
}

#[tokio::test]
async fn a_refusal_says_what_the_caller_can_do() {
    let codes = [
        "not_found",
        "private",
        "not_found",
        "login_required",
        "gone",
        "gone",
        "gone",
        "invalid",
        "not_found",
        "rate_limited",
        "over_capacity",
        "login_required",
    ];
    let qetch = site("refusals");
    for (code, number) in codes.into_iter().zip(1..) {
        let error = fails(&qetch, &link(&format!("heron.example/post/3l{number}"))).await;
        assert_eq!(error.code(), code, "{number}");
    }
    for (actor, code) in [("shy.example", "login_required"), ("block.example", "private")] {
        assert_eq!(fails(&qetch, &link(actor)).await.code(), code, "{actor}");
    }
    assert_eq!(fails(&qetch, &link("plain.example/avatar")).await.code(), "not_found");
}

#[tokio::test]
async fn a_post_without_media_says_what_it_has() {
    let qetch = site("refusals");
    for (number, words) in [
        (13, "quotes at://did:web:bea.example/app.bsky.feed.post/3lq"),
        (14, "it has no media"),
        (15, "`app.bsky.embed.hologram#view`"),
        (16, "it links to a page"),
    ] {
        let error = fails(&qetch, &link(&format!("heron.example/post/3l{number}"))).await;
        assert_eq!(error.code(), "unsupported");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn what_needs_a_login_is_not_asked_for() {
    let qetch = site("refusals");
    for path in ["search?q=x", "hashtag/nature", "hashtag/nature/latest", "saved", "profile/a.example/likes"]
    {
        assert_eq!(
            fails(&qetch, &format!("https://bsky.app/{path}")).await.code(),
            "login_required",
            "{path}"
        );
    }
}
