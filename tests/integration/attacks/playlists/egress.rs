//! Public playlists that lead to addresses that are not to be reached.

use std::{sync::Arc, time::Duration};

use qetch::{Error, Kind, Live, NetworkPolicy, QetchBuilder, Result};
use qetch_testkit::{Behaviour, Resource, When};
use qetch_tests::{Folder, saved};

use super::{TS, brought, downloaded, hls, list, manifest, mpd, once, playlist};
use crate::attacks::egress::{Attack, Table};

const HOSTS: [&str; 5] = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "192.168.0.1", "169.254.169.254"];

/// A public site whose `/list` is made of a link to the canary at `host`. What is brought of it, as it may be with gaps.
async fn tried(
    host: &str,
    make: &impl Fn(&str) -> Resource,
    qetch: impl FnOnce(&Attack) -> QetchBuilder,
) -> (Attack, Result<()>) {
    let (attack, folder) = (Attack::start().await, Folder::new());
    attack.site.serve("/list", make(&attack.at(host)));
    attack.site.serve("/away", Resource::redirect(attack.at(host)));
    attack.site.serve("/0.ts", Resource::new(&TS[..]));
    attack.site.serve("/video", list("#EXTINF:2,\n0.ts"));
    // A live one that fails is read again for a while.
    let options = once().with_allow_gaps(true).with_patience(Duration::from_secs(1));
    let link = "http://public.example/list";
    let done = brought(&qetch(&attack).build(), link, &folder, &options).await.map(drop);
    assert!(done.is_ok() || !folder.names().iter().any(|name| name == "f.ts"), "{:?}", folder.names());
    (attack, done)
}

/// It is refused at every host, and reached where a person allows that: it is refused for no other reason.
async fn refused(make: impl Fn(&str) -> Resource) {
    for host in HOSTS {
        let (attack, done) = tried(host, &make, Attack::qetch).await;
        attack.refused(&done);
    }
    let table = Table::default().with("looks.public.example", &[&["127.0.0.1", "::1"]]);
    let live = || Live::builder().resolver(Arc::new(table));
    let (attack, done) = tried("looks.public.example", &make, |it| it.qetch_over(live())).await;
    attack.refused(&done);
    let anywhere = |it: &Attack| it.qetch().network(NetworkPolicy::Any);
    let (attack, _) = tried("127.0.0.1", &make, anywhere).await;
    assert!(attack.canary.visits() > 0, "nobody came though it is allowed");
}

#[tokio::test]
async fn a_segment_is_refused_and_no_gap() {
    refused(|link| list(&format!("#EXTINF:2,\n0.ts\n#EXTINF:2,\n{link}"))).await;
}

#[tokio::test]
async fn a_key_is_refused() {
    refused(|link| list(&format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{link}\"\n0.ts"))).await;
}

#[tokio::test]
async fn an_initialisation_is_refused() {
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
async fn a_redirect_of_a_segment_is_refused() {
    refused(|_| list("#EXTINF:2,\n0.ts\n#EXTINF:2,\naway")).await;
}

#[tokio::test]
async fn a_redirect_of_a_key_is_refused() {
    refused(|_| list("#EXT-X-KEY:METHOD=AES-128,URI=\"away\"\n0.ts")).await;
}

#[tokio::test]
async fn a_redirect_of_a_variant_is_refused() {
    refused(|_| playlist("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\naway\n".into())).await;
}

#[tokio::test]
async fn a_base_of_a_manifest_is_refused() {
    refused(|link| manifest(&format!("<BaseURL>{link}</BaseURL>"))).await;
}

#[tokio::test]
async fn a_template_of_a_manifest_is_refused() {
    refused(|link| manifest(&format!("<SegmentTemplate duration=\"2\" media=\"{link}/$Number$\"/>"))).await;
}

#[tokio::test]
async fn a_live_playlist_that_moves_within_is_refused() {
    refused(|link| {
        let away = Behaviour::Becomes { when: When::Bodies(2), resource: Box::new(Resource::redirect(link)) };
        // It is read when it is found, and when it is brought.
        playlist("#EXTM3U\n#EXT-X-TARGETDURATION:0.3\n#EXTINF:0.3,\n0.ts\n".into()).with_behaviour(away)
    })
    .await;
}

#[tokio::test]
async fn where_a_live_manifest_goes_on_is_refused() {
    refused(|link| {
        let live = "type=\"dynamic\" availabilityStartTime=\"2020-01-01T00:00:00Z\" minimumUpdatePeriod=\"PT0.3S\"";
        let set = "<SegmentTemplate duration=\"2\" media=\"/0.ts?$Number$\"/><Representation id=\"v\" bandwidth=\"1\"/>";
        mpd(&format!(
            "{live} timeShiftBufferDepth=\"PT4S\"><Location>{link}</Location><Period start=\"PT0S\"><AdaptationSet \
             mimeType=\"video/mp4\">{set}</AdaptationSet></Period>"
        ))
    })
    .await;
}

#[tokio::test]
async fn a_saved_playlist_within_is_refused() {
    for host in HOSTS {
        let (attack, folder) = (Attack::start().await, Folder::new());
        let qetch = attack.qetch().build();
        for kind in [Kind::Video, Kind::Audio, Kind::Text] {
            let mut content = hls(&attack.at(host), "");
            content.kind = kind;
            attack.refused(&downloaded(&qetch, &saved(&content), &folder, &once()).await);
        }
        assert!(folder.names().is_empty());
    }
}

#[tokio::test]
async fn a_playlist_of_this_machine_leads_to_this_machine_and_to_no_metadata() {
    let (attack, folder) = (Attack::start().await, Folder::new());
    attack.site.serve("/0.ts", Resource::new(&TS[..]));
    attack.site.serve("/list", list("#EXTINF:2,\n0.ts"));
    let away = attack.at("169.254.169.254");
    attack.site.serve("/away", list(&format!("#EXTINF:2,\n0.ts\n#EXTINF:2,\n{away}")));
    let qetch = attack.qetch().build();
    brought(&qetch, &attack.site.url("/list"), &folder, &once()).await.unwrap();
    let done = brought(&qetch, &attack.site.url("/away"), &Folder::new(), &once()).await;
    assert!(matches!(done, Err(Error::EgressDenied { .. })), "{done:?}");
    attack.refused(&done);
}
