//! Feeds: accounts, tags, and what only its user sees.

use qetch_core::Handoff;

use super::*;

#[tokio::test]
async fn what_only_its_user_sees_needs_a_token() {
    let check = async |link: &str, method: &str| {
        let asked = format!("https://social.example/api/v1/{method}?limit=40");
        let (site, cx) = Canned::default()
            .on(link, [page()])
            .on(&asked, [feed(&[post(&["1", "2"]), post(&[])], None)])
            .start();
        let cx = cx.auth(auth());
        assert_eq!(found(&cx.build(), link).await, ["# login_required"], "{link}");
        assert_eq!(site.asked(), [format!("GET {link}")]);

        let (site, cx) = Canned::default()
            .on(link, [page()])
            .on(&asked, [feed(&[post(&["1", "2"]), post(&[])], None)])
            .start();
        let cx = cx.auth(auth()).option(NAME, INSTANCE, "social.example").build();
        assert_eq!(found(&cx, link).await, ["social.example-1-original", "social.example-2-original"]);
        assert_eq!(site.asked()[1], format!("GET {asked} Bearer t0ken"));
    };
    check("https://social.example/bookmarks", "bookmarks").await;
    check("https://social.example/favourites", "favourites").await;
    check("https://social.example/lists/12", "timelines/list/12").await;
}

#[tokio::test]
async fn an_account_is_looked_up_and_its_pages_are_asked_for_as_they_are_read() {
    let lookup = "https://social.example/api/v1/accounts/lookup?acct=bea%40home.example";
    let one =
        "https://social.example/api/v1/accounts/43/statuses?only_media=true&exclude_reblogs=true&limit=40";
    let two = format!("{one}&max_id=5");
    let link = "https://social.example/@bea@home.example/media";
    let (site, cx) = Canned::default()
        .on(link, [page()])
        .on(lookup, [Reply::new(200, r#"{"id":"43","acct":"bea@home.example"}"#)])
        .on(one, [feed(&[post(&["1", "2"]), "null".to_owned(), post(&[])], Some(&two))])
        .on(&two, [feed(&[post(&["3"])], Some(&format!("{one}&max_id=1")))])
        .on(&format!("{one}&max_id=1"), [feed(&[], Some(&two))])
        .start();
    let mut extraction = extract(&cx.build(), link).await.unwrap();
    assert_eq!(site.asked().len(), 3, "the page, the account, and one page of posts");
    let mut read =
        async || extraction.next_variants().await.unwrap().map(|it| (it.best().uid.clone(), it.collection));
    for (uid, index, asked) in [("1", 1, 3), ("2", 2, 3), ("3", 3, 4)] {
        let (found, collection) = read().await.unwrap();
        let collection = collection.unwrap();
        assert_eq!(found, format!("social.example-{uid}-original"));
        assert_eq!((collection.title.as_deref(), collection.index), (Some("@bea@home.example"), Some(index)));
        assert_eq!(site.asked().len(), asked, "{uid}");
    }
    assert!(read().await.is_none());
    assert_eq!(site.asked().len(), 5, "an empty page is the last one");
}

#[tokio::test]
async fn an_account_that_cannot_be_had_says_why() {
    let check = async |link: &str, method: &str, reply: Reply, expected: &str| {
        let asked = format!("https://social.example/api/v1/accounts/{method}");
        let (_, cx) = Canned::default().on(link, [page()]).on(&asked, [reply]).start();
        assert_eq!(found(&cx.build(), link).await, [expected], "{link}");
    };
    let (ada, by_id) = ("https://social.example/@ada", "https://social.example/users/id:43");
    check(ada, "lookup?acct=ada", Reply::new(404, r#"{"error":"Record not found"}"#), "# not_found").await;
    check(ada, "lookup?acct=ada", Reply::new(200, r#"{"id":"43","suspended":true}"#), "# gone").await;
    check(ada, "lookup?acct=ada", Reply::new(200, r#"{"acct":"ada"}"#), "# site_changed").await;
    check(ada, "lookup?acct=ada", Reply::new(200, r#"{"id":"../statuses"}"#), "# site_changed").await;
    check(by_id, "43", Reply::new(410, ""), "# gone").await;
}

#[tokio::test]
async fn a_tag_is_read_page_by_page_and_what_is_no_list_is_told() {
    let link = "https://social.example/tags/%E7%8C%AB";
    let asked = "https://social.example/api/v1/timelines/tag/%E7%8C%AB?only_media=true&limit=40";
    let check = async |reply: Reply, expected: &[&str]| {
        let (_, cx) = Canned::default().on(link, [page()]).on(asked, [reply]).start();
        assert_eq!(found(&cx.build(), link).await, expected);
    };
    check(feed(&[post(&["1"])], None), &["social.example-1-original"]).await;
    check(feed(&[], None), &[]).await;
    check(Reply::new(200, "{}"), &["# site_changed"]).await;
    check(
        Reply::new(422, r#"{"error":"This method requires an authenticated user"}"#),
        &["# login_required"],
    )
    .await;
    check(
        feed(&["7".to_owned(), r#"{"id":"8"}"#.to_owned(), post(&["1"])], None),
        &[
            "! mastodon: a post is left out: mastodon changed: no post at $[0]",
            "! mastodon: a post is left out: mastodon changed: no list of attachments at $[1].media_attachments",
            "social.example-1-original",
        ],
    )
    .await;
}

#[tokio::test]
async fn whom_an_account_follows_is_handed_off_to_where_they_are_at_home() {
    let link = "https://social.example/@ada/following";
    let accounts = r#"[{"url":"https://home.example/@bea"},{"id":"9"},{"url":"https://other.example/@cay"}]"#;
    let (site, cx) = Canned::default()
        .on(link, [page()])
        .on("https://social.example/api/v1/accounts/lookup?acct=ada", [Reply::new(200, r#"{"id":"43"}"#)])
        .on("https://social.example/api/v1/accounts/43/following?limit=40", [Reply::new(200, accounts)])
        .start();
    let mut extraction = Mastodon::new().extract(&cx.build(), &url(link)).await.unwrap();
    let mut all = Vec::new();
    while let Some(found) = extraction.next().await {
        all.push(found.unwrap());
    }
    let to = |link: &str| Found::from(Handoff::new(url(link)));
    assert_eq!([&all[0], &all[2]], [&to("https://home.example/@bea"), &to("https://other.example/@cay")]);
    assert!(
        matches!(&all[1], Found::Warning(it) if it.message.ends_with("no link at $[1].url")),
        "{:?}",
        all[1]
    );
    assert_eq!(site.asked().len(), 3);
}
