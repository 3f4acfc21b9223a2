//! The uid of a file that nothing identifies but its link, and the name that its link gives it.

use qetch_core::{
    Url,
    link::{decoded, split},
};

use crate::common_hash::fnv1a;

/// Parameters that are made anew for each visitor or each hour, so that two links that differ in them alone lead to the
/// same file. They are left out only where all `marks` are there: by itself each may well be what tells one file from
/// another.
struct Signature {
    marks: &'static [&'static str],
    /// In lower case; one that ends with `*` stands for all that begin like it.
    parameters: &'static [&'static str],
}

/// CloudFront, and the second version of the signatures of S3, Google and Aliyun.
const SIGNED: &[&str] = &[
    "expires",
    "signature",
    "policy",
    "key-pair-id",
    "awsaccesskeyid",
    "googleaccessid",
    "ossaccesskeyid",
    "security-token",
    "x-amz-security-token",
];

/// The signatures that are known, as their vendors document them.
const SIGNATURES: &[Signature] = &[
    // Amazon S3 and what is like it: Signature Version 4.
    Signature { marks: &["x-amz-signature"], parameters: &["x-amz-*"] },
    // Google Cloud Storage: V4 signing.
    Signature { marks: &["x-goog-signature"], parameters: &["x-goog-*"] },
    Signature { marks: &["signature", "expires"], parameters: SIGNED },
    Signature { marks: &["signature", "policy"], parameters: SIGNED },
    // Azure Storage: shared access signatures.
    Signature {
        marks: &["sig", "sv"],
        parameters: &[
            "sig", "sv", "se", "st", "sp", "sr", "ss", "srt", "spr", "sip", "skoid", "sktid", "skt", "ske",
            "sks", "skv",
        ],
    },
    // nginx's secure_link module, and Bunny's token authentication.
    Signature { marks: &["md5", "expires"], parameters: &["md5", "expires"] },
    Signature { marks: &["token", "expires"], parameters: &["token", "expires", "token_path"] },
    // Akamai: token authentication.
    Signature { marks: &["hdnts"], parameters: &["hdnts"] },
    Signature { marks: &["hdnea"], parameters: &["hdnea"] },
    // Discord: attachments.
    Signature { marks: &["ex", "is", "hm"], parameters: &["ex", "is", "hm"] },
];

/// The most bytes of the readable part.
const READABLE: usize = 60;

/// The uid of the file behind `url`: what the link calls it, for people, and a hash of the link, which makes it unique.
/// Scheme and fragment do not count, and neither do signatures.
pub(crate) fn uid(url: &Url) -> String {
    let name = of_link(url).unwrap_or_default();
    let stem = split(&name).map_or(name.as_str(), |(stem, _)| stem);
    let host = url.host_str().unwrap_or_default();
    let readable = [readable(stem), readable(host)].into_iter().find(|text| !text.is_empty());
    let readable = readable.unwrap_or_else(|| "file".to_owned());
    format!("{readable}-{:012x}", short_hash(lasting(url).as_bytes()))
}

/// The part of `url` that is the same whenever the link is made.
pub(crate) fn lasting(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mut lasting = format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path());
    let pairs: Vec<_> = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).collect();
    let names: Vec<_> = pairs.iter().map(|pair| parameter(pair)).collect();
    let is_there = |mark: &&str| names.iter().any(|name| name == mark);
    let signatures: Vec<_> = SIGNATURES.iter().filter(|it| it.marks.iter().all(is_there)).collect();
    for (pair, name) in pairs.iter().zip(&names) {
        let signs = |parameter: &&str| match parameter.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == parameter,
        };
        if !signatures.iter().any(|it| it.parameters.iter().any(signs)) {
            lasting.push('?');
            lasting.push_str(pair);
        }
    }
    lasting
}

/// The name of a parameter, in lower case.
fn parameter(pair: &str) -> String {
    pair.split('=').next().unwrap_or_default().to_ascii_lowercase()
}

/// `text` as far as it can stand in names of all kinds: letters and digits of any script, and a dash between the words.
fn readable(text: &str) -> String {
    let mut readable = String::new();
    for c in text.chars() {
        let c = if c.is_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' };
        if readable.len() + c.len_utf8() > READABLE {
            break;
        }
        if !(c == '-' && readable.ends_with('-')) {
            readable.push(c);
        }
    }
    readable.trim_matches(['-', '.']).to_owned()
}

/// FNV-1a of 64 bits, folded to 48 as its authors say: short enough for a name, and the same on every machine.
pub(crate) fn short_hash(bytes: &[u8]) -> u64 {
    const LOW: u64 = (1 << 48) - 1;
    let hash = fnv1a(bytes);
    (hash >> 48) ^ (hash & LOW)
}

/// The name at the end of a link.
pub(crate) fn of_link(url: &Url) -> Option<String> {
    let last = url.path_segments()?.rfind(|segment| !segment.is_empty())?;
    base(&decoded(last))
}

/// What stands behind the last separator of either kind, where that is a name: no directory is taken from a stranger.
pub(crate) fn base(path: &str) -> Option<String> {
    let name = path.rsplit(['/', '\\']).next()?.trim();
    let is_name = !name.is_empty() && !name.bytes().all(|byte| byte == b'.');
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(link: &str) -> String {
        uid(&Url::parse(link).unwrap())
    }

    #[track_caller]
    fn check_same(one: &str, other: &str) {
        assert_eq!(of(one), of(other), "{one} {other}");
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // FNV-1a of 64 bits of "foobar" is 0x85944171f73967e8.
        assert_eq!(short_hash(b"foobar"), 0x8594 ^ 0x4171_f739_67e8);
    }

    #[test]
    fn a_uid_is_the_same_in_every_build() {
        assert_eq!(of("https://h.example/a.mp4?id=1"), "a-20976c066d17");
    }

    #[test]
    fn a_uid_can_be_read() {
        let check = |link, expected: &str| {
            let uid = of(link);
            assert_eq!(uid.rsplit_once('-').unwrap().0, expected, "{uid}");
        };
        check("https://h.example/a/My%20clip%20(1).mp4?x=1", "My-clip-1");
        check("https://h.example/2014-11-20_nj14/5_Lennart.webm", "5_Lennart");
        check("https://h.example/", "h.example");
        check("https://h.example/..%2f..%2fpasswd", "passwd");
        check("https://h.example/%E3%81%82.mp4", "あ");
        check("https://h.example/---.mp4", "h.example");
        let long = of(&format!("https://h.example/{}.mp4", "%C3%A4".repeat(100)));
        assert_eq!((long.len(), long.chars().count()), (60 + 13, 30 + 13));
    }

    #[test]
    fn it_is_the_same_however_the_link_is_signed() {
        let plain = "http://h.example/a.mp4?id=1";
        check_same(plain, "https://h.example/a.mp4?id=1#t=5");
        check_same(plain, "https://h.example/a.mp4?id=1&X-Amz-Expires=9&X-Amz-Signature=ab");
        check_same(plain, "https://h.example/a.mp4?id=1&X-Goog-Algorithm=x&x-goog-signature=ab");
        check_same(plain, "https://h.example/a.mp4?id=1&Expires=9&Signature=ab&Key-Pair-Id=K");
        check_same(plain, "https://h.example/a.mp4?Policy=p&id=1&Signature=ab&Key-Pair-Id=K");
        check_same(plain, "https://h.example/a.mp4?sp=r&st=1&se=2&sv=3&sr=b&sig=ab&id=1");
        check_same(plain, "https://h.example/a.mp4?md5=ab&expires=9&id=1");
        check_same(plain, "https://h.example/a.mp4?token=ab&expires=9&id=1");
        check_same(plain, "https://h.example/a.mp4?id=1&hdnts=exp=9~hmac=ab");
        check_same(plain, "https://h.example/a.mp4?id=1&ex=1&is=2&hm=3");
    }

    #[test]
    fn links_to_different_files_have_different_ones() {
        let links = [
            "https://h.example/a.mp4",
            "https://h.example/a.webm",
            "https://h.example/b/a.mp4",
            "https://i.example/a.mp4",
            "https://h.example:8443/a.mp4",
            "https://h.example/a.mp4?id=1",
            "https://h.example/a.mp4?id=2",
            // Without the rest of a signature these may be what names the file.
            "https://h.example/a.mp4?token=1",
            "https://h.example/a.mp4?token=2",
            "https://h.example/a.mp4?sp=1",
            "https://h.example/a.mp4?md5=1",
            "https://h.example/a.mp4?signature=1",
        ];
        let uids: std::collections::BTreeSet<_> = links.into_iter().map(of).collect();
        assert_eq!(uids.len(), links.len());
    }

    #[test]
    fn a_directory_is_not_part_of_a_name() {
        let check = |path, expected: Option<&str>| assert_eq!(base(path).as_deref(), expected, "{path}");
        check("../../etc/passwd", Some("passwd"));
        check("C:\\dir\\a.mp4", Some("a.mp4"));
        check(" a ", Some("a"));
        for nothing in ["", " ", ".", "..", "a/", "\\", "a/.."] {
            check(nothing, None);
        }
    }
}
