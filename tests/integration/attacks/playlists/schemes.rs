//! Links of other schemes than http and https in playlists and manifests.

use std::time::Duration;

use qetch::Url;
use qetch_testkit::{Origin, Resource};

use super::{TS, brought, hls, list, manifest, mpd, once, playlist};
use crate::attacks::schemes::Trap;

/// What a playlist made of `link` at `/list` leads to is refused, where gaps are allowed too, and no other segment of it
/// is fetched.
async fn refused(make: impl Fn(&Url) -> Resource) {
    let (trap, origin) = (Trap::set().await, Origin::start().await.unwrap());
    origin.serve("/0.ts", Resource::new(&TS[..]));
    // What is beside it is refused long before.
    origin.serve("/video", list("#EXTINF:2,\n0.ts").with_delay(Duration::from_secs(20)));
    for link in trap.links() {
        origin.serve("/list", make(&link));
        let options = once().with_allow_gaps(true);
        let tried = brought(&trap.qetch().build(), &origin.url("/list"), &trap.folder, &options).await;
        trap.holds(&link, tried);
    }
    assert_eq!((origin.hits("/0.ts"), origin.hits("/list") >= trap.links().len()), (0, true));
}

/// As it may stand in XML.
fn escaped(link: &Url) -> String {
    link.as_str().replace('&', "&amp;").replace('\'', "&apos;").replace('<', "&lt;")
}

#[tokio::test]
async fn a_segment_is_refused_before_the_others_are_fetched() {
    refused(|link| list(&format!("#EXTINF:2,\n0.ts\n#EXTINF:2,\n{link}"))).await;
}

#[tokio::test]
async fn a_key_is_refused_before_a_segment_is_fetched() {
    refused(|link| list(&format!("#EXTINF:2,\n0.ts\n#EXT-X-KEY:METHOD=AES-128,URI=\"{link}\"\n0.ts"))).await;
}

#[tokio::test]
async fn an_initialisation_is_refused_before_a_segment_is_fetched() {
    refused(|link| list(&format!("#EXT-X-MAP:URI=\"{link}\"\n#EXTINF:2,\n0.ts"))).await;
}

#[tokio::test]
async fn a_variant_is_refused() {
    refused(|link| playlist(format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{link}\n"))).await;
}

#[tokio::test]
async fn a_sound_beside_a_video_is_refused() {
    let sound = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"n\",DEFAULT=YES";
    refused(|link| {
        playlist(format!(
            "#EXTM3U\n{sound},URI=\"{link}\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\n/video\n"
        ))
    })
    .await;
}

#[tokio::test]
async fn a_base_of_a_manifest_is_refused() {
    refused(|link| manifest(&format!("<BaseURL>{}</BaseURL>", escaped(link)))).await;
}

#[tokio::test]
async fn a_template_of_a_manifest_is_refused() {
    refused(|link| {
        let link = escaped(link);
        manifest(&format!(
            "<SegmentTemplate duration=\"2\" initialization=\"/0.ts\" media=\"{link}$Number$\"/>"
        ))
    })
    .await;
}

#[tokio::test]
async fn where_a_live_manifest_goes_on_is_refused() {
    refused(|link| {
        let live = "type=\"dynamic\" availabilityStartTime=\"2020-01-01T00:00:00Z\" minimumUpdatePeriod=\"PT1S\"";
        let template = "<SegmentTemplate duration=\"2\" media=\"/0.ts?$Number$\"/>";
        mpd(&format!(
            "{live} timeShiftBufferDepth=\"PT10S\"><Location>{}</Location><Period start=\"PT0S\"><AdaptationSet \
             mimeType=\"video/mp4\">{template}<Representation id=\"v\" bandwidth=\"1\"/></AdaptationSet></Period>",
            escaped(link)
        ))
    })
    .await;
}

#[tokio::test]
async fn a_redirect_of_a_segment_or_its_playlist_is_no_gap() {
    let (trap, origin) = (Trap::set().await, Origin::start().await.unwrap());
    origin.serve("/0.ts", Resource::new(&TS[..]));
    origin.serve("/list", list("#EXTINF:2,\n0.ts\n#EXTINF:2,\naway"));
    let options = once().with_allow_gaps(true);
    for link in trap.links() {
        origin.serve("/away", Resource::redirect(link.as_str()));
        for at in ["/list", "/away"] {
            let (qetch, content) = (trap.qetch().build(), hls(&origin.url(at), ""));
            trap.holds(&link, qetch.download(&content, trap.folder.path("f"), &options).await);
        }
    }
}

#[tokio::test]
async fn a_relative_link_is_of_where_its_playlist_was_in_the_end() {
    let (trap, origin) = (Trap::set().await, Origin::start().await.unwrap());
    origin.serve("/list", Resource::redirect("/deep/er/list"));
    origin.serve("/deep/er/list", list("#EXTINF:2,\n../0.ts\n#EXTINF:2,\n../../../../../deep/0.ts"));
    origin.serve("/deep/0.ts", Resource::new(&TS[..]));
    brought(&trap.qetch().build(), &origin.url("/list"), &trap.folder, &once()).await.unwrap();
    assert_eq!(std::fs::read(trap.folder.path("f.ts")).unwrap(), [TS, TS].concat());
}
