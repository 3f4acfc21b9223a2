//! `qetch extractors`: what this build knows, and who claims a link.

use serde_json::{Value, json};

use crate::support::{Home, Said};

/// The names that `--json` tells, in its order.
fn names(home: &Home) -> Vec<String> {
    let all = home.run(&["extractors", "--json"]).json();
    all.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_extractor_is_described() {
    let home = Home::new();
    let said = home.run(&["extractors", "--json"]);
    assert_eq!(said.code, 0);
    let all = said.json();
    let names = names(&home);
    assert!(names.is_sorted() && names.contains(&"generic".to_owned()), "{names:?}");

    let gfycat = all.iter().find(|it| it["name"] == "gfycat").unwrap();
    assert_eq!(gfycat["auth"], json!({ "kinds": ["oauth", "none"], "required": false }));
    assert!(gfycat["hosts"].as_array().unwrap().contains(&"gfycat.com".into()));
    assert!(gfycat["asks"].as_array().unwrap().contains(&"api.gfycat.com".into()));
    let item = &gfycat["handles"][0];
    assert!(item["name"] == "item" && item["pattern"].is_string() && item["examples"][0].is_string());
}

#[test]
fn every_extractor_has_a_row_and_no_line_is_long() {
    let home = Home::new();
    let table = home.run(&["extractors"]);
    let lines = table.lines();
    let is_short = |line: &str| line.chars().count() <= 80;
    assert!(lines.iter().all(|line| is_short(line)), "{lines:#?}");

    let head = lines[0];
    assert_eq!(head.split_whitespace().collect::<Vec<_>>(), ["NAME", "LOGIN", "HOSTS", "WHAT"]);
    let what = head.find("WHAT").unwrap();
    let (hint, rows) = lines[1..].split_last().unwrap();
    assert!(hint.contains("`qetch extractors NAME`"), "{hint}");
    // A row begins with its name, and the lines that go on with it with blanks.
    let begun: Vec<_> =
        rows.iter().filter_map(|line| line.split(' ').next().filter(|it| !it.is_empty())).collect();
    assert_eq!(begun, names(&home));
    // Nothing is cut, and every description stands whole in its column.
    assert!(!table.out.contains('…'), "{}", table.out);
    let told: Vec<_> =
        rows.iter().filter_map(|line| line.get(what..)).flat_map(str::split_whitespace).collect();
    let all = home.run(&["extractors", "--json"]).json();
    let words = all.iter().flat_map(|it| it["description"].as_str().unwrap().split_whitespace());
    assert_eq!(told, words.collect::<Vec<_>>());

    let row = |name: &str| {
        let row = lines.iter().find(|line| line.split(' ').next() == Some(name)).unwrap();
        row[..what].split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("gfycat"), ["gfycat", "oauth", "gfycat.com", "+4"]);
    assert_eq!(row("streamable"), ["streamable", "-", "streamable.com"]);
    assert_eq!(row("mastodon"), ["mastodon", "token", "any"]);
    assert_eq!(row("page"), ["page", "-", "any"]);
}

#[test]
fn one_that_is_named_is_shown_whole() {
    let home = Home::new();
    for extractor in home.run(&["extractors", "--json"]).json() {
        let name = extractor["name"].as_str().unwrap();
        let said = home.run(&["extractors", name]);
        let lines = said.lines();
        assert!(lines[0].starts_with(&format!("{name}: ")), "{said:?}");
        let texts = |value: &Value| -> Vec<String> {
            value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
        };
        let mut unbroken = Vec::new();
        for handle in extractor["handles"].as_array().unwrap() {
            unbroken.push(handle["pattern"].as_str().unwrap().to_owned());
            unbroken.extend(texts(&handle["examples"]));
        }
        assert!(unbroken.iter().all(|it| lines.iter().any(|line| line.ends_with(it))), "{said:?}");
        let is_unbroken = |line: &str| unbroken.iter().any(|it| line.trim_start() == it);
        assert!(lines.iter().all(|line| line.chars().count() <= 80 || is_unbroken(line)), "{said:?}");
        let words: Vec<_> = said.out.split_whitespace().collect();
        let (hosts, asks) = (texts(&extractor["hosts"]), texts(&extractor["asks"]));
        assert!(hosts.iter().chain(&asks).all(|host| words.contains(&host.as_str())), "{said:?}");
        for option in extractor["options"].as_object().unwrap().keys() {
            assert!(words.contains(&format!("{option}:").as_str()), "{said:?}");
        }
    }

    let both = home.run(&["extractors", "imgur", "gfycat"]);
    let is_head = |line: &&str| !line.is_empty() && !line.starts_with(' ');
    let heads: Vec<_> = both.lines().into_iter().filter(is_head).collect();
    assert!(
        heads.len() == 2 && heads[0].starts_with("imgur: ") && heads[1].starts_with("gfycat: "),
        "{both:?}"
    );
    assert!(
        both.out.contains("\n\ngfycat: ") && both.out.contains("  login     oauth (optional)\n"),
        "{both:?}"
    );

    let all = home.run(&["extractors", "--json"]).json();
    let named = home.run(&["extractors", "--json", "imgur", "gfycat"]).json();
    let of = |name: &str| all.iter().find(|it| it["name"] == name).unwrap().clone();
    assert_eq!(named, [of("imgur"), of("gfycat")]);
}

#[test]
fn a_name_that_is_none_is_an_error_of_usage() {
    let home = Home::new();
    let check = |arguments: &[&str], message: &str| -> Said {
        let said = home.run(&[["extractors"].as_slice(), arguments].concat());
        said.failed(2, message);
        said
    };
    check(&["gfycta"], "there is no extractor `gfycta`; did you mean gfycat?");
    check(&["gfycat", "--json", "imgr"], "did you mean imgur?");
    check(&["4chan"], "did you mean fourchan?");
    check(&["no_such_site"], "there is no extractor `no_such_site`; `qetch extractors` lists all");
    let said = check(&["https://me:hunter2@gfycat.com/"], "`qetch extractors --for URL`");
    assert!(!said.err.contains("hunter2"), "{said:?}");
    check(&["gfycat", "--for", "https://gfycat.com/"], "cannot be used with");
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
