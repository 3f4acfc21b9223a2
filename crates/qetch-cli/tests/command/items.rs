//! `--items`: some of the resources behind each link.

use serde_json::json;

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
