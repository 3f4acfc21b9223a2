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

#[cfg(test)]
mod tests {
    use qetch::{Kind, Url};

    use super::*;

    #[test]
    fn a_line_tells_what_was_fetched_and_what_was_there() {
        let source = Url::parse("https://h.example/").unwrap();
        let content = Content::new("a", Kind::Video, source, []);
        let report = Report::complete(["f".into()], 9).with_resumed(9).with_existed(true);
        let report = report.with_checksums(vec![Checksum::new("md5", "00")]);
        let link = Link::parse("https://me:pw@h.example/?a").unwrap();
        let line = serde_json::to_string(&Finished::new(&link, &content, Path::new("f"), &report)).unwrap();
        let expected = concat!(
            r#"{"url":"https://h.example/?a","uid":"a","extractor":"","path":"f","bytes":9,"resumed":9,"#,
            r#""bytes_fetched_twice":0,"connections":0,"checksums":[{"algorithm":"md5","hex":"00"}],"#,
            r#""existed":true,"complete":true}"#
        );
        assert_eq!(line, expected);
    }
}
