//! A post as the API tells of it, and the resources that its attachments are made into.

use qetch_core::{Collection, Error, Handoff, Known, Result, Url, Variants, lenient, link};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    NAME,
    attachment::{Attachment, Missing},
};
use crate::common_prose::text;

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
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) suspended: Option<bool>,
}

impl Account {
    /// Its page, at its home.
    pub(super) fn page(&self) -> Option<Url> {
        link::whole(self.url.as_deref()?)
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

/// How many characters of a post a title has at most.
const TITLE: usize = 100;

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
            let path = format!("{path}.media_attachments");
            return Err(Error::site_changed(NAME, path, "no list of attachments"));
        };
        let booster = self.reblog.as_ref().and(self.account.as_ref()).and_then(|it| it.acct.as_deref());
        let known = post.known(booster);
        let count = attachments.len() as u64;
        let mut media = Media { found: Vec::new(), left_out: Vec::new() };
        for (value, index) in attachments.iter().zip(1..) {
            if index > ATTACHMENTS {
                let path = format!("{path}.media_attachments[{}]", index - 1);
                media.left_out.push((path, Missing::Field("", "more than are read")));
                break;
            }
            let contents = match Attachment::deserialize(value) {
                Ok(attachment) => attachment.contents(host, source),
                Err(_) => Err(Missing::Field("", "no attachment")),
            };
            match contents {
                Ok(contents) => {
                    let mut variants = Variants::ranked(contents)?.with_known(&known);
                    if count > 1 {
                        let mut collection = Collection::default().with_index(index).with_count(count);
                        collection.title.clone_from(&known.title);
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

    /// What all contents of the post have in common.
    fn known(&self, booster: Option<&str>) -> Known {
        let mut known = Known::default();
        let words = self.words();
        let account = self.account.as_ref();
        let acct = account.and_then(|account| account.acct.as_deref());
        let title = self.spoiler_text.as_deref().and_then(title).or_else(|| title(words.as_deref()?));
        known.title = title.or_else(|| Some(format!("@{}", acct?)));
        known.uploaded_by = account.and_then(Account::shown);
        known.uploaded_date = self.created_at.as_deref().and_then(|date| date.parse().ok());
        known.tags = self.tags();
        let quoted = self.quote.as_ref().and_then(|quote| quote.quoted_status.as_ref());
        let own = [
            ("status_id", self.id.as_deref()),
            ("uri", self.uri.as_deref()),
            ("url", self.url.as_deref()),
            ("acct", acct),
            ("spoiler_text", self.spoiler_text.as_deref()),
            ("text", words.as_deref()),
            ("reblogged_by", booster),
            ("quoted_status", quoted.and_then(|post| post.uri.as_deref())),
        ];
        known.metadata = lenient::telling(&self.rest, &KEPT);
        known
            .metadata
            .extend(own.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
        known.description = words;
        known
    }

    /// What it says, as plain text.
    fn words(&self) -> Option<String> {
        let plain = || self.text.clone().filter(|text| !text.is_empty());
        self.content.as_deref().map_or_else(plain, text)
    }

    fn tags(&self) -> Vec<String> {
        let tags = self.tags.iter().flatten();
        tags.filter_map(|tag| lenient::text_of(tag.get("name")?)).collect()
    }

    /// Where the media of its card are, for a post that has no files of its own: a link that `is_known`, or one that its
    /// instance knows to be a video or a picture. Any other link is a page that the post speaks of, not its media.
    pub(super) fn embedded(&self, is_known: impl Fn(&Url) -> bool) -> Option<Handoff> {
        let post = self.reblog.as_deref().unwrap_or(self);
        let card = post.card.as_ref()?;
        let url = link::whole(card.url.as_deref()?)?;
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

/// The first line of `text`, not too long for a title; `None` where there is none.
fn title(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    match line.char_indices().nth(TITLE) {
        None => Some(line.to_owned()),
        Some((end, _)) => Some(format!("{}…", line[..end].trim_end())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_of_bounded_length() {
        assert_eq!(title("\n  \n one \ntwo").as_deref(), Some("one"));
        assert_eq!(title(" \n"), None);
        let long = title(&"ä".repeat(500)).unwrap();
        assert_eq!(long.chars().count(), TITLE + 1);
        assert!(long.ends_with('…'));
        assert_eq!(title(&"b".repeat(TITLE)).unwrap().len(), TITLE);
    }
}
