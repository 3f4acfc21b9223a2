//! What is had without a credential: the post that a page embeds, and files.

use qetch_core::{
    Answer, Content, Context, Error, Extraction, ExtractorInfo, Request, Result, Url, Variants, media_type,
};
use serde_json::{Map, Value};

use super::{
    FILES, Heard, NAME, api,
    post::{Post, is_shown},
};

/// The post of the page at `path`.
pub(super) async fn item(
    cx: &Context,
    path: &str,
    what: &str,
    source: &Url,
    info: &ExtractorInfo,
) -> Result<Heard> {
    let answer = cx.send(Request::get(format!("https://imgur.com/{path}").parse()?)).await?;
    let answer = api::checked(answer, what)?;
    let Some(post) = embedded(&answer.text())? else {
        return blind(&answer, what);
    };
    let post = Post::new(&post, "media", "$");
    let mut found = post.found(source)?;
    if let Some(missing) = post.missing() {
        // The warning comes first: most readers stop at the resources.
        let text = format!("the page of {what} leaves {missing} of its images out; a Client-ID finds them");
        found.insert(0, info.warning(text).into());
    }
    Ok(if found.is_empty() { Heard::Missing } else { Heard::Found(Extraction::of(found)) })
}

/// What a page is that embeds no post.
fn blind(answer: &Answer, what: &str) -> Result<Heard> {
    // Such pages come with the status of a success, too.
    let said = answer.text().to_ascii_lowercase();
    match () {
        () if api::is_over_capacity(&said) => {
            Err(Error::over_capacity(answer.url().host_str().unwrap_or(NAME)))
        }
        () if said.contains("in your region") => Err(Error::geo_blocked(what, [])),
        () => Ok(Heard::Blind),
    }
}

/// The post that `html` embeds, as a script that sets it to a text which holds JSON; `None` where there is none.
///
/// # Errors
/// [`SiteChanged`](Error::SiteChanged) where it cannot be read.
pub(super) fn embedded(html: &str) -> Result<Option<Map<String, Value>>> {
    let Some((_, script)) = html.split_once("window.postDataJSON") else { return Ok(None) };
    let changed = || Error::site_changed(NAME, "$", "no post in its page");
    let script = script.trim_start().strip_prefix('=').map(str::trim_start).ok_or_else(changed)?;
    let text = literal(script).ok_or_else(changed)?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    serde::Deserialize::deserialize(&mut reader).map(Some).map_err(|_| changed())
}

/// The text of the literal with which `script` begins. JavaScript has what JSON has not: texts between single quotes, and
/// these escaped.
fn literal(script: &str) -> Option<String> {
    let mut letters = script.chars();
    let quote = letters.next().filter(|letter| matches!(letter, '"' | '\''))?;
    let mut json = String::from('"');
    loop {
        match letters.next()? {
            '\\' => match letters.next()? {
                '\'' => json.push('\''),
                other => json.extend(['\\', other]),
            },
            letter if letter == quote => break,
            '"' => json.push_str("\\\""),
            letter => json.push(letter),
        }
    }
    json.push('"');
    serde_json::from_str(&json).ok()
}

/// A picture that is served in the place of what was asked for, as if it were that: width, height and bytes.
type Sign = (u32, u32, u64);

/// What is shown in the United Kingdom and elsewhere since 2025.
const NOT_HERE: Sign = (336, 478, 34_641);

/// What is shown of an image that was removed, mostly behind a redirect to `removed.png`.
const REMOVED: Sign = (161, 81, 503);

/// The file of this name, whose type its first answer tells: the name may have any extension.
pub(super) async fn file(cx: &Context, name: &str, id: &str, what: &str, source: &Url) -> Result<Heard> {
    let url: Url = format!("{FILES}{name}").parse()?;
    let answer = cx.first_answer(&url).await?;
    let refused = if answer.url().path() == "/removed.png" || shows(&answer, REMOVED) {
        Some(Error::gone(what))
    } else if shows(&answer, NOT_HERE) {
        Some(Error::geo_blocked(what, []))
    } else {
        None
    };
    let declared = answer.media_type().and_then(|name| media_type::by_name(&name));
    let known = declared.or_else(|| media_type::by_first_bytes(answer.body()));
    let known = known.filter(|known| is_shown(*known));
    let (Some(known), None) = (known, &refused) else {
        drop(cx.take_parked(&url));
        return refused.map_or_else(|| blind_file(&answer, what), Err);
    };
    let uid = format!("{id}-{}", known.extension);
    let mut content = Content::of_file(uid, known.kind, source, url).with_media_type(known);
    content.size_approx = answer.length();
    Ok(Heard::Found(Extraction::once(Variants::from(content))))
}

/// What a page is where a file was asked for.
fn blind_file(answer: &Answer, what: &str) -> Result<Heard> {
    blind(answer, what).map(|_| Heard::Missing)
}

/// Whether an answer is this picture. Its width and height stand where every PNG has them (RFC 2083, section 4.1.1).
fn shows(answer: &Answer, (width, height, bytes): Sign) -> bool {
    let number = |at: usize| answer.body().get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    answer.body().starts_with(b"\x89PNG")
        && (number(16), number(20)) == (Some(width), Some(height))
        && answer.length().is_none_or(|length| length == bytes)
}
