//! Which links are claimed, and what is asked for each.

use super::*;

#[test]
fn every_form_of_link_is_perhaps_one_of_an_instance() {
    let mastodon = Mastodon::new();
    let check = |path: &str, handle: &str, id: Option<&str>| {
        for host in ["https://mastodon.social", "http://127.0.0.1:3000", "https://a.b.example:8443"] {
            let url = url(&format!("{host}{path}"));
            assert_eq!(mastodon.can_handle(&url), Claim::Perhaps, "{url}");
            let found = mastodon.info().handles().find(&url).unwrap();
            assert_eq!((found.handle().name(), found.get("id")), (handle, id), "{url}");
        }
    };
    let number = "103794036899778366";
    check(&format!("/@jk/{number}"), "status", Some(number));
    check("/@Gargron/1/", "status", Some("1"));
    check(&format!("/%40jk/{number}?x=/#y"), "status", Some(number));
    check(&format!("/@technewsbot@assortedflotsam.com/{number}"), "status", Some(number));
    check(&format!("/@a.b-c@home.example:3000/{number}"), "status", Some(number));
    check(&format!("/web/@jk/{number}"), "status", Some(number));
    check(&format!("/deck/@jk/{number}"), "status", Some(number));
    check(&format!("/@jk/{number}/embed"), "status", Some(number));
    check("/@jk/posts/9xLMO1BcEEbaM54LBI", "status_of", Some("9xLMO1BcEEbaM54LBI"));
    check("/@jk/statuses/01HQZKXK3W3CM4VN8VJ9J0RZQ4", "status_of", Some("01HQZKXK3W3CM4VN8VJ9J0RZQ4"));
    check(&format!("/users/jk/statuses/{number}"), "status_uri", Some(number));
    check(&format!("/users/jk/statuses/{number}/activity"), "status_uri", Some(number));
    check(&format!("/ap/users/117020565966271181/statuses/{number}"), "status_uri", Some(number));
    check(&format!("/statuses/{number}"), "status_id", Some(number));
    check(&format!("/web/statuses/{number}"), "status_id", Some(number));
    check("/notice/9xLMO1BcEEbaM54LBI", "notice", Some("9xLMO1BcEEbaM54LBI"));
    let uuid = "386d2d68-090f-492e-81bd-8d32a3a65627";
    check(&format!("/objects/{uuid}"), "object", Some(uuid));
    check("/p/ada/527446138209382400", "photo", Some("527446138209382400"));

    check("/@jk", "account", Some("jk"));
    check("/@jk/", "account", Some("jk"));
    check("/@jk/media", "account", Some("jk"));
    check("/@jk/with_replies", "account", Some("jk"));
    check("/@jk/tagged/otters", "account", Some("jk"));
    check("/web/@jk", "account", Some("jk"));
    check("/@ponapalt@ukadon.shillest.net", "account", Some("ponapalt@ukadon.shillest.net"));
    check("/users/jk", "account_uri", Some("jk"));
    check("/users/id:10843", "account_uri", Some("id:10843"));
    check("/web/accounts/10843", "account_id", Some("10843"));
    check("/@0x4f/following", "following", Some("0x4f"));
    check("/users/jk/following", "following_uri", Some("jk"));
    check("/tags/mastodon", "tag", Some("mastodon"));
    check("/tags/%E7%8C%AB", "tag", Some("%E7%8C%AB"));
    check("/web/timelines/tag/cats", "tag", Some("cats"));
    check("/tag/cats", "tag", Some("cats"));
    check("/bookmarks", "bookmarks", None);
    check("/web/favourites", "favourites", None);
    check("/lists/12", "list", Some("12"));
}

#[test]
fn nothing_else_is_claimed() {
    let mastodon = Mastodon::new();
    for link in [
        "https://social.example/",
        "https://social.example/about",
        "https://social.example/@ada.rss/feed",
        "https://social.example/tags/otters.rss",
        "https://social.example/@ada/followers",
        "https://social.example/@ada/7/reblogs",
        "https://social.example/api/v1/statuses/7",
        "https://social.example/auth/sign_in",
        "https://medium.com/@writer/a-title-of-words-0123456789ab",
        "https://medium.com/@writer/list/reading-list",
        "https://www.tiktok.com/@user/video/7106594312292453675",
        "https://www.tiktok.com/@user/live",
        "https://www.youtube.com/@channel/videos",
        "https://www.youtube.com/@channel/streams",
        "https://www.youtube.com/watch?v=/@ada/7",
        "https://www.threads.net/@user/post/C8H5FiCtESk",
        "https://odysee.com/@channel:1/video:2",
        "https://codepen.io/p/user/pen",
        "https://www.instagram.com/p/CtjoC8BNsB2/",
        "https://forum.example/users/7/posts",
        "https://www.flickr.com/photos/tags/",
        "https://bsky.app/profile/bsky.app/lists/3kh5rarr3gn2n",
        "https://evil.test/?u=https://mastodon.social/@jk",
        "ftp://social.example/@ada",
    ] {
        assert_eq!(mastodon.can_handle(&url(link)), Claim::No, "{link}");
    }
}

#[tokio::test]
async fn a_page_that_no_instance_made_is_left_to_others() {
    let channel = "https://www.youtube.com/@channel";
    let (site, cx) = Canned::default().on(channel, [Reply::new(200, "<title>@channel</title>")]).start();
    assert_eq!(found(&cx.build(), channel).await, ["# unsupported"]);
    assert_eq!(site.asked(), [format!("GET {channel}")]);
}

#[test]
fn a_page_that_moved_is_asked_for_where_it_is() {
    let mastodon = Mastodon::new();
    let check = |link: &str, led: &str, expected: Result<(&str, Form), &str>| {
        let answer = Answer::new(Default::default(), Default::default(), url(led), "");
        let place = mastodon.place(&url(link), &answer).map_err(|error| error.code());
        assert_eq!(place, expected.map(|(at, form)| (url(at), form)), "{link} {led}");
    };
    let post = |id: &str| Form::Post(id.to_owned());
    let named = |name: &str| Form::Account(Who::Name(name.to_owned()), None);
    check(LINK, LINK, Ok((LINK, post("7"))));
    // The domain of the accounts, and the one of the web.
    check(
        "https://ada.example/@ada",
        "https://social.ada.example/@ada",
        Ok(("https://social.ada.example/@ada", named("ada"))),
    );
    check(
        "https://a.example/users/ada/statuses/7",
        "https://b.example/@ada/7",
        Ok(("https://b.example/@ada/7", post("7"))),
    );
    // The page of another instance, which has an id of its own, and the page between the two.
    check(
        "https://a.example/@b@c.example/7",
        "https://c.example/@b/9",
        Ok(("https://a.example/@b@c.example/7", post("7"))),
    );
    check(
        "https://a.example/@b@c.example",
        "https://c.example/@b",
        Ok(("https://a.example/@b@c.example", named("b@c.example"))),
    );
    check(
        "https://a.example/@b@c.example/7",
        "https://a.example/redirect/statuses/7",
        Ok(("https://a.example/@b@c.example/7", post("7"))),
    );
    let object = "https://a.example/objects/386d2d68-090f-492e-81bd-8d32a3a65627";
    let notice = "https://a.example/notice/9xLMO1BcEEbaM54LBI";
    check(object, notice, Ok((notice, post("9xLMO1BcEEbaM54LBI"))));
    check(object, object, Err("unsupported"));
    check(object, "https://a.example/", Err("unsupported"));
}
