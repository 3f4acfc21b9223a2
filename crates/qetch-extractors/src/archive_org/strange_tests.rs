//! Tests of answers that are other than documented, and of links that lead nowhere.

use qetch_core::{Registry, Variants};
use serde_json::{Value, json};

use super::*;
use crate::common_canned::{Canned, Reply};

/// What is found at `link` where the item `pond` is answered so.
async fn found(link: &str, site: Canned, item: Value) -> Result<Vec<Variants>> {
    let (_, cx) = site.on(&format!("{ITEMS}pond"), [Reply::new(200, item.to_string())]).start();
    let registry = Registry::new().with_extractor(ArchiveOrg::new());
    let mut extraction = registry.extract(&cx.build(), &Url::parse(link).unwrap()).await?;
    let mut found = Vec::new();
    while let Some(variants) = extraction.next_variants().await? {
        found.push(variants);
    }
    Ok(found)
}

fn film(files: impl Into<Value>) -> Value {
    json!({"metadata": {"mediatype": "movies", "title": "A pond"}, "files": files.into()})
}

#[tokio::test]
async fn a_file_that_is_listed_twice_is_one() {
    let files = json!([{"name": "a.mp4"}, {"name": "a.mp4", "source": "derivative", "original": "a.mp4"}]);
    let found = found("https://archive.org/details/pond", Canned::default(), film(files)).await.unwrap();
    let uids: Vec<_> = found.iter().flat_map(Variants::contents).map(|it| it.uid.as_str()).collect();
    assert_eq!(uids, ["pond/a.mp4"]);
}

#[tokio::test]
async fn a_link_to_a_file_that_is_not_there_is_not_the_item() {
    let files = json!([{"name": "page/1.mp3"}, {"name": "other.mp3"}]);
    for path in ["page/2.mp3", "page/2"] {
        let link = format!("https://archive.org/details/pond/{path}");
        let found = found(&link, Canned::default(), film(files.clone())).await;
        assert_eq!(found.unwrap_err().code(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn members_without_an_identifier_are_told() {
    let page = format!("{SCRAPE}?q=collection%3Apond&fields=identifier&count=100");
    let collection = || json!({"metadata": {"mediatype": "collection"}, "files": []});
    let check = async |items: Value, expected: Result<usize, &str>| {
        let answer = json!({"items": items, "total": 2}).to_string();
        let site = Canned::default().on(&page, [Reply::new(200, answer)]);
        let found = found("https://archive.org/details/pond", site, collection()).await;
        assert_eq!(
            found.map(|found| found.len()).map_err(|error| error.to_string()),
            expected.map_err(str::to_owned)
        );
    };
    check(json!([{"id": "a"}, {}]), Err("archive_org changed: missing at $.items[0].identifier")).await;
    check(json!([]), Ok(0)).await;
    // A collection may be a member of itself.
    check(json!([{"identifier": "pond"}]), Ok(0)).await;
}

#[tokio::test]
async fn a_description_of_many_parts_is_of_bounded_length() {
    let mut item = film(json!([{"name": "a.mp4"}]));
    item["metadata"]["description"] = vec!["x".repeat(50_000); 40].into();
    let found = found("https://archive.org/details/pond", Canned::default(), item).await.unwrap();
    let length = found[0].best().description.as_ref().unwrap().len();
    assert!(length <= 64 << 10, "{length}");
}

#[tokio::test]
async fn each_part_of_a_description_has_lines_of_its_own() {
    let mut item = film(json!([{"name": "a.mp4"}]));
    item["metadata"]["description"] = json!(["A frog.", "<b>A</b> toad."]);
    let found = found("https://archive.org/details/pond", Canned::default(), item).await.unwrap();
    assert_eq!(found[0].best().description.as_deref(), Some("A frog.\nA toad."));
}

#[tokio::test]
async fn what_the_api_says_in_place_of_an_item_is_told() {
    let check = async |error: Value, code: &str, expected: &str| {
        let item = json!({"error": error});
        let error = found("https://archive.org/details/pond", Canned::default(), item).await.unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, expected));
    };
    check("Couldn't locate item 'pond'".into(), "not_found", "archive.org item pond was not found").await;
    let told = "archive_org changed: it says \"no \\u{1b} more\" at $.error";
    check("no \u{1b} more".into(), "site_changed", told).await;
    let told = format!("archive_org changed: it says {:?} at $.error", "x".repeat(200));
    check("x".repeat(300).into(), "site_changed", &told).await;
    check(Value::Null, "site_changed", "archive_org changed: missing at $.metadata").await;
}

#[tokio::test]
async fn a_resource_of_many_files_ends_with_a_warning() {
    let made = |name: String, format: &str| json!({"name": name, "source": "derivative", "original": "a.avi", "format": format});
    let pictures = (0..1_500).map(|it| made(format!("a.thumbs/a_{it}.jpg"), "Thumbnail"));
    let texts = (0..1_200).map(|it| made(format!("a.{it}.srt"), "SubRip"));
    let files = pictures.chain(texts).chain([json!({"name": "a.avi"}), made("a.mp4".into(), "h.264")]);
    let item = film(files.collect::<Vec<_>>()).to_string();
    let (_, cx) = Canned::default().on(&format!("{ITEMS}pond"), [Reply::new(200, item)]).start();
    let link = Url::parse("https://archive.org/details/pond").unwrap();
    let mut extraction = ArchiveOrg::new().extract(&cx.build(), &link).await.unwrap();
    let Some(Ok(Found::Warning(warning))) = extraction.next().await else { panic!("no warning") };
    let told = "files of archive.org item pond beyond 1000 of one resource are left out: 702";
    assert!(warning.message.ends_with(told), "{}", warning.message);
    let Some(Ok(Found::Variants(variants))) = extraction.next().await else { panic!("no resource") };
    assert_eq!((variants.contents().len(), variants.companions.len()), (1_000, 1_000));
    let main: Vec<_> = variants.contents()[..2].iter().map(|it| it.uid.as_str()).collect();
    assert_eq!(main, ["pond/a.avi", "pond/a.mp4"]);
}
