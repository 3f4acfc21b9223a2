//! Tests of cassettes: their text, what fits a request, and what is answered.

mod recording;

use std::{path::Path, sync::Arc};

use super::*;
use crate::{Context, Request};

/// A cassette of this text below the first line and a blank one.
fn cassette(text: &str) -> Cassette {
    Cassette::parse("c", &format!("{FIRST_LINE}\n\n{text}")).unwrap()
}

fn context(text: &str) -> Context {
    Context::builder().transport(Replay::of(cassette(text)).into()).build()
}

fn get(url: &str) -> Request {
    Request::get(url.parse().unwrap())
}

/// The text that is answered, or the code of the error.
async fn ask(cx: &Context, request: Request) -> String {
    match cx.send(request).await {
        Ok(answer) => answer.text(),
        Err(error) => error.code().to_owned(),
    }
}

const WHOLE: &str = r##"# qetch cassette 1
# derived: a pond
# asks: https://pond.example/1
# asks: https://pond.example/2

=== GET https://pond.example/1?b=2&a=1
x-frogs: yes
--- 200
content-type: application/json
etag: "1"

{"frogs":
\# 3}
--- 404
=== POST https://pond.example/login
content-type: application/json

{"user":"kermit"}
--- 200 base64 cut

AP8Q
--- failed timeout
--- 206 < pond/frog.mp4
content-type: video/mp4
=== GET https://pond.example/text
--- 200

\=== no head
\--- nor this
\\ nor that

"##;

#[test]
fn a_text_is_read_and_written_as_it_was() {
    let cassette = Cassette::parse("c", WHOLE).unwrap();
    assert_eq!(cassette.to_string(), WHOLE);
    assert_eq!(cassette.asks().collect::<Vec<_>>(), ["https://pond.example/1", "https://pond.example/2"]);
    let bodies: Vec<_> = cassette.bodies().map(|(_, body)| body.as_ref()).collect();
    let text = "=== no head\n--- nor this\n\\ nor that\n";
    let expected: [&[u8]; 4] = [b"{\"frogs\":\n# 3}", b"", &[0, 0xff, 0x10], text.as_bytes()];
    assert_eq!(bodies, expected);
}

#[test]
fn each_body_has_its_request_and_its_status() {
    let cassette = Cassette::parse("c", WHOLE).unwrap();
    let asked = cassette.bodies().map(|(at, _)| {
        let (method, url, status) = cassette.asked(at).unwrap();
        format!("{method} {url} {}", status.as_u16())
    });
    let (pond, login) = ("GET https://pond.example/1?b=2&a=1", "POST https://pond.example/login");
    let expected = [format!("{pond} 200"), format!("{pond} 404"), format!("{login} 200")];
    assert_eq!(asked.take(3).collect::<Vec<_>>(), expected);
    assert!(cassette.asked(AnswerAt { exchange: 1, answer: 1 }).is_none(), "the network failed there");
}

#[test]
fn every_body_comes_back_as_it_was() {
    let bodies: [&[u8]; 9] =
        [b"", b"\n", b"a\n\n", b"\r\n# x", b"\xff\0", b"===", b"a\n--- 200\n", b"\\", &[7; 200]];
    for body in bodies {
        let mut cassette =
            cassette("=== GET https://a.example/\n--- 200\n=== GET https://a.example/2\n--- 404\n");
        let (at, _) = cassette.bodies().next().unwrap();
        cassette = cassette.with_body(at, body.to_vec());
        let read = Cassette::parse("c", &cassette.to_string()).unwrap();
        assert_eq!(read.bodies().next().unwrap().1, body, "{cassette}");
        assert_eq!(read.bodies().count(), 2);
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let check = |text: &str, expected: &str| {
        let error = Cassette::parse("pond.cassette", text).unwrap_err();
        assert_eq!(error.code(), "invalid");
        let message = error.to_string();
        assert!(message.starts_with(&format!("the cassette pond.cassette:{expected}")), "{message}");
    };
    check("", "1 is not valid: a cassette begins with");
    check("=== GET https://a.example/\n--- 200\n", "1 is not valid: a cassette begins with");
    check("# qetch cassette 2\n", "1 is not valid: it is of another version");
    let check = |text: &str, expected: &str| check(&format!("{FIRST_LINE}\n\n{text}"), expected);
    check("GET https://a.example/\n", "3 is not valid: expected `=== METHOD URL`");
    check("--- 200\n", "3 is not valid: expected `=== METHOD URL`");
    check("=== GET\n--- 200\n", "3 is not valid: expected `=== METHOD URL`");
    check("=== GET https://a.example/ b\n--- 200\n", "3 is not valid: expected `=== METHOD URL`");
    check("=== G(T https://a.example/\n--- 200\n", "3 is not valid: not a method");
    check("=== GET /frogs\n--- 200\n", "3 is not valid: not a URL");
    check("=== GET ftp://a.example/\n--- 200\n", "3 is not valid: not a URL");
    check(
        "=== GET https://a.example/\n\n=== GET https://b.example/\n--- 200",
        "3 is not valid: a request without",
    );
    let check = |text: &str, expected: &str| check(&format!("=== GET https://a.example/\n{text}"), expected);
    check("range\n--- 200\n", "4 is not valid: expected `name: value`");
    check("a b: c\n--- 200\n", "4 is not valid: not a header name");
    check("a: \u{1}\n--- 200\n", "4 is not valid: the value has characters");
    check("---\n", "4 is not valid: expected `--- STATUS`");
    check("--- OK\n", "4 is not valid: expected `--- STATUS`");
    check("--- 100\n", "4 is not valid: expected `--- STATUS`");
    check("--- 2000\n", "4 is not valid: expected `--- STATUS`");
    check("--- 200 gzip\n", "4 is not valid: behind the status");
    check("--- 200 <\n", "4 is not valid: behind the status");
    check("--- 200\n\na\n# b\n", "7 is not valid: a line of a body that begins with `#`");
    check("--- 200\n\na\n--- b\n", "7 is not valid: expected `--- STATUS`");
    check("--- 200 base64\na: b\n\nA===\n", "7 is not valid: a body that is to be base64 is not");
    check("--- 200 < f\n\nbody\n", "6 is not valid: the body of this answer is a file");
    check("--- failed\n", "4 is not valid: expected `--- failed` and one of");
    check("--- failed soon\n", "4 is not valid: expected `--- failed` and one of");
    check("--- failed tls cut\n", "4 is not valid: expected `--- failed` and one of");
    check("--- failed tls\na: b\n", "4 is not valid: a failure has no headers");
}

#[test]
fn bodies_in_files_are_read_from_one_folder_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pond")).unwrap();
    std::fs::write(folder.path().join("pond/frog.json"), "{}").unwrap();
    std::fs::write(folder.path().join("bad.cassette"), b"# qetch cassette 1\n\n=== \xff").unwrap();
    let with = |name: &str| {
        cassette(&format!("=== GET https://a.example/\n--- 200 < {name}\n")).with_files(folder.path())
    };
    assert_eq!(with("pond/frog.json").unwrap().bodies().next().unwrap().1, "{}");
    for wrong in ["pond/toad.json", "../frog.json", "/etc/hostname"] {
        let message = with(wrong).unwrap_err().to_string();
        assert!(message.contains("c:4") && message.contains(wrong), "{message}");
    }
    let message = Cassette::read(folder.path().join("bad.cassette")).unwrap_err().to_string();
    assert!(message.contains("bad.cassette:3 is not valid: not UTF-8"), "{message}");
}

#[tokio::test]
async fn a_request_is_known_by_what_it_asks_and_not_by_its_spelling() {
    let cx = context(
        "=== GET https://a.example/x?b=2&a=%20&a=1\n--- 200\n\nquery\n=== POST https://a.example/x\n\n{\"b\":1, \"a\":[2]}\n--- 200\n\njson\n=== POST https://a.example/x\n\na=1&b=c+d\n--- 200\n\nform\n",
    );
    let post = |body: &str| get("https://a.example/x").with_method(Method::POST).with_body(body.to_owned());
    assert_eq!(ask(&cx, get("https://a.example:443/x?a=1&a=+&b=2#f")).await, "query");
    assert_eq!(ask(&cx, get("https://a.example/x?a=1&b=2")).await, "not_recorded");
    assert_eq!(ask(&cx, post("{\"a\":[2],\"b\":1}")).await, "json");
    assert_eq!(ask(&cx, post("{\"a\":[3],\"b\":1}")).await, "not_recorded");
    assert_eq!(ask(&cx, post("b=c%20d&a=1")).await, "form");
    assert_eq!(ask(&cx, post("b=c&a=1")).await, "not_recorded");
}

#[tokio::test]
async fn of_several_the_one_with_the_most_headers_is_meant() {
    let cx = context(
        "=== GET https://a.example/\n--- 200\n\nany\n=== GET https://a.example/\nx-a: 1\nrange: bytes=0-\n--- 200\n\nboth\n=== GET https://a.example/\nx-a: 1\n--- 200\n\none\n",
    );
    let with = |pairs: &[(&'static str, &'static str)]| {
        pairs.iter().fold(get("https://a.example/"), |request, (name, value)| {
            request.with_header(http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
        })
    };
    assert_eq!(ask(&cx, with(&[])).await, "any");
    assert_eq!(ask(&cx, with(&[("x-a", "2")])).await, "any");
    assert_eq!(ask(&cx, with(&[("x-a", "1"), ("x-b", "1")])).await, "one");
    assert_eq!(ask(&cx, with(&[("x-a", "1"), ("range", "bytes=0-")])).await, "both");
}

#[tokio::test]
async fn answers_are_given_in_turn_and_the_last_again_and_again() {
    // A recording has an exchange for each.
    let cx = context(
        "=== GET https://a.example/?a=1&b=2\n--- 200\n\none\n--- failed resolve\n=== GET https://b.example/\n--- 204\n=== GET https://a.example/?b=2&a=1\n--- 200\n\nthree\n",
    );
    for expected in ["one", "network", "three", "three"] {
        assert_eq!(ask(&cx, get("https://a.example/?a=1&b=2")).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn no_host_is_waited_for() {
    let cx = context(
        "=== GET https://pond.example/1\n--- 429\nretry-after: 30\n--- 200\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 9999\n\na\n",
    );
    let begun = tokio::time::Instant::now();
    for expected in ["", "a", "a"] {
        assert_eq!(ask(&cx, get("https://pond.example/1")).await, expected);
    }
    assert_eq!(begun.elapsed().as_secs(), 0);
}

#[tokio::test]
async fn failures_of_the_network_are_those_that_are_written() {
    for fault in ["resolve", "connect", "tls", "timeout", "broken"] {
        let cx = context(&format!("=== GET https://a.example/\n--- failed {fault}\n"));
        match cx.send(get("https://a.example/")).await.unwrap_err() {
            Error::Network { host, fault: met, .. } => {
                assert_eq!((host.as_str(), met.to_string().as_str()), ("a.example", fault));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn more_than_was_kept_of_a_body_is_an_error_that_says_where() {
    let cx = context("=== GET https://a.example/f\n--- 200 cut\ncontent-length: 9\n\nabc\n");
    let mut answer = cx.open(get("https://a.example/f")).await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "abc");
    let error = answer.chunk().await.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("not_recorded", false));
    let message = error.to_string();
    assert!(message.contains("first 3 bytes") && message.contains("c:4"), "{message}");
}

#[tokio::test]
async fn a_body_shorter_than_announced_broke() {
    let cx = context("=== GET https://a.example/f\n--- 200\ncontent-length: 9\n\nabc\n");
    assert_eq!(ask(&cx, get("https://a.example/f")).await, "network");
}

#[tokio::test]
async fn what_is_not_known_is_told_with_the_nearest_line() {
    let text = "=== GET https://a.example/items/1?page=1\nx-a: 1\n--- 200\n=== POST https://a.example/login\n\n{}\n--- 200\n=== GET https://b.example/\n--- 200\n";
    let cx = context(text);
    let check = async |request: Request, expected: &str| {
        let error = cx.send(request).await.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("not_recorded", false));
        let message = error.to_string();
        assert!(message.contains(expected), "{message}");
    };
    check(
        get("https://a.example/items/1?page=2"),
        "c:3, GET https://a.example/items/1?page=1, which has `page=1`",
    )
    .await;
    check(
        get("https://a.example/items/1?page=1&q=x"),
        "c:3, GET https://a.example/items/1?page=1, which lacks `q=x`",
    )
    .await;
    check(get("https://a.example/items/1?page=1"), "which wants the header `x-a: 1`").await;
    check(get("https://a.example/items/2"), "c:3, GET https://a.example/items/1?page=1, which has the path")
        .await;
    check(get("https://a.example/login"), "c:6, POST https://a.example/login, which is a POST").await;
    check(
        get("https://a.example/login").with_json(&1),
        "c:6, POST https://a.example/login, which has another body",
    )
    .await;
    check(get("https://c.example/"), "c:10, GET https://b.example/, which asks https://b.example").await;
    let empty = Context::builder().transport(Replay::of(cassette("")).into()).build();
    let message = empty.send(get("https://a.example/?token=s3cret")).await.unwrap_err().to_string();
    assert!(
        message.contains("token=redacted") && message.ends_with("there is no request in it"),
        "{message}"
    );
}

#[tokio::test]
async fn a_folder_is_all_its_cassettes() {
    let folder = tempfile::tempdir().unwrap();
    let read =
        |path: &Path| Replay::read(path).map(|replay| Context::builder().transport(replay.into()).build());
    assert_eq!(read(folder.path()).unwrap_err().code(), "invalid");
    std::fs::write(folder.path().join("body"), "two").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no cassette").unwrap();
    for (name, answer) in [("a", "--- 200\n\none\n"), ("b", "--- 200 < body\n")] {
        let text = format!("{FIRST_LINE}\n=== GET https://{name}.example/\n{answer}");
        std::fs::write(folder.path().join(format!("{name}.cassette")), text).unwrap();
    }
    let cx = read(folder.path()).unwrap();
    assert_eq!(ask(&cx, get("https://a.example/")).await, "one");
    assert_eq!(ask(&cx, get("https://b.example/")).await, "two");
    let one = read(&folder.path().join("a.cassette")).unwrap();
    assert_eq!(ask(&one, get("https://b.example/")).await, "not_recorded");
    assert_eq!(read(&folder.path().join("c.cassette")).unwrap_err().code(), "io");
}

#[tokio::test]
async fn secrets_are_no_part_of_what_is_compared() {
    let text = "=== GET https://a.example/v?id=1&api_key=redacted\nauthorization: redacted\n--- 200\n\nit\n=== POST https://a.example/t\n\n{\"client_secret\":\"redacted\",\"n\":1}\n--- 200\n\ntoken\n=== GET https://a.example/redacted/x\n--- 200\n\nmine\n";
    let replay = Replay::of(cassette(text)).redacting(["own-s3cret"]);
    let cx = Context::builder().transport(Arc::new(replay)).build();
    let authorized = get("https://a.example/v?api_key=any&id=1").with_bearer(&"any".into());
    assert_eq!(ask(&cx, authorized).await, "it");
    assert_eq!(ask(&cx, get("https://a.example/v?api_key=any&id=1")).await, "not_recorded");
    let post = get("https://a.example/t").with_json(&serde_json::json!({"n": 1, "client_secret": "x"}));
    assert_eq!(ask(&cx, post).await, "token");
    assert_eq!(ask(&cx, get("https://a.example/own-s3cret/x")).await, "mine");
}

#[tokio::test]
async fn a_part_of_a_file_is_put_together_from_others_of_its_version() {
    let first = "=== GET https://a.example/f\n--- 200 cut\ncontent-length: 10\netag: \"1\"\n\n0123\n";
    let part = |etag: &str, range: &str, body: &str| {
        format!(
            "=== GET https://a.example/f\nif-range: \"1\"\nrange: bytes={range}\n--- 206\ncontent-range: bytes {range}/10\netag: \"{etag}\"\n\n{body}\n"
        )
    };
    let get = |range: Option<&'static str>| {
        let request = get("https://a.example/f");
        let with = |request: Request, range| {
            request.with_header(http::header::RANGE, http::HeaderValue::from_static(range))
        };
        range.into_iter().fold(request, with)
    };
    let whole = [first.to_owned(), part("1", "3-6", "3456"), part("1", "6-9", "6789")].concat();
    let cx = context(&whole);
    for (range, expected) in [
        (None, "0123456789"),
        (Some("bytes=0-"), "0123456789"),
        (Some("bytes=2-7"), "234567"),
        (Some("bytes=9-99"), "9"),
        // What nothing can be made of is answered as without a range.
        (Some("bytes=10-"), "0123456789"),
        (Some("bytes=-2"), "0123456789"),
    ] {
        assert_eq!(ask(&cx, get(range)).await, expected, "{range:?}");
    }
    let answer = cx.send(get(Some("bytes=2-7"))).await.unwrap();
    assert_eq!((answer.status(), answer.header(http::header::CONTENT_RANGE)), (206, Some("bytes 2-7/10")));
    assert_eq!(answer.header(http::header::CONTENT_LENGTH), Some("6"));

    let changed = context(&[first.to_owned(), part("2", "3-6", "3456"), part("1", "6-9", "6789")].concat());
    assert_eq!(ask(&changed, get(None)).await, "not_recorded", "of two versions");
    // A site that knows of no ranges answers with the whole file, whatever is asked.
    let plain = context("=== GET https://a.example/f\n--- 200\n\n0123456789\n");
    assert_eq!(ask(&plain, get(Some("bytes=2-7"))).await, "0123456789");
}
