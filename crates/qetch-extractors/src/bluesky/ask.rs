//! `Site`: what the API and the DID documents are asked, and what their refusals mean.

use qetch_core::{Answer, Context, Error, ExtractorInfo, Request, Result, Url, Warning};
use serde_json::Value;

use super::{NAME, blob::linked};

const API: &str = "https://public.api.bsky.app/xrpc/";

/// Where DIDs of the method `plc` are documented.
const PLC: &str = "https://plc.directory/";

/// The network, for one extraction.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) cx: Context,
    info: ExtractorInfo,
    /// The link that led here.
    pub(super) source: Url,
}

impl Site {
    pub(super) fn of(cx: &Context, info: &ExtractorInfo, source: &Url) -> Self {
        Self { cx: cx.clone(), info: info.clone(), source: source.clone() }
    }

    pub(super) fn warning(&self, message: impl AsRef<str>) -> Warning {
        self.info.warning(message)
    }

    /// What `method` answers; `what` names what is asked for where it is refused.
    pub(super) async fn ask(&self, method: &str, query: &[(&str, &str)], what: &str) -> Result<Value> {
        let mut url: Url = API.parse::<Url>()?.join(method)?;
        url.query_pairs_mut().extend_pairs(query);
        let answer = self.cx.send(Request::get(url)).await?;
        match refusal(&answer, what) {
            Some(error) => Err(error),
            None => answer.about(what)?.json(NAME),
        }
    }

    /// The DID of an account: most methods take no handle within a URI.
    pub(super) async fn did(&self, actor: &str) -> Result<String> {
        if actor.starts_with("did:") {
            return Ok(actor.to_owned());
        }
        let method = "com.atproto.identity.resolveHandle";
        let answer = self.ask(method, &[("handle", actor)], &format!("the account {actor}")).await?;
        let did = answer["did"].as_str().filter(|did| is_did(did));
        did.map(str::to_owned).ok_or_else(|| Error::site_changed(NAME, "$.did", "no DID"))
    }

    /// The server where the blobs of an account lie. It is anyone's: what goes wrong with it is told in `warnings` and costs
    /// the originals alone.
    pub(super) async fn home(&self, did: &str, warnings: &mut Vec<Warning>) -> Option<Url> {
        match self.documented(did).await {
            Ok(home) => Some(home),
            Err(error) => {
                let message =
                    format!("the originals of {did} are left out: its server is not known: {error}");
                warnings.push(self.warning(message));
                None
            }
        }
    }

    /// The service `#atproto_pds` of the document of a DID (<https://atproto.com/specs/did>).
    async fn documented(&self, did: &str) -> Result<Url> {
        let url = match did.strip_prefix("did:web:") {
            Some(host) => format!("https://{host}/.well-known/did.json"),
            None => format!("{PLC}{did}"),
        };
        let document: Value = self.cx.get_json(url.parse()?).await?;
        let services = document["service"].as_array().into_iter().flatten();
        let is_home =
            |service: &&Value| service["id"].as_str().is_some_and(|id| id.ends_with("#atproto_pds"));
        let home = services.into_iter().find(is_home).and_then(|service| service["serviceEndpoint"].as_str());
        home.and_then(linked).ok_or_else(|| Error::site_changed(NAME, "$.service", "no link of a server"))
    }
}

/// Whether a DID is of a method that the network takes. What a path could be made of is none.
pub(super) fn is_did(text: &str) -> bool {
    let id = text.strip_prefix("did:plc:").or_else(|| text.strip_prefix("did:web:"));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    id.is_some_and(|id| !id.is_empty() && id.chars().all(is_plain))
}

/// The error that an answer is which is no success: `{"error": NAME, "message": …}` (<https://atproto.com/specs/xrpc>). Accounts
/// and handles that nobody has go by the name of a wrong request, and their message tells.
fn refusal(answer: &Answer, what: &str) -> Option<Error> {
    let status = answer.status();
    if (200..300).contains(&status) {
        return None;
    }
    let said: Value = answer.json(NAME).unwrap_or_default();
    let message = said["message"].as_str().unwrap_or_default().to_ascii_lowercase();
    let host = || answer.url().host_str().unwrap_or_default().to_owned();
    match said["error"].as_str().unwrap_or_default() {
        "NotFound" | "UnknownFeed" | "UnknownList" => Some(Error::not_found(what)),
        "AccountTakedown" | "AccountDeactivated" | "AccountSuspended" | "RepoNotFound" | "RepoTakendown"
        | "RepoDeactivated" | "RepoSuspended" => Some(Error::gone(what)),
        "BlockedActor" | "BlockedByActor" => Some(Error::private(what)),
        "AuthMissing" | "AuthenticationRequired" | "InvalidToken" => Some(Error::login_required(NAME, [])),
        "InvalidRequest" if says_missing(&message) => Some(Error::not_found(what)),
        "InvalidRequest" => Some(Error::invalid(what, "the API takes it for no request of its own")),
        "UpstreamFailure" | "UpstreamTimeout" | "NotEnoughResources" => Some(Error::over_capacity(host())),
        _ if status == 401 => Some(Error::login_required(NAME, [])),
        _ if matches!(status, 502 | 504) => Some(Error::over_capacity(host())),
        _ => None,
    }
}

fn says_missing(message: &str) -> bool {
    ["not found", "unable to resolve", "could not find", "could not locate"]
        .iter()
        .any(|words| message.contains(words))
}
