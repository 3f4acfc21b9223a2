//! The names of what holds secrets: in queries, forms, JSON and headers.

use http::{HeaderName, HeaderValue, header};

/// Names of parts of a query, a form or a JSON body that hold secrets; without capitals and what is no letter or digit.
const NAMES: [&str; 29] = [
    "apikey",
    "appid",
    "appkey",
    "auth",
    "authkey",
    "authorization",
    "clientid",
    "credential",
    "credentials",
    "csrf",
    "hdnea",
    "hdntl",
    "hdnts",
    "hmac",
    "jwt",
    "key",
    "keypairid",
    "pass",
    "passwd",
    "password",
    "policy",
    "pwd",
    "secret",
    "session",
    "sig",
    "sign",
    "signature",
    "token",
    "wts",
];

/// How such names may end.
const ENDINGS: [&str; 8] =
    ["accesskey", "accesskeyid", "apikey", "credential", "password", "secret", "signature", "token"];

/// What begins so says where a list goes on.
const PAGES: [&str; 5] = ["page", "next", "continuation", "cursor", "prev"];

/// Whether a part of this name of a query, a form or a JSON body holds a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = plain(name);
    let is_page = PAGES.iter().any(|page| name.starts_with(page));
    is_session(&name)
        || NAMES.contains(&name.as_str())
        || (!is_page && ENDINGS.iter().any(|ending| name.ends_with(ending)))
}

/// Whether this is what the cookie is called by which a server, or what stands before it, knows a visitor again. Some write
/// it into links.
pub(super) fn is_session(name: &str) -> bool {
    const NAMES: [&str; 5] = ["cfbm", "cfclearance", "connectsid", "cfid", "sid"];
    const ENDINGS: [&str; 2] = ["sessid", "sessionid"];
    let name = plain(name);
    NAMES.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether a part of this name of an answer holds a secret: less is one there, for much of it is asked for again.
pub(super) fn is_secret_of_answer(name: &str) -> bool {
    const NAMES: [&str; 11] = [
        "accesstoken",
        "apikey",
        "authtoken",
        "clientid",
        "clientsecret",
        "idtoken",
        "jwt",
        "password",
        "refreshtoken",
        "sessiontoken",
        "token",
    ];
    let name = plain(name);
    // Many a thing has an id that begins with an S.
    NAMES.contains(&name.as_str()) || (is_session(&name) && name != "sid")
}

/// Whether a part of this name of the query of a link signs it.
pub(super) fn is_signature(name: &str) -> bool {
    const NAMES: [&str; 5] = ["hdnea", "hdntl", "hdnts", "sig", "xamzsecuritytoken"];
    let name = plain(name);
    NAMES.contains(&name.as_str()) || name.ends_with("signature")
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a header of this name holds a secret.
pub(super) fn is_secret_header(name: &HeaderName, value: &HeaderValue) -> bool {
    const PARTS: [&str; 9] =
        ["auth", "token", "key", "secret", "password", "session", "csrf", "signature", "credential"];
    let known = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION, header::SET_COOKIE];
    if *name == header::WWW_AUTHENTICATE {
        return false;
    }
    value.is_sensitive() || known.contains(name) || PARTS.iter().any(|part| name.as_str().contains(part))
}
