//! 4chan from cassettes.

use std::time::Duration;

use qetch::{Kind, Qetch, Role};
use qetch_tests::{
    cassette,
    replayed::{all, bring, fails, one, resources, told, uids},
};

fn site(name: &str) -> Qetch {
    cassette::replay(&format!("fourchan/{name}")).build()
}

const THREAD: &str = "https://boards.4chan.org/po/thread/1001/frogs-herons";

#[tokio::test]
async fn a_thread_is_the_files_of_its_posts() {
    let qetch = site("thread");
    let (found, warnings) = told(&qetch, THREAD).await;
    let listed: Vec<_> = found.iter().map(|it| uids(it.contents())).collect();
    let expected = [
        ["po/1660857948001", "po/1660857948001s"],
        ["po/1660858020002", "po/1660858020002s"],
        ["po/1660858140003", "po/1660858140003s"],
        ["po/1660858200004", "po/1660858200004s"],
    ];
    assert_eq!(listed, expected);
    assert_eq!(warnings, ["fourchan: files of 4chan thread /po/1001 that were deleted are left out: 1"]);

    let places: Vec<_> = found.iter().map(|it| it.collection.clone().unwrap()).collect();
    assert_eq!(
        (places[2].title.as_deref(), places[2].index, places[2].count),
        (Some("Frogs & herons"), Some(3), Some(4))
    );
    let first = found[0].best();
    assert_eq!((first.extractor.as_str(), first.quality.value()), ("fourchan", 1.0));
    assert_eq!((first.kind, first.width, first.height), (Kind::Image, Some(530), Some(449)));
    assert_eq!(first.title.as_deref(), Some("green & small"));
    assert_eq!(first.description.as_deref(), Some("Fold a frog.\n\nIs it easy?"));
    assert_eq!(first.uploaded_by.as_deref(), Some("Anonymous"));
    assert_eq!(first.uploaded_date.unwrap().as_unix(), 1_660_857_948);
    assert_eq!(first.source.as_str(), "https://boards.4chan.org/po/thread/1001#p1001");
    assert_eq!((&first.metadata["trip"], &first.metadata["board"]), (&"!frogs".into(), &"po".into()));
    let thumbnail = &found[0].contents()[1];
    assert_eq!((thumbnail.role, thumbnail.width, thumbnail.height), (Role::Thumbnail, Some(250), Some(211)));

    let clip = found[1].best();
    assert_eq!((clip.kind, clip.content_type.as_deref()), (Kind::Video, Some("video/webm")));
    assert_eq!((&clip.metadata["spoiler"], &clip.metadata["m_img"]), (&1.into(), &1.into()));
    // What the first post says of the thread stands with each file.
    assert_eq!((&clip.metadata["archived"], &clip.metadata["closed"]), (&1.into(), &1.into()));
    let plans = found[2].best();
    assert_eq!((plans.kind, plans.width), (Kind::Text, None));
    assert!(found[3].best().is_animated_image());
}

#[tokio::test]
async fn the_md5_of_a_post_is_that_of_the_file_that_is_brought() {
    let qetch = site("thread");
    let found = resources(&qetch, THREAD).await;
    let first = found[0].best();
    assert_eq!(first.size, Some(29));
    let sums: Vec<_> = first.checksums.iter().map(ToString::to_string).collect();
    assert_eq!(sums, ["md5:4103fb3fd0b61a918a7b3dc25d7e0798"]);
    let (report, bytes) = bring(&qetch, first).await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG") && report.checksums.contains(&first.checksums[0]));

    // A size without a checksum is no guarantee.
    let plans = found[2].best();
    assert_eq!((plans.size, plans.size_approx, plans.checksums.len()), (None, Some(5000), 0));
}

#[tokio::test]
async fn a_file_of_zeros_alone_is_refused() {
    let qetch = site("thread");
    let found = resources(&qetch, THREAD).await;
    let error = bring(&qetch, found[3].best()).await.unwrap_err();
    assert_eq!(error.code(), "checksum_mismatch");
}

#[tokio::test]
async fn a_link_to_a_post_is_its_file_alone() {
    let qetch = site("thread");
    for link in [
        "https://boards.4channel.org/po/thread/1001#p1003",
        "https://boards.4chan.org/po/thread/1001/frogs-herons#q1003",
        "https://a.4cdn.org/po/thread/1001.json#p1003",
    ] {
        let post = one(&qetch, link).await;
        assert_eq!(post.best().uid, "po/1660858020002", "{link}");
        assert_eq!(post.collection.as_ref().and_then(|it| it.index), Some(2));
    }
    // Its source is that post: extracting it again finds the same file.
    let post = one(&qetch, "https://boards.4chan.org/po/thread/1001#p1003").await;
    assert_eq!(one(&qetch, post.best().source.as_str()).await, post);
    assert_eq!(resources(&qetch, "https://boards.4chan.org/po/thread/1001#bottom").await.len(), 4);

    for (post, code, part) in [
        (1002, "not_found", "a file of post 1002 of 4chan thread /po/1001"),
        (1004, "gone", "the file of post 1004 of 4chan thread /po/1001"),
        (1099, "not_found", "post 1099 of 4chan thread /po/1001"),
    ] {
        let error = fails(&qetch, &format!("{THREAD}#p{post}")).await;
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_link_to_a_file_is_that_file_and_one_to_a_thumbnail_the_thumbnail() {
    let qetch = site("thread");
    let file = one(&qetch, "https://i.4cdn.org/po/1660857948001.png").await;
    let file = file.best();
    assert_eq!((file.uid.as_str(), file.role, file.kind), ("po/1660857948001", Role::Main, Kind::Image));
    assert_eq!(file.uploaded_date.unwrap().to_string(), "2022-08-18T21:25:48Z");
    let (_, bytes) = bring(&qetch, file).await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    let thumbnail = one(&qetch, "https://i.4cdn.org/po/1660857948001s.jpg").await;
    let thumbnail = thumbnail.best();
    assert_eq!((thumbnail.uid.as_str(), thumbnail.role), ("po/1660857948001s", Role::Thumbnail));
}

#[tokio::test]
async fn a_flash_film_lies_at_the_name_it_was_uploaded_with() {
    let qetch = site("films");
    let found = one(&qetch, "https://boards.4chan.org/f/thread/3001").await;
    let film = found.best();
    assert_eq!((film.uid.as_str(), film.kind, found.contents().len()), ("f/1660857948", Kind::Other, 1));
    assert_eq!((film.title.as_deref(), &film.tags[..]), (Some("Frogs & I #1"), &["Loop".to_owned()][..]));
    let (_, bytes) = bring(&qetch, film).await.unwrap();
    assert_eq!(bytes, b"FWS");
    let plain = one(&qetch, film.fragments[0].url.as_str()).await;
    assert_eq!((plain.best().kind, plain.best().extension.as_deref()), (Kind::Other, Some("swf")));
}

#[tokio::test(start_paused = true)]
async fn a_board_is_its_threads_and_one_that_is_deleted_does_not_end_it() {
    let qetch = site("board");
    let found = async |link: &str| {
        let found = all(qetch.extract(link).await.unwrap()).await;
        let uids = found
            .iter()
            .map(|it| it.as_ref().map_or_else(|code| (*code).to_owned(), |it| it.best().uid.clone()));
        uids.collect::<Vec<_>>()
    };
    let (first, third) = ("po/1660857902001", "po/1660857902003");
    assert_eq!(found("https://boards.4chan.org/po/").await, [first, "not_found", third]);
    assert_eq!(found("https://boards.4channel.org/po/catalog").await, [first, "not_found", third]);
    assert_eq!(found("https://a.4cdn.org/po/threads.json").await, [first, "not_found", third]);
    assert_eq!(found("https://boards.4chan.org/po/2").await, [third]);
    assert_eq!(found("https://boards.4chan.org/po/archive").await, ["not_found", third]);

    let error = fails(&qetch, "https://boards.4chan.org/po/9").await;
    assert_eq!(error.to_string(), "a thread of page 9 of 4chan board /po/ was not found");
    let error = fails(&qetch, "https://boards.4chan.org/po/catalog#s=frogs").await;
    assert_eq!(error.code(), "unsupported");
    assert!(error.to_string().contains("a search of the 4chan board /po/"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_had_is_told_by_kind() {
    let qetch = site("errors");
    for (path, code, part) in [
        ("po/thread/4000", "not_found", "4chan thread /po/4000 was not found"),
        ("po/thread/4001", "gone", "the file of 4chan thread /po/4001"),
        ("po/thread/4002", "not_found", "a file of 4chan thread /po/4002"),
        ("po/thread/4003", "site_changed", "missing at $.posts[0].tim"),
        ("po/thread/4004", "site_changed", "at $.posts"),
        ("po/thread/4005", "over_capacity", "a.4cdn.org"),
        ("po/thread/4006", "challenge", "a.4cdn.org"),
        ("none/", "not_found", "4chan board /none/ was not found"),
        ("b/archive", "not_found", "the archive of the 4chan board /b/"),
        ("bare/", "not_found", "a thread of 4chan board /bare/"),
        // The last of them: from then on the host is not asked.
        ("po/thread/4007", "rate_limited", "a.4cdn.org"),
    ] {
        let error = fails(&qetch, &format!("https://boards.4chan.org/{path}")).await;
        assert_eq!(error.code(), code, "{path}: {error}");
        assert!(error.to_string().contains(part), "{path}: {error}");
    }
    let error = fails(&qetch, "https://i.4cdn.org/po/1660857948009.jpg").await;
    assert_eq!(error.to_string(), "4chan file po/1660857948009 was not found");
    assert_eq!(fails(&qetch, "https://i.4cdn.org/po/1660857948010.jpg").await.code(), "bad_reply");
}

#[test]
fn the_api_is_asked_once_a_second_and_look_alikes_are_not_claimed() {
    let qetch = Qetch::builder().build();
    let fourchan = qetch.registry().extractor("fourchan").unwrap();
    let interval = |link: &str| fourchan.info().interval(&link.parse().unwrap());
    assert_eq!(interval("https://a.4cdn.org/po/threads.json"), Some(Duration::from_secs(1)));
    assert_eq!(interval("https://i.4cdn.org/po/1660857948001.png"), None);
    for link in [
        "https://boards.4chan.org.evil.test/tg/thread/15396072/",
        "https://boards.4chan.org@evil.test/tg/thread/15396072/",
        "https://boards.4chan.org/",
        "https://a.4cdn.org/boards.json",
        "https://s.4cdn.org/image/spoiler.png",
    ] {
        let claims = qetch.registry().claims(&link.parse().unwrap());
        assert!(claims.iter().all(|it| it.extractor.info().name() != "fourchan"), "{link}");
    }
}

#[cfg(recorded)]
#[tokio::test]
async fn the_thread_of_the_documentation_is_three_files() {
    let qetch = cassette::recorded("fourchan/recorded").build();
    let found = resources(&qetch, "https://boards.4chan.org/po/thread/570368/welcome-to-po").await;
    let listed: Vec<_> = found.iter().map(|it| it.best().uid.as_str()).collect();
    assert_eq!(listed, ["po/1546293948883", "po/1546294496751", "po/1546294889019"]);
    let first = found[0].best();
    assert_eq!((first.width, first.height, first.size), (Some(530), Some(449), Some(516_657)));
    assert_eq!(first.checksums[0].to_string(), "md5:b9951e65e075e05551f8c73649c1ef54");
    assert_eq!(found[1].collection.as_ref().unwrap().title.as_deref(), Some("Welcome to /po/!"));
}
