//! A post as the API tells of it, and the resources that its attachments are made into.

use qetch_core::{
    Collection, Content, Error, Handoff, Kind, Known, Result, Timestamp, Url, Variants, lenient,
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    NAME,
    attachment::{Attachment, Missing},
    text,
};

/// A post (<https://docs.joinmastodon.org/entities/Status/>). What is not needed to find its files is read leniently.
#[derive(Deserialize)]
pub(super) struct Post {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    uri: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    url: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    created_at: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    content: Option<String>,
    /// What was written, where the answer is for its author.
    #[serde(default, deserialize_with = "lenient::text")]
    text: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    spoiler_text: Option<String>,
    #[serde(default, deserialize_with = "object")]
    account: Option<Account>,
    #[serde(default, deserialize_with = "object")]
    media_attachments: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "object")]
    tags: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "object")]
    reblog: Option<Box<Self>>,
    #[serde(default, deserialize_with = "object")]
    card: Option<Card>,
    #[serde(default, deserialize_with = "object")]
    quote: Option<Quote>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// An account (<https://docs.joinmastodon.org/entities/Account/>).
#[derive(Deserialize)]
pub(super) struct Account {
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) acct: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    display_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    url: Option<String>,
    /// Whether the instance has shut it out; left out where it has not.
    #[serde(default, deserialize_with = "object")]
    pub(super) suspended: Option<bool>,
}

impl Account {
    /// Its page, at its home.
    pub(super) fn page(&self) -> Option<Url> {
        let url = Url::parse(self.url.as_deref()?).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    }

    /// Its name as its instance shows it.
    fn shown(&self) -> Option<String> {
        self.display_name.clone().or_else(|| self.acct.clone())
    }
}

/// The preview of a link (<https://docs.joinmastodon.org/entities/PreviewCard/>).
#[derive(Deserialize)]
struct Card {
    #[serde(default, deserialize_with = "lenient::text")]
    url: Option<String>,
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    description: Option<String>,
}

/// A post within a post (<https://docs.joinmastodon.org/entities/Quote/>).
#[derive(Deserialize)]
struct Quote {
    #[serde(default, deserialize_with = "object")]
    quoted_status: Option<Box<Post>>,
}

/// What a field holds where it is of the right shape; nothing where it is not.
pub(super) fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(Value::deserialize(from)?).ok())
}

/// What of a post is kept under the API's own names, besides what has a place of its own.
const KEPT: [&str; 9] = [
    "visibility",
    "sensitive",
    "language",
    "edited_at",
    "in_reply_to_id",
    "replies_count",
    "reblogs_count",
    "favourites_count",
    "quotes_count",
];

/// The most attachments of a post that are read: a few times what any of its servers takes.
const ATTACHMENTS: u64 = 64;

/// The resources of a post, and what of it cannot be had.
pub(super) struct Media {
    pub(super) found: Vec<Variants>,
    /// For each attachment that is left out: where in the answer, and what is missing.
    pub(super) left_out: Vec<(String, Missing)>,
}

impl Post {
    /// The resources of its attachments; those of the post that it boosts, where it boosts one. `path` is where the answer
    /// has it, `host` names the instance, `source` is the link that led here.
    ///
    /// # Errors
    /// [`SiteChanged`](Error::SiteChanged) where it has no list of attachments.
    pub(super) fn media(&self, path: &str, host: &str, source: &Url) -> Result<Media> {
        let (post, path) = match &self.reblog {
            Some(post) => (&**post, format!("{path}.reblog")),
            None => (self, path.to_owned()),
        };
        let Some(attachments) = &post.media_attachments else {
            return Err(Error::site_changed(
                NAME,
                format!("{path}.media_attachments"),
                "no list of attachments",
            ));
        };
        let booster = self.reblog.as_ref().and(self.account.as_ref()).and_then(|it| it.acct.as_deref());
        let about = post.about(host, source, booster);
        let count = attachments.len() as u64;
        let mut media = Media { found: Vec::new(), left_out: Vec::new() };
        for (value, index) in attachments.iter().zip(1..) {
            if index > ATTACHMENTS {
                let path = format!("{path}.media_attachments[{}]", index - 1);
                media.left_out.push((path, Missing::Field("", "more than are read")));
                break;
            }
            let contents = match Attachment::deserialize(value) {
                Ok(attachment) => attachment.contents(host, &about),
                Err(_) => Err(Missing::Field("", "no attachment")),
            };
            match contents {
                Ok(contents) => {
                    let mut variants = Variants::ranked(contents)?;
                    if count > 1 {
                        let mut collection = Collection::default().with_index(index).with_count(count);
                        collection.title.clone_from(&about.title);
                        variants.collection = Some(collection);
                    }
                    media.found.push(variants);
                }
                Err(missing) => {
                    media.left_out.push((format!("{path}.media_attachments[{}]", index - 1), missing));
                }
            }
        }
        Ok(media)
    }

    /// What all contents of the post have in common, in a content without a file.
    fn about(&self, host: &str, source: &Url, booster: Option<&str>) -> Content {
        let mut about = Content::new(host, Kind::Other, source.clone(), []);
        let words = self.words();
        let account = self.account.as_ref();
        about.title = self.spoiler_text.as_deref().and_then(text::title).or_else(|| text::title(&words));
        if about.title.is_none() {
            about.title = account.and_then(|account| Some(format!("@{}", account.acct.as_deref()?)));
        }
        about.uploaded_by = account.and_then(Account::shown);
        about.uploaded_date = self.created_at.as_deref().and_then(|date| date.parse::<Timestamp>().ok());
        about.tags = self.tags();
        let quoted = self.quote.as_ref().and_then(|quote| quote.quoted_status.as_ref());
        let own = [
            ("status_id", self.id.as_deref()),
            ("uri", self.uri.as_deref()),
            ("url", self.url.as_deref()),
            ("acct", account.and_then(|account| account.acct.as_deref())),
            ("spoiler_text", self.spoiler_text.as_deref()),
            ("text", Some(words.as_str()).filter(|words| !words.is_empty())),
            ("reblogged_by", booster),
            ("quoted_status", quoted.and_then(|post| post.uri.as_deref())),
        ];
        about.metadata =
            own.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))).collect();
        for name in KEPT {
            match self.rest.get(name) {
                None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => (),
                Some(value) => drop(about.metadata.insert(name.to_owned(), value.clone())),
            }
        }
        about
    }

    /// What it says, as plain text.
    fn words(&self) -> String {
        let html = self.content.as_deref().map(text::plain);
        html.or_else(|| self.text.clone()).unwrap_or_default()
    }

    fn tags(&self) -> Vec<String> {
        let tags = self.tags.iter().flatten();
        tags.filter_map(|tag| Some(tag.get("name")?.as_str()?.to_owned()))
            .filter(|tag| !tag.is_empty())
            .collect()
    }

    /// Where the media of its card are, for a post that has no files of its own: a link that `is_known`, or one that its
    /// instance knows to be a video or a picture. Any other link is a page that the post speaks of, not its media.
    pub(super) fn embedded(&self, is_known: impl Fn(&Url) -> bool) -> Option<Handoff> {
        let post = self.reblog.as_deref().unwrap_or(self);
        let card = post.card.as_ref()?;
        let url =
            Url::parse(card.url.as_deref()?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        if !matches!(card.kind.as_deref(), Some("video" | "photo")) && !is_known(&url) {
            return None;
        }
        let mut known = Known::default();
        (known.title, known.description) = (card.title.clone(), card.description.clone());
        if let Some(uri) = &post.uri {
            known.metadata.insert("uri".to_owned(), uri.as_str().into());
        }
        Some(Handoff::new(url).with_known(known))
    }
}
