//! A file behind a link of its own, of which a site tells nothing but its name.

use qetch_core::{
    Content, Context, Error, Fragment, Kind, Result, Timestamp, Url, http::header, http_date, media_type,
};

/// The file behind `url`, whose name ends in `extension`, by its name and by the head of its first answer. The rest of that
/// answer stays parked, so that a download which follows asks for nothing again.
///
/// # Errors
/// [`BadReply`](Error::BadReply) where a page stands in its place, [`OverCapacity`](Error::OverCapacity) for a status of 503,
/// and those of [`Context::first_answer`].
pub(crate) async fn content(
    cx: &Context,
    url: &Url,
    uid: String,
    extension: Option<&str>,
) -> Result<Content> {
    let answer = cx.first_answer(url).await.map_err(|error| match error {
        Error::Http { status: 503, .. } => Error::over_capacity(url.host_str().unwrap_or_default()),
        other => other,
    })?;
    let told = answer.media_type();
    let is_page = told.as_deref() == Some("text/html") && !matches!(extension, Some("html" | "htm"));
    if is_page || answer.status() != 200 {
        // No download follows, so the connection that waits for one is given back.
        drop(cx.take_parked(url));
        return Err(Error::bad_reply(answer.url(), "no file, but a page in its place"));
    }
    let mut content = by_name(url, uid, extension);
    if content.content_type.is_none() {
        let told = told.as_deref().and_then(media_type::by_name);
        if let Some(known) = told.or_else(|| media_type::by_first_bytes(answer.body())) {
            content.kind = known.kind;
            content.content_type = Some(known.name.to_owned());
        }
    }
    if answer.header(header::CONTENT_ENCODING).is_none() {
        content.size_approx = answer.header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    }
    content.uploaded_date = answer.header(header::LAST_MODIFIED).and_then(|date| {
        let since = http_date(date)?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Timestamp::from_unix(since.as_secs().try_into().ok()?)
    });
    Ok(content)
}

/// The file behind `url`, by its name alone.
pub(crate) fn by_name(url: &Url, uid: String, extension: Option<&str>) -> Content {
    let extension = extension.map(str::to_ascii_lowercase);
    let known = extension.as_deref().and_then(media_type::by_extension);
    let kind = known.map_or(Kind::Other, |it| it.kind);
    let mut content = Content::new(uid, kind, url.clone(), [Fragment::new(url.clone())]);
    content.content_type = known.map(|it| it.name.to_owned());
    content.extension = extension;
    content
}
