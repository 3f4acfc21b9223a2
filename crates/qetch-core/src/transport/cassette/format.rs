//! The text of a cassette: reading and writing it.

use std::{fmt, str, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::Url;

use super::{Answered, Asked, Canonical, Cassette, Exchange, FIRST_LINE, Held, Reply, What, fault};
use crate::{Error, NetworkFault, Result, link};

/// What a line of a body does not begin with unless a `\` stands before it.
const MARKS: [&str; 4] = ["===", "---", "#", "\\"];

/// How many bytes a line of base64 stands for: a multiple of 3.
const WIDTH: usize = 57;

/// Reads the text of the cassette `name`.
pub(super) fn parse(name: &str, text: &str) -> Result<Cassette> {
    let mut lines: Vec<_> = text.split('\n').collect();
    if lines.last() == Some(&"") {
        lines.pop();
    }
    let first = lines.first().map_or("", |line| line.trim_end());
    if first != FIRST_LINE {
        let problem = match first.starts_with("# qetch cassette ") {
            true => format!("it is of another version: this build reads `{FIRST_LINE}`"),
            false => format!("a cassette begins with the line `{FIRST_LINE}`"),
        };
        return Err(fault(name, 1, problem));
    }
    let mut reader = Reader { name, lines, at: 1 };
    let comments = reader.comments();
    let mut exchanges = Vec::new();
    while reader.at < reader.lines.len() {
        exchanges.push(Arc::new(reader.exchange()?));
    }
    Ok(Cassette { name: name.into(), comments, exchanges })
}

/// Goes through the lines of a cassette.
struct Reader<'a> {
    name: &'a str,
    lines: Vec<&'a str>,
    at: usize,
}

/// What stands below the head of a request or an answer.
struct Block {
    headers: HeaderMap,
    body: Vec<String>,
    /// The line that the body begins with.
    line: usize,
}

impl<'a> Reader<'a> {
    /// What is wrong with the line that was read last.
    fn fault(&self, problem: impl Into<String>) -> Error {
        fault(self.name, self.at, problem)
    }

    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.at += 1;
        Some(line)
    }

    /// The comments from here to the first line that is something else.
    fn comments(&mut self) -> Vec<String> {
        let mut comments = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.starts_with('#') || line.trim().is_empty()) {
            self.at += 1;
            comments.extend(line.strip_prefix('#').map(|comment| comment.trim().to_owned()));
        }
        comments
    }

    fn exchange(&mut self) -> Result<Exchange> {
        let head = self.next().and_then(|line| line.strip_prefix("==="));
        let head = head.ok_or_else(|| self.fault("expected `=== METHOD URL`"))?;
        let line = self.at;
        let (method, url, is_base64) = match head.split_whitespace().collect::<Vec<_>>()[..] {
            [method, url] => (method, url, false),
            [method, url, "base64"] => (method, url, true),
            _ => return Err(self.fault("expected `=== METHOD URL`, and `base64` behind it or nothing")),
        };
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| self.fault("not a method"))?;
        let url = Url::parse(url).ok().filter(link::is_http);
        let url = url.ok_or_else(|| self.fault("not a URL of http or https"))?;
        let block = self.block()?;
        let body = self.body(&block, is_base64)?;
        let request = Asked { method, url, headers: block.headers, body };
        let mut answers = Vec::new();
        while self.peek().is_some_and(|line| line.starts_with("---")) {
            answers.push(self.reply()?);
        }
        if answers.is_empty() {
            return Err(fault(self.name, line, "a request without an answer: `--- STATUS` is missing"));
        }
        Ok(Exchange { line, canonical: Canonical::of(&request), request, answers })
    }

    fn reply(&mut self) -> Result<Reply> {
        let head = self.next().and_then(|line| line.strip_prefix("---")).unwrap_or_default().trim();
        let line = self.at;
        let (head, is_cut) = match head.strip_suffix(" cut") {
            Some(head) => (head.trim_end(), true),
            None => (head, false),
        };
        if let Some(name) = head.strip_prefix("failed") {
            let failure = fault_of(name.trim()).filter(|_| !is_cut).ok_or_else(|| {
                self.fault("expected `--- failed` and one of resolve, connect, tls, timeout, broken")
            })?;
            let block = self.block()?;
            if !block.headers.is_empty() || block.body.iter().any(|line| !line.trim().is_empty()) {
                return Err(fault(self.name, line, "a failure has no headers and no body"));
            }
            return Ok(Reply { line, what: What::Failed(failure) });
        }
        let (status, form) = head.split_once(' ').unwrap_or((head, ""));
        let form = form.trim();
        let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.filter(|status| !status.is_informational());
        let status = status.ok_or_else(|| self.fault("expected `--- STATUS`, a number from 200 to 999"))?;
        let file = form.strip_prefix('<').map(str::trim).filter(|file| !file.is_empty());
        if file.is_none() && !matches!(form, "" | "base64") {
            return Err(self.fault("behind the status stands `base64`, `< FILE`, `cut` or nothing"));
        }
        let block = self.block()?;
        let body = match file {
            Some(file) if block.body.iter().all(|line| line.trim().is_empty()) => Held::File(file.to_owned()),
            Some(_) => {
                return Err(fault(
                    self.name,
                    block.line,
                    "the body of this answer is a file, and here is one more",
                ));
            }
            None => Held::Here(self.body(&block, form == "base64")?),
        };
        Ok(Reply { line, what: What::Answer(Answered { status, headers: block.headers, body, is_cut }) })
    }

    /// The headers and the lines of the body, to the next head.
    fn block(&mut self) -> Result<Block> {
        let mut block = Block { headers: HeaderMap::new(), body: Vec::new(), line: self.at + 1 };
        while let Some(line) = self.peek().filter(|line| !is_head(line)) {
            self.at += 1;
            if line.trim().is_empty() {
                block.line = self.at + 1;
                block.body = self.body_lines()?;
                break;
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| self.fault("expected `name: value`, or a blank line before the body"))?;
            let name = HeaderName::try_from(name.trim()).map_err(|_| self.fault("not a header name"))?;
            let value = HeaderValue::from_bytes(value.trim().as_bytes())
                .map_err(|_| self.fault("the value has characters that no header can hold"))?;
            block.headers.append(name, value);
        }
        Ok(block)
    }

    fn body_lines(&mut self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        while let Some(line) = self.peek().filter(|line| !is_head(line)) {
            self.at += 1;
            if line.starts_with('#') {
                return Err(self.fault(
                    "a line of a body that begins with `#` is written with a `\\` before it; comments stand before the first request",
                ));
            }
            lines.push(line.strip_prefix('\\').unwrap_or(line).to_owned());
        }
        Ok(lines)
    }

    fn body(&self, block: &Block, is_base64: bool) -> Result<Bytes> {
        if !is_base64 {
            return Ok(block.body.join("\n").into());
        }
        let text: String = block.body.iter().flat_map(|line| line.split_whitespace()).collect();
        let bytes = BASE64.decode(text);
        bytes.map(Bytes::from).map_err(|error| {
            fault(self.name, block.line, format!("a body that is to be base64 is not: {error}"))
        })
    }
}

fn is_head(line: &str) -> bool {
    line.starts_with("===") || line.starts_with("---")
}

const FAULTS: [NetworkFault; 5] = [
    NetworkFault::Resolve,
    NetworkFault::Connect,
    NetworkFault::Tls,
    NetworkFault::Timeout,
    NetworkFault::Broken,
];

fn fault_of(name: &str) -> Option<NetworkFault> {
    FAULTS.into_iter().find(|fault| fault.to_string() == name)
}

/// Writes the text of `cassette`.
pub(super) fn write(cassette: &Cassette, f: &mut impl fmt::Write) -> fmt::Result {
    writeln!(f, "{FIRST_LINE}")?;
    for comment in &cassette.comments {
        writeln!(f, "# {}", comment.replace('\n', " "))?;
    }
    writeln!(f)?;
    cassette.exchanges.iter().try_for_each(|exchange| write_exchange(exchange, f))
}

/// Writes an exchange. What stands before it ends with its line.
pub(super) fn write_exchange(exchange: &Exchange, f: &mut impl fmt::Write) -> fmt::Result {
    let request = &exchange.request;
    let text = as_text(&request.body);
    let form = if text.is_none() { " base64" } else { "" };
    writeln!(f, "=== {} {}{form}", request.method, request.url)?;
    write_block(&request.headers, &request.body, text, f)?;
    for reply in &exchange.answers {
        match &reply.what {
            What::Failed(fault) => writeln!(f, "--- failed {fault}")?,
            What::Answer(Answered { status, headers, body, is_cut }) => {
                let cut = if *is_cut { " cut" } else { "" };
                match body {
                    Held::File(file) => {
                        writeln!(f, "--- {} < {file}{cut}", status.as_u16())?;
                        write_block(headers, b"", Some(""), f)?;
                    }
                    Held::Here(body) => {
                        let text = as_text(body);
                        let form = if text.is_none() { " base64" } else { "" };
                        writeln!(f, "--- {}{form}{cut}", status.as_u16())?;
                        write_block(headers, body, text, f)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn write_block(headers: &HeaderMap, body: &[u8], text: Option<&str>, f: &mut impl fmt::Write) -> fmt::Result {
    for (name, value) in headers {
        // A line end would be one of the cassette: no header has one.
        writeln!(f, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
    }
    if body.is_empty() {
        return Ok(());
    }
    writeln!(f)?;
    let Some(text) = text else {
        return body.chunks(WIDTH).try_for_each(|line| writeln!(f, "{}", BASE64.encode(line)));
    };
    for line in text.split('\n') {
        let escape = if MARKS.iter().any(|mark| line.starts_with(mark)) { "\\" } else { "" };
        writeln!(f, "{escape}{line}")?;
    }
    Ok(())
}

/// A body that can be written as it is: a text without control characters but those of lines and columns.
fn as_text(body: &[u8]) -> Option<&str> {
    let text = str::from_utf8(body).ok()?;
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    text.chars().all(is_plain).then_some(text)
}
