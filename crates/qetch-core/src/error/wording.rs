//! How the parts of errors are told to people.

use std::{fmt, path::PathBuf, time::Duration};

use super::NetworkFault;
use crate::auth::AuthKind;

pub(super) fn kinds_shown(kinds: &[AuthKind]) -> String {
    let names: Vec<_> = kinds.iter().map(ToString::to_string).collect();
    if names.is_empty() { "no kind is known".to_owned() } else { names.join(" or ") }
}

pub(super) fn wait_shown(retry_after: &Option<Duration>) -> String {
    retry_after.map(|wait| format!("; it asks to wait {} s", wait.as_secs())).unwrap_or_default()
}

pub(super) fn kept_shown(kept: &Option<PathBuf>) -> String {
    kept.as_ref().map(|path| format!("; what arrived is kept as {}", path.display())).unwrap_or_default()
}

pub(super) fn needed_shown(needed: Option<u64>) -> String {
    let needed = needed.map(|bytes| format!(", which needs {bytes} bytes")).unwrap_or_default();
    format!("{needed}; make room and run it again")
}

pub(super) fn note_shown(note: &Option<String>) -> String {
    note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default()
}

pub(super) fn network_shown(host: &str, fault: NetworkFault) -> String {
    match fault {
        NetworkFault::Resolve => format!("the name {host} does not resolve"),
        NetworkFault::Connect => format!("cannot connect to {host}"),
        NetworkFault::Tls => format!("no secure connection to {host}"),
        NetworkFault::Timeout => format!("{host} did not answer in time"),
        NetworkFault::Broken => format!("the connection to {host} broke"),
    }
}

impl fmt::Display for NetworkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
        })
    }
}
