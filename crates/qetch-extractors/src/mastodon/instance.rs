//! One instance: what its API is asked, with which token, and what it says where it refuses.

use qetch_core::{
    Answer, AuthKind, Context, Credential, Error, Request, Result, Secret, Url, http::header, lenient, link,
};
use serde::Deserialize;

use super::{INSTANCE, NAME};

/// One instance. Requests go to the scheme, host and port of the link, and nowhere else.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    cx: Context,
    at: Url,
}

/// The most bytes of an answer: each content of a post has a copy of what is told of the post.
const MOST_BYTES: usize = 2 << 20;

/// What an answer says where it refuses.
#[derive(Deserialize)]
struct Complaint {
    #[serde(default, deserialize_with = "lenient::text")]
    error: Option<String>,
}

impl Instance {
    /// The instance that `link` leads to.
    pub(super) fn of(cx: &Context, link: &Url) -> Self {
        Self { cx: cx.clone(), at: link.clone() }
    }

    /// Its host, with the port where that is not the scheme's own.
    pub(super) fn name(&self) -> String {
        let host = self.at.host_str().unwrap_or_default();
        self.at.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The address of a method of its API, such as `statuses` and `1`.
    pub(super) fn method<'a>(
        &self,
        method: impl IntoIterator<Item = &'a str>,
        query: &[(&str, &str)],
    ) -> Result<Url> {
        let mut url = link::joined(self.at.join("/")?.as_str(), ["api", "v1"].into_iter().chain(method))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// Asks for `what`, which is at `url`.
    ///
    /// # Errors
    /// By what the instance says: see [`refusal`](Self::refusal).
    pub(super) async fn ask(&self, url: Url, what: &str) -> Result<Answer> {
        let mut request = Request::get(url).with_limit(MOST_BYTES);
        if let Some(token) = self.token() {
            request = request.with_bearer(token);
        }
        let answer = self.cx.send(request).await?;
        match self.refusal(&answer, what) {
            Some(error) => Err(error),
            None => answer.about(what),
        }
    }

    /// The user's token, where it is of this instance: it is sent nowhere else, and over https alone.
    pub(super) fn token(&self) -> Option<&Secret> {
        let own = self.cx.option(INSTANCE)?.trim().trim_start_matches("https://").trim_end_matches('/');
        // Read as a URL, so that case and other spellings of a name make no difference.
        let own = Url::parse(&format!("https://{own}/")).ok()?;
        match self.cx.credential()? {
            Credential::Token { token, .. } if own.origin() == self.at.origin() => Some(token),
            _ => None,
        }
    }

    /// What the instance says where it refuses: `{"error": "…"}` with a status
    /// (<https://docs.joinmastodon.org/entities/Error/>). A post that is not for everybody is not found rather than private:
    /// the API does not tell them apart.
    fn refusal(&self, answer: &Answer, what: &str) -> Option<Error> {
        if !matches!(answer.status(), 401 | 403 | 422) {
            return None;
        }
        let said =
            answer.json::<Complaint>(NAME).ok().and_then(|it| it.error).map(|it| it.to_ascii_lowercase());
        let says =
            |words: &[&str]| said.as_deref().is_some_and(|said| words.iter().any(|word| said.contains(word)));
        let wants_user = || says(&["authenticated user", "credentials", "login", "scope", "access token"]);
        match answer.status() {
            401 => Some(needs_token()),
            403 | 422 if wants_user() => Some(needs_token()),
            403 if said.is_some() => Some(Error::private(what)),
            _ => None,
        }
    }
}

/// A token would serve, or the one that was given is not enough.
pub(super) fn needs_token() -> Error {
    Error::login_required(NAME, [AuthKind::Token])
}

/// The address of the next page: the query that `Link: <…>; rel="next"` names (RFC 8288), at the address of this one.
/// Whatever host an instance believes to be called, the one that was asked is asked again. `None` at the end.
pub(super) fn next_page(answer: &Answer, asked: &Url) -> Option<Url> {
    let links = answer.headers().get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    let next = links.flat_map(|links| links.split('<').skip(1)).find_map(|link| {
        let (target, parameters) = link.split_once('>')?;
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let relation = parameter.trim().strip_prefix("rel=");
            relation.is_some_and(|it| it.trim_matches('"').eq_ignore_ascii_case("next"))
        });
        is_next.then_some(target)
    })?;
    let query = asked.join(next).ok()?.query().filter(|query| !query.is_empty())?.to_owned();
    let mut url = asked.clone();
    url.set_query(Some(&query));
    // A page that names itself as its next one would be asked for without end.
    (url != *asked).then_some(url)
}

#[cfg(test)]
mod tests {
    use qetch_core::http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn the_next_page_is_of_the_same_instance() {
        let asked = Url::parse("https://a.example/api/v1/timelines/tag/x?limit=40").unwrap();
        let check = |link: &str, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::LINK, link.parse().unwrap());
            let answer = Answer::new(StatusCode::OK, headers, asked.clone(), "");
            let next = next_page(&answer, &asked);
            assert_eq!(next.as_ref().and_then(Url::query), expected, "{link}");
            assert!(next.is_none_or(|next| next.origin() == asked.origin() && next.path() == asked.path()));
        };
        check(
            r#"<https://a.example/api/v1/timelines/tag/x?limit=40&max_id=9>; rel="next""#,
            Some("limit=40&max_id=9"),
        );
        check(
            r#"<https://a.example/x?min_id=8>; rel="prev", <https://a.example/x?max_id=7>; rel="next""#,
            Some("max_id=7"),
        );
        check("</x?max_id=6>; rel=next", Some("max_id=6"));
        check(r#"<http://127.0.0.1:3000/x?max_id=5>; title="a"; rel="next""#, Some("max_id=5"));
        check(r#"<https://a.example/x?min_id=8>; rel="prev""#, None);
        check(r#"<https://a.example/x>; rel="next""#, None);
        check(r#"<https://a.example/x?limit=40>; rel="next""#, None);
        check("nonsense", None);
        check("<", None);
    }
}
