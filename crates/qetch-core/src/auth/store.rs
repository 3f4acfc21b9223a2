//! `AuthStore`: credentials in a file that its owner alone may read.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{AuthRegistry, Credential};
use crate::{Error, Result, files};

/// Credentials kept in a file: mode 0600 where the system has modes, and replaced atomically, so that a reader sees
/// the old file or the new one and a crash leaves one of them.
///
/// Its functions block; from async code call them on a blocking thread.
///
/// ```
/// use qetch_core::{AuthStore, Credential};
///
/// let directory = tempfile::tempdir().unwrap();
/// let store = AuthStore::new(directory.path().join("auth.json"));
/// store.change(|auth| auth.insert("gfycat", Credential::oauth("key", "secret"))).unwrap();
/// assert!(store.load().unwrap().get("gfycat").is_some());
/// ```
#[derive(Clone, Debug)]
pub struct AuthStore {
    path: PathBuf,
}

impl AuthStore {
    /// A store at `path`; neither the file nor its directory need exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds; nothing where there is no file.
    ///
    /// # Errors
    /// [`Io`](Error::Io) when it cannot be read, [`Invalid`](Error::Invalid) when it is not a store.
    pub fn load(&self) -> Result<AuthRegistry> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(AuthRegistry::new()),
            Err(error) => return Err(Error::io("read", &self.path, error)),
        };
        // The parser's own message may quote what it met, and that may be a secret.
        let saved: Saved = serde_json::from_slice(&bytes).map_err(|error| {
            let place =
                format!("line {}, column {}: not a store of credentials", error.line(), error.column());
            Error::invalid(self.path.display().to_string(), place)
        })?;
        let mut auth = AuthRegistry::new();
        for (name, credential) in saved.credentials {
            auth.insert(name, credential.into());
        }
        Ok(auth)
    }

    /// Loads it, lets `change` change it, and writes it back, with a lock held so that two programs that change it at
    /// once do not lose each other's change. Answers what `change` answers.
    ///
    /// # Errors
    /// As [`load`](AuthStore::load), and [`Io`](Error::Io) when it cannot be written.
    pub fn change<T>(&self, change: impl FnOnce(&mut AuthRegistry) -> T) -> Result<T> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory).map_err(|error| Error::io("create", directory, error))?;
        let lock_path = files::with_suffix(&self.path, ".lock");
        let lock = files::private_options().truncate(false).open(&lock_path);
        let lock = lock.map_err(|error| Error::io("open", &lock_path, error))?;
        lock.lock().map_err(|error| Error::io("lock", &lock_path, error))?;

        let mut auth = self.load()?;
        let answer = change(&mut auth);
        let credentials =
            auth.iter().map(|(name, credential)| (name.to_owned(), credential.into())).collect();
        let text = serde_json::to_vec_pretty(&Saved { credentials })
            .map_err(|error| Error::unexpected("credentials that cannot be written", Some(error.into())))?;
        files::replace_private(&self.path, &text)?;
        Ok(answer)
    }
}

/// The file: the only saved form that holds secrets.
#[derive(Serialize, Deserialize)]
struct Saved {
    credentials: std::collections::BTreeMap<String, SavedCredential>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum SavedCredential {
    Basic { username: String, password: String },
    OAuth { key: String, secret: String },
    Token { token: String },
}

impl From<&Credential> for SavedCredential {
    fn from(credential: &Credential) -> Self {
        match credential {
            Credential::Basic { username, password } => {
                Self::Basic { username: username.clone(), password: password.expose().to_owned() }
            }
            Credential::OAuth { key, secret } => {
                Self::OAuth { key: key.clone(), secret: secret.expose().to_owned() }
            }
            Credential::Token { token } => Self::Token { token: token.expose().to_owned() },
        }
    }
}

impl From<SavedCredential> for Credential {
    fn from(saved: SavedCredential) -> Self {
        match saved {
            SavedCredential::Basic { username, password } => Self::basic(username, password),
            SavedCredential::OAuth { key, secret } => Self::oauth(key, secret),
            SavedCredential::Token { token } => Self::token(token),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, AuthStore) {
        let directory = tempfile::tempdir().unwrap();
        let store = AuthStore::new(directory.path().join("deep/auth.json"));
        (directory, store)
    }

    #[test]
    fn it_keeps_every_kind_and_forgets_what_is_removed() {
        let (_directory, store) = store();
        assert_eq!(store.load().unwrap(), AuthRegistry::new());
        let all = [Credential::basic("u", "p"), Credential::oauth("k", "s"), Credential::token("t")];
        for (name, credential) in ["a", "b", "c"].into_iter().zip(all) {
            store.change(|auth| auth.insert(name, credential)).unwrap();
        }
        store.change(|auth| auth.remove("b")).unwrap();
        let expected =
            AuthRegistry::new().with("a", Credential::basic("u", "p")).with("c", Credential::token("t"));
        assert_eq!(store.load().unwrap(), expected);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it_whatever_stood_there() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_directory, store) = store();
        fs::create_dir_all(store.path().parent().unwrap()).unwrap();
        fs::write(store.path(), r#"{"credentials":{}}"#).unwrap();
        fs::set_permissions(store.path(), fs::Permissions::from_mode(0o644)).unwrap();
        store.change(|auth| auth.insert("a", Credential::token("t"))).unwrap();
        assert_eq!(fs::metadata(store.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_broken_store_is_told_without_its_text_and_is_not_replaced() {
        let (_directory, store) = store();
        fs::create_dir_all(store.path().parent().unwrap()).unwrap();
        let broken = r#"{"credentials":{"a":{"kind":"token","token":["hunter2"]}}}"#;
        fs::write(store.path(), broken).unwrap();
        let error = store.change(|auth| auth.remove("a")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert_eq!(fs::read_to_string(store.path()).unwrap(), broken);
    }

    #[test]
    fn changes_made_at_once_are_all_kept() {
        let (_directory, store) = store();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let store = store.clone();
                scope.spawn(move || {
                    store
                        .change(|auth| auth.insert(format!("site{number}"), Credential::token("t")))
                        .unwrap();
                });
            }
        });
        assert_eq!(store.load().unwrap().iter().count(), 8);
    }
}
