//! 4chan: threads of posts, each with a file at most, and the boards that list them.
//!
//! Everything is asked of the read-only API (<https://github.com/4chan/4chan-API>), whose rules allow one request a second. A
//! thread is one answer, and each of its posts with a file is a resource. A link to a post (`#p` and its number) is that post
//! alone; a link to a board is its threads, each handed off. Of a file by its own link the API tells nothing.
//!
//! A thread is deleted in time, and nothing tells then that it was ever there: it is not found, rather than gone.

mod post;

use std::time::Duration;

use qetch_core::{
    Answer, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Handle, Handles, Handoff, Matched,
    Request, Result, Role, Url, async_trait, lenient,
};
use serde::Deserialize;
use serde_json::Value;

use self::post::{Post, Thread};
use crate::common_file;

/// The extractor of 4chan.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::fourchan::Fourchan;
///
/// let url = Url::parse("https://boards.4chan.org/po/thread/570368/welcome-to-po#p570370").unwrap();
/// assert_eq!(Fourchan::new().can_handle(&url), Claim::Yes("thread".into()));
/// ```
#[derive(Debug)]
pub struct Fourchan {
    info: ExtractorInfo,
}

const NAME: &str = "fourchan";

/// The API; links of it stand for the pages that they are made into.
const API: &str = "a.4cdn.org";

/// Where boards are. The second was for those that are safe at work.
const BOARDS: [&str; 3] = ["boards.4chan.org", "boards.4channel.org", API];

/// Where files are, and where they were.
const FILES: [&str; 4] = ["i.4cdn.org", "t.4cdn.org", "is.4chan.org", "is2.4chan.org"];

/// "Do not make more than one request per second" (<https://github.com/4chan/4chan-API#api-rules>).
const INTERVAL: Duration = Duration::from_secs(1);

/// Begins the pattern of a path with the board.
macro_rules! board {
    ($name:literal, $behind:literal) => {
        concat!("^/(?P<", $name, ">[a-z0-9]{1,6})", $behind)
    };
}

impl Fourchan {
    /// The extractor.
    pub fn new() -> Self {
        let thread = board!("board", r"/(?:thread|res)/(?P<no>[0-9]{1,15})(?:\.json|\.html|/.*)?$");
        let file = board!("board", r"/(?P<tim>[0-9]{9,17})(?:\.[a-z0-9]{2,5}|(?P<thumbnail>s)\.jpg)$");
        let handles = [
            Handle::new("thread", BOARDS, thread)
                .with_example("https://boards.4chan.org/po/thread/570368/welcome-to-po")
                .with_example("https://boards.4chan.org/po/thread/570368#p570370"),
            Handle::new("archive", BOARDS, board!("id", r"/archive(?:\.json)?/?$"))
                .with_example("https://boards.4chan.org/po/archive"),
            Handle::new("page", BOARDS, board!("board", r"/(?P<page>[1-9][0-9]?)(?:\.json)?/?$"))
                .with_example("https://boards.4chan.org/po/2"),
            Handle::new("board", BOARDS, board!("id", r"(?:/(?:catalog|threads)(?:\.json)?)?/?$"))
                .with_example("https://boards.4chan.org/po/"),
            Handle::new("file", FILES, file).with_example("https://i.4cdn.org/po/1546293948883.png"),
            // Files of the board of Flash films keep the names that they were uploaded with.
            Handle::new("film", FILES, r"^/f/(?P<name>[^/]+)\.swf$")
                .with_example("https://i.4cdn.org/f/frogs.swf"),
        ];
        let info = ExtractorInfo::new(NAME, "Threads, posts, boards and files of 4chan")
            .with_handles(Handles::new(handles))
            .with_interval_at(API, INTERVAL);
        Self { info }
    }

    /// The files of a thread, or that of the post which the link names.
    async fn thread(&self, cx: &Context, url: &Url, board: &str, no: &str) -> Result<Extraction> {
        let what = format!("4chan thread /{board}/{no}");
        let posts = ask(cx, &format!("{board}/thread/{no}.json"), &what).await?.json::<Posts>(NAME)?.posts;
        let posts = posts.filter(|posts| !posts.is_empty());
        let posts = posts.ok_or_else(|| Error::site_changed(NAME, "$.posts", "a thread without a post"))?;
        let thread = Thread::new(board, no, &posts);
        let post = asked_post(url);
        let is_asked = |it: &Post| post.is_none_or(|no| it.no == Some(no));
        if !posts.iter().any(is_asked) {
            return Err(Error::not_found(format!("post {} of {what}", post.unwrap_or_default())));
        }
        let what = post.map_or(what.clone(), |no| format!("post {no} of {what}"));
        let (mut found, mut unusable) = (Vec::new(), None);
        let count = posts.iter().filter(|it| it.has_file()).count() as u64;
        let with_place = posts.iter().enumerate().filter(|(_, it)| it.has_file()).zip(1..);
        for ((at, post), index) in with_place.filter(|((_, it), _)| is_asked(it)) {
            match thread.variants(post, at, (index, count)) {
                Ok(variants) => found.push(Found::from(variants)),
                Err(error) => {
                    found.push(self.info.warning(error.to_string()).into());
                    unusable.get_or_insert(error);
                }
            }
        }
        let deleted = posts.iter().filter(|it| is_asked(it) && it.is_deleted()).count();
        match (found.iter().any(|it| matches!(it, Found::Variants(_))), unusable) {
            (false, Some(error)) => return Err(error),
            (false, None) if deleted > 0 => return Err(Error::gone(format!("the file of {what}"))),
            (false, None) => return Err(Error::not_found(format!("a file of {what}"))),
            _ => (),
        }
        if deleted > 0 {
            let message = format!("files of {what} that were deleted are left out: {deleted}");
            found.push(self.info.warning(message).into());
        }
        Ok(Extraction::of(found))
    }

    /// The threads of a board, or those on one page of it, in the site's order.
    async fn board(&self, cx: &Context, url: &Url, board: &str, page: Option<&str>) -> Result<Extraction> {
        if url.fragment().is_some_and(|it| it.starts_with("s=")) {
            let reason = "what it finds is not listed; open the board or a thread";
            return Err(Error::unsupported(format!("a search of the 4chan board /{board}/"), reason));
        }
        let what = format!("4chan board /{board}/");
        let pages: Vec<BoardPage> = ask(cx, &format!("{board}/threads.json"), &what).await?.json(NAME)?;
        let page = page.and_then(|page| page.parse().ok());
        let asked = pages.into_iter().filter(|it| page.is_none() || it.page == page);
        let threads = asked.flat_map(|it| it.threads).map(|it| it.no);
        let what = page.map_or(what.clone(), |page: u32| format!("page {page} of {what}"));
        self.threads(board, &what, "$[0].threads[0].no", threads)
    }

    /// The threads of a board that are closed and not deleted yet.
    async fn archive(&self, cx: &Context, board: &str) -> Result<Extraction> {
        let what = format!("the archive of the 4chan board /{board}/");
        let threads: Vec<Value> = ask(cx, &format!("{board}/archive.json"), &what).await?.json(NAME)?;
        self.threads(board, &what, "$[0]", threads.iter().map(lenient::number_of))
    }

    /// Hands off to each of these threads. `path` is where the number of the first stands.
    fn threads(
        &self,
        board: &str,
        what: &str,
        path: &str,
        threads: impl Iterator<Item = Option<u64>>,
    ) -> Result<Extraction> {
        let (mut found, mut unusable) = (Vec::new(), 0);
        for no in threads {
            match no {
                Some(no) => found.push(Handoff::new(post::page(board, &no.to_string())?).into()),
                None => unusable += 1,
            }
        }
        if found.is_empty() {
            return Err(match unusable {
                0 => Error::not_found(format!("a thread of {what}")),
                _ => Error::site_changed(NAME, path, "missing"),
            });
        }
        if unusable > 0 {
            let message = format!("threads of {what} without a number are left out: {unusable}");
            found.push(self.info.warning(message).into());
        }
        Ok(Extraction::of(found))
    }
}

impl Default for Fourchan {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Fourchan {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        match found.handle().name() {
            "thread" => self.thread(cx, url, &found["board"], &found["no"]).await,
            "archive" => self.archive(cx, &found["id"]).await,
            "page" => self.board(cx, url, &found["board"], found.get("page")).await,
            "board" => self.board(cx, url, &found["id"], None).await,
            _ => file(cx, url, &found).await,
        }
    }
}

/// The number of the post that a link to a thread names. `#q` is what the site writes to answer a post.
fn asked_post(url: &Url) -> Option<u64> {
    let no = url.fragment()?.strip_prefix(['p', 'q'])?;
    let is_number = !no.is_empty() && no.bytes().all(|byte| byte.is_ascii_digit());
    // No post has a number that is too long to be one.
    is_number.then(|| no.parse().unwrap_or(u64::MAX))
}

/// A file by its own link. A thumbnail does not tell which file it is of, so its link is the thumbnail.
async fn file(cx: &Context, url: &Url, found: &Matched<'_>) -> Result<Extraction> {
    let uid = match (found.get("name"), found.get("thumbnail")) {
        (Some(name), _) => format!("f/{name}"),
        (None, Some(_)) => post::thumbnail_uid(&found["board"], &found["tim"]),
        (None, None) => post::uid(&found["board"], &found["tim"]),
    };
    let what = format!("4chan file {uid}");
    let mut content = common_file::content(cx, url, uid, &what).await?;
    if found.get("thumbnail").is_some() {
        content.role = Role::Thumbnail;
    }
    Ok(Extraction::once(content))
}

/// What the API has at `path`, which is `what`.
async fn ask(cx: &Context, path: &str, what: &str) -> Result<Answer> {
    cx.send(Request::get(format!("https://{API}/{path}").parse()?)).await?.about(what)
}

#[derive(Deserialize)]
struct Posts {
    posts: Option<Vec<Post>>,
}

/// The threads on a page of a board.
#[derive(Deserialize)]
struct BoardPage {
    #[serde(default, deserialize_with = "lenient::number")]
    page: Option<u32>,
    threads: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default, deserialize_with = "lenient::number")]
    no: Option<u64>,
}
