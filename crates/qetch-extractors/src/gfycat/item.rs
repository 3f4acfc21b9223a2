//! An item as the API told of it over the years, and the contents it is made into.

use qetch_core::{Content, Error, Fragment, Result, Timestamp, Url, lenient, media_type};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    NAME,
    renditions::{File, files},
};

/// The answer for an item.
#[derive(Deserialize)]
pub(super) struct Reply {
    #[serde(rename = "gfyItem", default)]
    item: Option<Item>,
    /// A sentence, or an object that holds one.
    #[serde(rename = "errorMessage", default)]
    error: Value,
}

impl Reply {
    /// The item. Some errors came with the status of a success; `what` names the item in those.
    ///
    /// # Errors
    /// [`Gone`](Error::Gone) and [`Private`](Error::Private) where the answer says so, and
    /// [`SiteChanged`](Error::SiteChanged) where it has no item and does not say why.
    pub(super) fn item(self, what: &str) -> Result<Item> {
        let error = self.error.to_string().to_ascii_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| error.contains(part));
        match self.item {
            Some(item) => Ok(item),
            None if says(&["not exist", "not found", "notfound", "no such", "deleted"]) => {
                Err(Error::gone(what))
            }
            None if says(&["private"]) => Err(Error::private(what)),
            None if self.error.is_null() => Err(Error::site_changed(NAME, "$.gfyItem", "missing")),
            None => Err(Error::site_changed(NAME, "$.gfyItem", "an error in its place")),
        }
    }
}

/// An item. Numbers came as strings in 2016, and almost everything was missing at some time; what has no field here
/// (the names of renditions, and what is kept as it is) is in `rest`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    #[serde(default, deserialize_with = "lenient::text")]
    gfy_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    user_name: Option<String>,
    /// The same in later years.
    #[serde(default, deserialize_with = "lenient::text")]
    username: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    create_date: Option<i64>,
    #[serde(default, deserialize_with = "lenient::texts")]
    tags: Vec<String>,
    /// Tags again, as one text with commas.
    #[serde(default, deserialize_with = "lenient::text")]
    extra_lemmas: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    height: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    frame_rate: Option<f64>,
    #[serde(default, deserialize_with = "lenient::positive")]
    num_frames: Option<f64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What is kept under the site's own names. `md5` is the checksum of no rendition: it was that of what was uploaded.
const KEPT: [&str; 16] = [
    "gfyName",
    "gfyNumber",
    "md5",
    "url",
    "source",
    "userDisplayName",
    "views",
    "likes",
    "dislikes",
    "nsfw",
    "published",
    "avgColor",
    "hasAudio",
    "hasTransparency",
    "subreddit",
    "redditId",
];

impl Item {
    /// An item of which nothing is known but its id.
    pub(super) fn unknown(id: &str) -> Self {
        Self { gfy_id: Some(id.to_owned()), ..Self::default() }
    }

    /// A content for each rendition, and the names of those that are listed in a way that leads nowhere.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where the item has no id, or no rendition.
    pub(super) fn contents(&self, source: &Url) -> Result<(Vec<Content>, Vec<String>)> {
        let id = self.id()?;
        let (files, unusable) = files(&self.rest);
        if files.is_empty() {
            return Err(Error::site_changed(NAME, "$.gfyItem", "no rendition"));
        }
        let contents = files.into_iter().map(|file| self.content(&id, file, source));
        Ok((contents.collect(), unusable))
    }

    /// The content that `file` is.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where the item has no id.
    pub(super) fn content_of(&self, file: File, source: &Url) -> Result<Content> {
        Ok(self.content(&self.id()?, file, source))
    }

    /// The id in lower case, as the API writes it; `gfyName`, which has capitals, is missing from some items.
    pub(super) fn id(&self) -> Result<String> {
        const PATH: &str = "$.gfyItem.gfyId";
        let id = self.gfy_id.as_deref().ok_or_else(|| Error::site_changed(NAME, PATH, "missing"))?;
        if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::site_changed(NAME, PATH, "other than letters"));
        }
        Ok(id.to_ascii_lowercase())
    }

    fn content(&self, id: &str, file: File, source: &Url) -> Content {
        let form = file.form;
        let uid = format!("{id}-{}", file.name);
        let content = Content::new(uid, form.kind, source.clone(), [Fragment::new(file.url)]);
        let mut content = content.with_media_type(media_type::by_name(form.content_type));
        content.content_type = Some(form.content_type.to_owned());
        content.role = form.role;
        content.codecs = form.codecs.map(str::to_owned);
        // The API tells sizes without a word on how it comes by them, so a file of another size is still the file.
        content.size_approx = file.size.or_else(|| lenient::positive_of(self.rest.get(form.size_key?)?));
        // Some answers have 0 by 0.
        let whole = self.width.zip(self.height).filter(|_| form.is_whole);
        (content.width, content.height) = file.width.zip(file.height).or(whole).unzip();
        if form.moves() {
            content.duration = self.duration();
            // Smaller renditions may leave frames out.
            content.fps = self.frame_rate.filter(|_| form.is_whole);
            content.bitrate = content.counted_bitrate();
        }
        self.describe(&mut content);
        content
    }

    /// What holds for every rendition.
    fn describe(&self, content: &mut Content) {
        let user = self.user_name.as_deref().or(self.username.as_deref());
        content.title.clone_from(&self.title);
        content.description.clone_from(&self.description);
        content.uploaded_by = user.filter(|user| *user != "anonymous").map(str::to_owned);
        content.uploaded_date = self.create_date.and_then(Timestamp::from_unix);
        content.tags = self.tags();
        content.metadata = lenient::telling(&self.rest, &KEPT);
    }

    fn tags(&self) -> Vec<String> {
        if !self.tags.is_empty() {
            return self.tags.clone();
        }
        let lemmas = self.extra_lemmas.as_deref().unwrap_or_default().split(',').map(str::trim);
        lemmas.filter(|lemma| !lemma.is_empty()).map(str::to_owned).collect()
    }

    fn duration(&self) -> Option<f64> {
        Some(self.num_frames? / self.frame_rate?).filter(|seconds| seconds.is_normal())
    }
}
