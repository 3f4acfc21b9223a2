//! Keys, and what they open: AES-128 in CBC mode (RFC 8216, section 4.3.2.4).

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aes::cipher::{Block, BlockModeDecrypt as _, KeyIvInit as _};
use bytes::{Bytes, BytesMut};
use qetch_core::{Error, Result, Url};
use qetch_manifest::Key;
use tokio::sync::OnceCell;

use super::{Fetcher, is_dead, segment::Template};
use crate::http::source::{Decoder, Source};

/// Bytes of a block, and of a key.
const BLOCK: usize = 16;

/// Keys that are kept at once.
const MOST_KEPT: usize = 1 << 10;

/// What is read of the answer to a request for a key.
const MOST_OF_ANSWER: usize = 4 << 10;

/// The keys of a rendition, each fetched once.
pub(super) struct Keys {
    fetcher: Fetcher,
    kept: Mutex<HashMap<Url, Arc<OnceCell<[u8; BLOCK]>>>>,
}

impl Keys {
    pub(super) fn new(fetcher: Fetcher) -> Self {
        Self { fetcher, kept: Mutex::default() }
    }

    /// What opens the segment at `index` of `source`, of which `known` tells the key as it is known now. Where its link has died,
    /// the playlist is read again, once.
    ///
    /// # Errors
    /// `bad_reply` where what is behind the link is no key, and those of fetching it.
    pub(super) async fn decoder(
        &self,
        source: &dyn Source,
        index: usize,
        known: impl Fn() -> Option<(Box<Key>, Template)> + Send + Sync,
    ) -> Result<Box<dyn Decoder>> {
        let uncoded = || Error::unexpected(format!("a segment that is not coded: {index}"), None);
        let (age, _) = source.current(index).await?;
        let (key, template) = known().ok_or_else(uncoded)?;
        let died = match self.open(&key, &template).await {
            Err(error) if is_dead(&error) => error,
            opened => return opened,
        };
        let status = match &died {
            Error::LoginRequired { .. } => 401,
            Error::Gone { .. } => 410,
            _ => 403,
        };
        let renewed = source.renew(index, age, status, died).await;
        let (fresh, template) = known().ok_or_else(uncoded)?;
        match renewed {
            // The segment may have the same link as before.
            Err(error) if fresh.url == key.url => Err(error),
            _ => self.open(&fresh, &template).await,
        }
    }

    async fn open(&self, key: &Key, template: &Template) -> Result<Box<dyn Decoder>> {
        let cell = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            kept.entry(key.url.clone()).or_default().clone()
        };
        let bytes = cell.get_or_try_init(|| self.fetch(&key.url, template)).await?;
        let aes = cbc::Decryptor::new(bytes.into(), (&key.iv).into());
        Ok(Box::new(Aes { aes, rest: BytesMut::new(), url: key.url.clone() }))
    }

    async fn fetch(&self, url: &Url, template: &Template) -> Result<[u8; BLOCK]> {
        let answer = self.fetcher.get(&template.fragment(url), MOST_OF_ANSWER).await?;
        let bytes = answer.body().as_ref();
        bytes.try_into().map_err(|_| {
            Error::bad_reply(answer.url(), format!("a key of {} bytes where {BLOCK} are needed", bytes.len()))
        })
    }
}

/// Shows no key.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// Opens one segment.
struct Aes {
    aes: cbc::Decryptor<aes::Aes128>,
    /// What is no whole block yet, and the block that may be the last one.
    rest: BytesMut,
    /// Where the key is, for errors.
    url: Url,
}

impl Decoder for Aes {
    fn decode(&mut self, block: Bytes, is_last: bool) -> Result<Bytes> {
        self.rest.extend_from_slice(&block);
        let whole = self.rest.len() / BLOCK * BLOCK;
        // The last block tells how much of it is padding.
        let kept = if is_last { 0 } else { BLOCK };
        let mut opened = self.rest.split_to(whole.saturating_sub(kept));
        for block in opened.chunks_exact_mut(BLOCK) {
            if let Ok(block) = <&mut Block<aes::Aes128>>::try_from(block) {
                self.aes.decrypt_block(block);
            }
        }
        if is_last {
            if !self.rest.is_empty() {
                return Err(self.bad("an encrypted segment is no whole number of blocks"));
            }
            let padding = opened.last().map_or(0, |&count| usize::from(count));
            let text = opened.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding));
            match text {
                Some(text) if opened[text..].iter().all(|&byte| usize::from(byte) == padding) => {
                    opened.truncate(text);
                }
                _ => return Err(self.bad("a segment that this key does not open")),
            }
        }
        Ok(opened.freeze())
    }
}

impl Aes {
    fn bad(&self, problem: &str) -> Error {
        Error::bad_reply(&self.url, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aes() -> Aes {
        // The key, the vector and the first block of NIST SP 800-38A, section F.2.1.
        let key = hex("2b7e151628aed2a6abf7158809cf4f3c");
        let iv = hex("000102030405060708090a0b0c0d0e0f");
        let aes = cbc::Decryptor::new((&key).into(), (&iv).into());
        Aes { aes, rest: BytesMut::new(), url: Url::parse("https://h.example/key").unwrap() }
    }

    fn hex(text: &str) -> [u8; 16] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    }

    /// The sealed form of `text` with padding.
    fn sealed(text: &[u8]) -> Vec<u8> {
        use aes::cipher::BlockModeEncrypt as _;
        let padding = BLOCK - text.len() % BLOCK;
        let mut bytes = [text, &vec![padding as u8; padding]].concat();
        let mut aes = cbc::Encryptor::<aes::Aes128>::new(
            (&hex("2b7e151628aed2a6abf7158809cf4f3c")).into(),
            (&hex("000102030405060708090a0b0c0d0e0f")).into(),
        );
        for block in bytes.chunks_exact_mut(BLOCK) {
            aes.encrypt_block(<&mut Block<aes::Aes128>>::try_from(block).unwrap());
        }
        bytes
    }

    #[test]
    fn the_published_example_is_opened() {
        let block = hex("7649abac8119b246cee98e9b12e9197d");
        let opened = aes().decode(Bytes::copy_from_slice(&block), false).unwrap();
        assert!(opened.is_empty(), "it may be the last one");
        let mut decoder = aes();
        decoder.decode(Bytes::copy_from_slice(&block), false).unwrap();
        let opened = decoder.decode(Bytes::from_static(&[0; 16]), false).unwrap();
        assert_eq!(opened.as_ref(), hex("6bc1bee22e409f96e93d7e117393172a"));
    }

    #[test]
    fn however_it_arrives_it_is_opened() {
        for len in [0, 1, 15, 16, 17, 100] {
            let text: Vec<u8> = (0..len).map(|at| at as u8).collect();
            for step in [1, 7, 16, 33, 1000] {
                let sealed = sealed(&text);
                let (mut decoder, mut opened) = (aes(), Vec::new());
                let count = sealed.chunks(step).count();
                for (number, chunk) in sealed.chunks(step).enumerate() {
                    let block = Bytes::copy_from_slice(chunk);
                    opened.extend(decoder.decode(block, number + 1 == count).unwrap());
                }
                assert_eq!(opened, text, "{len} {step}");
            }
        }
    }

    #[test]
    fn what_is_cut_or_of_another_key_is_refused() {
        let code = |bytes: Vec<u8>| aes().decode(bytes.into(), true).unwrap_err().code();
        let whole = sealed(&[0x55; 40]);
        assert_eq!(code(whole[..47].to_vec()), "bad_reply");
        assert_eq!(code(whole[..32].to_vec()), "bad_reply");
        assert_eq!(code(Vec::new()), "bad_reply");
    }
}
