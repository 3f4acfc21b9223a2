//! Every way in which a manifest says where its segments are.

use super::*;

#[track_caller]
fn check_video(seconds: &str, addressing: &str, expected: Result<&[&str], &str>) {
    check(&of_seconds(seconds, &video(addressing)), expected);
}

#[test]
fn a_template_with_numbers() {
    check_video(
        "5",
        "<SegmentTemplate duration='2' media='$Number$.m4s' initialization='i.mp4'/>",
        Ok(&["init i.mp4 0+0 p0", "1 1.m4s 0+2 p0", "2 2.m4s 2+2 p0", "3 3.m4s 4+1 p0"]),
    );
    check_video(
        "4",
        "<SegmentTemplate duration='2000' timescale='1000' startNumber='7' media='$RepresentationID$/$Number%03d$'/>",
        Ok(&["7 v/007 0+2 p0", "8 v/008 2+2 p0"]),
    );
    check_video(
        "9",
        "<SegmentTemplate duration='2' startNumber='0' endNumber='1' media='$Number$'/>",
        Ok(&["0 0 0+2 p0", "1 1 2+2 p0"]),
    );
    check_video(
        "9",
        "<SegmentTemplate duration='2' startNumber='5' endNumber='4' media='$Number$'/>",
        Err("bad_reply"),
    );
    check_video(
        "4",
        "<SegmentTemplate duration='2000000.0' timescale='1000000' media='$Bandwidth$-$Number$'/>",
        Ok(&["1 900-1 0+2 p0", "2 900-2 2+2 p0"]),
    );
}

#[test]
fn a_length_without_an_end_number_or_an_end_number_without_a_length() {
    let template = "<SegmentTemplate duration='2' endNumber='2' media='$Number$'/>";
    let open = |template: &str| mpd("", &format!("<Period>{}</Period>", video(template)));
    check(&open(template), Ok(&["1 1 0+2 p0", "2 2 2+2 p0"]));
    check(&open("<SegmentTemplate duration='2' media='$Number$'/>"), Err("bad_reply"));
    let zero = mpd("mediaPresentationDuration='PT0S'", &format!("<Period>{}</Period>", video(template)));
    check(&zero, Ok(&["1 1 0+2 p0", "2 2 2+2 p0"]));
}

/// A duration is rounded to milliseconds: what that adds is no segment, and a frame more is one.
#[test]
fn what_rounding_leaves_is_no_segment() {
    let template = "<SegmentTemplate duration='60060' timescale='30000' media='$Number$'/>";
    check_video("4.0049", template, Ok(&["1 1 0+2.002 p0", "2 2 2.002+2.002 p0"]));
    let listing = listing(&of_seconds("4.025", &video(template)), "v").unwrap();
    assert_eq!(listing.segments.len(), 3);
}

#[test]
fn a_template_with_times() {
    let timeline =
        "<SegmentTimeline><S t='100' d='20' r='1'/><S d='5'/><S t='200' d='10'/></SegmentTimeline>";
    check_video(
        "12",
        &format!(
            "<SegmentTemplate timescale='10' presentationTimeOffset='100' media='$Time$' initialization='i-$Bandwidth$'>{timeline}</SegmentTemplate>"
        ),
        Ok(&["init i-900 0+0 p0", "100 100 0+2 p0", "120 120 2+2 p0", "140 140 4+0.5 p0", "200 200 10+1 p0"]),
    );
    check_video(
        "12",
        &format!(
            "<SegmentTemplate timescale='10' startNumber='4' media='$Number$-$Time$'>{timeline}</SegmentTemplate>"
        ),
        Ok(&["4 4-100 10+2 p0", "5 5-120 12+2 p0", "6 6-140 14+0.5 p0", "7 7-200 20+1 p0"]),
    );
    check_video(
        "4",
        "<SegmentTemplate duration='2' presentationTimeOffset='50' media='$Time$'/>",
        Ok(&["50 50 0+2 p0", "52 52 2+2 p0"]),
    );
}

#[test]
fn a_timeline_that_repeats_to_the_end() {
    let template = |entries: &str| {
        format!(
            "<SegmentTemplate timescale='10' endNumber='9' media='$Number$'><SegmentTimeline>{entries}</SegmentTimeline></SegmentTemplate>"
        )
    };
    check_video("5", &template("<S t='0' d='20' r='-1'/>"), Ok(&["1 1 0+2 p0", "2 2 2+2 p0", "3 3 4+2 p0"]));
    check_video(
        "5",
        &template("<S t='0' d='20' r='-1'/><S t='40' d='10'/>"),
        Ok(&["1 1 0+2 p0", "2 2 2+2 p0", "3 3 4+1 p0"]),
    );
    check_video(
        "99",
        &template("<S t='0' d='20' r='20'/>"),
        Ok(&[
            "1 1 0+2 p0",
            "2 2 2+2 p0",
            "3 3 4+2 p0",
            "4 4 6+2 p0",
            "5 5 8+2 p0",
            "6 6 10+2 p0",
            "7 7 12+2 p0",
            "8 8 14+2 p0",
            "9 9 16+2 p0",
        ]),
    );
}

/// A timeline that goes back is listed as it is, and `start` does not fall.
#[test]
fn starts_never_fall() {
    check_video(
        "9",
        "<SegmentTemplate media='$Time$'><SegmentTimeline><S t='5' d='2'/><S t='3' d='2'/></SegmentTimeline></SegmentTemplate>",
        Ok(&["5 5 5+2 p0", "3 3 5+2 p0"]),
    );
}

#[test]
fn a_template_that_tells_nothing_apart_is_one_segment() {
    check_video("9", "<SegmentTemplate duration='2' media='all.mp4'/>", Ok(&["1 all.mp4 0+9 p0"]));
    check_video("9", "<SegmentTemplate media='$Number$.mp4'/>", Ok(&["1 1.mp4 0+9 p0"]));
}

#[test]
fn a_list() {
    let urls =
        "<SegmentURL media='x'/><SegmentURL mediaRange='10-19'/><SegmentURL media='y' mediaRange='0-0'/>";
    check_video(
        "5",
        &format!(
            "<BaseURL>b.mp4</BaseURL><SegmentList duration='2'><Initialization range='0-9'/>{urls}</SegmentList>"
        ),
        Ok(&["init b.mp4[0+10] 0+0 p0", "1 x 0+2 p0", "2 b.mp4[10+10] 2+2 p0", "3 y[0+1] 4+1 p0"]),
    );
    check_video(
        "5",
        &format!(
            "<SegmentList startNumber='4'><Initialization sourceURL='i'/><SegmentTimeline><S d='1'/><S d='3' r='7'/></SegmentTimeline>{urls}</SegmentList>"
        ),
        Ok(&["init i 0+0 p0", "4 x 0+1 p0", "5 m.mpd[10+10] 1+3 p0", "6 y[0+1] 4+3 p0"]),
    );
    check_video("5", "<SegmentList><SegmentURL media='x'/></SegmentList>", Ok(&["1 x 0+5 p0"]));
    check_video("5", "<SegmentList duration='2'/>", Err("bad_reply"));
    // A timeline goes on where the list does not, or begins where it does not.
    let timeline = "<SegmentTimeline><S d='1' n='9'/></SegmentTimeline>";
    check_video(
        "5",
        &format!("<SegmentList><Initialization sourceURL='i'/>{timeline}{urls}</SegmentList>"),
        Err("bad_reply"),
    );
}

#[test]
fn a_whole_file() {
    check_video("5", "<BaseURL>v.mp4</BaseURL>", Ok(&["1 v.mp4 0+5 p0"]));
    check_video(
        "5",
        "<BaseURL>v.mp4</BaseURL><SegmentBase indexRange='915-1114'><Initialization range='0-914'/></SegmentBase>",
        Ok(&["1 v.mp4 0+5 p0"]),
    );
    check_video(
        "5",
        "<BaseURL>v.mp4</BaseURL><SegmentBase><Initialization sourceURL='v.mp4' range='0-914'/></SegmentBase>",
        Ok(&["1 v.mp4 0+5 p0"]),
    );
    check_video(
        "5",
        "<BaseURL>v.mp4</BaseURL><SegmentBase><Initialization sourceURL='i.mp4' range='0-9'/></SegmentBase>",
        Ok(&["init i.mp4[0+10] 0+0 p0", "1 v.mp4 0+5 p0"]),
    );
}

#[test]
fn bases_and_addressing_are_inherited_from_every_level() {
    let text = "<BaseURL>m/</BaseURL><Period duration='PT4S'><BaseURL>p/</BaseURL>\
        <SegmentTemplate timescale='10' media='$Number$' initialization='i'/>\
        <AdaptationSet contentType='video'><BaseURL>s/</BaseURL><SegmentTemplate duration='20' startNumber='3'/>\
        <Representation id='v'><BaseURL>r/</BaseURL><SegmentTemplate initialization='j'/></Representation>\
        <Representation id='w'><SegmentTemplate duration='40'/></Representation></AdaptationSet></Period>";
    let text = mpd("", text);
    check(&text, Ok(&["init m/p/s/r/j 0+0 p0", "3 m/p/s/r/3 0+2 p0", "4 m/p/s/r/4 2+2 p0"]));
    check_of(&text, "w", Ok(&["init m/p/s/i 0+0 p0", "3 m/p/s/3 0+4 p0"]));
}

#[test]
fn an_initialisation_has_the_number_of_what_follows() {
    let template = "<SegmentTemplate duration='2' startNumber='7' media='$Number$' initialization='i'/>";
    let listing = listing(&of_seconds("4", &video(template)), "v").unwrap();
    let numbers: Vec<_> = listing.segments.iter().map(|it| (it.sequence, it.initialises)).collect();
    assert_eq!(numbers, [(7, true), (7, false), (8, false)]);
    assert_eq!((listing.is_live, listing.duration, listing.refresh), (false, Some(4.0), None));
    let template = template.replace("$Number$", "$Time$").replace("/>", " presentationTimeOffset='50'/>");
    let timed = super::listing(&of_seconds("4", &video(&template)), "v").unwrap();
    assert_eq!(timed.segments.iter().map(|it| it.sequence).collect::<Vec<_>>(), [50, 50, 52]);
}

/// The numbers are checked before there is memory for any of them.
#[test]
fn more_segments_than_the_limit() {
    let template = |inner: &str| {
        format!(
            "<SegmentTemplate media='$Number$'><SegmentTimeline>{inner}</SegmentTimeline></SegmentTemplate>"
        )
    };
    check_video("9", &template("<S d='1' r='4000000000'/>"), Err("over_limit"));
    check_video("9", &template("<S d='0' r='18446744073709551614'/>"), Err("over_limit"));
    check_video("9", &template(&"<S d='1' r='9000000000000000000'/>".repeat(2)), Err("over_limit"));
    check_video(
        "3000000000",
        "<SegmentTemplate duration='1' timescale='1000000000' media='$Number$'/>",
        Err("over_limit"),
    );
    let text = of_seconds("5", &video("<SegmentTemplate duration='1' media='$Number$' initialization='i'/>"));
    let count = |limit| {
        Ok::<_, Error>(
            listing_at(&text, "v", "2026-01-01T00:00:00Z", Limits::new().segments(limit))?.segments.len(),
        )
    };
    assert_eq!(count(6).unwrap(), 6);
    assert_eq!(count(5).unwrap_err().code(), "over_limit");
}

#[test]
fn what_makes_no_sense_is_a_bad_reply() {
    for addressing in [
        "<SegmentTemplate duration='0' media='$Number$'/>",
        "<SegmentTemplate duration='2' timescale='0' media='$Number$'/>",
        "<SegmentTemplate duration='2' media='$Number%099d$'/>",
        "<SegmentTemplate duration='2'/>",
        "<SegmentTemplate duration='2' startNumber='18446744073709551615' media='$Number$'/>",
        "<SegmentTemplate duration='2' presentationTimeOffset='18446744073709551615' media='$Time$'/>",
        "<SegmentTemplate media='$Time$'><SegmentTimeline><S t='18446744073709551615' d='1'/></SegmentTimeline></SegmentTemplate>",
        "<SegmentTemplate media='https://['/>",
        "<SegmentTemplate media='$Time$'><SegmentTimeline/></SegmentTemplate>",
    ] {
        check_video("5", addressing, Err("bad_reply"));
    }
}
