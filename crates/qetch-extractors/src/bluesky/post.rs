//! A post as the API shows it, and the resources that its pictures and its video are made into.

use qetch_core::{
    Error, Handoff, Kind, Known, Result, Role, Url, Variants, Warning, lenient, link, media_type,
};
use serde_json::Value;

use super::{
    NAME,
    ask::{Site, is_did},
    blob::{Blob, copy, linked},
    video,
};

/// The least that width and height are where they are pixels: the lexicon lets them be a ratio alone.
const LEAST_PIXELS: u32 = 64;

/// The label by which an account asks that nobody sees it who has not logged in.
const MEMBERS_ONLY: &str = "!no-unauthenticated";

/// What of a post is kept under the API's own names, besides what has a place of its own.
const KEPT: [&str; 6] = ["uri", "cid", "likeCount", "repostCount", "replyCount", "quoteCount"];

/// A post: `app.bsky.feed.defs#postView`.
#[derive(Debug)]
pub(super) struct Post<'a> {
    value: &'a Value,
    pub(super) did: &'a str,
    /// The key of its record, which is made of the time to the microsecond: with a CID behind it no other post has the like.
    pub(super) key: &'a str,
    pub(super) embed: Embed<'a>,
}

/// What is embedded in a post, as the API shows it and as the record has it, which alone names the blobs.
#[derive(Clone, Debug)]
pub(super) struct Embed<'a> {
    pub(super) view: &'a Value,
    pub(super) record: &'a Value,
    /// Where the answer has it.
    pub(super) path: String,
}

/// What an embed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Pictures, and the names of their list and of a picture's thumbnail.
    Pictures(&'static str, &'static str),
    Video,
    /// A card.
    External,
    /// Another post, or nothing.
    None,
    Unknown,
}

impl<'a> Embed<'a> {
    /// That of a post: what stands beside a quote rather than the quote.
    fn of(post: &'a Value, path: &str) -> Self {
        let (view, record, path) = (&post["embed"], &post["record"]["embed"], format!("{path}.embed"));
        match name(view) {
            Some("recordWithMedia") => {
                Self { view: &view["media"], record: &record["media"], path: format!("{path}.media") }
            }
            _ => Self { view, record, path },
        }
    }

    fn form(&self) -> Form {
        match name(self.view) {
            Some("images") => Form::Pictures("images", "thumb"),
            Some("gallery") => Form::Pictures("items", "thumbnail"),
            Some("video") => Form::Video,
            Some("external") => Form::External,
            Some("record") => Form::None,
            None if self.view.is_null() => Form::None,
            _ => Form::Unknown,
        }
    }
}

/// The name of an embed without what all have in common.
fn name(view: &Value) -> Option<&str> {
    view["$type"].as_str()?.strip_prefix("app.bsky.embed.")?.strip_suffix("#view")
}

impl<'a> Post<'a> {
    /// The post at `path` of the answer.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where its URI does not tell the account and the key of the record.
    pub(super) fn read(value: &'a Value, path: &str) -> Result<Self> {
        let parts = value["uri"].as_str().and_then(|uri| {
            let (did, key) = uri.strip_prefix("at://")?.split_once("/app.bsky.feed.post/")?;
            let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~' | ':');
            (is_did(did) && !key.is_empty() && key.chars().all(is_plain)).then_some((did, key))
        });
        let (did, key) =
            parts.ok_or_else(|| Error::site_changed(NAME, format!("{path}.uri"), "no URI of a post"))?;
        Ok(Self { value, did, key, embed: Embed::of(value, path) })
    }

    pub(super) fn form(&self) -> Form {
        self.embed.form()
    }

    /// Its page.
    pub(super) fn page(&self) -> Result<Url> {
        Ok(format!("https://bsky.app/profile/{}/post/{}", self.did, self.key).parse()?)
    }

    /// Whether strangers may see it: the API shows it to all, and leaves it to who asks to heed the wish of its author.
    pub(super) fn check_shown(&self, what: &str) -> Result<()> {
        let author = &self.value["author"];
        let has = |label: &str| {
            let labels = author["labels"].as_array().into_iter().flatten();
            labels.into_iter().any(|it| it["val"] == label && it["neg"] != true)
        };
        if has("!takedown") {
            return Err(Error::gone(what));
        }
        if has(MEMBERS_ONLY) { Err(Error::login_required(NAME, [])) } else { Ok(()) }
    }

    /// Whether it has media of its own.
    pub(super) fn check_media(&self, what: &str) -> Result<()> {
        let reason = match self.form() {
            Form::Pictures(..) | Form::Video => return Ok(()),
            Form::None if self.embed.view.is_null() => "it has no media".to_owned(),
            Form::None => {
                format!("it has no media of its own and quotes {}", self.quoted().unwrap_or("a post"))
            }
            Form::External => "it links to a page that no other extractor knows".to_owned(),
            Form::Unknown => match self.embed.view["$type"].as_str() {
                Some(name) => format!("what it embeds is of the form `{name}`, which is not known"),
                None => {
                    let path = format!("{}.$type", self.embed.path);
                    return Err(Error::site_changed(NAME, path, "missing"));
                }
            },
        };
        Err(Error::unsupported(what, reason))
    }

    /// The URI of the post that it quotes.
    fn quoted(&self) -> Option<&'a str> {
        let record = &self.value["embed"]["record"];
        record["uri"].as_str().or_else(|| record["record"]["uri"].as_str())
    }

    /// What the card of a post leads to that has one: a link that `is_known`, or a medium, as the moving pictures that are
    /// chosen from Tenor and Giphy. Any other link is a page that the post speaks of.
    pub(super) fn embedded(&self, is_known: impl Fn(&Url) -> bool) -> Option<Handoff> {
        if self.form() != Form::External {
            return None;
        }
        let card = &self.embed.view["external"];
        let url = linked(card["uri"].as_str()?)?;
        if !is_known(&url) && !link::extension(&url).is_some_and(|it| media_type::is_medium(&it)) {
            return None;
        }
        let mut known = self.known();
        known.title = text(&card["title"]).or(known.title);
        known.description = text(&card["description"]);
        Some(Handoff::new(url).with_known(known))
    }

    /// The resources of its pictures or its video, with the originals where the server of its author is known. What is left
    /// out is told in `warnings`.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where there is none, and those of the network for the playlist of a video whose
    /// original is not to be had.
    pub(super) async fn resources(
        &self,
        site: &Site,
        home: Option<&Url>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<Variants>> {
        match self.form() {
            Form::Pictures(list, thumb) => self.pictures(site, home, (list, thumb), warnings),
            Form::Video => Ok(vec![video::resource(site, self, home, warnings).await?]),
            _ => Ok(Vec::new()),
        }
    }

    fn pictures(
        &self,
        site: &Site,
        home: Option<&Url>,
        (list, thumb): (&str, &str),
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<Variants>> {
        let path = format!("{}.{list}", self.embed.path);
        let Some(views) = self.embed.view[list].as_array() else {
            return Err(Error::site_changed(NAME, path, "no list of pictures"));
        };
        let (mut found, mut cids, mut problem) = (Vec::new(), Vec::new(), None);
        for (index, view) in views.iter().enumerate() {
            let path = format!("{path}[{index}]");
            // Galleries are to have other items once.
            let is_new = view["$type"].as_str().is_some_and(|it| it != "app.bsky.embed.gallery#viewImage");
            if is_new {
                let name = view["$type"].as_str().unwrap_or_default();
                warnings.push(site.warning(format!("an item of the form `{name}` is left out at {path}")));
                continue;
            }
            let url = view["fullsize"].as_str().and_then(linked);
            let shown = url.as_ref().and_then(Blob::of_link);
            // What is shown at the same place is the same picture, unless it says otherwise.
            let blob = Blob::of_record(&self.embed.record[list][index]["image"])
                .filter(|blob| shown.as_ref().is_none_or(|shown| shown.cid == blob.cid))
                .or(shown);
            let Some((blob, url)) = blob.zip(url) else {
                let left_out = format!("a picture is left out: no link to it at {path}.fullsize");
                warnings.push(site.warning(left_out));
                problem.get_or_insert(format!("{path}.fullsize"));
                continue;
            };
            // One picture twice is one resource.
            if !cids.contains(&blob.cid) {
                found.push(self.picture(&site.source, home, view, &blob, url, thumb)?);
                cids.push(blob.cid);
            }
        }
        match problem {
            Some(path) if found.is_empty() => Err(Error::site_changed(NAME, path, "no link to a picture")),
            _ if found.is_empty() => Err(Error::unsupported(
                format!("the post {} of {}", self.key, self.did),
                "there is no picture among what it embeds",
            )),
            _ => Ok(found),
        }
    }

    /// One picture: what was uploaded, the copy of the CDN, which is made smaller and of another form, and a small one.
    fn picture(
        &self,
        source: &Url,
        home: Option<&Url>,
        view: &Value,
        blob: &Blob,
        url: Url,
        thumb: &str,
    ) -> Result<Variants> {
        let mut known = self.known();
        known.description = text(&view["alt"]).or(known.description);
        let copy = |name: &str, url: Url| copy(format!("{}-{}-{name}", self.key, blob.cid), source, url);
        let original = home.map(|home| {
            let mut original = blob.content(self.key, source, self.did, home, Kind::Image);
            (original.width, original.height) = pixels(&view["aspectRatio"]).unzip();
            original
        });
        let small = view[thumb].as_str().and_then(linked).filter(|small| *small != url).map(|url| {
            let mut small = copy("thumb", url);
            small.role = Role::Thumbnail;
            small
        });
        // The site says which is better, and of the copies nothing else.
        let contents = original.into_iter().chain([copy("fullsize", url)]).chain(small);
        Ok(Variants::in_order(contents)?.with_known(&known))
    }

    /// What all contents of the post have in common.
    pub(super) fn known(&self) -> Known {
        let (author, record) = (&self.value["author"], &self.value["record"]);
        let mut known = Known::default();
        let words = text(&record["text"]);
        let handle = text(&author["handle"]);
        let first = words.as_deref().and_then(|words| words.lines().map(str::trim).find(|it| !it.is_empty()));
        known.title = first.map(str::to_owned).or_else(|| handle.as_ref().map(|handle| format!("@{handle}")));
        known.description.clone_from(&words);
        known.uploaded_by = text(&author["displayName"]).or_else(|| handle.clone());
        let dates = [&record["createdAt"], &self.value["indexedAt"]];
        known.uploaded_date = dates.into_iter().find_map(|date| date.as_str()?.parse().ok());
        known.tags = tags(record);
        let told = self.value.as_object().map(|told| lenient::telling(told, &KEPT));
        known.metadata = told.unwrap_or_default();
        let labels = self.value["labels"].as_array().into_iter().flatten();
        let labels: Vec<_> = labels.filter_map(|label| label["val"].as_str()).collect();
        let more = [
            ("did", Some(self.did.into())),
            ("handle", handle.map(Value::from)),
            ("text", words.map(Value::from)),
            ("langs", Some(record["langs"].clone()).filter(Value::is_array)),
            ("labels", (!labels.is_empty()).then(|| labels.into())),
            ("quoted", self.quoted().map(Value::from)),
        ];
        known.metadata.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        known
    }
}

/// Tags: those of the record, and those in its text.
fn tags(record: &Value) -> Vec<String> {
    let facets = record["facets"].as_array().into_iter().flatten();
    let features = facets.filter_map(|facet| facet["features"].as_array()).flatten();
    let own = record["tags"].as_array().into_iter().flatten();
    let mut tags: Vec<String> = Vec::new();
    for tag in features.map(|feature| &feature["tag"]).chain(own).filter_map(text) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// Text that is some.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Width and height, where they are more than a ratio.
pub(super) fn pixels(ratio: &Value) -> Option<(u32, u32)> {
    let side = |name: &str| lenient::number_of(&ratio[name]).filter(|side| *side >= LEAST_PIXELS);
    side("width").zip(side("height"))
}
