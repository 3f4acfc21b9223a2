//! Schemes: `http` and `https`, and no other.

use url::Url;

use crate::{Error, Result, link::is_http, shown::shown};

/// Refuses a URL of any other scheme. It is asked before anything else is done with a URL, so that nothing is read, no name
/// is looked up and nothing is connected to.
pub(crate) fn check(url: &Url) -> Result<()> {
    if is_http(url) {
        return Ok(());
    }
    let reason = format!("qetch fetches http and https alone, not `{}`", url.scheme());
    Err(Error::unsupported(shown(url), reason))
}
