//! `Scope`: who a context works for, and what the user typed for it.

use std::sync::Arc;

use http::HeaderMap;
use url::Url;

use super::Context;
use crate::{
    Answer, Credential, ExtractorInfo, Floor, Registry, UserHeaders,
    hosts::{HostKey, Task, Waits},
    shown::strip,
};

/// Who a context works for.
#[derive(Clone, Default)]
pub(crate) struct Scope {
    pub(crate) info: Option<ExtractorInfo>,
    /// Who else is there.
    pub(super) registry: Option<Registry>,
    pub(super) first_answer: Option<(Url, Arc<Answer>)>,
    /// What the user wrote before the `@` of a link, for its origin alone.
    pub(super) typed: Option<(HostKey, Credential)>,
    /// The headers of the user's own, and the origins that may have those which may be secrets.
    pub(super) headers: Option<(UserHeaders, Vec<HostKey>)>,
    /// That of the URL which a person gave.
    pub(super) floor: Option<Floor>,
    /// The extraction it is asked for, in whose name what we mean to wait is waited.
    pub(super) extraction: Option<Task>,
}

/// Whose an answer is: what was sent with its request that others may not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    typed: Option<Credential>,
    headers: HeaderMap,
    /// And where it may have come from.
    floor: Option<Floor>,
}

impl Context {
    /// This context, working for the extractor that `info` tells of.
    pub(crate) fn scoped(&self, info: &ExtractorInfo) -> Self {
        self.with_scope(Scope { info: Some(info.clone()), first_answer: None, ..(*self.scope).clone() })
    }

    /// This context, with the first answer to `url`, by which its extractor was recognised.
    pub(crate) fn with_first_answer(&self, url: &Url, answer: Arc<Answer>) -> Self {
        self.with_scope(Scope { first_answer: Some((url.clone(), answer)), ..(*self.scope).clone() })
    }

    /// This context, for an extractor of `registry`.
    pub(crate) fn among(&self, registry: &Registry) -> Self {
        self.with_scope(Scope { registry: Some(registry.clone()), ..(*self.scope).clone() })
    }

    /// This context, for requests under `floor`.
    pub(super) fn with_floor(&self, floor: Floor) -> Self {
        self.with_scope(Scope { floor: Some(floor), ..(*self.scope).clone() })
    }

    /// This context, for one extraction, and what tells whether that waits right now because we mean it to.
    pub(crate) fn for_extraction(&self) -> (Self, Task) {
        let task = Task::default();
        (self.with_scope(Scope { extraction: Some(task.clone()), ..(*self.scope).clone() }), task)
    }

    /// Counts a wait that we mean, as our host limits and the intervals of extractors ask for, until what is answered is
    /// dropped.
    pub(crate) fn waits(&self) -> (Waits, Option<Waits>) {
        (self.task.waits(), self.scope.extraction.as_ref().map(Task::waits))
    }

    fn with_scope(&self, scope: Scope) -> Self {
        Self { scope: Arc::new(scope), ..self.clone() }
    }

    /// This context, for one download: hosts are shared fairly between downloads, and each knows of its own waits. Clones
    /// of the answer are the same download; asked again, this is another. The registry calls it for each download.
    #[must_use]
    pub fn for_download(&self) -> Self {
        Self { task: Task::default(), ..self.clone() }
    }

    /// Whether something that is asked for through this context, or through another of the same
    /// [download](Context::for_download), waits right now because it is meant to: as its host asked, for a connection while
    /// all of the host's are taken, or for the interval its extractor keeps. A watchdog does not count such time.
    pub fn is_waiting(&self) -> bool {
        self.task.is_waiting()
    }

    /// Takes what a person wrote before the `@` of a link out of it: the answer is a context that sends it to the origin
    /// of that link alone, and the link without it. Use that context for the extraction and for the downloads that
    /// follow it; other contexts, this one included, know nothing of it.
    ///
    /// ```
    /// use qetch_core::{Context, Url};
    ///
    /// let link = Url::parse("https://me:pw@files.example/a.mp4").unwrap();
    /// let (_mine, bare) = Context::new().adopt(&link);
    /// assert_eq!(bare.as_str(), "https://files.example/a.mp4");
    /// ```
    #[must_use]
    pub fn adopt(&self, link: &Url) -> (Self, Url) {
        let mut bare = link.clone();
        if link.username().is_empty() && link.password().is_none() {
            return (self.clone(), bare);
        }
        strip(&mut bare);
        let credential =
            Credential::basic(decoded(link.username()), decoded(link.password().unwrap_or_default()));
        let typed = Some((HostKey::of(&bare), credential));
        (self.with_scope(Scope { typed, ..(*self.scope).clone() }), bare)
    }

    /// This context, with headers of the user's own on every request, in place of those set with
    /// [`ContextBuilder::headers`](crate::ContextBuilder::headers). Those that [may be secrets](UserHeaders) go to the origins
    /// of the links that the user `typed` alone: scheme, host and port, so that no redirect, no hand-off and no saved content
    /// takes them elsewhere.
    ///
    /// ```
    /// use qetch_core::{Context, Url, UserHeaders};
    ///
    /// let link = Url::parse("https://files.example/a.mp4").unwrap();
    /// let headers = UserHeaders::new().with("Cookie", "session=s3cret").unwrap();
    /// let mine = Context::new().with_headers(headers, [&link]);
    /// # let _ = mine;
    /// ```
    #[must_use]
    pub fn with_headers<'a>(&self, headers: UserHeaders, typed: impl IntoIterator<Item = &'a Url>) -> Self {
        let origins = || typed.into_iter().map(HostKey::of).collect();
        let headers = (!headers.is_empty()).then(|| (headers, origins()));
        if headers.is_none() && self.scope.headers.is_none() {
            return self.clone();
        }
        self.with_scope(Scope { headers, ..(*self.scope).clone() })
    }

    /// The headers of the user's own for a request to this origin.
    pub(crate) fn user_headers(&self, url: &Url) -> HeaderMap {
        let Some((headers, origins)) = &self.scope.headers else { return HeaderMap::new() };
        headers.of_origin(origins.contains(&HostKey::of(url)))
    }

    /// Whose the answer to a request for `url` is.
    pub(super) fn owner(&self, url: &Url) -> Owner {
        let (typed, headers) = (self.typed_credential(url), self.user_headers(url));
        Owner { typed, headers, floor: self.scope.floor }
    }

    /// What the user wrote before the `@` of a link to this origin.
    pub(crate) fn typed_credential(&self, url: &Url) -> Option<Credential> {
        let (key, credential) = self.scope.typed.as_ref()?;
        (*key == HostKey::of(url)).then(|| credential.clone())
    }

    /// Whether the credential of the extractor it works for may go to `url`.
    pub(crate) fn trusts(&self, url: &Url) -> bool {
        self.scope.info.as_ref().is_some_and(|info| info.trusts(url))
    }
}

/// User information is percent-encoded in a URL (RFC 3986, section 3.2.1).
fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_information_leaves_the_url_and_stays_with_its_origin() {
        let cx = Context::new();
        let (mine, bare) = cx.adopt(&Url::parse("https://me:a%40b@h.example/x").unwrap());
        assert_eq!(bare.as_str(), "https://h.example/x");
        assert_eq!(mine.typed_credential(&bare), Some(Credential::basic("me", "a@b")));
        assert_eq!(mine.typed_credential(&Url::parse("http://h.example/x").unwrap()), None);
        assert_eq!(cx.typed_credential(&bare), None);
    }
}
