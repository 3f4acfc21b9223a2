//! Mementos: what was captured, and what the archive says where it plays nothing back.

use qetch_core::{
    Answer, Context, Error, Head, OpenAnswer, Request, Result, Url,
    http::{HeaderName, header},
    shown,
};

use super::{
    HOST, Moment,
    link::{Link, is_web},
};

/// Which every memento has, and no answer of the archive's own (RFC 7089, section 2.1.1): by it one tells a captured 429
/// from one that is meant for us.
const MEMENTO_DATETIME: HeaderName = HeaderName::from_static("memento-datetime");

/// In which the archive names what went wrong, as one of its Java exceptions.
const RUNTIME_ERROR: HeaderName = HeaderName::from_static("x-archive-wayback-runtime-error");

/// What is read of an answer that is no memento: a page that says why.
const PAGE: usize = 1 << 20;

/// A capture that is played back: of a success, at a moment that may be another one than was asked for.
#[derive(Debug)]
pub(crate) struct Memento<A> {
    /// When it was captured.
    pub(crate) moment: Moment,
    /// What was captured, with the capitals it had then.
    pub(crate) original: Url,
    /// The answer.
    pub(crate) answer: A,
}

/// Asks for the raw body of a capture, and answers as soon as the head is there.
///
/// # Errors
/// [`NotFound`](Error::NotFound) where nothing of it is archived, and where the capture is one of an error;
/// [`Private`](Error::Private) where the archive shows it to nobody; [`OverCapacity`](Error::OverCapacity) and
/// [`RateLimited`](Error::RateLimited) where it has no time for us; [`BadReply`](Error::BadReply) for an answer that is neither
/// a memento nor a word on why there is none; and those of the network.
pub(crate) async fn open(cx: &Context, raw: Url) -> Result<Memento<OpenAnswer>> {
    let answer = cx.open(Request::get(raw.clone())).await?;
    if !is_memento(&answer) {
        let answer = answer.read(PAGE).await?;
        return Err(refusal(&answer, &what(&raw)));
    }
    let (moment, original) = of(&answer)?;
    if !matches!(answer.status(), 200 | 203) {
        let status = answer.status();
        return Err(Error::not_found(format!(
            "a capture of {} that is one of a success (that of {moment} is of status {status})",
            shown(&original)
        )));
    }
    Ok(Memento { moment, original, answer })
}

/// The raw body of a capture, whole.
///
/// # Errors
/// Those of [`open`].
#[cfg(feature = "gfycat")]
pub(crate) async fn read(cx: &Context, raw: Url) -> Result<Memento<Answer>> {
    /// Much more than any record of a site that we know.
    const RECORD: usize = 4 << 20;
    let Memento { moment, original, answer } = open(cx, raw).await?;
    Ok(Memento { moment, original, answer: answer.read(RECORD).await? })
}

fn is_memento(answer: &Head) -> bool {
    answer.headers().contains_key(MEMENTO_DATETIME)
}

/// When it was captured, and what: the archive redirects to the nearest capture that it can play back, and finds what was
/// captured whatever the capitals. The link that answered in the end tells the moment, and `rel="original"` the URL.
fn of(answer: &Head) -> Result<(Moment, Url)> {
    let wrong =
        || Error::bad_reply(answer.url(), "a capture whose link names neither its moment nor its URL");
    // What a captured redirect leads to may be no capture, whatever it says of itself.
    let is_here = answer.url().host_str() == Some(HOST);
    let link = Link::read(answer.url()).filter(|_| is_here).ok_or_else(wrong)?;
    let moment = Moment::parse(&link.digits).ok_or_else(wrong)?;
    let links = answer.header(header::LINK).unwrap_or_default();
    let original = original(links).filter(is_web).unwrap_or(link.original);
    Ok((moment, original))
}

/// The target of `rel="original"` (RFC 8288, section 3; RFC 7089, section 2.2.1).
fn original(links: &str) -> Option<Url> {
    let mut rest = links;
    while let Some((_, link)) = rest.split_once('<') {
        let (target, after) = link.split_once('>')?;
        let parameters = after.split('<').next().unwrap_or_default();
        if parameters.contains("rel=\"original\"") || parameters.contains("rel=original") {
            return Url::parse(target).ok();
        }
        rest = after;
    }
    None
}

/// The error that an answer of the archive's own is; `what` was asked for.
pub(super) fn refusal(answer: &Answer, what: &str) -> Error {
    let text = answer.text();
    let exception = answer.header(RUNTIME_ERROR).unwrap_or_default();
    let says = |part: &str| exception.contains(part) || text.contains(part);
    // What is kept from everybody is private: neither a wait nor a login brings it, and another archive may have it.
    if says("AdministrativeAccessControlException") || says("URL has been excluded") {
        return Error::private(format!("{what}, which is excluded from the Wayback Machine,"));
    }
    if says("RobotAccessControlException") {
        return Error::private(format!("{what}, which robots.txt keeps from the Wayback Machine,"));
    }
    match answer.status() {
        404 => Error::not_found(format!("{what} in the Wayback Machine")),
        429 => Error::rate_limited(HOST, answer.retry_after()),
        // By which it also says that a part of its storage does not answer.
        502..=504 => Error::over_capacity(HOST),
        200..=299 => Error::bad_reply(answer.url(), "neither what was asked for nor a word on why not"),
        status => Error::status(answer.url(), status),
    }
}

/// What a raw link is of.
fn what(raw: &Url) -> String {
    Link::read(raw).map_or_else(|| shown(raw), |link| shown(&link.original))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_is_found_among_the_links() {
        let check = |links: &str, expected: Option<&str>| {
            assert_eq!(original(links).map(String::from).as_deref(), expected, "{links}");
        };
        let real = "<http://h.example/A,b>; rel=\"original\", <https://web.archive.org/web/timemap/link/http://h.example/A>; \
                    rel=\"timemap\"; type=\"application/link-format\", <https://web.archive.org/web/http://h.example/A>; \
                    rel=\"timegate\"";
        check(real, Some("http://h.example/A,b"));
        check("<x>; rel=\"timegate\", <http://h.example/>; rel=original", Some("http://h.example/"));
        check("<http://h.example/>; rel=\"timegate\"", None);
        check("<http://h.example/", None);
        check("", None);
    }
}
