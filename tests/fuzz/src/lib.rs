//! What is fuzzed: everything that reads what a server sends, or what lies on a disk where others write. One function a
//! target takes any bytes and panics where what became of them breaks a promise.
//!
//! Each is run twice: by the property tests of this package, over arbitrary bytes, over inputs that are nearly right and
//! over the corpus in `corpus/`; and, where cargo-fuzz is installed, by the package in `fuzz/` at the root. What either
//! finds becomes a file of the corpus.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic is the finding")]

mod canned;
mod dash;
mod extraction;
mod headers;
mod journal;
mod names;
mod playlist;
mod reading;
mod redirect;
mod reply;
mod saved;

pub use self::{
    dash::dash,
    extraction::{content_disposition, generic, gfycat, token},
    headers::{content_range, digest, http_date, retry_after},
    journal::{journal, note, spans},
    names::file_name,
    playlist::hls,
    reading::{lenient, media_type},
    redirect::redirect,
    reply::reply,
    saved::saved,
};

/// A target: its name, which is that of its function, of its corpus and of its program in `fuzz/`.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// Runs it over an input.
    pub run: fn(&[u8]),
}

/// Every target, by name.
pub const TARGETS: [Target; 19] = [
    Target { name: "content_disposition", run: content_disposition },
    Target { name: "content_range", run: content_range },
    Target { name: "dash", run: dash },
    Target { name: "digest", run: digest },
    Target { name: "file_name", run: file_name },
    Target { name: "generic", run: generic },
    Target { name: "gfycat", run: gfycat },
    Target { name: "hls", run: hls },
    Target { name: "http_date", run: http_date },
    Target { name: "journal", run: journal },
    Target { name: "lenient", run: lenient },
    Target { name: "media_type", run: media_type },
    Target { name: "note", run: note },
    Target { name: "redirect", run: redirect },
    Target { name: "reply", run: reply },
    Target { name: "retry_after", run: retry_after },
    Target { name: "saved", run: saved },
    Target { name: "spans", run: spans },
    Target { name: "token", run: token },
];

/// What stands before the first `\n` of `data`, and what stands behind it.
fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    (&data[..end], data.get(end + 1..).unwrap_or_default())
}
