//! Behaviours that are wrong about ranges.

use super::{OK, PARTIAL, RANGES, TYPE, body, check, origin};
use crate::Behaviour;

const WHOLE: [&str; 4] = [OK, TYPE, "Content-Length: 1000", RANGES];

/// Checks a 206 with `Accept-Ranges`: the `Content-Range` told and the bytes sent.
async fn check_part(behaviour: &Behaviour, range: &str, told: &str, start: usize, end: usize) {
    let origin = origin(behaviour.clone()).await;
    let length = format!("Content-Length: {}", end - start);
    let told = format!("Content-Range: bytes {told}");
    let head = [PARTIAL, TYPE, &length, &told, RANGES];
    check(&origin, &[&format!("Range: bytes={range}")], &head, &body()[start..end]).await;
}

#[tokio::test]
async fn no_ranges() {
    let origin = origin(Behaviour::NoRanges).await;
    for lines in [&[][..], &["Range: bytes=0-1"], &["Range: bytes=5000-"]] {
        check(&origin, lines, &[OK, TYPE, "Content-Length: 1000"], &body()).await;
    }
}

#[tokio::test]
async fn quiet_ranges() {
    let origin = origin(Behaviour::QuietRanges).await;
    check(&origin, &[], &[OK, TYPE, "Content-Length: 1000"], &body()).await;
    let head = [PARTIAL, TYPE, "Content-Length: 10", "Content-Range: bytes 10-19/1000"];
    check(&origin, &["Range: bytes=10-19"], &head, &body()[10..20]).await;
}

#[tokio::test]
async fn ranges_promised() {
    let origin = origin(Behaviour::RangesPromised).await;
    for lines in [&[][..], &["Range: bytes=0-1"], &["Range: bytes=10-19"]] {
        check(&origin, lines, &WHOLE, &body()).await;
    }
}

#[tokio::test]
async fn ranges_only_from_zero() {
    check_part(&Behaviour::RangesOnlyFromZero, "0-9", "0-9/1000", 0, 10).await;
    check_part(&Behaviour::RangesOnlyFromZero, "0-", "0-999/1000", 0, 1000).await;
    let origin = origin(Behaviour::RangesOnlyFromZero).await;
    check(&origin, &["Range: bytes=10-19"], &WHOLE, &body()).await;
    check(&origin, &["Range: bytes=-5"], &WHOLE, &body()).await;
}

#[tokio::test]
async fn wrong_start() {
    let later = Behaviour::WrongStart { by: 7 };
    check_part(&later, "0-9", "0-9/1000", 0, 10).await;
    check_part(&later, "10-19", "17-26/1000", 17, 27).await;
    check_part(&later, "900-", "907-999/1000", 907, 1000).await;
    // No place after the end: the other side.
    check_part(&later, "995-999", "988-992/1000", 988, 993).await;
    let earlier = Behaviour::WrongStart { by: -7 };
    check_part(&earlier, "10-19", "3-12/1000", 3, 13).await;
    check_part(&earlier, "5-6", "12-13/1000", 12, 14).await;
    // No place on either side: the start.
    check_part(&Behaviour::WrongStart { by: 5000 }, "500-509", "0-9/1000", 0, 10).await;
    check_part(&Behaviour::WrongStart { by: i64::MIN }, "500-509", "0-9/1000", 0, 10).await;
}

#[tokio::test]
async fn wrong_total() {
    let more = Behaviour::WrongTotal { by: 1 };
    check_part(&more, "0-9", "0-9/1000", 0, 10).await;
    check_part(&more, "10-19", "10-19/1001", 10, 20).await;
    check_part(&Behaviour::WrongTotal { by: -900 }, "10-19", "10-19/100", 10, 20).await;
}

#[tokio::test]
async fn no_content_range() {
    let origin = origin(Behaviour::NoContentRange).await;
    for (range, start, end) in [("0-9", 0, 10), ("10-19", 10, 20)] {
        let head = [PARTIAL, TYPE, "Content-Length: 10", RANGES];
        check(&origin, &[&format!("Range: bytes={range}")], &head, &body()[start..end]).await;
    }
}

#[tokio::test]
async fn star_total() {
    check_part(&Behaviour::StarTotal, "0-9", "0-9/*", 0, 10).await;
    check_part(&Behaviour::StarTotal, "10-", "10-999/*", 10, 1000).await;
}

#[tokio::test]
async fn superset() {
    let behaviour = Behaviour::Superset { before: 7 };
    check_part(&behaviour, "0-9", "0-9/1000", 0, 10).await;
    check_part(&behaviour, "10-19", "3-19/1000", 3, 20).await;
    check_part(&behaviour, "5-9", "0-9/1000", 0, 10).await;
}

#[tokio::test]
async fn shorter() {
    let behaviour = Behaviour::Shorter { at_most: 7 };
    check_part(&behaviour, "0-", "0-6/1000", 0, 7).await;
    check_part(&behaviour, "10-19", "10-16/1000", 10, 17).await;
    check_part(&behaviour, "10-12", "10-12/1000", 10, 13).await;
    check_part(&Behaviour::Shorter { at_most: 0 }, "10-19", "10-10/1000", 10, 11).await;
    check(&origin(behaviour).await, &[], &WHOLE, &body()).await;
}

#[tokio::test]
async fn multipart_ranges() {
    let origin = origin(Behaviour::MultipartRanges).await;
    let part = |told: &str, start: usize, end: usize| {
        let head =
            format!("\r\n--qetch-testkit-boundary\r\n{TYPE}\r\nContent-Range: bytes {told}/1000\r\n\r\n");
        [head.as_bytes(), &body()[start..end]].concat()
    };
    let end = b"\r\n--qetch-testkit-boundary--\r\n".to_vec();
    let content_type = "Content-Type: multipart/byteranges; boundary=qetch-testkit-boundary";

    let one = [part("10-19", 10, 20), end.clone()].concat();
    let length = format!("Content-Length: {}", one.len());
    check(&origin, &["Range: bytes=10-19"], &[PARTIAL, content_type, &length, RANGES], &one).await;

    let two = [part("0-0", 0, 1), part("998-999", 998, 1000), end].concat();
    let length = format!("Content-Length: {}", two.len());
    check(&origin, &["Range: bytes=0-0,-2"], &[PARTIAL, content_type, &length, RANGES], &two).await;

    check(&origin, &[], &WHOLE, &body()).await;
}
