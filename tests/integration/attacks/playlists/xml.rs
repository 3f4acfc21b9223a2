//! What XML can do to those who read it.

use std::time::{Duration, Instant};

use qetch::Error;
use qetch_testkit::{Origin, Resource};
use qetch_tests::canary::Canary;

use super::{anywhere, period};

const SET: &str = "<AdaptationSet mimeType=\"video/mp4\"><Representation id=\"v\" bandwidth=\"1\"><BaseURL>a.mp4</BaseURL>\
                   </Representation></AdaptationSet>";

/// The error of reading this document, which is told soon, if there is one.
async fn read(resource: Resource) -> Result<(), Error> {
    let (origin, begun) = (Origin::start().await.unwrap(), Instant::now());
    origin.serve("/list", resource);
    let extracted = anywhere().build().extract(&origin.url("/list")).await;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(origin.requests().len(), 1);
    extracted.map(drop)
}

fn document(declared: &str, title: &str) -> Resource {
    let text = format!(
        "<?xml version=\"1.0\"?>{declared}<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" \
         mediaPresentationDuration=\"PT4S\"><ProgramInformation><Title>{title}</Title></ProgramInformation>\
         <Period>{SET}</Period></MPD>"
    );
    Resource::new(text).with_content_type("application/dash+xml")
}

#[tokio::test]
async fn entities_of_its_own_are_not_expanded() {
    read(document("", "frogs &amp; toads")).await.unwrap();
    let laughs: String = (1..20)
        .map(|at| {
            let before = format!("&l{};", at - 1).repeat(10);
            format!("<!ENTITY l{at} \"{before}\">")
        })
        .collect();
    for (declared, title) in [
        ("<!DOCTYPE MPD [<!ENTITY croak \"croak\">]>".to_owned(), "&croak;"),
        (format!("<!DOCTYPE MPD [<!ENTITY l0 \"ha\">{laughs}]>"), "&l19;"),
        ("<!DOCTYPE MPD [<!ENTITY file SYSTEM \"file:///etc/passwd\">]>".to_owned(), "&file;"),
    ] {
        let error = read(document(&declared, title)).await.unwrap_err();
        assert_eq!(error.code(), "bad_reply", "{declared}: {error}");
        assert!(!error.to_string().contains("root:"), "{error}");
    }
}

#[tokio::test]
async fn nothing_outside_of_it_is_read() {
    let canary = Canary::start().await;
    let at = format!("http://127.0.0.1:{}/", canary.port());
    read(document(&format!("<!DOCTYPE MPD SYSTEM \"{at}a.dtd\">"), "frogs")).await.unwrap();
    let entity = format!("<!DOCTYPE MPD [<!ENTITY % remote SYSTEM \"{at}b.dtd\"> %remote;]>");
    let _ = read(document(&entity, "frogs")).await;
    let _ = read(document(&format!("<!DOCTYPE MPD [<!ENTITY far SYSTEM \"{at}c\">]>"), "&far;")).await;
    let schema = format!("<?xml-stylesheet href=\"{at}d.xsl\"?>");
    read(document(&schema, "frogs")).await.unwrap();
    for remote in ["Period", "AdaptationSet"] {
        let link = format!(
            "xmlns:xlink=\"http://www.w3.org/1999/xlink\" xlink:href=\"{at}{remote}\" xlink:actuate=\"onLoad\""
        );
        let set = if remote == "Period" {
            format!("{SET}</Period><Period {link}>")
        } else {
            format!("{SET}<AdaptationSet {link}/>")
        };
        let error = read(period(&set)).await.unwrap_err();
        assert_eq!(error.code(), "bad_reply", "{error}");
    }
    assert_eq!(canary.visits(), 0);
}

#[tokio::test]
async fn elements_in_one_another_without_number_are_over_the_limit() {
    for (open, close) in [("<a>", "</a>"), ("<a>", "")] {
        let nested = format!("{}{}", open.repeat(500_000), close.repeat(500_000));
        assert_eq!(read(period(&format!("{SET}{nested}"))).await.unwrap_err().code(), "over_limit");
    }
}

#[tokio::test]
async fn elements_and_attributes_without_number_are_over_the_limit() {
    let same = format!("<a{}/>", " b=\"\"".repeat(1_000_000));
    let other: String = (0..1_000_000).map(|at| format!(" b{at}=\"\"")).collect();
    for wrong in [same, format!("<a{other}/>"), "<a/>".repeat(1_500_000)] {
        assert_eq!(read(period(&format!("{SET}{wrong}"))).await.unwrap_err().code(), "over_limit");
    }
}
