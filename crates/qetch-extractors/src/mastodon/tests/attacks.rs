//! Tests of instances that mean ill, and of copies that are other than their originals.

use qetch_core::Kind;

use super::*;

#[tokio::test]
async fn of_attachments_without_end_some_are_read() {
    let ids: Vec<_> = (0..3000).map(|id| id.to_string()).collect();
    let body = post(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let (_, cx) = Canned::default().on(LINK, [page()]).on(POST, [Reply::new(200, body)]).start();
    let found = found(&cx.build(), LINK).await;
    assert!(found.len() <= 100, "{}", found.len());
    assert!(found[0].starts_with("! mastodon: an attachment is left out: "), "{}", found[0]);
}

#[tokio::test]
async fn a_gif_is_no_video_where_its_copy_is_one() {
    let body = r#"{"media_attachments":[{"id":"1","type":"gifv","url":"https://f.example/1.mp4",
        "remote_url":"https://home.example/1.gif","meta":{"original":{"width":320,"height":240,"frame_rate":"25/1",
        "duration":2.0,"bitrate":100000}}}]}"#;
    let (_, cx) = Canned::default().on(LINK, [page()]).on(POST, [Reply::new(200, body)]).start();
    let mut extraction = extract(&cx.build(), LINK).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let kinds: Vec<_> = variants.contents().iter().map(|it| (it.uid.as_str(), it.kind)).collect();
    // Moving video stands before an animated image.
    let expected = [("social.example-1-original", Kind::Video), ("social.example-1-remote", Kind::Image)];
    assert_eq!(kinds, expected);
    let gif = &variants.contents()[1];
    assert_eq!((gif.content_type.as_deref(), gif.bitrate), (Some("image/gif"), None));
    assert_eq!((gif.width, gif.duration), (Some(320), Some(2.0)));
}
