//! Links of imgur, what a page embeds, and where a Client-ID goes.

use qetch_core::{Context, Credential, Extractor as _, http::header};

use super::*;
use crate::common_canned::{Canned, Reply};

fn check(link: &str, expected: Option<(&str, &str)>) {
    let (imgur, url) = (Imgur::new(), Url::parse(link).unwrap());
    let found = imgur.info().handles().find(&url);
    let found = found.as_ref().map(|it| (it.handle().name(), it.get("id").unwrap_or_default()));
    assert_eq!(found, expected, "{link}");
}

#[test]
fn a_letter_behind_an_id_is_no_part_of_it() {
    check("https://i.imgur.com/21yMxCSh.png", Some(("file", "21yMxCS")));
    check("https://i.imgur.com/zxaY6s.jpg?1", Some(("file", "zxaY6")));
    check("https://imgur.com/zxaY6b#0", Some(("image", "zxaY6")));
    check("https://imgur.com/frogs-of-a-pond-A61SaA1", Some(("image", "A61SaA1")));
    check("https://i.imgur.com/A61SaA1_d.webp?maxwidth=9", Some(("file", "A61SaA1")));
    check("https://i.imgur.com/21yMxCSx.png", None);
    check("https://i.imgur.com/21yMxCShh.png", None);
}

#[test]
fn pages_of_the_site_and_look_alikes_are_not_claimed() {
    for path in ["", "about", "privacy", "random", "search", "topics", "settings", "upload", "removed.png"] {
        check(&format!("https://imgur.com/{path}"), None);
    }
    for host in ["i.stack.imgur.com", "help.imgur.com", "imgur.com.evil.example", "notimgur.com", "imgur.org"]
    {
        check(&format!("https://{host}/A61SaA1.png"), None);
    }
}

#[test]
fn lists_are_told_from_what_stands_in_them() {
    check("https://imgur.com/r/pics/top/week", Some(("subreddit", "pics")));
    check("https://imgur.com/r/pics/A61SaA1", Some(("subreddit_item", "A61SaA1")));
    check("https://imgur.com/t/cats/viral", Some(("tag", "")));
    check("https://imgur.com/t/cats/some-cat-A61SaA1", Some(("tagged", "A61SaA1")));
    check("https://imgur.com/user/me/hidden", Some(("mine", "")));
    check("https://imgur.com/user/meg/posts", Some(("user", "meg")));
    check("https://imgur.com/gallery/A61SaA1/new", Some(("gallery", "A61SaA1")));
    check("https://imgur.com/a/TcBmP/layout/grid", Some(("album", "TcBmP")));
}

#[test]
fn a_post_is_read_from_either_kind_of_text() {
    let title = |script: &str| {
        let html = format!("<p>window</p><script>window.postDataJSON{script}</script>");
        page::embedded(&html).map(|post| post.map(|post| post["title"].as_str().map(str::to_owned)))
    };
    for script in [r#"="{\"title\":\"it\'s \\\"a\\\" \u00e9\"}""#, r#" = '{"title":"it\'s \\"a\\" é"}';"#] {
        assert_eq!(title(script).unwrap().unwrap().as_deref(), Some("it's \"a\" é"), "{script}");
    }
    for odd in ["", "=", "={}", "=\"{", r#"="{\"title\":}""#, r#"="\x""#, "=\"\\", "=\"[]\""] {
        assert_eq!(title(odd).unwrap_err().code(), "site_changed", "{odd}");
    }
    assert!(page::embedded("<html></html>").unwrap().is_none());
}

#[tokio::test]
async fn a_client_id_goes_to_the_api_alone() {
    const API: &str = "https://api.imgur.com/3/image/A61SaA1";
    let (site, cx) = Canned::default()
        .on(API, [Reply::new(302, "").with(header::LOCATION, "https://imgur.com/elsewhere")])
        .on("https://imgur.com/elsewhere", [Reply::new(404, "")])
        .on("https://imgur.com/A61SaA1", [Reply::new(404, "")])
        .start();
    let auth = qetch_core::AuthRegistry::new().with(NAME, Credential::token("k3y"));
    let cx: Context = cx.auth(auth).build();
    let registry = qetch_core::Registry::new().with_extractor(Imgur::new());
    let url = "https://imgur.com/A61SaA1".parse().unwrap();
    assert_eq!(registry.extract(&cx, &url).await.unwrap_err().code(), "not_found");
    let expected = [
        format!("GET {API} Client-ID k3y"),
        "GET https://imgur.com/elsewhere".to_owned(),
        "GET https://imgur.com/A61SaA1".to_owned(),
    ];
    assert_eq!(site.asked(), expected);
}

#[tokio::test]
async fn a_page_that_cannot_be_reached_does_not_pass_for_one_that_is_not_there() {
    let (_, cx) = Canned::default()
        .on("https://imgur.com/a/TcBmP", [Reply::fault(qetch_core::NetworkFault::Connect)])
        .start();
    let registry = qetch_core::Registry::new().with_extractor(Imgur::new());
    let url = "https://imgur.com/a/TcBmP".parse().unwrap();
    assert_eq!(registry.extract(&cx.build(), &url).await.unwrap_err().code(), "network");
}
