//! `--items`: some of the resources behind each link.

use qetch_testkit::{Origin, Resource};
use serde_json::{Value, json};

use crate::support::{BEST, Home, LINK, Said, Site};

/// The uids of the lines of `qetch extract --json`.
fn uids(said: &Said) -> Vec<String> {
    said.json().iter().map(|line| line["variants"][0]["uid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_those_of_each_link() {
    let (home, site) = (Home::new(), Site::start().await);
    let said = home.run(&["extract", "--json", "--items", "-1,5", &site.route, LINK, LINK]);
    assert_eq!((said.code, uids(&said).len()), (0, 2), "{said:?}");
    let said = home.run(&["--items", "1", &site.route, LINK]);
    assert_eq!(said.lines(), [BEST]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_with_how_much_is_and_nothing_is_fetched() {
    let (home, site) = (Home::new(), Site::start().await);
    for command in ["extract", "download"] {
        let before = site.asked().len();
        let said = home.run(&[command, "--items", "2-", &site.route, LINK]);
        said.failed(5, &format!("{LINK}: item 2 (there is only 1) was not found"));
        assert_eq!(site.asked().len() - before, 1, "{:?}", site.asked());
    }
    assert_eq!(home.files("."), [""; 0]);
    // The other links go on.
    let said = home.run(&["extract", "--json", "--items", "1", &site.route, "ftp://h.example/", LINK]);
    assert_eq!((said.code, uids(&said).len()), (3, 1), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_saved_is_numbered_as_it_stands_there() {
    let (home, site) = (Home::new(), Site::start().await);
    let saved = |uid: &str, link: &str| {
        let fragment = json!({ "url": link });
        let content = json!({
            "uid": uid, "source": LINK, "kind": "image", "extension": "jpg", "fragments": [fragment],
        });
        format!("{}\n", json!({ "format": 1, "variants": [content] }))
    };
    let there = "https://thumbs.gfycat.com/CleverSampleQuokka-poster.jpg";
    let all = [saved("a", "https://thumbs.gfycat.com/no.jpg"), saved("b", there), saved("c", there)].concat();
    let run = |items: &str, input: &str| {
        home.run_with(&["--content", "-", "-d", "out", "--items", items, &site.route], input)
    };
    assert_eq!(run("3,2", &all).lines(), ["out/b.jpg", "out/c.jpg"]);
    assert!(site.asked().iter().all(|path| path.ends_with("poster.jpg")), "{:?}", site.asked());

    run("4-", &all).failed(5, "standard input: item 4 (there are only 3) was not found");
    // What cannot be read is told, and does not count.
    let said = run("2", &format!("frog\n{all}"));
    assert_eq!((said.code, said.out.as_str()), (2, "out/b.jpg\n"), "{said:?}");
    assert!(said.err.contains("standard input, line 1: "), "{said:?}");
}

/// A collection of archive.org: three pictures, two of them on the first page.
async fn collection() -> Origin {
    let origin = Origin::start().await.unwrap();
    let serve = |path: &str, value: &Value| {
        let resource = Resource::new(value.to_string()).with_content_type("application/json");
        origin.serve_on("archive.org", path, resource);
    };
    let item = |id: &str, mediatype: &str, name: &str| {
        let (file, metadata) = (json!({ "name": name, "source": "original", "format": "JPEG" }), "metadata");
        json!({ "files": [file], metadata: { "identifier": id, "mediatype": mediatype, "title": id } })
    };
    serve("/metadata/ponds", &item("ponds", "collection", "ponds.jpg"));
    for id in ["pond-1", "pond-2", "pond-3"] {
        let name = format!("{id}.jpg");
        serve(&format!("/metadata/{id}"), &item(id, "image", &name));
        let picture = Resource::new(format!("\u{ff}{id}")).with_content_type("image/jpeg");
        origin.serve_on("archive.org", &format!("/download/{id}/{name}"), picture);
    }
    let scrape = "/services/search/v1/scrape";
    let first = json!({ "items": [{ "identifier": "pond-1" }, { "identifier": "pond-2" }], "cursor": "two", "total": 3 });
    serve(scrape, &first);
    let second = format!("{scrape}?q=collection%3Aponds&fields=identifier&count=100&cursor=two");
    serve(&second, &json!({ "items": [{ "identifier": "pond-3" }], "total": 3 }));
    origin
}

const PONDS: &str = "https://archive.org/details/ponds";

/// What was asked for since the last time, but for the collection itself and its first page.
fn asked(origin: &Origin, before: &mut usize) -> Vec<String> {
    let all = origin.requests();
    let new = all[*before..].iter().map(|seen| seen.path.rsplit(['/', '=']).next().unwrap().to_owned());
    *before = all.len();
    new.skip(2).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_list_no_more_is_read_than_is_wanted() {
    let (home, origin) = (Home::new(), collection().await);
    let route = format!("--route=*={}", origin.url(""));
    let mut before = 0;
    let mut check = |items: &str, expected: &[&str], requests: &[&str]| {
        let said = home.run(&["extract", "--json", "--items", items, &route, PONDS]);
        assert_eq!(
            (said.code, uids(&said)),
            (0, expected.iter().map(|&it| it.to_owned()).collect()),
            "{said:?}"
        );
        assert_eq!(asked(&origin, &mut before), requests, "{items}");
    };
    let uid = |number: u32| format!("pond-{number}/pond-{number}.jpg");
    let (one, two, three) = (uid(1), uid(2), uid(3));
    check("1", &[&one], &["pond-1"]);
    check("2,1", &[&one, &two], &["pond-1", "pond-2"]);
    check("3-", &[&three], &["pond-1", "pond-2", "two", "pond-3"]);

    let said = home.run(&["--items", "2", "-d", "out", &route, PONDS]);
    assert_eq!(said.lines().len(), 1, "{said:?}");
    assert_eq!(asked(&origin, &mut before), ["pond-1", "pond-2", "pond-2.jpg"]);
    home.run(&["--items", "4,9", &route, PONDS]).failed(5, "item 4 (there are only 3) was not found");
}
