//! Dynamic manifests, with segments of any bytes.

use std::fs;

use qetch::{Content, Delivery, DownloadOptions, Kind, Timestamp};
use qetch_tests::{Folder, content, stage::Stage};
use wiremock::ResponseTemplate;

use super::{broadcast, count, from_window, joined, put, record, text};

/// The rendition `v` of the manifest on the stage.
fn dash(stage: &Stage) -> Content {
    let mut content = content([stage.link("live.mpd").as_str()]);
    content.delivery = Delivery::dash("v");
    content.kind = Kind::Video;
    content
}

/// A manifest with these attributes and periods.
fn manifest(attributes: &str, periods: &str) -> String {
    format!("<MPD xmlns='urn:mpeg:dash:schema:mpd:2011' {attributes}>{periods}</MPD>")
}

/// A period with this id, start and addressing.
fn period(id: &str, start: &str, template: &str) -> String {
    format!(
        "<Period id='{id}' start='{start}'><AdaptationSet mimeType='video/mp2t'>{template}\
         <Representation id='v' bandwidth='1000'/></AdaptationSet></Period>"
    )
}

/// A timeline of segments of a quarter of a second.
fn timeline(numbers: std::ops::Range<usize>) -> String {
    let (first, more) = (numbers.start, numbers.len() - 1);
    format!(
        "<SegmentTemplate timescale='4' startNumber='{first}' media='$Number$.ts'>\
         <SegmentTimeline><S t='{first}' d='1' r='{more}'/></SegmentTimeline></SegmentTemplate>"
    )
}

async fn check(
    stage: &Stage,
    list: impl Fn(usize) -> ResponseTemplate + Send + Sync + 'static,
    options: DownloadOptions,
    expected: impl IntoIterator<Item = usize>,
) -> qetch::Report {
    put(stage, 0..40);
    broadcast(stage, "live.mpd", list);
    let folder = Folder::new();
    let report = record(&folder, &dash(stage), &options).await.unwrap();
    assert!(fs::read(folder.path("f.ts")).unwrap() == joined(expected), "another file: {report:?}");
    report
}

/// The moment so many seconds before now.
fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_unix(Timestamp::now().as_unix() - seconds).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_goes_on_until_it_is_static() {
    let stage = Stage::start().await;
    let list = |reading| {
        let how = if reading == 6 { "type='static'" } else { "type='dynamic' minimumUpdatePeriod='PT0.25S'" };
        text(manifest(how, &period("a", "PT0S", &timeline(reading..reading + 5))))
    };
    let report = check(&stage, list, from_window(), 0..11).await;
    assert!(report.complete, "{report:?}");
    assert_eq!(count(&stage, "/live.mpd").await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_edge_is_as_far_from_the_end_as_the_manifest_says() {
    for (delay, first) in [("", 2), ("suggestedPresentationDelay='PT0.5S'", 3)] {
        let stage = Stage::start().await;
        let list = move |reading| {
            let how = if reading == 1 { "type='static'" } else { "type='dynamic'" };
            let how = format!("{how} minimumUpdatePeriod='PT0.25S' {delay}");
            text(manifest(&how, &period("a", "PT0S", &timeline(reading..reading + 5))))
        };
        check(&stage, list, DownloadOptions::new(), first..6).await;
    }
}

/// Periods whose ids are in no order, and whose numbers begin again.
#[tokio::test(flavor = "multi_thread")]
async fn another_period_goes_on_with_numbers_of_its_own() {
    let stage = Stage::start().await;
    let list = |reading| {
        let how = if reading == 3 { "type='static'" } else { "type='dynamic' minimumUpdatePeriod='PT0.25S'" };
        let later = |numbers: std::ops::Range<usize>| {
            timeline(numbers).replace("<SegmentTemplate", "<SegmentTemplate presentationTimeOffset='1'")
        };
        let (z, a) = (period("z", "PT0S", &timeline(20..24)), |end| period("a", "PT6S", &later(1..end)));
        text(manifest(
            how,
            &match reading {
                0 => z,
                1 => z + &a(3),
                _ => a(2 + reading),
            },
        ))
    };
    let report = check(&stage, list, from_window(), (20..24).chain(1..5)).await;
    assert!(report.complete, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_were_never_listed_are_gaps() {
    let stage = Stage::start().await;
    let list = |reading| {
        let how = if reading == 1 { "type='static'" } else { "type='dynamic' minimumUpdatePeriod='PT0.25S'" };
        let numbers = if reading == 0 { 0..3 } else { 5..7 };
        text(manifest(how, &period("a", "PT0S", &timeline(numbers))))
    };
    let report = check(&stage, list, from_window(), (0..3).chain(5..7)).await;
    let missing: Vec<_> = report.gaps.iter().map(|gap| gap.sequence).collect();
    assert_eq!((missing, report.complete), (vec![Some(3), Some(4)], false));
}

/// What there is the clock tells: the manifest is not fetched for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_stands_is_fetched_once() {
    let stage = Stage::start().await;
    let begin = ago(4);
    let list = move |_| {
        let template = "<SegmentTemplate timescale='4' duration='1' startNumber='0' media='$Number$.ts'/>";
        let how = format!(
            "type='dynamic' availabilityStartTime='{begin}' minimumUpdatePeriod='PT500S' \
             mediaPresentationDuration='PT6S'"
        );
        text(manifest(&how, &period("a", "PT0S", template)))
    };
    let report = check(&stage, list, from_window(), 0..24).await;
    assert!(report.complete, "{report:?}");
    assert_eq!(count(&stage, "/live.mpd").await, 1);
}

/// Its host has another idea of the time than we have.
#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_the_host_counts() {
    let stage = Stage::start().await;
    let hour = 3600;
    let begin = ago(hour + 4);
    let list = move |_| {
        let template = "<SegmentTemplate timescale='4' duration='1' startNumber='0' media='$Number$.ts'/>";
        let how = format!(
            "type='dynamic' availabilityStartTime='{begin}' minimumUpdatePeriod='PT1S' \
             mediaPresentationDuration='PT6S'"
        );
        text(manifest(&how, &period("a", "PT0S", template))).insert_header("Date", date(ago(hour)))
    };
    let report = check(&stage, list, from_window(), 0..24).await;
    assert!(report.complete, "{report:?}");
}

/// Its segments come three seconds later than the clock says.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_ahead_makes_no_gaps() {
    let stage = Stage::start().await;
    let begin = ago(2);
    for number in 0..5 {
        let bytes = joined([number]);
        stage.act(&format!("{number}.ts"), move |_| {
            match Timestamp::now().as_unix() >= begin.as_unix() + number as i64 + 4 {
                true => ResponseTemplate::new(200).set_body_bytes(bytes.clone()),
                false => ResponseTemplate::new(404),
            }
        });
    }
    let list = move |_| {
        let template = "<SegmentTemplate timescale='1' duration='1' startNumber='0' media='$Number$.ts'/>";
        let how = format!(
            "type='dynamic' availabilityStartTime='{begin}' minimumUpdatePeriod='PT1S' \
             mediaPresentationDuration='PT5S'"
        );
        text(manifest(&how, &period("a", "PT0S", template)))
    };
    let report = check(&stage, list, from_window(), 0..5).await;
    assert!(report.complete, "{report:?}");
}

/// A moment as HTTP writes it.
fn date(moment: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = moment.to_string();
    let month: usize = text[5..7].parse().unwrap();
    let weekday = DAYS[usize::try_from(moment.as_unix() / 86_400 % 7).unwrap()];
    format!("{weekday}, {} {} {} {} GMT", &text[8..10], MONTHS[month - 1], &text[..4], &text[11..19])
}
