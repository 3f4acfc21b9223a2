//! A wiremock server that stands for every host: requests are routed to it with their `Host` header kept.

use qetch::{Qetch, QetchBuilder, Registry};
use serde_json::Value;
use wiremock::{
    Match, Mock, MockBuilder, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path},
};

use crate::url;

/// The server.
#[derive(Debug)]
pub struct Site(MockServer);

impl Site {
    /// A site that knows nothing yet: 404 everywhere.
    pub async fn start() -> Self {
        Self(MockServer::start().await)
    }

    /// Its own URL.
    pub fn uri(&self) -> String {
        self.0.uri()
    }

    /// A builder of the facade whose every host is this site.
    pub fn qetch(&self) -> QetchBuilder {
        Qetch::builder().route("*", &url(&self.0.uri())).unwrap()
    }

    /// Answers GETs of this path on this host, exactly `times` times: the test fails otherwise.
    pub async fn gets(&self, host: &str, at: &str, answer: ResponseTemplate, times: u64) {
        self.mount(on(host, "GET", at).respond_with(answer).expect(times)).await;
    }

    /// Adds a mock of the test's own.
    pub async fn mount(&self, mock: Mock) {
        self.0.register(mock).await;
    }

    /// What it was asked, as method, host and path with query, in order.
    pub async fn asked(&self) -> Vec<String> {
        let requests = self.0.received_requests().await.unwrap_or_default();
        requests.iter().map(asked).collect()
    }

    /// Checks what was expected, and forgets everything.
    pub async fn reset(&self) {
        self.0.verify().await;
        self.0.reset().await;
    }
}

fn asked(request: &Request) -> String {
    let host = request.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("?");
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{} {host}{}{query}", request.method, request.url.path())
}

/// A mock for this method and path on this host.
pub fn on(host: &str, verb: &str, at: &str) -> MockBuilder {
    Mock::given(method(verb)).and(header("host", host)).and(path(at))
}

/// A JSON answer.
pub fn json(value: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(value)
}

/// Matches requests that carry this bearer token.
pub fn bearer(token: &str) -> impl Match + use<> {
    header("authorization", format!("Bearer {token}").as_str())
}

/// Matches requests without credentials.
pub fn no_credentials(request: &Request) -> bool {
    !request.headers.contains_key("authorization")
}

/// A registry with every built-in.
pub fn builtins() -> Registry {
    Registry::new().with_builtin(qetch::extractors::builtin()).with_downloaders(qetch::downloaders::builtin())
}
