//! `Blob`: what an author uploaded, by its CID, and how its server is asked for it.

use qetch_core::{
    Checksum, Content, Fragment, Kind, Url, lenient, link,
    media_type::{self, MediaType},
};
use serde_json::Value;

/// A file of an account (<https://atproto.com/specs/data-model>, "Blob Type").
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) cid: String,
    mime: Option<String>,
    size: Option<u64>,
}

impl Blob {
    /// The one that a record names, in the form of today or in that of before 2023.
    pub(super) fn of_record(value: &Value) -> Option<Self> {
        let cid = value["ref"]["$link"].as_str().or_else(|| value["cid"].as_str());
        let cid = cid.filter(|cid| is_cid(cid))?.to_owned();
        let mime = value["mimeType"].as_str().map(str::to_ascii_lowercase).filter(|it| it.contains('/'));
        Some(Self { cid, mime, size: lenient::positive_of(&value["size"]) })
    }

    /// The one that a link of the CDN is a copy of: `…/{did}/{cid}@jpeg`.
    pub(super) fn of_link(url: &Url) -> Option<Self> {
        let cid = url.path().rsplit('/').next()?.split('@').next()?;
        is_cid(cid).then(|| Self { cid: cid.to_owned(), mime: None, size: None })
    }

    /// The file itself, which belongs to the resource `of`, at the server `home` of the account.
    ///
    /// Servers hold a record to the type of the file and not to its size, so the size is but told. Its checksum is
    /// the CID, which no server can choose.
    pub(super) fn content(&self, of: &str, source: &Url, did: &str, home: &Url, kind: Kind) -> Content {
        let mut url = home.clone();
        url.set_path("/xrpc/com.atproto.sync.getBlob");
        url.set_query(None);
        url.set_fragment(None);
        url.query_pairs_mut().append_pair("did", did).append_pair("cid", &self.cid);
        let known = self.mime.as_deref().and_then(media_type::by_name).filter(|it| it.kind == kind);
        let uid = format!("{of}-{}-blob", self.cid);
        let content = Content::new(uid, kind, source.clone(), [Fragment::new(url)]);
        let mut content = content.with_media_type(known);
        content.size_approx = self.size;
        content.checksums = sha256(&self.cid).map(|hex| Checksum::new("sha256", &hex)).into_iter().collect();
        content
    }
}

/// The picture at a link of the CDN.
pub(super) fn copy(uid: String, source: &Url, url: Url) -> Content {
    let known = form_of_copy(&url);
    Content::new(uid, Kind::Image, source.clone(), [Fragment::new(url)]).with_media_type(known)
}

/// The type that a link of the CDN ends with: `@jpeg`.
fn form_of_copy(url: &Url) -> Option<MediaType> {
    let form = url.path().rsplit_once(['@', '.']).map(|(_, form)| form.to_ascii_lowercase());
    let known = form.and_then(|form| media_type::by_extension(&form)).filter(|it| it.kind == Kind::Image);
    // Of several extensions of a type the usual one.
    known.and_then(|it| media_type::by_name(it.name))
}

/// A link to follow. None that is told holds a password.
pub(super) fn linked(text: &str) -> Option<Url> {
    link::whole(text).filter(|url| url.username().is_empty() && url.password().is_none())
}

/// Whether a text can be a CID: in base 58 or base 32, which need no escaping.
fn is_cid(text: &str) -> bool {
    (8..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The SHA-256 that a CID is made of, as hex, where it is that of a raw file: `b`, and in base 32 (RFC 4648, section 6, in lower
/// case) version 1, codec `raw` (0x55), hash `sha2-256` (0x12) of 32 bytes (<https://github.com/multiformats/cid>).
fn sha256(cid: &str) -> Option<String> {
    let digits = cid.strip_prefix('b')?;
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(36), 0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'a'..=b'z' => digit - b'a',
            b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5 | u32::from(value)) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    let digest = bytes.strip_prefix(&[0x01, 0x55, 0x12, 0x20])?;
    (digest.len() == 32).then(|| digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cid_of_a_raw_file_is_its_checksum() {
        // What `ipfs add --cid-version 1` says of an empty file.
        let empty = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(empty).as_deref(), Some(expected));
        for other in [
            // A record (dag-cbor), a CID of version 0, one that is cut, and what is none.
            "bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
            "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",
            "bafkreivideo",
            "bafkrei1",
            "b",
            "",
        ] {
            assert_eq!(sha256(other), None, "{other}");
        }
    }

    #[test]
    fn a_link_of_the_cdn_names_what_it_is_a_copy_of() {
        let check = |path: &str, cid: Option<&str>, extension: Option<&str>| {
            let url = Url::parse(&format!("https://cdn.example/img/{path}")).unwrap();
            assert_eq!(Blob::of_link(&url).map(|blob| blob.cid).as_deref(), cid, "{path}");
            assert_eq!(form_of_copy(&url).map(|it| it.extension), extension, "{path}");
        };
        check("did:plc:a/bafkreivideo@jpeg", Some("bafkreivideo"), Some("jpg"));
        check("did:plc:a/bafkreivideo", Some("bafkreivideo"), None);
        check("did:plc:a/thumbnail.jpg", None, Some("jpg"));
        check("did:plc:a/@mp4", None, None);
    }
}
