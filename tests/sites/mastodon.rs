//! Mastodon from cassettes.

use qetch::{Content, DownloadOptions, Error, Found, Kind, Qetch, Role, Variants};
use qetch_tests::{Folder, cassette};

const POST: &str = "https://social.example/@ada/110447003454258227";

/// All that is found behind `link`: the resources, and the warnings.
async fn read(qetch: &Qetch, link: &str) -> Result<(Vec<Variants>, Vec<String>), Error> {
    let mut extraction = qetch.extract(link).await?;
    let (mut all, mut warnings) = (Vec::new(), Vec::new());
    while let Some(found) = extraction.next().await {
        match found? {
            Found::Variants(variants) => all.push(variants),
            Found::Warning(warning) => warnings.push(warning.message),
            other => panic!("{other:?}"),
        }
    }
    Ok((all, warnings))
}

/// What is found in the cassette of this name behind `link`.
async fn replayed(name: &str, link: &str) -> Result<(Vec<Variants>, Vec<String>), Error> {
    read(&cassette::replay(name).build(), link).await
}

/// The uids of a resource, best first, without the instance.
fn uids(variants: &Variants) -> Vec<&str> {
    variants.contents().iter().map(|content| content.uid.split_once('-').unwrap().1).collect()
}

fn all_uids(all: &[Variants]) -> Vec<&str> {
    all.iter().flat_map(uids).collect()
}

fn pixels(content: &Content) -> Option<(u32, u32)> {
    content.width.zip(content.height)
}

fn link(content: &Content) -> &str {
    content.fragments[0].url.as_str()
}

#[tokio::test]
async fn a_post_is_a_resource_for_each_attachment() {
    let (all, warnings) = replayed("mastodon/post", POST).await.unwrap();
    assert!(warnings.is_empty());
    let expected = [
        "110447002079181641-original",
        "110447002079181641-small",
        "110447002079181642-original",
        "110447002079181642-small",
        "110447002079181643-original",
        "110447002079181643-small",
        "110447002079181644-original",
        "110447002079181644-small",
    ];
    assert_eq!(all_uids(&all), expected);
    for (variants, index) in all.iter().zip(1..) {
        let collection = variants.collection.as_ref().unwrap();
        assert_eq!((collection.index, collection.count), (Some(index), Some(4)));
        assert_eq!(collection.title.as_deref(), Some("Otters & #rivers"));
    }

    let image = all[0].best();
    assert_eq!(image.uid, "social.example-110447002079181641-original");
    assert_eq!((image.extractor.as_str(), image.source.as_str()), ("mastodon", POST));
    assert_eq!((image.kind, image.role, pixels(image)), (Kind::Image, Role::Main, Some((1280, 720))));
    assert_eq!((image.duration, image.fps, image.bitrate), (None, None, None));
    assert_eq!((image.extension.as_deref(), image.content_type.as_deref()), (Some("png"), Some("image/png")));
    assert_eq!(link(image), "https://files.example/110/original/97232afa341c291e.png");
    assert_eq!(image.title.as_deref(), Some("Otters & #rivers"));
    assert_eq!(image.description.as_deref(), Some("An otter asleep on its back"));
    assert_eq!(image.uploaded_by.as_deref(), Some("Ada of the River"));
    assert_eq!(image.uploaded_date.unwrap().to_string(), "2026-05-28T15:25:28.292Z");
    assert_eq!(image.tags, ["rivers"]);
    assert_eq!((image.size, image.size_approx, image.checksums.len()), (None, None, 0));
    let metadata: Vec<_> = image.metadata.keys().map(String::as_str).collect();
    let expected = [
        "acct",
        "attachment_id",
        "blurhash",
        "favourites_count",
        "focus",
        "language",
        "quoted_status",
        "reblogs_count",
        "replies_count",
        "sensitive",
        "status_id",
        "text",
        "type",
        "uri",
        "url",
        "visibility",
    ];
    assert_eq!(metadata, expected);
    assert_eq!(image.metadata["text"], "Otters & #rivers\n\nFour of them.\nAll asleep.");
    assert_eq!(image.metadata["quoted_status"], "https://home.example/users/bea/statuses/9");

    let small = &all[0].contents()[1];
    assert_eq!((small.role, small.kind, pixels(small)), (Role::Thumbnail, Kind::Image, Some((640, 360))));
}

#[tokio::test]
async fn what_moves_and_what_sounds_has_its_facts() {
    let (all, _) = replayed("mastodon/post", POST).await.unwrap();
    let (gifv, video, audio) = (all[1].best(), all[2].best(), all[3].best());
    assert_eq!((gifv.kind, pixels(gifv)), (Kind::Video, Some((600, 332))));
    assert_eq!((gifv.fps, gifv.duration, gifv.bitrate), (Some(25.0), Some(1.5), Some(1_627_639)));
    assert_eq!(gifv.metadata["type"], "gifv");
    assert_eq!(gifv.description.as_deref(), Some("Otters & #rivers\n\nFour of them.\nAll asleep."));

    assert_eq!((video.kind, pixels(video)), (Kind::Video, Some((950, 534))));
    assert_eq!((video.fps, video.duration, video.bitrate), (Some(60.0), Some(10.032), Some(3_209_303)));
    assert_eq!((video.description.as_deref(), &video.codecs), (Some("It turns over"), &None));
    let small = &all[2].contents()[1];
    assert_eq!((small.role, small.kind, small.duration), (Role::Thumbnail, Kind::Image, None));

    assert_eq!((audio.kind, pixels(audio), audio.fps), (Kind::Audio, None, None));
    assert_eq!((audio.duration, audio.bitrate), (Some(402.860_408), Some(166_290)));
    assert_eq!(audio.content_type.as_deref(), Some("audio/mpeg"));
}

#[tokio::test]
async fn a_picture_is_extracted_and_brought() {
    let qetch = cassette::replay("mastodon/post").build();
    let (all, _) = read(&qetch, POST).await.unwrap();
    let folder = Folder::new();
    qetch.download(all[0].best(), folder.path("f"), &DownloadOptions::new()).await.unwrap();
    let bytes = std::fs::read(folder.path("f")).unwrap();
    assert_eq!((bytes.len(), &bytes[1..4]), (70, b"PNG".as_slice()));
}

#[tokio::test]
async fn the_original_at_its_home_comes_before_the_copy() {
    let boost = "https://social.example/@ada/110447003454258300";
    let qetch = cassette::replay("mastodon/remote").build();
    let (all, warnings) = read(&qetch, boost).await.unwrap();
    assert_eq!(uids(&all[0]), ["501-remote", "501-original", "501-small"]);
    assert_eq!(uids(&all[1]), ["502-remote", "502-original", "502-small"]);
    assert_eq!(uids(&all[2]), ["503-remote"]);
    let left_out =
        "mastodon: an attachment is left out: it has no file yet at $.reblog.media_attachments[0].url";
    assert_eq!(warnings, [left_out]);

    let (original, copy) = (&all[0].contents()[0], &all[0].contents()[1]);
    assert_eq!(link(original), "https://media.home.example/1.jpg");
    assert_eq!(link(copy), "https://files.example/cache/501/original/1.jpg");
    assert_eq!((pixels(original), pixels(copy)), (Some((800, 600)), Some((800, 600))));
    assert!(!original.is_animated_image(), "a still picture that is said to last");
    // A link of the media proxy has no name that tells a type.
    let proxied = &all[1].contents()[1];
    assert_eq!((proxied.kind, &proxied.extension, &proxied.content_type), (Kind::Video, &None, &None));
    // What the instance does not know, its name tells.
    assert_eq!((all[2].best().kind, all[2].best().extension.as_deref()), (Kind::Audio, Some("flac")));

    // Of a boost it is the post that counts, and the link that stays.
    assert_eq!((original.source.as_str(), original.title.as_deref()), (boost, Some("wet")));
    assert_eq!(original.uploaded_by.as_deref(), Some("bea@home.example"));
    assert_eq!(original.metadata["status_id"], "110447003454258299");
    assert_eq!(
        (&original.metadata["uri"], &original.metadata["reblogged_by"]),
        (&"https://home.example/users/bea/statuses/77".into(), &"ada".into())
    );
    let collection = all[2].collection.as_ref().unwrap();
    assert_eq!((collection.index, collection.count), (Some(4), Some(4)));

    let folder = Folder::new();
    qetch.download(original, folder.path("f"), &DownloadOptions::new()).await.unwrap();
    assert!(std::fs::read(folder.path("f")).unwrap().starts_with(&[0xff, 0xd8, 0xff]));
}

#[tokio::test]
async fn the_uids_of_a_post_are_unique_and_the_same_again() {
    for (name, link) in [("post", POST), ("remote", "https://social.example/@ada/110447003454258300")] {
        let name = format!("mastodon/{name}");
        let (one, _) = replayed(&name, link).await.unwrap();
        let (again, _) = replayed(&name, link).await.unwrap();
        assert_eq!(all_uids(&one), all_uids(&again));
        let mut unique = all_uids(&one);
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), all_uids(&one).len());
    }
}

#[tokio::test]
async fn an_account_is_all_that_it_posted_page_by_page() {
    let (all, warnings) = replayed("mastodon/account", "https://social.example/@ada").await.unwrap();
    assert!(warnings.is_empty());
    assert_eq!(all_uids(&all), ["301-original", "302-original", "201-original", "101-original"]);
    for (variants, index) in all.iter().zip(1..) {
        let collection = variants.collection.as_ref().unwrap();
        assert_eq!((collection.title.as_deref(), collection.index), (Some("@ada"), Some(index)));
        assert_eq!(variants.best().source.as_str(), "https://social.example/@ada");
    }
    // A post without words goes by its account.
    let titles: Vec<_> = all.iter().map(|it| it.best().title.clone().unwrap()).collect();
    assert_eq!(titles, ["Two", "Two", "One", "@ada"]);
}

#[tokio::test]
async fn a_page_is_asked_for_when_the_one_before_it_was_taken() {
    let qetch = cassette::replay("mastodon/first_page").build();
    let mut extraction = qetch.extract("https://social.example/tags/otters").await.unwrap();
    let first = extraction.next_variants().await.unwrap().unwrap();
    assert_eq!(uids(&first), ["201-original"]);
    assert_eq!(first.collection.unwrap().title.as_deref(), Some("#otters"));
    // Had the second been asked for before, its error would have come instead.
    assert_eq!(extraction.next_variants().await.unwrap_err().code(), "gone");
    assert!(extraction.next_variants().await.unwrap().is_none());
}

#[tokio::test]
async fn a_notice_of_pleroma_is_a_post_and_so_is_its_object() {
    for link in [
        "https://fedi.example/notice/9xLMO1BcEEbaM54LBI",
        "https://fedi.example/objects/386d2d68-090f-492e-81bd-8d32a3a65627",
    ] {
        let qetch = cassette::replay("mastodon/notice").build();
        let (all, warnings) = read(&qetch, link).await.unwrap();
        assert!(warnings.is_empty());
        let [variants] = &all[..] else { panic!("{all:?}") };
        // One file by three names is one content, and one picture is no album.
        assert_eq!(variants.contents().len(), 1);
        assert_eq!(
            (variants.best().uid.as_str(), &variants.collection),
            ("fedi.example--1478394785-original", &None)
        );
        assert!(variants.best().is_animated_image());
        assert_eq!(variants.best().title.as_deref(), Some("moss"));

        let folder = Folder::new();
        qetch.download(variants.best(), folder.path("f"), &DownloadOptions::new()).await.unwrap();
        assert!(std::fs::read(folder.path("f")).unwrap().starts_with(b"GIF89a"));
    }
}

#[tokio::test]
async fn a_refusal_says_what_the_caller_can_do() {
    let codes = [
        "login_required",
        "login_required",
        "private",
        "not_found",
        "gone",
        "over_capacity",
        "rate_limited",
        "gone",
    ];
    for (code, id) in codes.into_iter().zip(1..) {
        let qetch = cassette::replay("mastodon/refusals").retries(0).build();
        let error = read(&qetch, &format!("https://social.example/@ada/{id}")).await.unwrap_err();
        assert_eq!(error.code(), code, "{id}");
    }
}

#[cfg(recorded)]
mod recorded {
    use std::path::Path;

    use qetch::{Claim, Url};

    use super::*;

    async fn recorded(link: &str) -> Result<(Vec<Variants>, Vec<String>), Error> {
        read(&cassette::recorded("mastodon/recorded").build(), link).await
    }

    #[tokio::test]
    async fn a_recorded_picture_has_its_original_and_its_preview() {
        let (all, warnings) = recorded("https://mastodon.social/@halcy/110447003454258227").await.unwrap();
        assert!(warnings.is_empty());
        assert_eq!(all_uids(&all), ["110447002079181641-original", "110447002079181641-small"]);
        let (best, small) = (all[0].best(), &all[0].contents()[1]);
        assert_eq!(
            (best.kind, pixels(best), pixels(small)),
            (Kind::Image, Some((1280, 720)), Some((640, 360)))
        );
        assert_eq!(
            (best.title.as_deref(), best.description.as_deref()),
            (Some("image post"), Some("furry cube"))
        );
        assert_eq!(best.uploaded_by.as_deref(), Some("autumnal halcy"));
        assert_eq!(best.metadata["in_reply_to_id"], "110447001287656894");
    }

    #[tokio::test]
    async fn a_recorded_video_has_its_facts() {
        let (all, _) = recorded("https://mastodon.social/@halcy/110447001287656894").await.unwrap();
        assert_eq!(all.len(), 1);
        let best = all[0].best();
        assert_eq!((best.kind, pixels(best), best.fps), (Kind::Video, Some((950, 950)), Some(60.0)));
        assert_eq!((best.duration, best.bitrate), (Some(10.032), Some(3_209_303)));
        assert_eq!(best.description.as_deref(), Some("bae hololive gangnam style"));
        assert_eq!(all[0].contents()[1].kind, Kind::Image);
    }

    #[tokio::test]
    async fn recorded_posts_without_media_are_told() {
        for link in [
            "https://mastodon.social/@halcy/110446183735368325",
            "http://localhost:3000/@mastodonpy_test/117020583223442465",
            "http://localhost:3000/@mastodonpy_test/117020609135389699",
            "http://localhost:3000/statuses/117020609135389700",
        ] {
            assert_eq!(recorded(link).await.unwrap_err().code(), "unsupported", "{link}");
        }
    }

    #[test]
    fn real_links_are_claimed_and_those_of_other_sites_are_not() {
        let qetch = Qetch::builder().build();
        let mastodon = qetch.registry().extractor("mastodon").unwrap();
        let cases = std::fs::read_to_string(Path::new(env!("QETCH_FIXTURES")).join("url_cases.tsv")).unwrap();
        let mut own = 0;
        for row in cases.lines().skip(1) {
            let [link, site, expected, id, ..] = row.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{row}")
            };
            let Ok(url) = Url::parse(link) else { continue };
            let claim = mastodon.can_handle(&url);
            if site == "mastodon" && expected == "match" {
                own += 1;
                assert_eq!(claim, Claim::Perhaps, "{row}");
                let found = mastodon.info().handles().find(&url).unwrap();
                assert_eq!(found.get("id").unwrap_or_default(), id, "{row}");
            } else {
                assert_eq!(claim, Claim::No, "{row}");
            }
        }
        assert_eq!(own, 13);
    }
}
