//! A file behind a link of its own, of which a site tells nothing but its name.

use qetch_core::{
    Content, Context, Error, Fragment, Kind, Result, Timestamp, Url, http::header, http_date, media_type,
};

/// The file behind `url`, which is `what`, by its name and by the head of its first answer. The rest of that answer stays
/// parked, so that a download which follows asks for nothing again.
///
/// # Errors
/// [`NotFound`](Error::NotFound) that names `what`, [`BadReply`](Error::BadReply) where a page stands in its place, and those
/// of [`Context::first_answer`].
pub(crate) async fn content(cx: &Context, url: &Url, uid: String, what: &str) -> Result<Content> {
    let answer = cx.first_answer(url).await.map_err(|error| match error {
        Error::NotFound { .. } => Error::not_found(what),
        other => other,
    })?;
    let mut content = by_name(url, uid);
    let told = answer.media_type();
    let is_page =
        told.as_deref() == Some("text/html") && !matches!(content.extension.as_deref(), Some("html" | "htm"));
    if is_page || answer.status() != 200 {
        // No download follows, so the connection that waits for one is given back.
        drop(cx.take_parked(url));
        return Err(Error::bad_reply(answer.url(), "no file, but a page in its place"));
    }
    if content.content_type.is_none() {
        let told = told.as_deref().and_then(media_type::by_name);
        if let Some(known) = told.or_else(|| media_type::by_first_bytes(answer.body())) {
            content.kind = known.kind;
            content.content_type = Some(known.name.to_owned());
        }
    }
    content.size_approx = answer.length();
    content.uploaded_date = answer.header(header::LAST_MODIFIED).and_then(|date| {
        let since = http_date(date)?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Timestamp::from_unix(since.as_secs().try_into().ok()?)
    });
    Ok(content)
}

/// The file behind `url`, by its name alone.
pub(crate) fn by_name(url: &Url, uid: String) -> Content {
    // Digits alone are one too: archives are shared in parts.
    let extension = url.path().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let known = extension.as_deref().and_then(media_type::by_extension);
    let kind = known.map_or(Kind::Other, |it| it.kind);
    let content = Content::new(uid, kind, url.clone(), [Fragment::new(url.clone())]);
    let mut content = content.with_media_type(known);
    content.extension = extension;
    content
}
