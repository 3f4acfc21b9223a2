//! `qetch extractors`: what this build knows, and who claims a link.

use serde_json::{Value, json};

use crate::support::Home;

#[test]
fn every_extractor_is_described() {
    let home = Home::new();
    let said = home.run(&["extractors", "--json"]);
    assert_eq!(said.code, 0);
    let all = said.json();
    let names: Vec<_> = all.iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.contains(&"generic"), "{names:?}");

    let gfycat = all.iter().find(|it| it["name"] == "gfycat").unwrap();
    assert_eq!(gfycat["auth"], json!({ "kinds": ["oauth", "none"], "required": false }));
    assert!(gfycat["hosts"].as_array().unwrap().contains(&"gfycat.com".into()));
    assert!(gfycat["asks"].as_array().unwrap().contains(&"api.gfycat.com".into()));
    let item = &gfycat["handles"][0];
    assert!(item["name"] == "item" && item["pattern"].is_string() && item["examples"][0].is_string());

    let text = home.run(&["extractors"]);
    for name in names {
        assert!(text.out.lines().any(|line| line.starts_with(&format!("{name}: "))), "{name}");
    }
}

#[test]
fn links_are_answered_a_line_each_without_a_network() {
    let home = Home::new();
    let input = "https://gfycat.com/CleverSampleQuokka?x=1\n\n  https://h.example/a.mp4\nftp://h.example/\n";
    let said = home.run_with(&["extractors", "--for", "-", "--json"], input);
    assert_eq!(said.code, 0, "{said:?}");
    let nobody =
        |url: &str| json!({ "url": url, "extractor": null, "claim": "no", "handle": null, "captures": {} });
    let mut first = nobody("https://h.example/a.mp4");
    (first["extractor"], first["claim"]) = ("page".into(), "perhaps".into());
    let gfycat = json!({
        "url": "https://gfycat.com/CleverSampleQuokka?x=1",
        "extractor": "gfycat",
        "claim": "yes",
        "handle": "item",
        "captures": { "id": "CleverSampleQuokka" },
    });
    assert_eq!(said.json(), [gfycat, first, nobody("ftp://h.example/")]);

    let text = home.run(&["extractors", "--for", "https://gfycat.com/CleverSampleQuokka"]);
    assert_eq!(text.lines(), ["https://gfycat.com/CleverSampleQuokka\tgfycat\tyes\titem"]);
}

#[test]
fn a_line_that_is_no_url_is_answered_as_well() {
    let home = Home::new();
    let said = home.run_with(&["extractors", "--for", "-", "--json"], "no url\nftp://h.example/\n");
    assert_eq!((said.code, said.json().len()), (2, 2), "{said:?}");
    assert_eq!(said.json()[0]["claim"], Value::from("no"));
    let said = home.run(&["extractors", "--for", "no-url"]);
    assert_eq!((said.code, said.out.as_str()), (2, "no-url\t-\tno\t-\n"));
}
