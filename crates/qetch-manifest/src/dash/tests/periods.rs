//! Several periods, and the same rendition in each.

use super::*;

/// A video with this id, height and bandwidth, whose segments are of 2 s and told by it.
fn of_height(id: &str, height: u32, bandwidth: u32) -> String {
    format!("<Representation id='{id}' mimeType='video/mp4' height='{height}' bandwidth='{bandwidth}'/>")
}

const TEMPLATE: &str = "<SegmentTemplate duration='2' media='$RepresentationID$-$Number$' initialization='$RepresentationID$-i'/>";

fn period(attributes: &str, inner: &str) -> String {
    format!("<Period {attributes}>{TEMPLATE}<AdaptationSet>{inner}</AdaptationSet></Period>")
}

fn sound(id: &str, language: &str) -> String {
    format!("<Representation id='{id}' mimeType='audio/mp4' lang='{language}' bandwidth='96000'/>")
}

#[test]
fn each_period_is_a_part_and_a_stretch() {
    let text = mpd(
        "mediaPresentationDuration='PT7S'",
        &(period("id='a' duration='PT3S'", &of_height("v", 720, 1)) + &period("", &of_height("v", 720, 1))),
    );
    check(
        &text,
        Ok(&[
            "init v-i 0+0 p0",
            "1 v-1 0+2 p0",
            "2 v-2 2+1 p0",
            "init v-i 3+0 p1",
            "1 v-1 3+2 p1",
            "2 v-2 5+2 p1",
        ]),
    );
    let stretches: Vec<_> = listing(&text, "v").unwrap().segments.iter().map(|it| it.stretch).collect();
    assert_eq!(
        stretches,
        [0xaf63_dc4c_8601_ec8c, 0xaf63_dc4c_8601_ec8c, 0xaf63_dc4c_8601_ec8c, 3000, 3000, 3000]
    );
}

#[test]
fn periods_with_the_same_id_are_two_stretches() {
    let one = period("id='a' duration='PT2S'", &of_height("v", 720, 1));
    let listing = listing(&mpd("", &one.repeat(3)), "v").unwrap();
    let mut stretches: Vec<_> = listing.segments.iter().map(|it| it.stretch).collect();
    stretches.dedup();
    stretches.sort_unstable();
    stretches.dedup();
    assert_eq!(stretches.len(), 3);
}

#[test]
fn times_count_from_the_beginning_of_the_presentation() {
    let timed = |offset: u32, from: u32| {
        format!(
            "<Period duration='PT4S'><AdaptationSet contentType='video'><Representation id='v'>\
            <SegmentTemplate timescale='10' presentationTimeOffset='{offset}' media='$Time$'>\
            <SegmentTimeline><S t='{from}' d='20' r='1'/></SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period>"
        )
    };
    check(
        &mpd("", &(timed(0, 0) + &timed(1000, 1000))),
        Ok(&["0 0 0+2 p0", "20 20 2+2 p0", "1000 1000 4+2 p1", "1020 1020 6+2 p1"]),
    );
    // Both periods list all: each is given what is its own.
    let all = |offset: u32| {
        format!(
            "<Period duration='PT4S'><AdaptationSet contentType='video'><Representation id='v'>\
            <SegmentTemplate timescale='10' presentationTimeOffset='{offset}' media='$Time$'>\
            <SegmentTimeline><S t='0' d='20' r='3'/></SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period>"
        )
    };
    check(
        &mpd("", &(all(0) + &all(40))),
        Ok(&["0 0 0+2 p0", "20 20 2+2 p0", "40 40 4+2 p1", "60 60 6+2 p1"]),
    );
}

/// Checks the first URL of each part of a rendition.
#[track_caller]
fn check_parts(text: &str, rendition: &str, expected: &[&str]) {
    let listing = listing(text, rendition).unwrap();
    let firsts = listing.segments.iter().filter(|it| it.initialises);
    let firsts: Vec<_> = firsts.map(|it| it.url.path().trim_start_matches("/a/")).collect();
    assert_eq!(firsts, expected, "{rendition}");
}

#[test]
fn the_same_rendition_in_another_period() {
    let first = of_height("hd", 720, 3_000_000)
        + &of_height("sd", 360, 900_000)
        + &sound("en", "en")
        + &sound("fr", "fr");
    let second = of_height("hd", 1080, 5_000_000)
        + &of_height("x", 480, 1_200_000)
        + &of_height("y", 360, 2_000_000)
        + &of_height("z", 360, 1_000_000)
        + &sound("a1", "FR");
    let text = mpd("", &(period("duration='PT2S'", &first) + &period("duration='PT2S'", &second)));
    check_parts(&text, "hd", &["hd-i", "hd-i"]);
    check_parts(&text, "sd", &["sd-i", "z-i"]);
    check_parts(&text, "fr", &["fr-i", "a1-i"]);
    // Nobody is given another language.
    check_parts(&text, "en", &["en-i"]);
    // What none of the first period goes on with is offered, too.
    check_parts(&text, "x", &["sd-i", "x-i"]);
    check_parts(&text, "y", &["sd-i", "y-i"]);
    let ids: Vec<_> = manifest(&text).unwrap().renditions.into_iter().map(|it| it.id).collect();
    assert_eq!(ids, ["hd", "sd", "en", "fr", "x", "y"]);
}

#[test]
fn a_language_that_is_not_told_may_follow_any() {
    let text = mpd(
        "",
        &(period("duration='PT2S'", &sound("a", "en")) + &period("duration='PT2S'", &sound("b", "und"))),
    );
    check_parts(&text, "a", &["a-i", "b-i"]);
}

/// Pictures go on whatever language is told of them.
#[test]
fn a_language_of_pictures_does_not_matter() {
    let video =
        |id: &str, language: &str| of_height(id, 720, 1).replace("/>", &format!(" lang='{language}'/>"));
    let first = period("duration='PT2S'", &video("v", "en"));
    check_parts(&mpd("", &(first + &period("duration='PT2S'", &video("w", "fr")))), "v", &["v-i", "w-i"]);
}

#[test]
fn a_commentary_goes_on_with_a_commentary() {
    for is_of_the_set in [true, false] {
        let told = |id: &str, role: &str| {
            let role = format!("<Role value='{role}'/>");
            let (outer, inner) = if is_of_the_set { (role, String::new()) } else { (String::new(), role) };
            let sound = sound(id, "en").replace("/>", &format!(">{inner}</Representation>"));
            format!("</AdaptationSet><AdaptationSet>{outer}{sound}")
        };
        let first = told("main", "main") + &told("talk", "commentary");
        let second = told("x", "commentary") + &told("y", "main");
        let text = mpd("", &(period("duration='PT2S'", &first) + &period("duration='PT2S'", &second)));
        check_parts(&text, "main", &["main-i", "y-i"]);
        check_parts(&text, "talk", &["talk-i", "x-i"]);
    }
}

#[test]
fn the_same_language_and_codec_are_nearer_than_the_same_bandwidth() {
    let near = |id: &str, told: &str| {
        format!("<Representation id='{id}' mimeType='audio/mp4' bandwidth='5' {told}/>")
    };
    let far = |id: &str, told: &str| near(id, told).replace("'5'", "'9'");
    let follows = |told: &str, other: &str| {
        let others = near("x", other) + &far("y", told);
        let text = period("duration='PT2S'", &near("a", told)) + &period("duration='PT2S'", &others);
        check_parts(&mpd("", &text), "a", &["a-i", "y-i"]);
    };
    follows("lang='en'", "lang='und'");
    follows("codecs='mp4a.40.2'", "codecs='ec-3'");
}

#[test]
fn a_hole_is_in_time() {
    let text = mpd(
        "",
        &(period("duration='PT2S'", &sound("a", "en"))
            + &period("duration='PT5S'", &of_height("v", 360, 1))
            + &period("duration='PT2S'", &sound("a", "en"))),
    );
    check_of(&text, "a", Ok(&["init a-i 0+0 p0", "1 a-1 0+2 p0", "init a-i 7+0 p1", "1 a-1 7+2 p1"]));
}

#[test]
fn one_file_for_several_periods_is_not_taken_twice() {
    let one = |file: &str| {
        format!(
            "<Period duration='PT2S'><AdaptationSet contentType='video'><Representation id='v'><BaseURL>{file}</BaseURL></Representation></AdaptationSet></Period>"
        )
    };
    check(&mpd("", &(one("a.mp4") + &one("b.mp4"))), Ok(&["1 a.mp4 0+2 p0", "1 b.mp4 2+2 p1"]));
    check(&mpd("", &(one("a.mp4") + &one("b.mp4") + &one("a.mp4"))), Err("unsupported"));
}

#[test]
fn remote_elements_are_not_read() {
    let text =
        |what: &str| mpd("xmlns:xlink='http://www.w3.org/1999/xlink' mediaPresentationDuration='PT2S'", what);
    for remote in [
        "<Period xlink:href='p.xml' xlink:actuate='onLoad'/>",
        "<Period><AdaptationSet xlink:href='p.xml'/></Period>",
        "<Period><SegmentList xlink:href='p.xml'/></Period>",
    ] {
        let error = manifest(&text(remote)).unwrap_err();
        assert!(error.code() == "bad_reply" && error.to_string().contains("remote"), "{error}");
    }
    let nothing = "<Period xlink:href='urn:mpeg:dash:resolve-to-zero:2013'/>";
    check(
        &text(&(nothing.to_owned() + &period("", &of_height("v", 1, 1)))),
        Ok(&["init v-i 0+0 p0", "1 v-1 0+2 p0"]),
    );
}
