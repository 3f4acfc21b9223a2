//! `Wiki`: where a wiki has its API, what it is asked, and what its refusals mean.

use qetch_core::{Answer, Context, Error, HostPattern, Request, Result, Url, lenient, link};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::NAME;

/// The most bytes of an answer. The API stops at 8 MB by itself, or at what its owner set.
const MOST_BYTES: usize = 32 << 20;

/// The most answers that one batch may come in.
const MOST_PARTS: usize = 64;

/// Projects whose `www` is no wiki: it leads to the English one.
const PORTALS: [&str; 7] =
    ["wikibooks", "wikinews", "wikipedia", "wikiquote", "wikiversity", "wikivoyage", "wiktionary"];

/// One wiki.
#[derive(Clone, Debug)]
pub(super) struct Wiki {
    cx: Context,
    api: Url,
}

/// What the API answers (<https://www.mediawiki.org/wiki/API:Query>, `formatversion=2`).
#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    error: Option<Refusal>,
    #[serde(default)]
    query: Option<Map<String, Value>>,
    #[serde(rename = "continue", default)]
    next: Option<Map<String, Value>>,
    #[serde(default)]
    batchcomplete: Value,
}

/// What the API says where it refuses (<https://www.mediawiki.org/wiki/API:Errors_and_warnings>).
#[derive(Deserialize)]
struct Refusal {
    #[serde(default, deserialize_with = "lenient::text")]
    code: Option<String>,
}

/// Whole pages, and how to ask for the next ones.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) pages: Vec<Value>,
    pub(super) next: Option<Map<String, Value>>,
}

impl Wiki {
    /// The one of Wikimedia that `url` is of.
    pub(super) fn of_wikimedia(cx: &Context, url: &Url) -> Result<Self> {
        Self::at(cx, &desktop(host_of(url)))
    }

    /// The one of Wikimedia whose files stand beneath `/{project}/{wiki}/`.
    pub(super) fn of_upload(cx: &Context, project: &str, wiki: &str) -> Result<Self> {
        let host = match (project, wiki) {
            ("wikipedia", "commons" | "incubator" | "meta" | "species") => format!("{wiki}.wikimedia.org"),
            ("wikipedia", "mediawiki" | "wikidata") => format!("www.{wiki}.org"),
            _ => format!("{wiki}.{project}.org"),
        };
        Self::at(cx, &host)
    }

    fn at(cx: &Context, host: &str) -> Result<Self> {
        Ok(Self { cx: cx.clone(), api: format!("https://{host}/w/api.php").parse()? })
    }

    /// The one whose page is at `url`, which says where the API is. That is asked once for all pages of a `place`.
    pub(super) async fn of_page(cx: &Context, url: &Url, place: Option<Url>) -> Result<Self> {
        if super::WIKIMEDIA.iter().any(|host| HostPattern::new(host).matches(host_of(url))) {
            if is_portal(url) {
                return Err(Error::unsupported("the page of all languages", "choose one of its wikis"));
            }
            return Self::of_wikimedia(cx, url);
        }
        if let Some(api) = cx.remembered::<Url>(url) {
            return Ok(Self { cx: cx.clone(), api: api.as_ref().clone() });
        }
        let page = cx.first_answer(url).await?;
        // There is no file behind a page.
        drop(cx.take_parked(url));
        let nowhere = || Error::unsupported("the page of a wiki", "it does not say where its API is");
        let api = api_of_page(&page).ok_or_else(nowhere)?;
        if let Some(place) = place {
            cx.remember(&place, api.clone());
        }
        Ok(Self { cx: cx.clone(), api })
    }

    /// Its host.
    pub(super) fn host(&self) -> &str {
        self.api.host_str().unwrap_or_default()
    }

    /// The link that is told, with the scheme of the API where it has none.
    pub(super) fn link(&self, told: &Value) -> Option<Url> {
        link::read(&self.api, told.as_str()?)
    }

    /// The pages that `query` asks for, whole: an answer that would be too long comes in parts, each with other facts of the
    /// same pages, until the batch is complete (<https://www.mediawiki.org/wiki/API:Continue>).
    pub(super) async fn batch(
        &self,
        query: &[(&str, String)],
        from: Option<&Map<String, Value>>,
        what: &str,
    ) -> Result<Batch> {
        let mut batch = Batch { pages: Vec::new(), next: from.cloned() };
        for _ in 0..MOST_PARTS {
            let reply = self.ask(query, batch.next.as_ref(), what).await?;
            if reply.next.is_some() && reply.next == batch.next {
                return Err(Error::site_changed(NAME, "$.continue", "it leads nowhere"));
            }
            let is_complete = reply.batchcomplete == Value::Bool(true) || reply.next.is_none();
            if let Some(query) = reply.query {
                take_pages(&mut batch.pages, query)?;
            }
            batch.next = reply.next;
            if is_complete {
                return Ok(batch);
            }
        }
        Err(Error::over_limit(format!("the parts of an answer of {}", self.host()), MOST_PARTS.to_string()))
    }

    async fn ask(
        &self,
        query: &[(&str, String)],
        from: Option<&Map<String, Value>>,
        what: &str,
    ) -> Result<Reply> {
        let mut url = self.api.clone();
        {
            let mut pairs = url.query_pairs_mut();
            pairs.clear().extend_pairs([("action", "query"), ("format", "json"), ("formatversion", "2")]);
            pairs.extend_pairs(query);
            // Whole, as it came: what stands in it is the wiki's own.
            for (name, value) in from.into_iter().flatten() {
                match value {
                    Value::String(text) => pairs.append_pair(name, text),
                    other => pairs.append_pair(name, &other.to_string()),
                };
            }
        }
        let answer = self.cx.send(Request::get(url).with_limit(MOST_BYTES)).await?;
        if answer.status() == 403 && names_agents(&answer) {
            return Err(Error::challenge(self.host()));
        }
        let wait = answer.retry_after();
        let reply: Reply = answer.ok()?.json(NAME)?;
        let Some(refusal) = reply.error else { return Ok(reply) };
        let code = refusal.code.unwrap_or_default();
        Err(match code.as_str() {
            // The files of a wiki that is not for everybody.
            "readapidenied" | "permissiondenied" | "assertuserfailed" => {
                Error::login_required(self.host(), [])
            }
            "ratelimited" => Error::rate_limited(self.host(), wait),
            "maxlag" | "readonly" => Error::over_capacity(self.host()),
            _ if code.starts_with("internal_api_error") => Error::over_capacity(self.host()),
            _ => {
                let shown: String =
                    code.chars().filter(|it| it.is_ascii_alphanumeric() || "_-".contains(*it)).collect();
                Error::site_changed(NAME, "$.error.code", format!("`{shown}` in place of {what}"))
            }
        })
    }
}

/// Adds what is told of pages to what is known of them.
fn take_pages(pages: &mut Vec<Value>, mut query: Map<String, Value>) -> Result<()> {
    let told = match query.remove("pages") {
        Some(Value::Array(told)) => told,
        // A title of another wiki is no page of this one.
        _ if query.contains_key("interwiki") => {
            return Err(Error::unsupported("a page of another wiki", "ask for it there"));
        }
        _ => return Err(Error::site_changed(NAME, "$.query.pages", "no list")),
    };
    for (position, page) in told.into_iter().enumerate() {
        let Value::Object(page) = page else {
            let path = format!("$.query.pages[{position}]");
            return Err(Error::site_changed(NAME, path, "no page"));
        };
        let title = page.get("title");
        let known = pages.iter_mut().find(|known| title.is_some() && known.get("title") == title);
        match known.and_then(Value::as_object_mut) {
            None => pages.push(page.into()),
            Some(known) => known.extend(page),
        }
    }
    Ok(())
}

/// The host that is not for mobile devices alone, of a wiki in one language.
fn desktop(host: &str) -> String {
    let host = host.replacen(".m.", ".", 1);
    if let Some(site) = host.strip_prefix("m.") {
        return format!("www.{site}");
    }
    let is_portal = |site: &str| PORTALS.iter().any(|portal| site.strip_suffix(".org") == Some(*portal));
    match host.strip_prefix("www.") {
        Some(site) if is_portal(site) => format!("en.{site}"),
        _ => host,
    }
}

/// Whether it is the front page of a project that has a wiki for each language.
fn is_portal(url: &Url) -> bool {
    let host = host_of(url);
    host.starts_with("www.") && desktop(host) != host
}

/// The host, without the dot of a fully qualified one.
fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_end_matches('.')
}

/// Whether a refusal is of how we introduce ourselves, as far as it says.
fn names_agents(answer: &Answer) -> bool {
    let text = answer.text().to_ascii_lowercase();
    ["user-agent", "user agent", "robot policy"].iter().any(|words| text.contains(words))
}

/// Where the API is, as a page of MediaWiki says: what describes its services (RSD) is the API itself.
pub(super) fn api_of_page(answer: &Answer) -> Option<Url> {
    let text = String::from_utf8_lossy(answer.body());
    let is_ours = tags(&text, "<meta").any(|tag| {
        let is_generator =
            attribute(tag, "name").is_some_and(|name| name.trim().eq_ignore_ascii_case("generator"));
        is_generator && attribute(tag, "content").is_some_and(|by| by.trim_start().starts_with("MediaWiki"))
    });
    let link = tags(&text, "<link").find(|tag| {
        attribute(tag, "rel").is_some_and(|relation| relation.trim().eq_ignore_ascii_case("EditURI"))
    })?;
    let mut api = link::read(answer.url(), &attribute(link, "href")?.replace("&amp;", "&"))?;
    api.set_query(None);
    api.set_fragment(None);
    is_ours.then_some(api)
}

fn tags<'a>(text: &'a str, begin: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(begin).skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag)
}

/// The value of an attribute of a tag, as it is written.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let values = tag.match_indices(name).filter_map(|(at, _)| {
        let is_begin = tag[..at].ends_with(|it: char| it.is_ascii_whitespace());
        let value = tag[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        is_begin.then_some(value)
    });
    let value = values.into_iter().next()?;
    match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split_once(quote).map(|(value, _)| value),
        _ => value.split(|it: char| it.is_ascii_whitespace() || it == '/').next(),
    }
}
