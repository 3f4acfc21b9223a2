//! Recording: what is written, what is not, and that it replays.

use std::{fs, path::PathBuf, sync::Mutex};

use async_trait::async_trait;
use futures_util::stream;
use http::{HeaderName, HeaderValue, Response, header};
use tempfile::TempDir;

use super::*;
use crate::{
    AuthRegistry, Body, Context, ContextBuilder, Credential, NetworkFault, Outgoing, Routes, Transport,
};

/// A network with one answer to everything, that notes what it was asked.
#[derive(Debug, Default)]
struct Site {
    headers: Vec<(&'static str, String)>,
    /// The last of them is an error where the body breaks.
    body: Vec<Option<Bytes>>,
    fault: Option<NetworkFault>,
    asked: Mutex<Vec<String>>,
}

impl Site {
    fn of(body: impl Into<Bytes>) -> Self {
        Self { body: vec![Some(body.into())], ..Self::default() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[async_trait]
impl Transport for Site {
    async fn send(&self, outgoing: Outgoing) -> Result<Response<Body>> {
        self.asked.lock().unwrap().push(outgoing.request().uri().to_string());
        if let Some(fault) = self.fault {
            return Err(Error::network("", fault, None));
        }
        let chunks = self.body.to_vec();
        let broken = || Error::network("", NetworkFault::Broken, None);
        let mut response = Response::new(Body::new(stream::iter(
            chunks.into_iter().map(move |chunk| chunk.ok_or_else(broken)),
        )));
        for (name, value) in &self.headers {
            response
                .headers_mut()
                .append(HeaderName::from_static(name), HeaderValue::try_from(value).unwrap());
        }
        Ok(response)
    }
}

/// A tape in a new folder.
struct Recording {
    _folder: TempDir,
    path: PathBuf,
    tape: Tape,
}

impl Recording {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.cassette");
        Self { tape: Tape::create(&path).unwrap(), path, _folder: folder }
    }

    fn of(&self, site: Site) -> ContextBuilder {
        Context::builder().transport(Arc::new(site)).recording(self.tape.clone())
    }

    fn text(&self) -> String {
        self.tape.check().unwrap();
        fs::read_to_string(&self.path).unwrap()
    }

    /// A context that knows no more than what was recorded.
    fn replayed(&self) -> Context {
        Context::builder().transport(Replay::read(&self.path).unwrap().into()).build()
    }
}

#[tokio::test]
async fn what_matters_is_written_and_replays() {
    let recording = Recording::new();
    let site = Site::of("{\"frogs\":3}\n")
        .with("content-type", "application/json")
        .with("content-length", "12")
        .with("date", "Mon, 23 Nov 2026 15:00:00 GMT")
        .with("cf-ray", "0")
        .with("x-rate", "1");
    let cx = recording.of(site).build();
    recording.tape.asks(&"https://me:pass@pond.example/1?token=s3cret#f".parse().unwrap());
    let request = get("https://pond.example/1?b=2&a=1")
        .with_header(header::RANGE, HeaderValue::from_static("bytes=0-"))
        .with_header(header::ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
    assert_eq!(ask(&cx, request.clone()).await, "{\"frogs\":3}\n");
    let expected = "# qetch cassette 1\n# asks: https://pond.example/1?token=redacted\n\n\
        === GET https://pond.example/1?b=2&a=1\nrange: bytes=0-\n--- 200\ncontent-type: application/json\n\
        content-length: 12\nx-rate: 1\n\n{\"frogs\":3}\n\n";
    assert_eq!(recording.text(), expected);
    let replayed = recording.replayed();
    assert_eq!(ask(&replayed, request).await, "{\"frogs\":3}\n");
    assert_eq!(ask(&replayed, get("https://pond.example/2")).await, "not_recorded");
}

#[tokio::test]
async fn what_was_asked_is_written_and_not_where_it_was_routed() {
    let recording = Recording::new();
    let routes = Routes::new().with("*", &"http://127.0.0.1:1".parse().unwrap()).unwrap();
    let cx = recording.of(Site::of("routed")).routes(routes).build();
    assert_eq!(ask(&cx, get("https://pond.example/1")).await, "routed");
    assert!(recording.text().contains("=== GET https://pond.example/1\n--- 200\n"), "{}", recording.text());
    assert!(!recording.text().contains("127.0.0.1"));
}

#[tokio::test]
async fn a_body_that_was_not_read_to_its_end_is_cut() {
    let recording = Recording::new();
    let body = vec![Some("abc".into()), Some("def".into())];
    let cx = recording.of(Site { body, ..Site::default() }).build();
    let mut answer = cx.open(get("https://a.example/f")).await.unwrap();
    answer.chunk().await.unwrap();
    drop(answer);
    assert!(recording.text().ends_with("--- 200 cut\n\nabc\n"), "{}", recording.text());

    // The end of one that was announced is known before it is asked for.
    let recording = Recording::new();
    let cx = recording.of(Site::of("abc").with("content-length", "3")).build();
    let mut answer = cx.open(get("https://a.example/f")).await.unwrap();
    answer.chunk().await.unwrap();
    drop(answer);
    assert!(recording.text().contains("--- 200\n"), "{}", recording.text());
}

#[tokio::test]
async fn no_more_of_a_body_is_kept_than_the_limit() {
    let recording = Recording::new();
    let tape = recording.tape.clone().body_limit(4);
    let site =
        Site { body: vec![Some("abc".into()), Some("def".into()), Some("ghi".into())], ..Site::default() };
    let cx = Context::builder().transport(Arc::new(site)).recording(tape).build();
    assert_eq!(ask(&cx, get("https://a.example/f")).await, "abcdefghi", "what passes is whole");
    assert!(recording.text().ends_with("--- 200 cut\n\nabcd\n"), "{}", recording.text());
    assert_eq!(ask(&recording.replayed(), get("https://a.example/f")).await, "not_recorded");
}

#[tokio::test]
async fn failures_are_recorded_as_they_were() {
    let recording = Recording::new();
    for fault in [NetworkFault::Resolve, NetworkFault::Tls] {
        let cx = recording.of(Site { fault: Some(fault), ..Site::default() }).build();
        assert_eq!(ask(&cx, get("https://a.example/f")).await, "network");
    }
    let broken = Site { body: vec![Some("abc".into()), None], ..Site::default() }.with("content-length", "9");
    assert_eq!(ask(&recording.of(broken).build(), get("https://a.example/b")).await, "network");
    assert!(recording.text().contains("--- failed resolve\n=== GET https://a.example/f\n--- failed tls\n"));
    assert_eq!(ask(&recording.replayed(), get("https://a.example/b")).await, "network");
}

#[test]
fn nothing_is_recorded_over() {
    let recording = Recording::new();
    assert_eq!(Tape::create(&recording.path).unwrap_err().code(), "conflict");
    assert_eq!(Tape::create(recording.path.join("x")).unwrap_err().code(), "io");
}

#[cfg(unix)]
#[test]
fn a_recording_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let recording = Recording::new();
    assert_eq!(fs::metadata(&recording.path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Secrets that the user gave, which are searched for wherever they may stand.
const OWN: [&str; 2] = ["tr0ub4dor/&3 \"x\"", "CANARY-OWN-7"];
/// Those that nobody told of, which are known by the names of where they stand.
const NAMED: &str = "canary-named-0123456789";

#[tokio::test]
async fn a_secret_is_in_no_place_of_a_recording() {
    let recording = Recording::new();
    let [odd, own] = OWN;
    let percent = "tr0ub4dor%2F%263%20%22x%22";
    let form = "tr0ub4dor%2f%263+%22x%22";
    let body = serde_json::json!({
        "access_token": NAMED, "refresh_token": NAMED, "data": {"token": "canary-short", "odd": odd},
        "next": format!("https://a.example/2?access_token={NAMED}&x={percent}"), "title": "kept",
    });
    let site = Site::of(body.to_string())
        .with("content-length", body.to_string().len().to_string())
        .with("set-cookie", format!("session={NAMED}"))
        .with("x-own", own)
        .with("x-auth-token", NAMED)
        .with("location", format!("https://a.example/2?sig={NAMED}"));
    let auth = AuthRegistry::new()
        .with("pond", Credential::basic("kermit", odd))
        .with("lake", Credential::oauth(own, "canary-oauth"));
    let cx = recording.of(site).auth(auth).build();
    recording.tape.asks(&format!("https://u:{own}@a.example/{own}?token={NAMED}").parse().unwrap());

    let url = format!(
        "https://u:{NAMED}@a.example/{own}/{percent};jsessionid=canary-path?sid=canary-sid&api_key={NAMED}&q={form}&u=https%3A%2F%2Fb.example%2F%3Fsig%3Dcanary-in&Signature=canary-q"
    );
    let header = |value: &str| HeaderValue::try_from(value).unwrap();
    let request = get(&url)
        .with_bearer(&NAMED.into())
        .with_header(header::COOKIE, header(&format!("a={NAMED}")))
        .with_header(header::REFERER, header(&format!("https://a.example/?token={NAMED}&o={own}")))
        .with_header(HeaderName::from_static("x-peertube-video-password"), header("canary-video"))
        .with_header(HeaderName::from_static("x-own"), header(own));
    let bodies = [
        format!("grant_type=password&password=canary-form&refresh_token={NAMED}&note={form}"),
        serde_json::json!({"client_secret": "canary-json", "note": odd, "deep": [{"key": ["canary-list"]}]})
            .to_string(),
        format!("plain {own}"),
    ];
    for body in &bodies {
        ask(&cx, request.clone().with_method(Method::POST).with_body(body.clone())).await;
    }
    let forms = [format!("access_token={NAMED}&token_type=bearer&x={own}"), format!("\u{0} {own} {NAMED}")];
    for body in forms {
        ask(&recording.of(Site::of(body)).build(), request.clone()).await;
    }
    // Cut within a secret, and within the JSON that names it.
    for body in [format!("<p>{}", &own[..9]), format!("{{\"token\": \"{}", &NAMED[..12])] {
        let cut = Site { body: vec![Some(body.into()), None], ..Site::default() };
        ask(&recording.of(cut).build(), request.clone()).await;
    }
    ask(&recording.of(Site { fault: Some(NetworkFault::Tls), ..Site::default() }).build(), request.clone())
        .await;

    let mut text = recording.text();
    // What is base64 in it is looked into as well.
    for (_, body) in Cassette::parse("r", &text).unwrap().bodies() {
        text.push_str(&String::from_utf8_lossy(body));
    }
    for canary in [odd, percent, "tr0ub4dor", own, "canary", "CANARY"] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
    assert!(text.contains("\"title\":\"kept\"") && text.contains("grant_type=password"), "{text}");

    // It replays for whoever has the secrets, and the error of another request shows none.
    let replay = Replay::read(&recording.path).unwrap().redacting(OWN);
    let replayed = Context::builder().transport(replay.into()).build();
    for body in &bodies {
        let request = request.clone().with_method(Method::POST).with_body(body.clone());
        assert!(ask(&replayed, request).await.contains("\"title\":\"kept\""));
    }
    let other = url.replace("/tr0ub4dor", "/other/tr0ub4dor");
    let error = replayed.send(get(&other)).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(error.code() == "not_recorded" && !shown.to_lowercase().contains("canary"), "{shown}");
}

#[tokio::test]
async fn what_was_met_as_a_cookie_or_a_credential_is_in_no_place_of_a_recording() {
    let names = [
        "PHPSESSID",
        "JSESSIONID",
        "ASP.NET_SessionId",
        "sid",
        "connect.sid",
        "__cf_bm",
        "cf_clearance",
        "any",
    ];
    for (at, name) in names.into_iter().enumerate() {
        let recording = Recording::new();
        let (set, sent, signed) =
            (format!("canary5et{at}of"), format!("canary5ent{at}to"), format!("canary5igned777-{at}"));
        let body = serde_json::json!({
            "visitor": set, "next": format!("https://a.example/{set}/list"), "path": format!("/x/{signed}"), "sid": "s1",
            "html": format!("<a href='/p;{name}=canary-a?{name}=canary-b&amp;{name}=canary-c'>"),
            "script": format!("document.cookie = '{name}=canary-d; path=/'"), "title": "kept at 2024-03-01",
        });
        let body = body.to_string();
        let body = if name == "any" { body.replace("any=canary", "any=") } else { body };
        let site = Site::of(body.clone())
            .with("set-cookie", format!("{name}={set}; Path=/; HttpOnly"))
            .with("set-cookie", format!("signed=s%3A{signed}.4bCdEfGhIjKlMnOp; lang=de"))
            .with("set-cookie", "lang=de")
            .with("set-cookie", "seen=2024-03-01")
            .with("location", format!("/l/{sent}/{set}"));
        let cx = recording.of(site).build();
        let header = |value: &str| HeaderValue::try_from(value).unwrap();
        let request = get(&format!("https://a.example/{sent}/1?u={sent}&v=canary-key-0"))
            .with_header(header::COOKIE, header(&format!("lang=de; {name}={sent}")))
            .with_header(HeaderName::from_static("x-api-key"), header("canary-key-0"));
        ask(&cx, request.with_method(Method::POST).with_body(format!("plain {sent}"))).await;
        ask(&cx, get(&format!("https://a.example/{set}/list?at={signed}"))).await;
        let text = recording.text();
        assert!(!text.contains("canary"), "{name}: {text}");
        assert!(text.contains(r#""title":"kept at 2024-03-01""#) && text.contains(r#""sid":"s1""#), "{text}");
    }
}

#[tokio::test]
async fn what_only_looks_like_a_secret_is_kept() {
    let recording = Recording::new();
    let body =
        r#"{"key":"a song in C","tokens":3,"tokenized":"yes","sign":"aries","token":"","keyword":"token"}"#;
    let cx = recording.of(Site::of(body)).build();
    ask(&cx, get("https://a.example/?pageToken=CAoQAA&next_page_token=x&tokens=3&monkey=1")).await;
    let text = recording.text();
    assert!(
        text.contains(body) && text.contains("?pageToken=CAoQAA&next_page_token=x&tokens=3&monkey=1\n"),
        "{text}"
    );
}

#[tokio::test]
async fn links_in_headers_bring_no_secret() {
    for (name, value, kept) in [
        ("location", "https://a.example/2#access_token=canary", "https://a.example/2\n"),
        ("location", "/2#access_token=canary", "/2\n"),
        (
            "link",
            "<https://a.example/2?page=2&access_token=canary>; rel=\"next\", </3?token=canary>; rel=prev",
            "<https://a.example/2?page=2&access_token=redacted>; rel=\"next\"",
        ),
        ("refresh", "0;url=https://a.example/2?sig=canary", "0;url=https://a.example/2?sig=redacted\n"),
    ] {
        let recording = Recording::new();
        ask(&recording.of(Site::of("a").with(name, value)).build(), get("https://a.example/1")).await;
        let text = recording.text();
        assert!(!text.contains("canary") && text.contains(kept), "{text}");
    }
}

#[tokio::test]
async fn links_and_json_within_a_text_bring_no_secret() {
    for (body, kept) in [
        // No form, for all that it has no space and an equals sign.
        (r#"{"access_token":"canary","next":"/?page=2"}"#, r#"{"access_token":"redacted","next""#),
        (r#"{"token":"canary=="}"#, r#"{"token":"redacted"}"#),
        (
            r#"{"file":"https://cdn.example/a.mp4?id=7&Signature=canary~_1&x=1"}"#,
            "a.mp4?id=7&Signature=redacted&x=1",
        ),
        (r#"<enclosure url="https://p.example/1.mp3?token=canary&amp;x=1">"#, "?token=redacted&amp;x=1"),
        (
            r#"{"u":"https:\/\/h.example\/a?x=1\u0026access_token=canary\u0026y=2"}"#,
            "access_token=redacted\\u0026y=2",
        ),
        (
            r#"<div data-props="{&quot;accessToken&quot;:&quot;canary&quot;,&quot;b&quot;:1}">"#,
            ":&quot;redacted&quot;,&quot;b&quot;",
        ),
        (r#"{"state":"{\"access_token\":\"canary\",\"b\":1}"}"#, r#"\":\"redacted\",\"b\""#),
        ("<p>What is a token? &token = none, ?sig</p>", "a token? &token = none, ?sig"),
    ] {
        let recording = Recording::new();
        ask(&recording.of(Site::of(body)).build(), get("https://a.example/1")).await;
        let text = recording.text();
        assert!(!text.contains("canary") && text.contains(kept), "{text}");
    }
}
