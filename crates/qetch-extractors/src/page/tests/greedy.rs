//! *Synthetic*: pages that are written to cost much. What they cost is bounded by more than their length.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use super::*;

/// The bytes that a content tells at length.
fn weight(content: &Content) -> usize {
    let texts = [&content.title, &content.description, &content.uploaded_by];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    texts + content.tags.iter().map(String::len).sum::<usize>()
}

#[tokio::test]
async fn each_picture_of_many_has_little_of_what_a_page_tells_at_length() {
    let mut html = String::new();
    for number in 0..400 {
        let tag = "t".repeat(9_000);
        writeln!(html, "<meta property=article:tag content='{number}{tag}'>").unwrap();
    }
    html += "<img src=a.jpg><img src=b.jpg>";
    let variants = read(&html).await.unwrap();
    let heaviest = variants.iter().flat_map(Variants::contents).map(weight).max().unwrap();
    assert!(heaviest < 64 << 10, "{heaviest} bytes");
    assert_eq!(variants.len(), 2);
}

#[test]
fn a_long_base_does_not_make_many_short_links_into_much() {
    let base = format!("<base href='https://news.example/{}/'>", "b".repeat(8_000));
    let mut html = base;
    for picture in 0..2_000 {
        let candidates: Vec<_> = (1..=32).map(|width| format!("{picture}.{width} {width}00w")).collect();
        write!(html, "<img srcset='{}'>", candidates.join(",")).unwrap();
    }
    let gathered = gather(html.as_bytes(), &Url::parse(LINK).unwrap(), || true);
    let links = gathered.pictures.iter().flat_map(Resource::links);
    let bytes: usize = links.map(|url| url.as_str().len()).sum();
    assert!(bytes < 64 << 20, "{bytes} bytes of links from {} of a page", html.len());
}

#[test]
fn a_long_name_that_many_refer_to_is_not_read_again_for_each() {
    let name = "n ".repeat(1 << 20);
    let who = format!(r##"{{"@id":"#me","@type":"Person","name":"{name}"}}"##);
    let videos = vec![r##"{"@type":"VideoObject","author":{"@id":"#me"}}"##; 20_000].join(",");
    let html = format!(
        "<script type=application/ld+json>{who}</script><script type=application/ld+json>[{videos}]</script>"
    );
    let begun = Instant::now();
    let gathered = gather(html.as_bytes(), &Url::parse(LINK).unwrap(), || true);
    assert_eq!(gathered.described.len(), 1_000);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}
