//! Version 3 of the API, for who has a `Client-ID` (<https://apidocs.imgur.com>).

use std::time::Duration;

use qetch_core::{
    Answer, AuthKind, Context, Credential, Error, Extraction, Found, Handoff, Page, Request, Result,
    Timestamp, Url,
    http::{HeaderName, HeaderValue, header},
    lenient,
};
use serde_json::{Map, Value};

use super::{Heard, NAME, post::Post};

const API: &str = "https://api.imgur.com/3/";

/// The image or album at `path`.
pub(super) async fn item(cx: &Context, path: &str, what: &str, source: &Url) -> Result<Heard> {
    let data = ask(cx, path, what).await?;
    let fields = data.as_object().ok_or_else(|| Error::site_changed(NAME, "$.data", "no object"))?;
    let post = Post::new(fields, "images", "$.data");
    let found = if post.missing().is_some() {
        let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
        let all = ask(cx, &format!("album/{id}/images"), what).await?;
        post.with_images(listed(&all, "$.data")?).found(source)?
    } else {
        post.found(source)?
    };
    Ok(if found.is_empty() { Heard::Missing } else { Heard::Found(Extraction::of(found)) })
}

/// The posts of the list at `path`, page by page.
pub(super) async fn list(cx: &Context, path: &str, source: &Url) -> Result<Extraction> {
    let first = page(cx, path, 0, source).await?;
    let (cx, path, source) = (cx.clone(), path.to_owned(), source.clone());
    Ok(Extraction::paged(first, move |number| {
        let (cx, path, source) = (cx.clone(), path.clone(), source.clone());
        async move { page(&cx, &path, number, &source).await }
    }))
}

async fn page(cx: &Context, path: &str, number: u32, source: &Url) -> Result<Page<u32>> {
    let data = ask(cx, &format!("{path}/{number}"), &format!("imgur list {path}")).await?;
    // Those of a tag stand beside what is told of it.
    let (posts, at) = match &data {
        Value::Object(tag) => (tag.get("items").unwrap_or(&Value::Null), "$.data.items"),
        list => (list, "$.data"),
    };
    let posts = listed(posts, at)?;
    let mut found = Vec::new();
    for (post, index) in posts.iter().zip(0..) {
        let at = format!("{at}[{index}]");
        let fields = post.as_object().ok_or_else(|| Error::site_changed(NAME, &at, "no object"))?;
        let post = Post::new(fields, "images", &*at);
        if post.is_album() {
            // Lists have no more than the first images of an album.
            found.push(album(fields, &at)?);
        } else {
            found.extend(post.found(source)?);
        }
    }
    Ok(Page::new(found, (!posts.is_empty()).then_some(number + 1)))
}

fn album(fields: &Map<String, Value>, at: &str) -> Result<Found> {
    let id = fields.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let id = id.filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let id = id.ok_or_else(|| Error::site_changed(NAME, format!("{at}.id"), "no id"))?;
    Ok(Handoff::new(format!("https://imgur.com/a/{id}").parse()?).into())
}

fn listed<'a>(value: &'a Value, path: &str) -> Result<&'a [Value]> {
    let list = value.as_array().ok_or_else(|| Error::site_changed(NAME, path, "no list"))?;
    Ok(list)
}

/// What is at `path`, the `data` of its answer.
async fn ask(cx: &Context, path: &str, what: &str) -> Result<Value> {
    let request = Request::get(format!("{API}{path}").parse()?);
    let answer = cx.send(request.with_header(header::AUTHORIZATION, client_id(cx)?)).await?;
    let answer = checked(answer, what)?;
    let mut reply: Map<String, Value> = answer.json(NAME)?;
    if reply.get("success") == Some(&Value::Bool(false)) {
        let status: Option<u16> = reply.get("status").and_then(lenient::number_of);
        let status = status.filter(|status| *status >= 400);
        return Err(match status {
            Some(status) => refusal(&answer, status, what).unwrap_or(Error::status(answer.url(), status)),
            None => Error::site_changed(NAME, "$.success", "false without a reason"),
        });
    }
    reply.remove("data").ok_or_else(|| Error::site_changed(NAME, "$.data", "missing"))
}

/// The user's `Client-ID` as it is sent: marked as sensitive, so that no redirect takes it along and nothing shows it.
fn client_id(cx: &Context) -> Result<HeaderValue> {
    let Some(Credential::Token { token, .. }) = cx.credential() else { return Err(needs_client_id()) };
    let value = HeaderValue::try_from(format!("Client-ID {}", token.expose().trim()));
    let mut value = value.map_err(|_| {
        Error::invalid("the credential of imgur", "it has characters that no header can hold")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn needs_client_id() -> Error {
    Error::login_required(NAME, [AuthKind::Token])
}

/// The answer, if it is no refusal.
pub(super) fn checked(answer: Answer, what: &str) -> Result<Answer> {
    match refusal(&answer, answer.status(), what) {
        Some(refusal) => Err(refusal),
        None => answer.ok(),
    }
}

/// What the site says where it refuses, with this status: `{"data":{"error":"…"},"success":false,"status":403}`, a list of
/// errors, or a page. `None` where it does not refuse, or where the status says it all.
fn refusal(answer: &Answer, status: u16, what: &str) -> Option<Error> {
    if status < 400 || answer.header(HeaderName::from_static("cf-mitigated")).is_some() {
        return None;
    }
    let said = answer.text().to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let host = || answer.url().host_str().unwrap_or(NAME).to_owned();
    Some(match status {
        _ if is_over_capacity(&said) => Error::over_capacity(host()),
        429 => Error::rate_limited(host(), wait(answer)),
        400 | 403 if says(&["your region", "country"]) => Error::geo_blocked(what, []),
        401 => needs_client_id(),
        403 if says(&["client_id", "client-id", "client id", "authentication"]) => needs_client_id(),
        403 if said.trim_start().starts_with('{') => Error::private(what),
        404 => Error::not_found(what),
        400 if says(&["unable to find", "not found"]) => Error::not_found(what),
        410 => Error::gone(what),
        _ => return None,
    })
}

/// Said with 403, 429, 500 and 503, as JSON and as a page.
pub(super) fn is_over_capacity(said: &str) -> bool {
    said.contains("over capacity")
}

/// How long until there are requests again: `X-RateLimit-UserReset` is a time in Unix seconds.
fn wait(answer: &Answer) -> Option<Duration> {
    let reset = || {
        let reset: i64 = answer.header(HeaderName::from_static("x-ratelimit-userreset"))?.parse().ok()?;
        reset.checked_sub(Timestamp::now().as_unix())?.try_into().ok().map(Duration::from_secs)
    };
    answer.retry_after().or_else(reset)
}
