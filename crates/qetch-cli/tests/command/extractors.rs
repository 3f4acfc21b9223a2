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
    first["others"] = json!([{ "extractor": "generic", "claim": "perhaps", "handle": null, "captures": {} }]);
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

/// URLs that look like one of `host`, and are none.
fn look_alikes(url: &str, host: &str) -> Vec<String> {
    let rest = url.split_once(host).unwrap().1;
    let links = [
        format!("https://evil-{host}{rest}"),
        format!("https://not{host}{rest}"),
        format!("https://{host}.evil.example{rest}"),
        format!("https://{host}@evil.example{rest}"),
        format!("https://{host}:443@evil.example{rest}"),
        format!("https://evil.example/{host}{rest}"),
        format!("https://evil.example/?u={url}"),
        format!("https://evil.example/#{url}"),
        format!("https://evil.example\\@{host}{rest}"),
        format!("https://{host}%2eevil.example{rest}"),
    ];
    links.into()
}

#[test]
fn what_only_looks_like_a_site_is_not_claimed_by_it() {
    let home = Home::new();
    let mut cases = Vec::new();
    for extractor in home.run(&["extractors", "--json"]).json() {
        let name = extractor["name"].as_str().unwrap();
        let hosts: Vec<_> = extractor["hosts"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for handle in extractor["handles"].as_array().unwrap() {
            // On any host there is nothing to look like.
            if handle["hosts"].as_array().unwrap().contains(&"*".into()) {
                continue;
            }
            for example in handle["examples"].as_array().unwrap() {
                let url = example.as_str().unwrap();
                let host = url.split('/').nth(2).unwrap();
                // Whatever stands before a wildcard's name is the site's own.
                let beneath = hosts.iter().filter_map(|it| it.strip_prefix("*."));
                let host =
                    beneath.filter(|name| host.ends_with(name)).min_by_key(|it| it.len()).unwrap_or(host);
                cases.extend(look_alikes(url, host).into_iter().map(|link| (name.to_owned(), link)));
            }
        }
    }
    assert!(cases.len() >= 100, "{}", cases.len());
    let input: String = cases.iter().map(|(_, link)| format!("{link}\n")).collect();
    let said = home.run_with(&["extractors", "--for", "-", "--json"], &input);
    assert_eq!((said.code, said.json().len()), (0, cases.len()), "{}", said.err);
    for ((name, link), answer) in cases.iter().zip(said.json()) {
        let others = answer["others"].as_array().cloned().unwrap_or_default();
        let claims = [answer].into_iter().chain(others);
        let is_claimed = |it: Value| it["extractor"] == name.as_str() && it["claim"] == "yes";
        assert!(!claims.into_iter().any(is_claimed), "{name} claims {link}");
    }
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
