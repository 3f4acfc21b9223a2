//! A post with its file, as the API tells of it
//! (<https://github.com/4chan/4chan-API/blob/master/pages/Threads.md>).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use qetch_core::{
    Checksum, Collection, Content, Error, Kind, Result, Role, Timestamp, Url, Variants, lenient, link,
    media_type,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::NAME;
use crate::common_prose;

/// What is kept of a post under the site's own names.
const KEPT: [&str; 14] = [
    "resto",
    "trip",
    "id",
    "capcode",
    "country",
    "country_name",
    "board_flag",
    "flag_name",
    "spoiler",
    "custom_spoiler",
    "since4pass",
    // There is a smaller copy for telephones, of which the API does not tell where.
    "m_img",
    "replies",
    "images",
];

/// What is kept of the first post with every file of its thread.
const KEPT_OF_THREAD: [&str; 5] = ["sticky", "closed", "archived", "archived_on", "semantic_url"];

/// The board whose files are called as they were uploaded.
const FILMS: &str = "f";

#[derive(Deserialize)]
pub(super) struct Post {
    #[serde(default, deserialize_with = "lenient::number")]
    pub(super) no: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    time: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    sub: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    com: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    tag: Option<String>,
    #[serde(default, deserialize_with = "lenient::number")]
    tim: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    filename: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    ext: Option<String>,
    #[serde(default, deserialize_with = "lenient::number")]
    fsize: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    md5: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    w: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    h: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    tn_w: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    tn_h: Option<u32>,
    #[serde(default, deserialize_with = "lenient::flag")]
    filedeleted: Option<bool>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Post {
    /// Whether it had a file that was deleted.
    pub(super) fn is_deleted(&self) -> bool {
        self.filedeleted == Some(true)
    }

    /// Whether it has a file.
    pub(super) fn has_file(&self) -> bool {
        let tells_of_one =
            self.tim.is_some() || self.ext.is_some() || self.md5.is_some() || self.filename.is_some();
        tells_of_one && !self.is_deleted()
    }

    /// The extension without its dot, where it is one.
    fn extension(&self) -> Option<&str> {
        let extension = self.ext.as_deref()?.strip_prefix('.')?;
        let is_plain =
            (2..=5).contains(&extension.len()) && extension.bytes().all(|it| it.is_ascii_alphanumeric());
        is_plain.then_some(extension)
    }

    /// The MD5 of the file, which comes as base64.
    fn checksum(&self) -> Option<Checksum> {
        let bytes = STANDARD.decode(self.md5.as_deref()?.trim()).ok()?;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("md5:{hex}").parse().ok()
    }
}

/// What holds for every file of a thread.
pub(super) struct Thread<'a> {
    board: &'a str,
    no: &'a str,
    title: String,
    metadata: Map<String, Value>,
}

impl<'a> Thread<'a> {
    pub(super) fn new(board: &'a str, no: &'a str, posts: &[Post]) -> Self {
        let first = posts.first();
        let title = first.and_then(|first| text(&first.sub));
        let mut metadata =
            first.map(|first| lenient::telling(&first.rest, &KEPT_OF_THREAD)).unwrap_or_default();
        metadata.extend([("board".to_owned(), board.into()), ("thread".to_owned(), no.into())]);
        Self { board, no, title: title.unwrap_or_else(|| format!("/{board}/{no}")), metadata }
    }

    /// The file of the post at `at`, from 0, with its place among the files and how many these are.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where nothing tells where it is.
    pub(super) fn variants(&self, post: &Post, at: usize, (index, count): (u64, u64)) -> Result<Variants> {
        let missing = |field| Error::site_changed(NAME, format!("$.posts[{at}].{field}"), "missing");
        let tim = post.tim.ok_or_else(|| missing("tim"))?.to_string();
        let extension = post.extension().ok_or_else(|| missing("ext"))?;
        let filename = post.filename.as_deref().map(common_prose::characters);
        let name = match (self.board, &filename) {
            (FILMS, Some(filename)) => filename,
            (FILMS, None) => return Err(missing("filename")),
            _ => &tim,
        };
        let mut source = page(self.board, self.no)?;
        source.set_fragment(post.no.map(|no| format!("p{no}")).as_deref());

        let url = file(self.board, &format!("{name}.{extension}"))?;
        let kind = media_type::by_extension(extension).map_or(Kind::Other, |it| it.kind);
        let mut content = Content::of_file(uid(self.board, &tim), kind, &source, url);
        content.extension = Some(extension.to_owned());
        (content.width, content.height) = (post.w, post.h);
        content.checksums = post.checksum().into_iter().collect();
        // Size and checksum are of one file: another size cannot have this checksum.
        content.size = post.fsize.filter(|_| !content.checksums.is_empty());
        content.size_approx = post.fsize.filter(|_| content.size.is_none());
        content.title = filename.clone();
        content.description = text(&post.com);
        content.uploaded_by = text(&post.name);
        content.uploaded_date = post.time.and_then(Timestamp::from_unix);
        content.tags = post.tag.iter().cloned().collect();
        content.metadata = self.metadata.clone();
        content.metadata.extend(lenient::telling(&post.rest, &KEPT));
        content.metadata.extend(post.no.map(|no| ("no".to_owned(), no.into())));

        // Films and PDF files of some boards have none.
        let mut contents = vec![content];
        if post.tn_w.is_some() && post.tn_h.is_some() && self.board != FILMS {
            let (uid, url) = (thumbnail_uid(self.board, &tim), file(self.board, &format!("{tim}s.jpg"))?);
            let mut thumbnail = Content::of_file(uid, Kind::Image, &source, url);
            thumbnail.role = Role::Thumbnail;
            (thumbnail.width, thumbnail.height) = (post.tn_w, post.tn_h);
            thumbnail.title = filename;
            contents.push(thumbnail);
        }
        let collection = Collection::new(&self.title).with_index(index).with_count(count);
        Ok(Variants::ranked(contents)?.with_collection(collection))
    }
}

/// The page of a thread.
pub(super) fn page(board: &str, no: &str) -> Result<Url> {
    link::joined("https://boards.4chan.org", [board, "thread", no])
}

/// The link of a file.
fn file(board: &str, name: &str) -> Result<Url> {
    link::joined("https://i.4cdn.org", [board, name])
}

pub(super) fn uid(board: &str, tim: &str) -> String {
    format!("{board}/{tim}")
}

pub(super) fn thumbnail_uid(board: &str, tim: &str) -> String {
    format!("{board}/{tim}s")
}

/// What people wrote, which the site gives as HTML; `None` where there is nothing.
fn text(html: &Option<String>) -> Option<String> {
    html.as_deref().and_then(common_prose::text)
}
