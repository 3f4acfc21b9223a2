//! What was recorded, and the API's own snapshots.

use std::{fs, path::Path};

use qetch::{Cassette, Claim, Url};
use serde_json::{Value, json};

use super::*;

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("QETCH_FIXTURES")).join(name)).unwrap()
}

/// The answers in a snapshot of the API's own tests, in order. They are JSON with commas before brackets, and the ids in
/// them are numbered; which are put into the form that ids have.
fn snapshot(name: &str) -> Vec<Value> {
    let text = fixture(&format!("bluesky/{name}_snapshot.txt"));
    let mut plain = text
        .replace("(", "")
        .replace(")", "")
        .replace("\"record", "\"at://did:plc:user0/app.bsky.feed.post/record");
    plain = plain
        .replace("post/record\":", "record\":")
        .replace("at://did:plc:user0/app.bsky.feed.record\":", "record\":");
    plain = plain
        .replace("\"user", "\"did:plc:user")
        .replace("/user", "/did:plc:user")
        .replace("cids", "bafkreicids");
    let answers = plain.split("] = `").skip(1).map(|part| part.split("`;").next().unwrap());
    let answers = answers.map(|answer| {
        let lines: Vec<_> = answer.lines().collect();
        let ends = |at: usize| lines.get(at + 1).is_some_and(|next| next.trim().starts_with(['}', ']']));
        let lines = lines.iter().enumerate().map(|(at, line)| match line.strip_suffix(',') {
            Some(bare) if ends(at) => bare,
            _ => line,
        });
        serde_json::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap()
    });
    answers.collect()
}

/// What answers with `posts`, each by its key, and with whatever `more` says.
fn network<'a>(posts: impl IntoIterator<Item = (&'a str, &'a Value)>, more: &str) -> Qetch {
    let mut text = format!("# qetch cassette 1\n\n{more}");
    for (key, post) in posts {
        let uri = format!("at%3A%2F%2Fdid%3Aplc%3Auser0%2Fapp.bsky.feed.post%2F{key}");
        let answer = json!({ "thread": { "$type": "app.bsky.feed.defs#threadViewPost", "post": post } });
        text += &format!(
            "=== GET https://public.api.bsky.app/xrpc/app.bsky.feed.getPostThread?uri={uri}&depth=0&parentHeight=0\n\
             --- 200\n\n{answer}\n"
        );
    }
    let service = json!({ "id": "#atproto_pds", "serviceEndpoint": "https://pds.example" });
    text += &format!(
        "=== GET https://plc.directory/did:plc:user0\n--- 200\n\n{}\n",
        json!({ "service": [service] })
    );
    cassette::of(Cassette::parse("recorded", &text).unwrap()).retries(0).build()
}

#[tokio::test]
async fn the_posts_of_the_snapshots_are_read() {
    let answers = snapshot("posts");
    let post = |key: &'static str| link(&format!("did:plc:user0/post/{key}"));
    let playlist = "=== GET https://bsky.public.url/vid/did:plc:user1/bafkreicids3/playlist.m3u8\n--- 404\n";
    let keys = ["quoting", "gallery", "quoting_film", "film"];
    let qetch = network(keys.into_iter().zip(&answers), playlist);
    for (key, expected) in [("quoting", vec!["3"]), ("gallery", vec!["3", "1"])] {
        let found = resources(&qetch, &post(key)).await;
        let best: Vec<_> = found.iter().map(|it| it.best().uid.as_str()).collect();
        let expected: Vec<_> = expected.iter().map(|cid| format!("record0-bafkreicids{cid}-blob")).collect();
        assert_eq!(best, expected, "{key}");
        assert_eq!(
            uids(found[0].contents())[1..],
            ["record0-bafkreicids3-fullsize", "record0-bafkreicids3-thumb"]
        );
        assert_eq!(
            (found[0].best().size_approx, found[0].best().description.as_deref()),
            (Some(4114), Some("landscape"))
        );
    }
    for key in ["quoting_film", "film"] {
        let (found, warnings) = told(&qetch, &post(key)).await;
        let expected = ["blob", "thumbnail"].map(|name| format!("record0-bafkreicids3-{name}"));
        assert_eq!(
            (uids(found[0].contents()), warnings.len()),
            (expected.iter().map(String::as_str).collect(), 1)
        );
    }
    // The rest: words, quotes, and pictures of those who are quoted.
    for fetched in answers[4].as_array().unwrap() {
        let own = fetched["embed"]["media"].is_object();
        let found = network([("any", fetched)], "").extract(&post("any")).await;
        assert_eq!(found.map(drop).map_err(|error| error.code()).is_ok(), own, "{fetched}");
    }
}

#[tokio::test]
async fn the_feed_of_the_snapshots_is_read() {
    let answers = snapshot("list_feed");
    let feed = answers[0].as_array().unwrap();
    let list = "https://public.api.bsky.app/xrpc/app.bsky.feed.getListFeed?\
        list=at%3A%2F%2Fdid%3Aplc%3Auser0%2Fapp.bsky.graph.list%2F3l&limit=100";
    let page = format!("=== GET {list}\n--- 200\n\n{}\n", json!({ "feed": feed }));
    let posts = feed.iter().map(|it| &it["post"]);
    let keyed = posts.clone().map(|post| (post["uri"].as_str().unwrap().rsplit('/').next().unwrap(), post));
    let found = resources(&network(keyed, &page), &link("did:plc:user0/lists/3l")).await;
    let with_media = posts.clone().filter(|post| post["embed"]["images"].is_array());
    assert_eq!((found.len(), with_media.count(), posts.count()), (1, 1, 7));
    assert_eq!(found[0].collection.as_ref().unwrap().index, Some(1));
}

#[tokio::test]
async fn recorded_views_of_videos_are_read() {
    for (name, pixels, is_gif) in
        [("2025", Some((1920, 1920)), false), ("presentation_gif", Some((381, 800)), true)]
    {
        let view: Value =
            serde_json::from_str(&fixture(&format!("bluesky/embed_video_view_{name}.json"))).unwrap();
        let video = json!({ "ref": { "$link": view["cid"] }, "mimeType": "video/mp4", "size": 9 });
        let post = json!({ "uri": "at://did:plc:user0/app.bsky.feed.post/k", "embed": view, "record": { "embed": { "video": video } } });
        let playlist = format!(
            "=== GET {}\n--- 200\n\n\\#EXTM3U\n\\#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=720x720\n720p/video.m3u8\n",
            view["playlist"].as_str().unwrap()
        );
        let video = one(&network([("k", &post)], &playlist), &link("did:plc:user0/post/k")).await;
        let best = video.best();
        assert_eq!((video.contents().len(), best.width.zip(best.height)), (3, pixels), "{name}");
        assert_eq!(
            (best.checksums.len(), best.metadata.contains_key("presentation")),
            (usize::from(!is_gif), is_gif)
        );
    }
}

#[test]
fn real_links_are_claimed_and_those_of_other_sites_are_not() {
    let qetch = Qetch::builder().build();
    let bluesky = qetch.registry().extractor("bluesky").unwrap();
    let cases = fixture("url_cases.tsv");
    let mut own = 0;
    for row in cases.lines().skip(1) {
        let [text, site, expected, id, ..] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let Ok(url) = Url::parse(text) else { continue };
        if (site, expected) != ("bluesky", "match") {
            assert_eq!(bluesky.can_handle(&url), Claim::No, "{row}");
            continue;
        }
        own += 1;
        assert!(matches!(bluesky.can_handle(&url), Claim::Yes(_)), "{row}");
        let found = bluesky.info().handles().find(&url).unwrap();
        let [key, actor] = ["id", "actor"].map(|name| found.get(name).unwrap_or_default());
        // What the rows call the id is the account, the key, or both.
        let ids = [key.to_owned(), actor.to_owned(), format!("{actor}/{key}")];
        let is_search = found.handle().name() == "search";
        assert!(id.is_empty() || is_search || ids.iter().any(|it| it == id), "{row}: {ids:?}");
    }
    assert_eq!(own, 25);
}
