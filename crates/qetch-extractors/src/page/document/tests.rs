//! *Synthetic*: tags as pages have them, and as those have them who mean ill.

use std::time::{Duration, Instant};

use super::*;

fn read(html: &str) -> Document {
    Document::read(html.as_bytes(), || true)
}

fn page() -> Url {
    Url::parse("https://h.example/a/b.html?c").unwrap()
}

#[test]
fn links_are_relative_to_the_base() {
    let check = |html: &str, link: &str, expected: Option<&str>| {
        let found = read(html).link(&page(), link);
        assert_eq!(found.as_ref().map(Url::as_str), expected, "{html} {link}");
    };
    check("", " x.mp4#t=1 ", Some("https://h.example/a/x.mp4"));
    check("<base href='/m/'><base href='/n/'>", "x.mp4", Some("https://h.example/m/x.mp4"));
    check("<base href=https://cdn.example>", "x.mp4", Some("https://cdn.example/x.mp4"));
    check("<base href=https://cdn.example>", "//i.example/x", Some("https://i.example/x"));
    check("<base href='data:,'>", "x.mp4", None);
    for nothing in [
        "",
        "data:image/png,x",
        "blob:https://h.example/1",
        "javascript:x",
        "file:///etc/passwd",
        "about:blank",
    ] {
        check("", nothing, None);
    }
    check("", &"x".repeat(LONGEST_LINK + 1), None);
}

#[test]
fn tags_within_scripts_texts_and_comments_are_none() {
    let document = read(
        "<script>var a = '<video src=a.mp4>'</script><style><img src=b></style><!-- <img src=c> -->
         <textarea><img src=d></textarea><title>A <img src=e> &amp; B</title><iframe src=f><img src=g></iframe>
         <template><img src=h><template></template><img src=i></template><img src=j>",
    );
    let addresses: Vec<_> = document.pictures.iter().flat_map(|it| it.address.clone()).collect();
    assert_eq!(
        (addresses, document.players.len(), document.frames),
        (vec!["j".to_owned()], 0, vec!["f".to_owned()])
    );
    assert_eq!(document.title.as_deref(), Some("A <img src=e> & B"));
}

#[test]
fn a_drawing_has_titles_and_tags_of_its_own() {
    let document =
        read("<svg><title/><style/><title>Icon</title></svg><title>Page</title><svg><p><title>no</title>");
    assert_eq!(document.title.as_deref(), Some("Page"));
    let unclosed = read("<svg><path><div><title>Page</title>");
    assert_eq!(unclosed.title.as_deref(), Some("Page"));
}

#[test]
fn sources_and_tracks_belong_to_the_open_player() {
    let document = read(
        "<source src=0><video poster=p autoplay muted loop><source src=1 type=video/mp4 size=720><track src=t srclang=de>
         </video><source src=2><audio src=3><source src=4></audio>",
    );
    let sources: Vec<Vec<_>> =
        document.players.iter().map(|it| it.sources.iter().map(|it| it.address.as_str()).collect()).collect();
    assert_eq!(sources, [vec!["1"], vec!["3", "4"]]);
    let video = &document.players[0];
    assert_eq!((video.poster.as_deref(), video.tracks.len(), video.is_ornament), (Some("p"), 1, true));
    assert_eq!(video.sources[0].label.as_deref(), Some("720"));
    assert!(!document.players[1].is_video && !document.players[1].is_ornament);
}

#[test]
fn a_picture_gives_its_sources_to_its_image_alone() {
    let document = read(
        "<picture><source srcset=a.avif type=image/avif><img src=a.jpg></picture><img src=b.jpg data-src=c.jpg>
         <img src='data:,x'><noscript><img src=d.jpg></noscript>",
    );
    let found: Vec<_> =
        document.pictures.iter().map(|it| (it.sources.len(), it.address.as_deref().unwrap())).collect();
    assert_eq!(found, [(1, "a.jpg"), (0, "c.jpg"), (0, "d.jpg")]);
}

#[test]
fn what_stands_beside_the_content_is_marked() {
    let document = read(
        "<nav><img src=a></nav><img src=b><aside><nav></nav><img src=c></aside><img src=d hidden>
         <img src=e style='Display: none'></footer><img src=f>",
    );
    let aside: Vec<_> = document.pictures.iter().map(|it| it.is_aside).collect();
    assert_eq!(aside, [true, false, true, true, true, false]);
}

/// *Synthetic*: the worst that was thought of. Building a tree of any of these takes minutes.
#[test]
fn pages_that_are_made_to_be_slow_are_read_in_the_time_of_their_length() {
    let shapes = [
        "<div>",
        "<ul><li>",
        "<b>",
        "<svg><p>",
        "<template>",
        "<a <",
        "&",
        "&#1;",
        "<img src=x>",
        "<!--",
        "</x a=1>",
    ];
    for shape in shapes {
        let length = if shape == "<div>" { 10 << 20 } else { 1 << 18 };
        let page = shape.repeat(length / shape.len());
        let begun = Instant::now();
        let document = read(&page);
        assert!(begun.elapsed() < Duration::from_secs(60), "{shape}: {:?}", begun.elapsed());
        assert!(document.pictures.len() <= MOST_PICTURES);
    }
}

#[test]
fn what_is_over_the_limit_is_counted() {
    let document = read(&"<img src=x.jpg><video src=x.mp4>".repeat(100_000));
    assert_eq!((document.pictures.len(), document.players.len()), (MOST_PICTURES, MOST));
    assert_eq!(document.left_out, 200_000 - MOST_PICTURES - MOST);
}

#[test]
fn nobody_is_waited_for() {
    let page = "<img src=x.jpg>".repeat(100_000);
    assert!(Document::read(page.as_bytes(), || false).pictures.len() < 10_000);
}
