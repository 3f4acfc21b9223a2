//! Answers that real sites gave, replayed from `QETCH_FIXTURES`. Not built where that is unset.

mod dash;
mod hls;

use std::{fs, path::Path};

use qetch::{Kind, Matched, Quality, Role, Url, Variants};
use qetch_tests::site::{Site, builtins, json};

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("QETCH_FIXTURES")).join(name)).unwrap()
}

/// Extracts the item with this id from the recorded answer of this name.
async fn gfycat(name: &str, id: &str) -> Variants {
    let site = Site::start().await;
    let answer = json(&serde_json::from_str(&fixture(name)).unwrap());
    site.gets("api.gfycat.com", &format!("/v1/gfycats/{id}"), answer, 1).await;
    let link = format!("https://gfycat.com/{id}");
    site.qetch().build().extract(&link).await.unwrap().next_variants().await.unwrap().unwrap()
}

fn count(variants: &Variants, kind: Kind, role: Role) -> usize {
    variants.contents().iter().filter(|content| content.kind == kind && content.role == role).count()
}

#[tokio::test]
async fn the_item_of_2016() {
    let variants = gfycat("gfycat/item_2016_cajax.json", "nauticalshallowhorseshoecrab").await;
    let best = variants.best();
    assert_eq!((best.uid.as_str(), best.quality), ("nauticalshallowhorseshoecrab-mp4", Quality::BEST));
    assert_eq!(best.fragments[0].url.as_str(), "https://fat.gfycat.com/NauticalShallowHorseshoecrab.mp4");
    assert_eq!((best.width, best.height, best.size_approx), (Some(1920), Some(1200), Some(1_543_268)));
    assert_eq!((&best.title, &best.uploaded_by, best.tags.len()), (&None, &None, 0));
    assert_eq!(best.uploaded_date.unwrap().to_string(), "2016-06-13T03:39:14Z");
    assert!((best.duration.unwrap() - 115.0 / 30.0).abs() < 1e-9);
    assert_eq!(variants.contents().len(), 13);
    assert_eq!(count(&variants, Kind::Video, Role::Main), 4);
    assert_eq!((variants.worst().kind, variants.worst().role), (Kind::Video, Role::Main));
}

#[tokio::test]
async fn the_item_of_2017() {
    let variants = gfycat("gfycat/item_2017_v1.json", "dimuntriedgilamonster").await;
    let best = variants.best();
    assert_eq!((best.uid.as_str(), best.quality), ("dimuntriedgilamonster-mp4", Quality::BEST));
    assert_eq!((best.title.as_deref(), &best.uploaded_by), (Some("testupload"), &None));
    assert_eq!((best.fps, best.size_approx), (Some(23.0), Some(2_599_459)));
    assert_eq!(best.metadata["md5"], "3c00157f66212e72d2d8635fa2b4affd");
    assert!(best.checksums.is_empty());
    assert_eq!(variants.contents().len(), 16);
}

/// Who takes what no site claims: they do not count as claimants.
const FALLBACKS: [&str; 2] = ["generic", "page"];

/// The real links: those of a built site are claimed by it and by no other, and look-alikes not by the one they look like.
#[test]
fn real_links_are_claimed_by_their_site() {
    let registry = builtins();
    let mut checked = 0;
    for line in fixture("url_cases.tsv").lines().skip(1) {
        let [link, site, expected, id, ..] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let Ok(url) = Url::parse(link) else { continue };
        // The file calls it by its most used instance.
        let site = if site == "wikimedia" { "mediawiki" } else { site };
        let claims = registry.claims(&url);
        let names = claims.iter().map(|it| it.extractor.info().name());
        let named: Vec<_> = names.filter(|name| !FALLBACKS.contains(name)).collect();
        match (expected, registry.extractor(site)) {
            ("match", Some(extractor)) if !FALLBACKS.contains(&site) => {
                assert_eq!(named, [site], "{link}");
                // Some rows name one part of a link, some several with a slash between them. A handle sees the path alone.
                let found = extractor.info().handles().find(&url);
                let parts: Vec<_> = found.iter().flat_map(Matched::captures).collect();
                let beside = [url.query(), url.fragment()].map(Option::unwrap_or_default).join("#");
                let is_part =
                    |part: &str| parts.iter().any(|(_, value)| *value == part) || beside.contains(part);
                let is_told = parts.iter().any(|(name, value)| *name == "id" && *value == id)
                    || id.split('/').filter(|part| !part.is_empty()).all(is_part);
                assert!(is_told || parts.is_empty(), "{link}: {parts:?} are not {id}");
                checked += 1;
            }
            ("match", None) => assert!(named.is_empty(), "{link}: {named:?}"),
            ("no-match", _) => assert!(!named.contains(&site), "{link}"),
            _ => (),
        }
    }
    assert!(checked >= 20, "only {checked} rows were of a built site");
}
