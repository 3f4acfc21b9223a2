//! Credentials: their kinds, their values, and the registry that holds them by extractor name.

mod secret;
mod store;
mod token;

use std::{collections::BTreeMap, fmt};

pub(crate) use self::token::TokenCache;
pub use self::{
    secret::Secret,
    store::AuthStore,
    token::{AccessToken, TokenRequest},
};

use crate::{Error, ExtractorInfo, Result};

/// What kind of credential an extractor takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AuthKind {
    /// Nothing: the extractor works without a credential.
    None,
    /// A user name and a password.
    Basic,
    /// OAuth 2.0 client credentials (RFC 6749, section 4.4): a key and a secret.
    OAuth,
    /// A token that is sent as it is.
    Token,
}

impl fmt::Display for AuthKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::OAuth => "oauth",
            Self::Token => "token",
        })
    }
}

/// A credential. `Debug` shows its kind alone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// A user name and a password.
    #[non_exhaustive]
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// OAuth 2.0 client credentials.
    #[non_exhaustive]
    OAuth {
        /// The client's key (`client_id`).
        key: String,
        /// The client's secret (`client_secret`).
        secret: Secret,
    },
    /// A token.
    #[non_exhaustive]
    Token {
        /// The token.
        token: Secret,
    },
}

impl Credential {
    /// A user name and a password.
    pub fn basic(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::Basic { username: username.into(), password: password.into() }
    }

    /// OAuth 2.0 client credentials.
    pub fn oauth(key: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self::OAuth { key: key.into(), secret: secret.into() }
    }

    /// A token.
    pub fn token(token: impl Into<Secret>) -> Self {
        Self::Token { token: token.into() }
    }

    /// Reads `user:password`, `key:secret` or a token, by the first of `kinds` that fits: the kinds that an extractor
    /// takes, in its order.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid) where none fits.
    ///
    /// ```
    /// use qetch_core::{AuthKind, Credential};
    ///
    /// let credential = Credential::parse("me:pass:word", &[AuthKind::Basic]).unwrap();
    /// assert_eq!(credential, Credential::basic("me", "pass:word"));
    /// ```
    pub fn parse(text: &str, kinds: &[AuthKind]) -> Result<Self> {
        let pair = text.split_once(':').filter(|(left, right)| !left.is_empty() && !right.is_empty());
        let fitting = kinds.iter().find_map(|kind| match (kind, pair) {
            (AuthKind::Basic, Some((username, password))) => Some(Self::basic(username, password)),
            (AuthKind::OAuth, Some((key, secret))) => Some(Self::oauth(key, secret)),
            (AuthKind::Token, _) if !text.is_empty() => Some(Self::token(text)),
            _ => None,
        });
        fitting.ok_or_else(|| {
            let forms: Vec<_> = kinds.iter().filter_map(|kind| form(*kind)).collect();
            let expected = if forms.is_empty() { "no credential at all".into() } else { forms.join(" or ") };
            Error::invalid("the credential", format!("expected {expected}"))
        })
    }

    /// Its kind.
    pub fn kind(&self) -> AuthKind {
        match self {
            Self::Basic { .. } => AuthKind::Basic,
            Self::OAuth { .. } => AuthKind::OAuth,
            Self::Token { .. } => AuthKind::Token,
        }
    }
}

fn form(kind: AuthKind) -> Option<&'static str> {
    match kind {
        AuthKind::None => None,
        AuthKind::Basic => Some("`user:password`"),
        AuthKind::OAuth => Some("`key:secret`"),
        AuthKind::Token => Some("a token"),
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.kind())
    }
}

/// Credentials by the name of the extractor they are for. A value, given to a [`Context`](crate::Context).
///
/// ```
/// use qetch_core::{AuthRegistry, Credential};
///
/// let auth = AuthRegistry::new().with("gfycat", Credential::oauth("key", "secret"));
/// assert!(auth.get("gfycat").is_some() && auth.get("pond").is_none());
/// assert!(!format!("{auth:?}").contains("secret"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthRegistry {
    credentials: BTreeMap<String, Credential>,
}

impl AuthRegistry {
    /// A registry that holds none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `credential` for the extractor `name`, in place of one that was there.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, credential: Credential) -> Self {
        self.insert(name, credential);
        self
    }

    /// Adds `credential` for the extractor `name` and answers the one that was there.
    pub fn insert(&mut self, name: impl Into<String>, credential: Credential) -> Option<Credential> {
        self.credentials.insert(name.into(), credential)
    }

    /// Takes the credential of the extractor `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Credential> {
        self.credentials.remove(name)
    }

    /// The credential of the extractor `name`.
    pub fn get(&self, name: &str) -> Option<&Credential> {
        self.credentials.get(name)
    }

    /// Names and credentials, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Credential)> {
        self.credentials.iter().map(|(name, credential)| (name.as_str(), credential))
    }

    /// What must not be seen of the credentials: passwords, keys, secrets and tokens.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.credentials.values().flat_map(|credential| match credential {
            Credential::Basic { password, .. } => vec![password.expose()],
            Credential::OAuth { key, secret } => vec![key, secret.expose()],
            Credential::Token { token } => vec![token.expose()],
        })
    }

    /// Adds what the variables `QETCH_AUTH_<NAME>` hold, which win over what is there. The name is the extractor's in
    /// upper case, with `_` for what is no letter or digit; the value is read as [`Credential::parse`] reads it.
    ///
    /// `variables` are given, since a library does not look into the environment by itself.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid), naming the variable, where its value fits none of the kinds its extractor takes.
    pub fn with_variables<'a>(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
        extractors: impl IntoIterator<Item = &'a ExtractorInfo>,
    ) -> Result<Self> {
        let values: BTreeMap<String, String> = variables.into_iter().collect();
        for info in extractors {
            let variable = variable_for(info.name());
            if let Some(value) = values.get(&variable) {
                let credential =
                    Credential::parse(value, info.auth_kinds()).map_err(|error| match error {
                        Error::Invalid { reason, .. } => {
                            Error::invalid(format!("the variable {variable}"), reason)
                        }
                        other => other,
                    })?;
                self.insert(info.name(), credential);
            }
        }
        Ok(self)
    }
}

/// The environment variable that holds the credential of the extractor `name`.
fn variable_for(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("QETCH_AUTH_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_an_extractor_takes_decide_how_a_text_is_read() {
        use AuthKind::{Basic, None, OAuth, Token};
        let check = |text, kinds: &[AuthKind], expected| {
            assert_eq!(Credential::parse(text, kinds).ok(), expected, "{text} {kinds:?}");
        };
        check("a:b", &[OAuth, Basic], Some(Credential::oauth("a", "b")));
        check("a:b", &[None, Basic], Some(Credential::basic("a", "b")));
        check("a:b", &[Token], Some(Credential::token("a:b")));
        check("ab", &[Basic, Token], Some(Credential::token("ab")));
        check("ab", &[Basic], Option::None);
        check(":b", &[Basic], Option::None);
        check("", &[Token], Option::None);
    }

    #[test]
    fn a_variable_wins_and_a_wrong_one_is_named_without_its_value() {
        let gfycat = ExtractorInfo::new("gfycat", "").with_auth([AuthKind::None, AuthKind::OAuth]);
        let variables = |value: &str| [("QETCH_AUTH_GFYCAT".to_owned(), value.to_owned())];
        let auth = AuthRegistry::new().with("gfycat", Credential::oauth("old", "old"));

        let won = auth.clone().with_variables(variables("new:s3cret"), [&gfycat]).unwrap();
        assert_eq!(won.get("gfycat"), Some(&Credential::oauth("new", "s3cret")));

        let error = auth.with_variables(variables("s3cret"), [&gfycat]).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("QETCH_AUTH_GFYCAT") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn names_become_variables() {
        assert_eq!(variable_for("media-ccc 4"), "QETCH_AUTH_MEDIA_CCC_4");
    }

    #[test]
    fn debug_shows_no_secret() {
        let credentials = [Credential::basic("u", "hunter2"), Credential::token("hunter2")];
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
