//! Links that lead to no web server, given to the program in every place where it takes links: it reads nothing.

use std::fs;

use qetch_testkit::{Origin, Resource};
use serde_json::json;

use crate::support::{Home, Said};

/// A home with a file that nobody may read, a server that no connection may reach, and links to both.
async fn home() -> (Home, Origin, Vec<String>) {
    let (home, canary) = (Home::new(), Origin::start().await.unwrap());
    fs::write(home.path("secret.mp3"), "ID3 croak").unwrap();
    let (file, at) = (home.path("secret.mp3"), canary.addr());
    let links = vec![
        format!("file://{}", file.display()),
        format!("FILE://localhost{}", file.display()),
        format!("ftp://{at}/secret.mp3"),
        format!("gopher://{at}/0/secret.mp3"),
        format!("ws://{at}/secret.mp3"),
        format!("blob:http://{at}/secret.mp3"),
        "data://text/plain,croak".to_owned(),
    ];
    (home, canary, links)
}

#[track_caller]
fn refused(said: &Said, canary: &Origin, link: &str) {
    assert_eq!((said.code, said.out.as_str()), (3, ""), "{link}: {said:?}");
    assert!(!said.err.contains("ID3"), "{said:?}");
    assert_eq!(canary.connections_opened(), 0, "{link}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_another_scheme_is_refused_wherever_it_is_given() {
    let (home, canary, links) = home().await;
    for link in &links {
        for arguments in [["download"].as_slice(), &["extract"], &["extract", "--json"], &["--network=any"]] {
            refused(&home.run(&[arguments, &[link.as_str()]].concat()), &canary, link);
        }
        refused(&home.run_with(&["-i", "-", "--network=any"], link), &canary, link);
    }
    assert_eq!(home.files("."), ["input", "secret.mp3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_content_or_a_redirect_to_another_scheme_is_refused() {
    let (home, canary, links) = home().await;
    let origin = Origin::start().await.unwrap();
    for link in &links {
        let content = json!({
            "uid": "f", "source": origin.url("/"), "kind": "audio", "extension": "mp3", "fragments": [{ "url": link }],
        });
        let saved = json!({ "format": 1, "variants": [content] }).to_string();
        refused(&home.run_with(&["--content", "-", "--network=any", "-o", "f"], &saved), &canary, link);
        origin.serve("/f.mp3", Resource::redirect(link.as_str()));
        refused(&home.run(&["-o", "f", &origin.url("/f.mp3")]), &canary, link);
    }
    assert_eq!(home.files("."), ["input", "secret.mp3"]);
}
