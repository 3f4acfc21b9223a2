//! How URLs may be shown: without user information, query and fragment, since each of them may carry a secret.

use url::Url;

/// Takes user information out of `url`.
pub(crate) fn strip(url: &mut Url) {
    // Both fail for URLs without a host, which cannot have user information either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// `url` as it may stand in a log, an error or a `Debug`: scheme, host, port and path; a query is hinted at by `?…`.
///
/// ```
/// use qetch_core::{Url, shown};
///
/// let url = Url::parse("https://me:pw@cdn.example/v.mp4?token=abc").unwrap();
/// assert_eq!(shown(&url), "https://cdn.example/v.mp4?…");
/// assert_eq!(shown(&Url::parse("data:,secret").unwrap()), "data:…");
/// ```
pub fn shown(url: &Url) -> String {
    let Some(host) = url.host_str() else { return format!("{}:…", url.scheme()) };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = if url.query().is_some() { "?…" } else { "" };
    format!("{}://{}{port}{}{query}", url.scheme(), host, url.path())
}
