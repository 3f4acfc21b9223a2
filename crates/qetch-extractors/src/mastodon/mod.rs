//! Mastodon, and what speaks its API: any instance, told by what it answers and not by a list of hosts.
//!
//! The API is the one of <https://docs.joinmastodon.org/api/>, which Pleroma, Akkoma, GoToSocial and Pixelfed have too. Links of
//! all of them are known, on any host; that it is one of them their pages tell. Mastodon, Pleroma and Akkoma answer
//! without a token for what is public; GoToSocial and Pixelfed answer nobody without one, and what the page of a post shows is
//! left to the extractor `page` where there is no token.
//!
//! A post is a resource for each attachment. Where it is of another instance, the file at its home comes first and the copy of
//! the instance that was asked second. A boost is the post that it boosts. A post without files whose card is a video, a
//! picture, or a link that another extractor knows is a hand-off to that. The feed of an account has what it posted and not
//! what it boosted; feeds have files alone, no cards.

mod attachment;
mod feed;
mod instance;
mod links;
mod marks;
mod post;
#[cfg(test)]
mod tests;

use std::time::Duration;

use qetch_core::{
    Answer, AuthKind, Claim, Context, Error, Extraction, Extractor, ExtractorInfo, Found, Handoff, Result,
    Url, async_trait, shown,
};

use self::{
    attachment::Missing,
    feed::Feed,
    instance::{Instance, needs_token},
    links::{Form, Own, Who},
    marks::Software,
    post::{Account, Post},
};

/// The extractor of every instance of the Mastodon API.
///
/// It takes a token, and works without for what is public. Since any host may be an instance, the option `instance` says
/// which one the token is of: it is sent to that host alone, over https, and nowhere while the option is not set. It is not sent
/// with the first request, by which an instance is recognised: a post that its page hides from strangers is found by
/// `https://HOST/statuses/ID`, which Mastodon shows to everybody.
///
/// ```
/// use qetch_core::{Claim, Extractor as _, Url};
/// use qetch_extractors::mastodon::Mastodon;
///
/// let url = Url::parse("https://social.example/@ada/110447003454258227").unwrap();
/// assert_eq!(Mastodon::new().can_handle(&url), Claim::Perhaps);
/// ```
#[derive(Debug)]
pub struct Mastodon {
    info: ExtractorInfo,
}

const NAME: &str = "mastodon";

/// The option that says which instance the token is of.
const INSTANCE: &str = "instance";

/// The extractor of pages, which finds what the page itself shows where the API shows nothing.
const PAGE: &str = "page";

/// 300 requests in 5 minutes (<https://docs.joinmastodon.org/api/rate-limits/>).
const INTERVAL: Duration = Duration::from_secs(1);

impl Mastodon {
    /// The extractor.
    pub fn new() -> Self {
        let info = ExtractorInfo::new(NAME, "Posts and accounts of any instance of the Mastodon API")
            .with_handles(links::handles())
            .with_auth([AuthKind::Token, AuthKind::None])
            .with_option(
                INSTANCE,
                "the host that the token is of; it is sent to no other, and nowhere while this is not set",
            )
            .with_interval(INTERVAL);
        Self { info }
    }

    /// Where to ask, and for what. A page that has moved to another host is asked for there; one that leads to another
    /// instance's is still the one of the instance that was named.
    fn place(&self, url: &Url, first: &Answer) -> Result<(Url, Form)> {
        let form = Form::of(self.info.handles(), url)?;
        match Form::of(self.info.handles(), first.url()) {
            Ok(Form::Object) | Err(_) if form == Form::Object => Err(leads_nowhere(url)),
            Ok(led) if led == form || form == Form::Object => Ok((first.url().clone(), led)),
            _ => Ok((url.clone(), form)),
        }
    }

    /// The media of one post.
    async fn post(&self, cx: &Context, instance: &Instance, id: &str, source: &Url) -> Result<Extraction> {
        let what = format!("the post {id} of {}", instance.name());
        let answer = instance.ask(instance.method(["statuses", id], &[])?, &what).await?;
        let post: Post = answer.json(NAME)?;
        let media = post.media("$", &instance.name(), source)?;
        if media.found.is_empty() {
            if let Some((path, missing)) = media.left_out.first() {
                return Err(match missing {
                    Missing::Field(field, problem) => {
                        Error::site_changed(NAME, format!("{path}{field}"), *problem)
                    }
                    Missing::NotReady => Error::not_ready(format!("the media of {what}")),
                });
            }
            return match post.embedded(|url| cx.knows(url)) {
                Some(handoff) => Ok(Extraction::once(handoff)),
                None => Err(Error::unsupported(what, "it has neither files nor a video that it embeds")),
            };
        }
        // Warnings come first: most readers stop at the resource.
        let warnings: Vec<_> = media
            .left_out
            .iter()
            .map(|(path, missing)| self.info.warning(missing.shown(path)).into())
            .collect();
        Ok(Extraction::of(warnings.into_iter().chain(media.found.into_iter().map(Found::from))))
    }

    /// The account that is meant: its id and what its feed is called.
    async fn account(&self, instance: &Instance, who: &Who) -> Result<(String, String)> {
        let what = format!("the account {} of {}", who.shown(), instance.name());
        let url = match who {
            Who::Id(id) => instance.method(["accounts", id], &[])?,
            Who::Name(name) => instance.method(["accounts", "lookup"], &[("acct", name)])?,
        };
        let answer = instance.ask(url, &what).await?;
        let account: Account = answer.json(NAME)?;
        if account.suspended == Some(true) {
            return Err(Error::gone(what));
        }
        let id = account.id.as_deref().filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let id = id.ok_or_else(|| Error::site_changed(NAME, "$.id", "no id"))?;
        Ok((id.to_owned(), format!("@{}", account.acct.as_deref().unwrap_or_else(|| who.shown()))))
    }
}

impl Default for Mastodon {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Extractor for Mastodon {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    fn can_handle(&self, url: &Url) -> Claim {
        if links::may_be(url.path()) { self.info.handles().claim(url) } else { Claim::No }
    }

    fn recognise(&self, answer: &Answer) -> bool {
        Software::of(answer).is_some()
    }

    async fn extract(&self, cx: &Context, url: &Url) -> Result<Extraction> {
        let first = cx.first_answer(url).await?;
        let (at, form) = self.place(url, &first)?;
        let instance = Instance::of(cx, &at);
        let answers_nobody = Software::of(&first).is_some_and(Software::answers_nobody);
        // Of an account or a tag its page shows a portrait, if anything.
        let is_shown = matches!(form, Form::Post(_)) && cx.has_extractor(PAGE);
        if answers_nobody && is_shown && instance.token().is_none() {
            return Ok(Extraction::once(Handoff::new(url.clone()).to(PAGE)));
        }
        // The page has told what it can: its connection is free for others.
        drop(cx.take_parked(url));
        let feed = |title: String| Feed::new(&self.info, instance.clone(), title, url);
        match form {
            Form::Post(id) => self.post(cx, &instance, &id, url).await,
            Form::Account(who, tag) => {
                let (id, title) = self.account(&instance, &who).await?;
                let mut query = vec![("only_media", "true"), ("exclude_reblogs", "true")];
                query.extend(tag.as_deref().map(|tag| ("tagged", tag)));
                feed(title).posts(instance.method(["accounts", &id, "statuses"], &query)?).await
            }
            Form::Following(who) => {
                let (id, title) = self.account(&instance, &who).await?;
                feed(title).accounts(instance.method(["accounts", &id, "following"], &[])?).await
            }
            Form::Tag(tag) => {
                let method = instance.method(["timelines", "tag", &tag], &[("only_media", "true")])?;
                feed(format!("#{tag}")).posts(method).await
            }
            Form::Own(_) if instance.token().is_none() => Err(needs_token()),
            Form::Own(Own::Bookmarks) => {
                feed("bookmarks".to_owned()).posts(instance.method(["bookmarks"], &[])?).await
            }
            Form::Own(Own::Favourites) => {
                feed("favourites".to_owned()).posts(instance.method(["favourites"], &[])?).await
            }
            Form::Own(Own::List(id)) => {
                let method = instance.method(["timelines", "list", &id], &[])?;
                feed(format!("list {id}")).posts(method).await
            }
            Form::Object => Err(leads_nowhere(url)),
        }
    }
}

/// Only where the link of an object leads to tells what it is.
fn leads_nowhere(url: &Url) -> Error {
    Error::unsupported(shown(url), "it does not lead to a post")
}
