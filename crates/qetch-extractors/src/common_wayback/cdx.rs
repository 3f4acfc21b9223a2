//! Look-ups in the index of the archive, by the rules of its "CDX Server API".

use qetch_core::{Answer, Content, Context, Error, Request, Result, Url, lenient, link::whole};
use serde_json::Value;

use super::{
    ARCHIVE_DIGEST, HOST, Moment,
    link::{self, is_web},
    memento, tell_copy,
};

/// Where the index is asked.
const INDEX: &str = "https://web.archive.org/cdx/search/cdx";

/// The columns of rows of text, and of rows of JSON in this order unless their header says otherwise.
const COLUMNS: [&str; 7] = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"];

/// What the type of a capture is called that has no body of its own, since an earlier one had the same.
const REVISIT: &str = "warc/revisit";

/// What is looked up.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    what: String,
    parameters: Vec<(&'static str, String)>,
    /// The key of the page, which is the first without one.
    from: Option<String>,
}

impl Lookup {
    /// The latest captures of a success of `url`, which is written without its scheme; at most `count`. Neither capitals,
    /// nor the scheme, nor a `www.` make a difference.
    pub(crate) fn latest(url: &str, count: usize) -> Self {
        let parameters = vec![("filter", "statuscode:200".to_owned()), ("limit", format!("-{count}"))];
        Self { what: url.to_owned(), parameters, from: None }
    }

    /// The captures of files whose URL begins so, with revisits of any status and without pages.
    pub(crate) fn beneath(start: &str) -> Self {
        let parameters = vec![
            ("matchType", "prefix".to_owned()),
            // An expression is for the whole field.
            ("filter", "statuscode:200|-".to_owned()),
            ("filter", "!mimetype:text/html".to_owned()),
            ("limit", "1000".to_owned()),
            ("showResumeKey", "true".to_owned()),
        ];
        Self { what: start.to_owned(), parameters, from: None }
    }

    /// Goes on with what `page` says that follows it; `None` at the end. A key that leads nowhere new would be asked for without
    /// end.
    pub(crate) fn behind(&self, page: &Captures) -> Option<Self> {
        let from = page.next.clone().filter(|next| self.from.as_ref() != Some(next))?;
        Some(Self { from: Some(from), ..self.clone() })
    }

    fn url(&self) -> Result<Url> {
        let mut url = Url::parse(INDEX)?;
        // Without the last the answer is compressed, asked for or not.
        let fixed = [("url", self.what.as_str()), ("output", "json"), ("gzip", "false")];
        let own = self.parameters.iter().map(|(name, value)| (*name, value.as_str()));
        url.query_pairs_mut().extend_pairs(fixed.into_iter().chain(own));
        if let (Some(key), Some(query)) = (&self.from, url.query()) {
            // It is written down as it is to be sent.
            let query = format!("{query}&resumeKey={}", key.replace('&', "%26"));
            url.set_query(Some(&query));
        }
        Ok(url)
    }
}

/// A capture, as the index tells of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Capture {
    /// When it was made.
    pub(crate) moment: Moment,
    /// What was captured, with the capitals it had then.
    pub(crate) original: Url,
    /// The media type; `None` for a revisit, and where it was not told.
    pub(crate) media_type: Option<String>,
    /// SHA-1 of the bytes in the archive's own file, as base32.
    pub(crate) digest: Option<String>,
}

impl Capture {
    /// The link of its raw body; `None` where what was captured makes no link.
    pub(crate) fn raw(&self) -> Option<Url> {
        link::memento(self.moment.digits(), "id_", &self.original)
    }

    /// Has `content` tell that it is a copy of this one.
    pub(crate) fn tell(&self, content: &mut Content) {
        tell_copy(content, &self.moment, &self.original);
        if let Some(digest) = &self.digest {
            content.metadata.insert(ARCHIVE_DIGEST.to_owned(), format!("sha1:{digest}").into());
        }
    }
}

/// A page of captures, in the order of the index: by URL, then by moment.
#[derive(Debug, Default)]
pub(crate) struct Captures {
    pub(crate) captures: Vec<Capture>,
    /// The key of the next page, where there is one and it was asked for.
    next: Option<String>,
}

impl Captures {
    /// Whether the index says that there are more.
    pub(crate) fn has_more(&self) -> bool {
        self.next.is_some()
    }
}

/// The captures that the index has. Rows that name no URL of the web, or no moment, are left out: the index has such.
///
/// # Errors
/// [`Private`](Error::Private) where the archive keeps what is looked up from everybody;
/// [`OverCapacity`](Error::OverCapacity) and [`RateLimited`](Error::RateLimited) where it has no time for us;
/// [`SiteChanged`](Error::SiteChanged) where the answer is of another shape; and those of the network.
pub(crate) async fn captures(cx: &Context, lookup: &Lookup) -> Result<Captures> {
    let answer = cx.send(Request::get(lookup.url()?)).await?;
    let said = answer.text();
    if answer.status() == 404 {
        return Err(Error::status(answer.url(), 404));
    }
    // Some exceptions come with the status of a success.
    if answer.status() != 200 || said.trim_start().starts_with("org.archive.") {
        return Err(memento::refusal(&answer, &lookup.what));
    }
    read(&answer, &said)
}

fn read(answer: &Answer, said: &str) -> Result<Captures> {
    match said.trim_start().bytes().next() {
        None => Ok(Captures::default()),
        Some(b'[') => read_json(&answer.json(HOST)?),
        Some(_) => {
            // A key for what is over a limit stands behind an empty line.
            let mut lines = said.trim_start().lines().map(str::trim);
            let rows = lines.by_ref().take_while(|line| !line.is_empty());
            let rows = rows.map(|line| line.split(' ').map(|field| Some(field.to_owned())).collect());
            let captures = of_rows(&COLUMNS.map(|name| Some(name.to_owned())), rows)?;
            let next = lines.next().filter(|key| !key.is_empty()).map(str::to_owned);
            Ok(Captures { captures, next })
        }
    }
}

fn read_json(value: &Value) -> Result<Captures> {
    let changed = |path: &str| Error::site_changed(HOST, path, "no list");
    let rows = value.as_array().ok_or_else(|| changed("$"))?;
    let Some((header, rows)) = rows.split_first() else { return Ok(Captures::default()) };
    let header = header.as_array().ok_or_else(|| changed("$[0]"))?;
    let header: Row = header.iter().map(lenient::text_of).collect();
    // A key for what is over a limit stands behind an empty row.
    let (rows, next) = match rows {
        [rows @ .., Value::Array(empty), Value::Array(last)] if empty.is_empty() && last.len() == 1 => {
            (rows, lenient::text_of(&last[0]))
        }
        rows => (rows, None),
    };
    let rows = rows.iter().map(|row| row.as_array().into_iter().flatten().map(lenient::text_of).collect());
    Ok(Captures { captures: of_rows(&header, rows)?, next })
}

/// The fields of a row; `None` for those that are no text.
type Row = Vec<Option<String>>;

/// What rows of these columns tell.
fn of_rows(header: &[Option<String>], rows: impl Iterator<Item = Row>) -> Result<Vec<Capture>> {
    let column = |name: &str| header.iter().position(|it| it.as_deref() == Some(name));
    let required = |name: &str| {
        column(name).ok_or_else(|| Error::site_changed(HOST, "$[0]", format!("no column `{name}`")))
    };
    let (moment, original) = (required("timestamp")?, required("original")?);
    let (media_type, digest) = (column("mimetype"), column("digest"));
    let (mut captures, mut strange, mut count) = (Vec::new(), 0, 0);
    for row in rows {
        count += 1;
        let text = |at: usize| row.get(at)?.as_deref().filter(|text| !matches!(*text, "" | "-"));
        let moment = text(moment).filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
        let (Some(moment), Some(original)) = (moment, text(original)) else {
            strange += 1;
            continue;
        };
        let original = whole(original).filter(is_web);
        let (Some(moment), Some(original)) = (Moment::parse(moment), original) else { continue };
        let media_type = media_type.and_then(text).filter(|it| !matches!(*it, REVISIT | "unk"));
        let media_type = media_type.map(str::to_ascii_lowercase);
        let digest = digest.and_then(text).map(str::to_owned);
        captures.push(Capture { moment, original, media_type, digest });
    }
    // Some rows are really spoilt; where all are, it is no index that answered.
    if count > 0 && strange == count {
        return Err(Error::site_changed(HOST, "$[1]", "no row of captures"));
    }
    Ok(captures)
}

#[cfg(test)]
mod tests {
    use qetch_core::{
        Context,
        http::{HeaderMap, StatusCode},
    };

    use super::*;
    use crate::common_canned::{Canned, Reply};

    fn read_page(said: &str) -> Result<Captures> {
        let url = Url::parse(INDEX).unwrap();
        read(&Answer::new(StatusCode::OK, HeaderMap::new(), url, said.to_owned()), said)
    }

    fn read_text(said: &str) -> Result<Vec<Capture>> {
        read_page(said).map(|page| page.captures)
    }

    fn shown(captures: &[Capture]) -> Vec<String> {
        captures.iter().map(|it| format!("{} {}", it.moment, it.original)).collect()
    }

    const HEADER: &str = r#"["urlkey","timestamp","original","mimetype","statuscode","digest","length"]"#;

    #[test]
    fn rows_of_json_are_read_by_their_header() {
        let row = r#"["a","20230829011503","https://h.example/A.mp4","Video/MP4","200","ABC","7"]"#;
        let captures = read_text(&format!("[{HEADER},\n{row}]\n")).unwrap();
        let expected = Capture {
            moment: Moment::parse("20230829011503").unwrap(),
            original: Url::parse("https://h.example/A.mp4").unwrap(),
            media_type: Some("video/mp4".into()),
            digest: Some("ABC".into()),
        };
        assert_eq!(captures, [expected]);
        let raw = captures[0].raw().unwrap();
        assert_eq!(raw.as_str(), "https://web.archive.org/web/20230829011503id_/https://h.example/A.mp4");

        let other = r#"[["original","timestamp"],["http://h.example/a",20230829011503]]"#;
        let captures = read_text(other).unwrap();
        assert_eq!(shown(&captures), ["20230829011503 http://h.example/a"]);
        assert_eq!((&captures[0].media_type, &captures[0].digest), (&None, &None));
    }

    #[test]
    fn rows_of_text_are_read_up_to_the_key_of_the_rest() {
        let said = "example,h)/a 20220119090122 http://h.example/%20a text/plain 200 ABC 2811\n\
                    example,h)/b 20220119090123 http://h.example/b warc/revisit - DEF 500\n\
                    \n\
                    example%2Ch%29%2Fb+20220119090124\n";
        let captures = read_text(said).unwrap();
        let expected = ["20220119090122 http://h.example/%20a", "20220119090123 http://h.example/b"];
        assert_eq!(shown(&captures), expected);
        assert_eq!((captures[0].media_type.as_deref(), &captures[1].media_type), (Some("text/plain"), &None));
    }

    #[test]
    fn a_key_leads_to_the_next_page() {
        let key = "example%2Ch%29%2Fb+20220119090124%21";
        let row = r#"["a","20220119090122","http://h.example/a"]"#;
        let json = format!(r#"[["urlkey","timestamp","original"],{row},[],["{key}"]]"#);
        let text = format!("a 20220119090122 http://h.example/a\n\n{key}\n");
        let lookup = Lookup::beneath("h.example/a");
        for said in [json, text] {
            let page = read_page(&said).unwrap();
            assert_eq!(shown(&page.captures), ["20220119090122 http://h.example/a"], "{said}");
            let next = lookup.behind(&page).unwrap();
            assert!(next.url().unwrap().as_str().ends_with(&format!("&showResumeKey=true&resumeKey={key}")));
            assert!(next.behind(&page).is_none(), "a key that leads nowhere new");
        }
        assert!(lookup.behind(&read_page(&format!("[{HEADER},{row}]")).unwrap()).is_none());
    }

    #[test]
    fn rows_that_name_no_capture_are_left_out() {
        let said = "a 20220119090122 http://h.example/a text/html 200 A 1\n\
                    a 20000012170449 http://h.example/b text/html 200 B 1\n\
                    a 20000800241623 http://h.example/c text/html 200 C 1\n\
                    a 20220119090122 http://mailto:me@h.example/ unk 301 D 1\n\
                    a 20220119090122 some/not/even/url/thing text/html 200 E 1\n\
                    a 20220119090122 http://data:image/jpeg;base64,/9j/4AAQ text/html 404 F 1\n\
                    a\n";
        assert_eq!(shown(&read_text(said).unwrap()), ["20220119090122 http://h.example/a"]);
        let said = format!(r#"[{HEADER},["a",null,"http://h.example/"],7,["a","2016","http://h.example/"]]"#);
        assert_eq!(shown(&read_text(&said).unwrap()), ["20160101000000 http://h.example/"]);
    }

    #[test]
    fn nothing_found_is_no_error() {
        for said in ["[]", "[]\n", "", "\n", &format!("[{HEADER}]")] {
            assert_eq!(read_text(said).unwrap(), [], "{said:?}");
        }
    }

    #[test]
    fn an_answer_of_another_shape_is_told_with_its_path() {
        let check = |said: &str, expected: &str| {
            let error = read_text(said).unwrap_err();
            assert_eq!(error.to_string(), format!("web.archive.org changed: {expected}"), "{said}");
        };
        check("[7]", "no list at $[0]");
        check(r#"[["urlkey","original"],["a","http://h.example/"]]"#, "no column `timestamp` at $[0]");
        check(r#"[["timestamp",null],["2016","http://h.example/"]]"#, "no column `original` at $[0]");
        check(&format!("[{HEADER},[],{{}}]"), "no row of captures at $[1]");
        check("<html>\n<body> We are sorry, come again\n", "no row of captures at $[1]");
        check("\n<html>\n<body> We are sorry, come again\n", "no row of captures at $[1]");
        check("[[", "no JSON from https://web.archive.org/cdx/search/cdx at $");
    }

    const BLOCKED: &str = "org.archive.util.io.RuntimeIOException: \
                           org.archive.wayback.exception.AdministrativeAccessControlException: Blocked Site Error\n";
    const ROBOTS: &str = "org.archive.util.io.RuntimeIOException: \
                          org.archive.wayback.exception.RobotAccessControlException: Blocked By Robots\n";

    #[tokio::test]
    async fn what_the_archive_refuses_is_told_by_kind() {
        let lookup = Lookup::latest("h.example/a?b=c", 1);
        let asked = "https://web.archive.org/cdx/search/cdx?url=h.example%2Fa%3Fb%3Dc&output=json&gzip=false\
                     &filter=statuscode%3A200&limit=-1";
        let check = async |status, body: &'static str, expected: &str| {
            let (_, cx) = Canned::default().on(asked, [Reply::new(status, body)]).start();
            let cx: Context = cx.build();
            let error = captures(&cx, &lookup).await.unwrap_err();
            assert_eq!(error.code(), expected, "{status} {body}: {error}");
        };
        check(403, BLOCKED, "private").await;
        check(200, BLOCKED, "private").await;
        check(403, ROBOTS, "private").await;
        check(429, "", "rate_limited").await;
        check(503, "<html>", "over_capacity").await;
        check(504, "<html>", "over_capacity").await;
        check(500, "org.archive.util.io.RuntimeIOException: java.io.IOException", "http").await;
        check(200, "org.archive.util.io.RuntimeIOException: java.io.IOException", "bad_reply").await;
        check(404, "", "not_found").await;
    }
}
