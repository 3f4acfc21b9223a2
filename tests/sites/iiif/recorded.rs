//! Manifests of the IIIF cookbook, as they stand in its repository.

use super::*;

async fn recipe(path: &str) -> (Vec<Variants>, Vec<String>) {
    let link = format!("https://iiif.io/api/cookbook/recipe/{path}.json");
    let found = all(&cassette::recorded("iiif/recorded").build(), &link).await;
    check_uids(&found.0);
    found
}

/// How many resources, contents, companions and warnings or errors there are; counted by hand.
#[tokio::test]
async fn the_recipes_of_the_cookbook_have_what_is_counted_in_them() {
    for (path, expected) in [
        ("0001-mvm-image/manifest", [1, 1, 0, 0]),
        ("0002-mvm-audio/manifest", [1, 1, 0, 0]),
        ("0003-mvm-video/manifest", [1, 1, 0, 0]),
        // The picture in full and in one smaller size.
        ("0005-image-service/manifest", [1, 2, 0, 0]),
        // Five pages whose pictures do not tell their sizes here.
        ("0009-book-1/manifest", [5, 5, 0, 5]),
        ("0017-transcription-av/manifest", [1, 1, 0, 0]),
        ("0024-book-4-toc/manifest", [6, 6, 0, 6]),
        // Of its two manifests one is there.
        ("0032-collection/collection", [1, 1, 0, 1]),
        // Two acts on one canvas, and a thumbnail.
        ("0064-opera-one-canvas/manifest", [2, 3, 0, 0]),
        ("0068-newspaper/newspaper_title-collection", [5, 5, 0, 6]),
        // The picture in two sizes, and the thumbnail of the manifest.
        ("0117-add-image-thumbnail/manifest", [1, 3, 0, 0]),
        ("0219-using-caption-file/manifest", [1, 1, 1, 0]),
        // Three pages, of which none tells its sizes here, and one without a picture.
        ("0283-missing-image/manifest", [3, 3, 0, 4]),
        // A picture and a film; three texts are painted too.
        ("0489-multimedia-canvas/manifest", [2, 2, 0, 1]),
    ] {
        let (found, told) = recipe(path).await;
        let contents = found.iter().map(|it| it.contents().len()).sum();
        let companions = found.iter().map(|it| it.companions.len()).sum();
        assert_eq!([found.len(), contents, companions, told.len()], expected, "{path}: {told:?}");
    }
}

#[tokio::test]
async fn facts_of_the_cookbook_are_as_they_stand_there() {
    let (found, _) = recipe("0001-mvm-image/manifest").await;
    let image = found[0].best();
    assert_eq!((image.width, image.height, image.kind), (Some(1200), Some(1800), Kind::Image));
    assert_eq!(image.title.as_deref(), Some("Single Image Example"));

    let (found, _) = recipe("0002-mvm-audio/manifest").await;
    let audio = found[0].best();
    assert_eq!(
        (audio.kind, audio.duration, audio.content_type.as_deref()),
        (Kind::Audio, Some(1985.024), Some("audio/mp4"))
    );

    let (found, _) = recipe("0005-image-service/manifest").await;
    let photo = found[0].best();
    assert_eq!((photo.width, photo.height), (Some(4032), Some(3024)));
    assert_eq!(photo.title.as_deref(), Some("Picture of Göttingen taken during the 2019 IIIF Conference"));
    assert_eq!(photo.metadata["label"], "Canvas with a single IIIF image");

    let (found, _) = recipe("0017-transcription-av/manifest").await;
    let transcript = &found[0].best().metadata["rendering"][0];
    assert_eq!(transcript["id"], "https://fixtures.iiif.io/video/indiana/volleyball/volleyball.txt");

    let (found, _) = recipe("0219-using-caption-file/manifest").await;
    let caption = &found[0].companions[0];
    assert_eq!((caption.role, caption.language.as_deref()), (Role::Caption, Some("en")));
    assert_eq!(caption.content_type.as_deref(), Some("text/vtt"));
    assert_eq!((found[0].best().kind, found[0].best().duration), (Kind::Video, Some(572.034)));
}

#[tokio::test]
async fn ranges_of_the_cookbook_are_chapters() {
    let (found, _) = recipe("0024-book-4-toc/manifest").await;
    let chapters = &found[2].best().metadata["chapters"];
    assert_eq!(chapters, &json!([{"title": "Monday", "within": ["Table of Contents", "Arede'et [አርድዕት]"]}]));

    let (found, _) = recipe("0064-opera-one-canvas/manifest").await;
    let (first, second) = (found[0].best(), found[1].best());
    assert_eq!((first.duration, second.duration), (Some(3971.24), Some(3307.22)));
    let prelude = json!({"title": "Preludio e Coro d'introduzione – Bel conforto al mietitore", "start": 0.0, "end": 302.05,
                         "within": ["Gaetano Donizetti, L'Elisir D'Amore", "Atto Primo"]});
    assert_eq!(
        (&first.metadata["chapters"][0], first.metadata["chapters"].as_array().unwrap().len()),
        (&prelude, 2)
    );
    let act = json!([{"title": "Atto Secondo", "start": 0.0, "end": 3307.182, "within": ["Gaetano Donizetti, L'Elisir D'Amore"]}]);
    assert_eq!(second.metadata["chapters"], act);
    assert_eq!(first.metadata["metadata"]["Date Issued"], "2019");
}
