//! Presentations that are still made: what of them is available when.

use std::time::Duration;

use super::*;

const START: &str = "availabilityStartTime='2026-01-01T00:00:00Z'";

/// A dynamic manifest with segments of 2 s.
fn dynamic(attributes: &str, period: &str, template: &str) -> String {
    let set = video(&format!("<SegmentTemplate duration='2' startNumber='0' media='$Number$' {template}/>"));
    mpd(&format!("type='dynamic' {attributes}"), &format!("<Period {period}>{set}</Period>"))
}

/// The numbers of the first and the last segment, and whether more will come.
type Window = (Option<(u64, u64)>, bool);

/// Checks the numbers of the first and the last segment so many seconds into 2026, and whether more will come.
#[track_caller]
fn check(text: &str, seconds: i64, expected: Result<Window, &str>) {
    let now = Timestamp::from_unix(1_767_225_600 + seconds).unwrap();
    let found = manifest(text).and_then(|it| it.listing("v", now, &Limits::new())).map(|listing| {
        let numbers = listing.segments.first().zip(listing.segments.last());
        (numbers.map(|(first, last)| (first.sequence, last.sequence)), listing.is_live)
    });
    assert_eq!(found.map_err(|error| error.code()), expected, "{text}");
}

#[test]
fn a_segment_is_available_when_it_has_ended() {
    let text = dynamic(START, "start='PT0S'", "");
    check(&text, -5, Ok((None, true)));
    check(&text, 1, Ok((None, true)));
    check(&text, 2, Ok((Some((0, 0)), true)));
    check(&text, 9, Ok((Some((0, 3)), true)));
    let late = dynamic(START, "start='PT100S'", "");
    check(&late, 99, Ok((None, true)));
    check(&late, 105, Ok((Some((0, 1)), true)));
}

#[test]
fn a_segment_stays_for_the_window() {
    let text = dynamic(&format!("{START} timeShiftBufferDepth='PT10S'"), "start='PT0S'", "");
    check(&text, 100, Ok((Some((45, 49)), true)));
    check(&text, 101, Ok((Some((45, 49)), true)));
    check(&text, 6, Ok((Some((0, 2)), true)));
}

#[test]
fn segments_that_are_available_early() {
    check(&dynamic(START, "start='PT0S'", "availabilityTimeOffset='2'"), 9, Ok((Some((0, 4)), true)));
    let partial = "availabilityTimeOffset='2' availabilityTimeComplete='false'";
    check(&dynamic(START, "start='PT0S'", partial), 9, Ok((Some((0, 3)), true)));
    let at_once = "availabilityTimeOffset='INF'";
    check(&dynamic(START, "start='PT0S' duration='PT20S'", at_once), 9, Ok((Some((0, 9)), true)));
    check(&dynamic(START, "start='PT0S'", at_once), 9, Ok((Some((0, 3)), true)));
}

#[test]
fn what_has_ended_is_not_live() {
    let text = dynamic(
        &format!("{START} mediaPresentationDuration='PT9S' timeShiftBufferDepth='PT4S'"),
        "start='PT0S'",
        "",
    );
    check(&text, 8, Ok((Some((2, 3)), true)));
    check(&text, 9, Ok((Some((2, 4)), false)));
    check(&text, 9_000, Ok((Some((2, 4)), false)));
    // Where updates are announced, another period may follow the last.
    let period = "start='PT0S' duration='PT4S'";
    check(&dynamic(START, period, ""), 50, Ok((Some((0, 1)), false)));
    check(&dynamic(&format!("{START} minimumUpdatePeriod='PT2S'"), period, ""), 50, Ok((Some((0, 1)), true)));
}

#[test]
fn a_period_ends_though_the_presentation_goes_on() {
    let set = |number: u32| {
        video(&format!("<SegmentTemplate duration='2' startNumber='{number}' media='$Number$'/>"))
    };
    let periods =
        format!("<Period start='PT0S'>{}</Period><Period start='PT5S'>{}</Period>", set(0), set(100));
    let text = mpd(&format!("type='dynamic' {START} timeShiftBufferDepth='PT4S'"), &periods);
    check(&text, 4, Ok((Some((0, 1)), true)));
    check(&text, 8, Ok((Some((2, 100)), true)));
    check(&text, 20, Ok((Some((105, 106)), true)));
}

#[test]
fn a_dynamic_manifest_says_when_it_is_read_again() {
    let told = |attributes: &str| {
        let text = dynamic(&format!("{START} {attributes}"), "start='PT0S'", "");
        let listing = listing_at(&text, "v", "2026-01-01T00:00:09Z", Limits::new()).unwrap();
        (listing.refresh, listing.stands, listing.hold_back)
    };
    let seconds = |it| Some(Duration::from_secs(it));
    assert_eq!(
        told("minimumUpdatePeriod='PT8S' suggestedPresentationDelay='PT6S'"),
        (seconds(2), seconds(8), seconds(6))
    );
    assert_eq!(told("minimumUpdatePeriod='PT1S'"), (seconds(1), seconds(1), None));
    assert_eq!(told("minimumUpdatePeriod='PT0S'"), (seconds(2), None, None));
    assert_eq!(told(""), (seconds(2), None, None));
    assert!(manifest(&dynamic(START, "start='PT0S'", "")).unwrap().is_live);
}

/// Where the time tells which segments there are, they are listed as often as one comes, and the manifest is not fetched as often.
#[test]
fn a_manifest_stands_as_long_as_it_says() {
    let check = |attributes: &str, template: &str, expected: (u64, Option<u64>)| {
        let set = video(&format!("<SegmentTemplate media='$Number$' {template}</SegmentTemplate>"));
        let text = mpd(
            &format!("type='dynamic' {START} {attributes}"),
            &format!("<Period start='PT0S'>{set}</Period>"),
        );
        let listing = listing_at(&text, "v", "2026-01-01T00:00:09Z", Limits::new()).unwrap();
        let seconds = Duration::from_secs;
        assert_eq!((listing.refresh, listing.stands), (Some(seconds(expected.0)), expected.1.map(seconds)));
    };
    check("minimumUpdatePeriod='PT500S'", "timescale='10' duration='30'>", (3, Some(500)));
    check("minimumUpdatePeriod='PT2S'", "duration='3'>", (2, Some(2)));
    check("", "duration='1'>", (1, None));
    let timeline = "><SegmentTimeline><S t='0' d='3' r='1'/></SegmentTimeline>";
    check("minimumUpdatePeriod='PT500S'", timeline, (500, None));
}

#[test]
fn numbers_follow_one_another_within_a_period() {
    let check = |media: &str, is_numbered: bool| {
        let timeline = "<SegmentTimeline><S t='0' d='3' r='1'/></SegmentTimeline>";
        let set = video(&format!("<SegmentTemplate media='{media}'>{timeline}</SegmentTemplate>"));
        let text = mpd(&format!("type='dynamic' {START}"), &format!("<Period start='PT0S'>{set}</Period>"));
        let listing = listing_at(&text, "v", "2026-01-01T00:00:09Z", Limits::new()).unwrap();
        assert_eq!((listing.is_numbered, listing.stretches_restart), (is_numbered, true), "{media}");
        assert_eq!(listing.begins, Some(0.0));
    };
    check("$Number$", true);
    check("$Time$", false);
}

#[test]
fn a_manifest_may_be_elsewhere_by_now() {
    let text = mpd(
        &format!("type='dynamic' {START}"),
        &format!(
            "<Location>../b/n.mpd?t=1</Location><Period start='PT0S'>{}</Period>",
            video("<SegmentTemplate duration='2' media='$Number$'/>")
        ),
    );
    let listing = listing_at(&text, "v", "2026-01-01T00:00:09Z", Limits::new()).unwrap();
    assert_eq!(listing.location.unwrap().as_str(), "https://h.example/b/n.mpd?t=1");
    assert_eq!(listing.segments[0].url.as_str(), "https://h.example/a/1");
}

#[test]
fn a_timeline_is_listed_as_it_is() {
    let timeline = "<SegmentTemplate media='$Time$'><SegmentTimeline><S t='70' d='2' r='2'/></SegmentTimeline></SegmentTemplate>";
    let text = mpd("type='dynamic'", &format!("<Period start='PT0S'>{}</Period>", video(timeline)));
    check(&text, 0, Ok((Some((70, 74)), true)));
    let to_now = timeline.replace("r='2'", "r='-1'");
    let text =
        mpd(&format!("type='dynamic' {START}"), &format!("<Period start='PT0S'>{}</Period>", video(&to_now)));
    check(&text, 79, Ok((Some((70, 78)), true)));
}

/// The clocks of two machines differ: what is listed is taken, though it begins later by ours.
#[test]
fn the_clock_takes_nothing_from_a_timeline() {
    let one = |start: u32, number: u32| {
        let timeline = format!("<SegmentTimeline><S t='{number}' d='2' r='2'/></SegmentTimeline>");
        let template = format!(
            "<SegmentTemplate presentationTimeOffset='{number}' media='$Time$'>{timeline}</SegmentTemplate>"
        );
        format!("<Period start='PT{start}S'>{}</Period>", video(&template))
    };
    let text = mpd(&format!("type='dynamic' {START}"), &(one(0, 10) + &one(6, 100)));
    check(&text, 7, Ok((Some((10, 104)), true)));
}

/// When all that is left before is an advertisement, a rendition is what goes on with that of it; who asks for it by its id
/// is given it all the same.
#[test]
fn a_rendition_stays_when_its_first_period_has_gone() {
    let one = |start: u32, id: &str| {
        let set = video("<SegmentTemplate duration='2' media='$RepresentationID$-$Number$'/>");
        format!("<Period start='PT{start}S'>{}</Period>", set.replace("id='v'", &format!("id='{id}'")))
    };
    let told = |periods: &str| {
        let manifest = manifest(&mpd(&format!("type='dynamic' {START}"), periods)).unwrap();
        let ids: Vec<_> = manifest.renditions.iter().map(|it| it.id.clone()).collect();
        let listing = manifest.listing("v", "2026-01-01T00:00:06Z".parse().unwrap(), &Limits::new()).unwrap();
        (ids, listing.segments.iter().map(|it| it.url.path().to_owned()).collect::<Vec<_>>())
    };
    let all = one(0, "v") + &one(2, "ad") + &one(4, "v");
    assert_eq!(told(&all), (vec!["v".into()], vec!["/a/v-1".into(), "/a/ad-1".into(), "/a/v-1".into()]));
    let later = one(2, "ad") + &one(4, "v");
    assert_eq!(told(&later), (vec!["ad".into()], vec!["/a/ad-1".into(), "/a/v-1".into()]));
}

#[test]
fn what_is_not_told_is_a_bad_reply() {
    check(&dynamic("", "start='PT0S'", ""), 9, Err("bad_reply"));
    check(&dynamic("availabilityStartTime='soon'", "start='PT0S'", ""), 9, Err("bad_reply"));
    // 3 billion segments since 1970.
    check(&dynamic("availabilityStartTime='1970-01-01T00:00:00Z'", "start='PT0S'", ""), 9, Err("over_limit"));
}
