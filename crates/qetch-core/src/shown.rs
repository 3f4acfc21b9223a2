//! What may be shown: URLs without user information, query and fragment, and complaints without what they are about, since
//! each of these may carry a secret.

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

/// What a reader of JSON complains of, without the text it met, which may be anything, and without a place in bytes.
///
/// ```
/// use qetch_core::{Url, without_values};
///
/// let error = serde_json::from_str::<Url>(r#""https://me:pw@:1/""#).unwrap_err();
/// assert_eq!(without_values(&error.to_string()), "empty host: …");
/// ```
pub fn without_values(message: &str) -> String {
    let quoted = match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}…{}", &message[..first], &message[last + 1..])
        }
        _ => message.to_owned(),
    };
    // What was quoted may itself speak of lines.
    let quoted = quoted.rsplit_once(" at line ").map_or(quoted.as_str(), |(message, _)| message);
    // What is unknown stands in backticks, and so do names that are missing, which are ours.
    match quoted.split('`').collect::<Vec<_>>()[..] {
        [before, _, ref rest @ ..] if before.starts_with("unknown ") => {
            format!("{before}…{}", rest.join("`"))
        }
        _ => quoted.to_owned(),
    }
}
