//! `Finished`: a line of `qetch download --json`.

use std::path::Path;

use qetch::{Apart, Checksum, Content, Gap, Report};
use serde::Serialize;

use crate::link::Link;

/// A file that is there now.
#[derive(Debug, Serialize)]
pub(crate) struct Finished<'a> {
    url: String,
    uid: &'a str,
    extractor: &'a str,
    path: String,
    /// All of them, where there are several: tracks that stayed apart, captions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<String>,
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
    /// What is missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<Missing<'a>>,
    /// Where that is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    gaps_list: Option<String>,
    /// Why there are several files where one was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    apart: Option<Separate<'a>>,
}

#[derive(Debug, Serialize)]
struct Missing<'a> {
    fragment: u64,
    sequence: Option<u64>,
    start: Option<f64>,
    duration: Option<f64>,
    reason: &'a str,
}

#[derive(Debug, Serialize)]
struct Separate<'a> {
    reason: &'a str,
    command: Option<&'a str>,
}

impl<'a> Finished<'a> {
    pub(crate) fn new(link: &Link, content: &'a Content, path: &Path, report: &'a Report) -> Self {
        let named = |path: &Path| path.to_string_lossy().into_owned();
        let all = if report.paths.len() > 1 { report.paths.as_slice() } else { &[] };
        let missing = |gap: &'a Gap| Missing {
            fragment: gap.fragment,
            sequence: gap.sequence,
            start: gap.start.map(|start| start.as_secs_f64()),
            duration: gap.duration.map(|duration| duration.as_secs_f64()),
            reason: &gap.reason,
        };
        let separate =
            |apart: &'a Apart| Separate { reason: &apart.reason, command: apart.command.as_deref() };
        Self {
            url: link.for_programs(),
            uid: &content.uid,
            extractor: &content.extractor,
            path: named(path),
            paths: all.iter().map(|path| named(path)).collect(),
            bytes: report.bytes,
            resumed: report.resumed,
            bytes_fetched_twice: report.bytes_fetched_twice,
            connections: report.connections,
            checksums: &report.checksums,
            existed: report.existed,
            complete: report.complete,
            gaps: report.gaps.iter().map(missing).collect(),
            gaps_list: report.gaps_list.as_deref().map(named),
            apart: report.apart.as_ref().map(separate),
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

    #[test]
    fn a_line_tells_what_is_missing_and_what_stayed_apart() {
        let content = Content::new("a", Kind::Video, Url::parse("https://h.example/").unwrap(), []);
        let report = Report::complete(["f.v".into(), "f.a".into()], 9).with_gaps(vec![Gap::new(3, "404")]);
        let report = report.with_apart(Apart::new("they do not fit", None));
        let link = Link::parse("https://h.example/").unwrap();
        let line = serde_json::to_string(&Finished::new(&link, &content, Path::new("f.v"), &report)).unwrap();
        let expected = concat!(
            r#""complete":false,"gaps":[{"fragment":3,"sequence":null,"start":null,"duration":null,"reason":"404"}],"#,
            r#""apart":{"reason":"they do not fit","command":null}}"#
        );
        assert!(
            line.ends_with(expected) && line.contains(r#""path":"f.v","paths":["f.v","f.a"],"#),
            "{line}"
        );
    }
}
