//! Checksums of the whole file: what is promised, and what it has.
//!
//! Bytes that land in order are hashed as they land; the rest is read once when the file is whole.

use std::sync::{Mutex, MutexGuard};

use base64::{Engine as _, prelude::BASE64_STANDARD as BASE64};
use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use md5::Md5;
use qetch_core::{Checksum, Error, Result};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::{disk::File, lock::lock};

/// Bytes that are read at once.
const BLOCK: u64 = 1 << 20;

/// The checksums of one file.
#[derive(Debug, Default)]
pub(super) struct Sums(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    promised: Vec<Checksum>,
    /// Those of them that the origin promises for this version of the file.
    by_origin: Vec<Checksum>,
    hashers: Vec<Hasher>,
    /// How far they have come.
    at: u64,
}

impl Sums {
    /// Checksums that are promised.
    pub(super) fn new(promised: impl IntoIterator<Item = Checksum>) -> Self {
        let sums = Self::default();
        sums.promise(promised);
        sums
    }

    /// Adds checksums that are promised. Those of an algorithm that is not known are left out, with a warning.
    pub(super) fn promise(&self, promised: impl IntoIterator<Item = Checksum>) {
        let mut state = self.state();
        for checksum in promised {
            if state.promised.contains(&checksum) {
                continue;
            }
            let Some(hasher) = Hasher::new(&checksum.algorithm) else {
                tracing::warn!(%checksum, "a checksum that cannot be computed is not verified");
                continue;
            };
            if !state.hashers.iter().any(|known| known.name() == hasher.name()) {
                // What has landed already is read again in the end.
                state.hashers.push(hasher);
                state.restart();
            }
            state.promised.push(checksum);
        }
    }

    /// Adds checksums that the origin promises for the version that is fetched; the first reply that has some tells.
    pub(super) fn promise_by_origin(&self, promised: Vec<Checksum>) {
        if !self.state().by_origin.is_empty() {
            return;
        }
        // What others promise as well stays promised, whatever becomes of this version.
        let known = self.state().promised.clone();
        let new: Vec<_> = promised.into_iter().filter(|checksum| !known.contains(checksum)).collect();
        self.state().by_origin.clone_from(&new);
        self.promise(new);
    }

    /// Whether there is nothing to verify.
    pub(super) fn is_empty(&self) -> bool {
        self.state().promised.is_empty()
    }

    /// Hashes what has landed at `offset`, if it is next.
    pub(super) fn landed(&self, offset: u64, chunks: &[Bytes]) {
        let mut state = self.state();
        if state.at == offset && !state.hashers.is_empty() {
            chunks.iter().for_each(|chunk| state.add(chunk));
        }
    }

    /// Forgets what was hashed, and what the origin promised: another version is written.
    pub(super) fn restart(&self) {
        let mut state = self.state();
        let by_origin = std::mem::take(&mut state.by_origin);
        state.promised.retain(|checksum| !by_origin.contains(checksum));
        state.restart();
    }

    /// Verifies `file`, which has `len` bytes and is whole. Answers the checksums that it has.
    ///
    /// # Errors
    /// `checksum_mismatch`; `io`.
    pub(super) async fn verify(&self, file: &dyn File, len: u64) -> Result<Vec<Checksum>> {
        while !self.is_at(len) {
            let at = self.state().at;
            let block = file.read(at, usize::try_from(BLOCK.min(len - at)).unwrap_or(usize::MAX)).await?;
            self.landed(at, &[block]);
        }
        self.check()
    }

    /// Whether nothing of a file of `len` bytes is left to be hashed.
    pub(super) fn is_at(&self, len: u64) -> bool {
        let state = self.state();
        state.promised.is_empty() || state.at >= len
    }

    /// Holds what was hashed, of the whole file, against what is promised. Answers the checksums that it has.
    ///
    /// # Errors
    /// `checksum_mismatch`.
    pub(super) fn check(&self) -> Result<Vec<Checksum>> {
        let state = self.state();
        for promised in &state.promised {
            let hasher = state.hashers.iter().find(|hasher| hasher.name() == promised.algorithm);
            let actual = hasher.map(Hasher::hex).unwrap_or_default();
            if actual != promised.hex {
                return Err(Error::checksum_mismatch(&promised.algorithm, &promised.hex, actual));
            }
        }
        Ok(state.promised.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

impl State {
    fn add(&mut self, bytes: &[u8]) {
        self.hashers.iter_mut().for_each(|hasher| hasher.add(bytes));
        self.at += bytes.len() as u64;
    }

    fn restart(&mut self) {
        self.at = 0;
        self.hashers = self.hashers.iter().filter_map(|hasher| Hasher::new(hasher.name())).collect();
    }
}

#[derive(Clone, Debug)]
enum Hasher {
    Sha256(Sha256),
    Sha1(Sha1),
    Md5(Md5),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    fn new(algorithm: &str) -> Option<Self> {
        Some(match algorithm {
            "sha256" => Self::Sha256(Sha256::new()),
            "sha1" => Self::Sha1(Sha1::new()),
            "md5" => Self::Md5(Md5::new()),
            "blake3" => Self::Blake3(Box::default()),
            _ => return None,
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Sha1(_) => "sha1",
            Self::Md5(_) => "md5",
            Self::Blake3(_) => "blake3",
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha1(hasher) => hasher.update(bytes),
            Self::Md5(hasher) => hasher.update(bytes),
            Self::Blake3(hasher) => _ = hasher.update(bytes),
        }
    }

    fn hex(&self) -> String {
        match self {
            Self::Sha256(hasher) => hex(&hasher.clone().finalize()),
            Self::Sha1(hasher) => hex(&hasher.clone().finalize()),
            Self::Md5(hasher) => hex(&hasher.clone().finalize()),
            Self::Blake3(hasher) => hex(hasher.finalize().as_bytes()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// The checksums that the head of a reply promises for the whole file: `Repr-Digest` (RFC 9530, section 3), `Digest`
/// (RFC 3230, section 4.3.2) and, on a reply that is the whole file, `Content-MD5` (RFC 2616, section 14.15).
pub(super) fn promised(headers: &HeaderMap, is_whole: bool) -> Vec<Checksum> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut found = Vec::new();
    for item in text(HeaderName::from_static("repr-digest")).split(',') {
        let Some((name, value)) = item.trim().split_once('=') else { continue };
        let value = value.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
        found.extend(value.and_then(|value| decoded(name, value)));
    }
    for item in text(HeaderName::from_static("digest")).split(',') {
        found.extend(item.trim().split_once('=').and_then(|(name, value)| decoded(name, value)));
    }
    let md5 = text(HeaderName::from_static("content-md5")).trim();
    if is_whole && !md5.is_empty() {
        found.extend(decoded("md5", md5));
    }
    found
}

/// A digest as headers write it. One of another algorithm, or of a length that its algorithm does not have, is none.
fn decoded(name: &str, base64: &str) -> Option<Checksum> {
    let algorithm = match name.to_ascii_lowercase().as_str() {
        "sha-256" => "sha256",
        "sha" => "sha1",
        "md5" => "md5",
        _ => return None,
    };
    let bytes = BASE64.decode(base64).ok()?;
    format!("{algorithm}:{}", hex(&bytes)).parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{
        super::disk::{Disk as _, Landing, System},
        *,
    };

    const ABC: [&str; 4] = [
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "sha1:a9993e364706816aba3e25717850c26c9cd0d89d",
        "md5:900150983cd24fb0d6963f7d28e17f72",
        "blake3:6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
    ];

    async fn file(directory: &tempfile::TempDir) -> Arc<dyn File> {
        let file = System::default().create(&directory.path().join("f")).await.unwrap();
        file.write(0, vec![Bytes::from("abc")], Landing::unheard()).await.unwrap();
        file
    }

    #[tokio::test]
    async fn all_algorithms_are_verified_in_any_order_of_arrival() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(&directory).await;
        let all: Vec<Checksum> = ABC.map(|text| text.parse().unwrap()).into();
        for landed in [vec![], vec![(0, "a"), (1, "bc")], vec![(1, "bc"), (0, "a")]] {
            let sums = Sums::new(all.clone());
            for (offset, bytes) in landed {
                sums.landed(offset, &[Bytes::from(bytes)]);
            }
            assert_eq!(sums.verify(&*file, 3).await.unwrap(), all);
        }
    }

    #[tokio::test]
    async fn what_landed_and_is_written_anew_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(&directory).await;
        let sums = Sums::new([ABC[0].parse().unwrap()]);
        sums.landed(0, &[Bytes::from("xbc")]);
        sums.restart();
        sums.landed(0, &[Bytes::from("ab")]);
        assert!(sums.verify(&*file, 3).await.is_ok());
    }

    #[tokio::test]
    async fn what_only_the_origin_promised_goes_with_its_version() {
        let [users, origins]: [Checksum; 2] = [ABC[0], ABC[2]].map(|text| text.parse().unwrap());
        let sums = Sums::new([users.clone()]);
        sums.promise_by_origin(vec![users.clone(), origins]);
        sums.restart();
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(sums.verify(&*file(&directory).await, 3).await.unwrap(), [users]);
    }

    #[tokio::test]
    async fn each_wrong_one_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(&directory).await;
        for right in ABC {
            let (algorithm, hex) = right.split_once(':').unwrap();
            let wrong = format!("{algorithm}:{}", "0".repeat(hex.len()));
            let sums = Sums::new([right.parse().unwrap(), wrong.parse().unwrap()]);
            let error = sums.verify(&*file, 3).await.unwrap_err();
            assert_eq!(error.code(), "checksum_mismatch");
            assert!(error.to_string().contains(hex), "{error}");
        }
    }

    #[test]
    fn headers_that_promise_are_read() {
        let check = |name: &'static str, value: &str, is_whole| -> Vec<String> {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            promised(&headers, is_whole).iter().map(ToString::to_string).collect()
        };
        let (sha256, md5) = ("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "kAFQmDzST7DWlj99KOF/cg==");
        let both = format!("sha-512=:AAAA:, sha-256=:{sha256}:, unixsum=:AA==:");
        assert_eq!(check("repr-digest", &both, false), [ABC[0]]);
        assert_eq!(check("digest", &format!("SHA-256={sha256},md5={md5}"), false), [ABC[0], ABC[2]]);
        assert_eq!(check("content-md5", md5, true), [ABC[2]]);
        assert!(check("content-md5", md5, false).is_empty(), "of a part it is the part's");
        for nonsense in ["", "sha-256", "sha-256=", "sha-256=:!:", "sha-256=:AAAA:", "=::"] {
            assert!(check("repr-digest", nonsense, true).is_empty(), "{nonsense}");
        }
    }
}
