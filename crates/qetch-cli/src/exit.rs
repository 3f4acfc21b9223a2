//! Exit codes, and the failures that lead to them.

use std::{error::Error as _, fmt};

use qetch::Error;

/// A download failed, and everything that has no code of its own.
pub(crate) const FAILED: u8 = 1;
/// The command was used wrongly.
pub(crate) const USAGE: u8 = 2;
/// Nothing can handle the URL.
const UNSUPPORTED: u8 = 3;
/// A login is needed.
const LOGIN: u8 = 4;
/// Not found, or gone.
pub(crate) const MISSING: u8 = 5;
/// The network policy refuses.
const REFUSED: u8 = 6;
/// The bytes are not those that were promised or begun.
const INTEGRITY: u8 = 7;
/// Ended by the user; by convention 128 and the number of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code of an error.
pub(crate) fn code(error: &Error) -> u8 {
    match error.code() {
        "unsupported" => UNSUPPORTED,
        "login_required" => LOGIN,
        "not_found" | "gone" => MISSING,
        "egress_denied" => REFUSED,
        "checksum_mismatch" | "content_changed" => INTEGRITY,
        "interrupted" => INTERRUPTED,
        _ => FAILED,
    }
}

/// What ends the command, or its work on one URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    /// What is said about it; nothing where nobody would hear it or it was said already.
    pub(crate) message: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()) }
    }

    /// The command was used wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message)
    }

    /// Whether the command is to end: the user or the reader of the results has enough.
    pub(crate) fn ends_all(&self) -> bool {
        self.code == INTERRUPTED || self.message.is_none()
    }

    /// Who read standard output has gone: there is nothing more to do, and nothing went wrong.
    pub(crate) fn closed() -> Self {
        Self { code: 0, message: None }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = if code(&error) == REFUSED { " (--network says where requests may go)" } else { "" };
        Self::new(code(&error), with_causes(&error) + hint)
    }
}

/// The failure of an argument, named by `place`, that is what `error` says.
pub(crate) fn usage(error: &Error, place: &impl fmt::Display) -> Failure {
    Failure::usage(format!("{place}: {}", with_causes(error)))
}

/// The message of an error and of all beneath it, on one line.
pub(crate) fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        let cause = cause.to_string();
        // Some libraries say what is beneath them themselves.
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use qetch::{NetworkFault, Url};

    use super::*;

    #[test]
    fn codes_are_those_of_the_documentation() {
        let url = Url::parse("https://h.example/").unwrap();
        let check = |error: Error, expected| assert_eq!(code(&error), expected, "{error}");
        check(Error::unsupported("x", "y"), 3);
        check(Error::login_required("x", []), 4);
        check(Error::not_found("x"), 5);
        check(Error::gone("x"), 5);
        check(Error::content_changed(&url, "x"), 7);
        check(Error::checksum_mismatch("md5", "a", "b"), 7);
        check(Error::Interrupted, 130);
        check(Error::network("h", NetworkFault::Resolve, None), 1);
        check(Error::conflict("x", "exists"), 1);
        check(Error::status(&url, 500), 1);
        check(Error::link_died(&url, 403, "it is not made anew"), 1);
        check(Error::no_room("x", 9, io::Error::from(io::ErrorKind::StorageFull)), 1);
    }

    #[test]
    fn where_wrong_bytes_were_put_is_told() {
        let error = Error::checksum_mismatch("md5", "a", "b").with_kept("f.wrong");
        assert!(with_causes(&error).ends_with("kept as f.wrong"), "{}", with_causes(&error));
    }

    #[test]
    fn causes_stand_on_one_line_and_once() {
        let error = Error::io("open", "/x", io::Error::other(Error::gone("it")));
        assert_eq!(with_causes(&error), "cannot open /x: it is gone");
        let error = Error::network("h", NetworkFault::Broken, Some(io::Error::other("reset").into()));
        assert_eq!(with_causes(&error), "the connection to h broke: reset");
    }
}
