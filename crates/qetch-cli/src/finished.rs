//! `Finished`: a line of `qetch download --json`.

use std::path::Path;

use qetch::{Checksum, Content, Report};
use serde::Serialize;

use crate::link::Link;

/// A file that is there now.
#[derive(Debug, Serialize)]
pub(crate) struct Finished<'a> {
    url: String,
    uid: &'a str,
    extractor: &'a str,
    path: String,
    bytes: u64,
    /// Of those, the bytes of an earlier run.
    resumed: u64,
    bytes_fetched_twice: u64,
    connections: usize,
    /// Checksums that were promised and that it has.
    checksums: &'a [Checksum],
    /// Whether it stood there whole already.
    existed: bool,
    complete: bool,
}

impl<'a> Finished<'a> {
    pub(crate) fn new(link: &Link, content: &'a Content, path: &Path, report: &'a Report) -> Self {
        Self {
            url: link.for_programs(),
            uid: &content.uid,
            extractor: &content.extractor,
            path: path.to_string_lossy().into_owned(),
            bytes: report.bytes,
            resumed: report.resumed,
            bytes_fetched_twice: report.bytes_fetched_twice,
            connections: report.connections,
            checksums: &report.checksums,
            existed: report.existed,
            complete: report.complete,
        }
    }
}
