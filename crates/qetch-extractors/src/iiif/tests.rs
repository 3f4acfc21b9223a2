//! What is claimed, and how it is recognised.

use http::{HeaderMap, StatusCode, header};
use qetch_core::{NetworkFault, Registry};
use serde_json::json;

use super::*;
use crate::common_canned::{Canned, Reply};

fn claim(link: &str) -> Claim {
    Iiif::new().can_handle(&Url::parse(link).unwrap())
}

#[test]
fn links_of_the_forms_that_institutions_have_are_perhaps_its_own() {
    for link in [
        "https://gallica.bnf.fr/iiif/ark:/12148/bpt6k1526005v/manifest.json",
        "https://iiif.archive.org/iiif/3/frogs/manifest.json",
        "https://purl.stanford.edu/qm670kv1873/iiif3/manifest",
        "https://media.getty.edu/iiif/manifest/e3a2a9a8-0c5c-4d9c-a9a4-24c3a6a35c1e",
        "https://ids.si.edu/ids/manifest/SAAM-1970.1",
        "https://manifests.collections.example/manifests/2002826",
        "https://iiif.wellcomecollection.org/presentation/v3/collections/genres",
        "https://library.example/iiif/collection/top",
        "https://library.example/news/newspaper_issue_1-manifest.json",
        "http://127.0.0.1:8182/iiif/3/frog.tif/info.json",
    ] {
        assert_eq!(claim(link), Claim::Perhaps, "{link}");
    }
    assert_eq!(
        claim("https://viewer.example/?iiif-content=https://library.example/1"),
        Claim::Yes("viewer".into())
    );
}

#[test]
fn pages_and_files_are_left_to_others() {
    for link in [
        "https://library.example/",
        "https://library.example/manifest.json",
        "https://library.example/frogs/collection",
        "https://library.example/collections/frogs",
        "https://library.example/frogs/manifesto",
        "https://library.example/iiif/3/frog.tif/full/max/0/default.jpg",
        "https://library.example/frogs/info.json5",
        "https://library.example/?u=https://library.example/iiif/1/manifest",
        "https://viewer.example/watch?manifest=https://cdn.example/live.m3u8",
        "ftp://library.example/iiif/1/manifest",
    ] {
        assert_eq!(claim(link), Claim::No, "{link}");
    }
}

#[test]
fn documents_are_recognised_by_their_context() {
    let check = |body: &'static str, expected: bool| {
        let url = Url::parse("https://library.example/iiif/1/manifest").unwrap();
        let answer = Answer::new(StatusCode::OK, HeaderMap::new(), url, body);
        assert_eq!(Iiif::new().recognise(&answer), expected, "{body}");
    };
    check(r#"{"@context":"http://iiif.io/api/presentation/3/context.json","id":"#, true);
    check(
        "\u{feff}\n{\"@context\": [\"http://www.w3.org/ns/anno.jsonld\", \"http://iiif.io/api/presentation/2/context.json\"]",
        true,
    );
    check(r#"{"@context":"http:\/\/iiif.io\/api\/image\/2\/context.json"}"#, true);
    check(r#"{"label": "A context further behind", "@type": "sc:Manifest"}"#, true);
    check(r#"{"@context":"http://library.stanford.edu/iiif/image-api/1.1/context.json"}"#, true);
    check(r#"{"name":"An app","start_url":"/"}"#, false);
    check("<html>iiif.io/api/presentation/3/context.json", false);
    check("", false);
}

#[tokio::test]
async fn a_manifest_is_asked_for_once_and_each_picture_when_its_turn_comes() {
    const MANIFEST: &str = "https://library.example/iiif/1/manifest";
    let canvas = |number: u32| {
        let base = format!("https://images.example/{number}");
        let service = json!({"id": base, "type": "ImageService3"});
        let body =
            json!({"id": format!("{base}/full/max/0/default.jpg"), "type": "Image", "service": [service]});
        let items = json!([{"items": [{"motivation": "painting", "body": body}]}]);
        json!({"id": format!("https://library.example/{number}"), "type": "Canvas", "items": items})
    };
    let manifest = json!({"@context": "http://iiif.io/api/presentation/3/context.json", "type": "Manifest",
                          "summary": "long ".repeat(20_000), "items": [canvas(1), canvas(2), canvas(3)]});
    let told =
        |value: &Value| Reply::new(200, value.to_string()).with(header::CONTENT_TYPE, "application/ld+json");
    let info = json!({"type": "ImageService3", "width": 4, "height": 3});
    let infos = [1, 2].map(|number| format!("https://images.example/{number}/info.json"));
    let site = Canned::default().on(MANIFEST, [told(&manifest)]);
    let site = infos.iter().fold(site, |site, link| site.on(link, [told(&info)]));
    let site = site.on("https://images.example/3/info.json", [Reply::fault(NetworkFault::Timeout)]);
    let (site, cx) = site.start();
    let (registry, cx) = (Registry::new().with_extractor(Iiif::new()), cx.build());

    let mut extraction = registry.extract(&cx, &Url::parse(MANIFEST).unwrap()).await.unwrap();
    assert_eq!(site.asked(), [format!("GET {MANIFEST}")]);
    for (number, link) in infos.iter().enumerate() {
        let variants = extraction.next_variants().await.unwrap().unwrap();
        assert_eq!((variants.best().width, site.asked().len()), (Some(4), number + 2));
        assert_eq!(site.asked()[number + 1], format!("GET {link}"));
    }
    // What may be well the next time is no reason to take something smaller.
    assert_eq!(extraction.next_variants().await.unwrap_err().code(), "network");
    assert!(extraction.next_variants().await.unwrap().is_none());
}
