//! The keys of segments: `EXT-X-KEY` and `EXT-X-SESSION-KEY` (RFC 8216, sections 4.3.2.4 and 4.3.4.5).

use qetch_core::{Error, Result, Url};

use super::{lines::Attributes, scope::Scope};
use crate::Key;

/// The key format of what is decrypted here: the 16 bytes themselves.
const IDENTITY: &str = "identity";

/// The most formats that a key may be told in at once.
const MOST_FORMATS: usize = 16;

/// Why what is encrypted cannot be read. It is an error once it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// This system protects it.
    Drm(String),
    /// The playlist is wrong.
    Bad(&'static str),
}

impl Fault {
    pub(super) fn error(&self, scope: &Scope<'_>) -> Error {
        match self {
            Self::Drm(system) => scope.drm(system),
            Self::Bad(problem) => scope.bad(*problem),
        }
    }
}

/// A key as it is written: where it is, and its initialisation vector, unless each segment has its own.
#[derive(Clone, PartialEq, Eq)]
struct Written {
    url: Url,
    iv: Option<[u8; 16]>,
}

/// What one line says.
struct Told {
    format: String,
    method: String,
    key: Result<Written, Fault>,
}

/// The keys in force: one in each format, all for the same bytes.
#[derive(Default)]
pub(super) struct Keys {
    told: Vec<Told>,
    /// Whether a segment came since the last line.
    is_used: bool,
}

impl Keys {
    /// Reads a line. It replaces the one of its format, and `NONE` every one.
    pub(super) fn read(&mut self, attributes: &Attributes<'_>, scope: &mut Scope<'_>) -> Result<()> {
        let method = attributes.get("METHOD").unwrap_or_default().to_ascii_uppercase();
        let format = attributes.get("KEYFORMAT").unwrap_or(IDENTITY).to_owned();
        if method == "NONE" {
            self.told.clear();
            return Ok(());
        }
        // Lines for the same segments tell one key in several formats. One of another method is for those that follow alone.
        let is_used = std::mem::take(&mut self.is_used);
        self.told.retain(|told| told.format != format && (!is_used || told.method == method));
        if self.told.len() == MOST_FORMATS {
            return Err(scope.over("formats of one key", MOST_FORMATS));
        }
        let key = key(&method, &format, attributes, scope)?;
        self.told.push(Told { format, method, key });
        Ok(())
    }

    /// The key of the segment of this number, whose initialisation vector is that number where none is told.
    pub(super) fn of_segment(&mut self, sequence: u64, scope: &mut Scope<'_>) -> Result<Option<Box<Key>>> {
        self.is_used = true;
        let Some(key) = self.chosen().map_err(|fault| fault.error(scope))? else { return Ok(None) };
        scope.take(key.url.as_str().len())?;
        let iv = key.iv.unwrap_or_else(|| u128::from(sequence).to_be_bytes());
        Ok(Some(Box::new(Key::new(key.url.clone(), iv))))
    }

    /// The key of an initialisation. It has no number, so that its vector must be told (section 4.3.2.5).
    pub(super) fn of_initialisation(&self) -> Result<Option<Key>, Fault> {
        let Some(key) = self.chosen().map_err(Fault::clone)? else { return Ok(None) };
        let iv = key.iv.ok_or(Fault::Bad("an encrypted initialisation has no initialisation vector"))?;
        Ok(Some(Key::new(key.url.clone(), iv)))
    }

    /// Why nothing of it can be read, where that is so.
    pub(super) fn fault(&self) -> Option<&Fault> {
        self.chosen().err()
    }

    fn chosen(&self) -> Result<Option<&Written>, &Fault> {
        let is_ours = |told: &&Told| !matches!(told.key, Err(Fault::Drm(_)));
        let chosen = self.told.iter().find(is_ours).or(self.told.first());
        chosen.map(|told| told.key.as_ref()).transpose()
    }
}

fn key(
    method: &str,
    format: &str,
    attributes: &Attributes<'_>,
    scope: &mut Scope<'_>,
) -> Result<Result<Written, Fault>> {
    if method.is_empty() {
        return Ok(Err(Fault::Bad("a key has no method")));
    }
    if method != "AES-128" || format != IDENTITY {
        return Ok(Err(Fault::Drm(system(method, format))));
    }
    let Some(uri) = attributes.get("URI") else { return Ok(Err(Fault::Bad("a key has no address"))) };
    let url = scope.resolve(uri)?;
    let iv =
        attributes.get("IV").map(|text| vector(text).ok_or(Fault::Bad("an initialisation vector is none")));
    Ok(iv.transpose().map(|iv| Written { url, iv }))
}

/// The bytes of a vector, which has up to 32 hex digits behind its `0x`.
fn vector(text: &str) -> Option<[u8; 16]> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(digits, 16).ok())?.map(u128::to_be_bytes)
}

/// The name of a system of protection: one that people know, or as the playlist writes it.
fn system(method: &str, format: &str) -> String {
    let known = match format.to_ascii_lowercase().as_str() {
        "com.apple.streamingkeydelivery" => "FairPlay",
        "com.microsoft.playready" | "urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95" => "PlayReady",
        "com.widevine" | "urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed" => "Widevine",
        IDENTITY => method,
        _ => format,
    };
    known.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAIRPLAY: &str = "METHOD=SAMPLE-AES,URI=\"skd://k\",KEYFORMAT=\"com.apple.streamingkeydelivery\"";
    const CLEAR: &str = "METHOD=AES-128,URI=\"k\"";

    /// The key that segment 258 has after these lines, `-` standing for a segment: its path and its vector in hex without
    /// the zeros before it.
    #[track_caller]
    fn check(lines: &[&str], expected: Result<Option<(&str, &str)>, &str>) {
        let url = Url::parse("https://h.example/a/b.m3u8").unwrap();
        let (mut scope, mut keys) = (Scope::new(&url, None), Keys::default());
        let mut read = |line: &&str| match *line {
            "-" => keys.of_segment(1, &mut scope).map(drop),
            line => {
                let attributes = scope.attributes(line)?;
                keys.read(&attributes, &mut scope)
            }
        };
        let key = lines.iter().try_for_each(&mut read).and_then(|()| keys.of_segment(258, &mut scope));
        let key =
            key.map(|key| key.map(|key| (key.url.to_string(), format!("{:x}", u128::from_be_bytes(key.iv)))));
        let key = key.as_ref().map(|key| key.as_ref().map(|(url, iv)| (url.as_str(), iv.as_str())));
        assert_eq!(key.map_err(ToString::to_string), expected.map_err(str::to_owned), "{lines:?}");
    }

    fn drm(system: &str) -> String {
        format!("https://h.example/a/b.m3u8 is protected by DRM ({system})")
    }

    #[test]
    fn the_vector_is_told_or_the_number_of_the_segment() {
        let at = "https://h.example/a/k";
        check(&[], Ok(None));
        check(&[CLEAR], Ok(Some((at, "102"))));
        check(&["METHOD=AES-128,URI=\"/k?a=1\",IV=0xAb"], Ok(Some(("https://h.example/k?a=1", "ab"))));
        check(&["METHOD=AES-128,URI=\"k\",IV=0X1"], Ok(Some((at, "1"))));
        let whole = "fedcba9876543210fedcba9876543210";
        check(&[&format!("METHOD=AES-128,URI=\"k\",IV=0x{whole}")], Ok(Some((at, whole))));
        for wrong in ["0x", "0xg", "12", "0x+1", "0x1fedcba9876543210fedcba9876543210"] {
            let line = format!("METHOD=AES-128,URI=\"k\",IV={wrong}");
            check(&[&line], Err("h.example sent a wrong reply: an initialisation vector is none"));
        }
        check(&["METHOD=AES-128"], Err("h.example sent a wrong reply: a key has no address"));
        check(&["URI=\"k\""], Err("h.example sent a wrong reply: a key has no method"));
    }

    #[test]
    fn a_line_replaces_that_of_its_format_and_none_every_one() {
        check(&[CLEAR, "METHOD=NONE"], Ok(None));
        check(&[FAIRPLAY, "METHOD=NONE"], Ok(None));
        check(&[CLEAR, "METHOD=AES-128,URI=\"l\",IV=0x1"], Ok(Some(("https://h.example/a/l", "1"))));
        check(&["METHOD=AES-128,URI=\"k\",IV=0x1", CLEAR], Ok(Some(("https://h.example/a/k", "102"))));
        check(&["METHOD=AES-128", "METHOD=NONE"], Ok(None));
    }

    #[test]
    fn of_several_formats_the_readable_one_is_taken() {
        let at = "https://h.example/a/k";
        check(&[FAIRPLAY, CLEAR], Ok(Some((at, "102"))));
        check(&[CLEAR, FAIRPLAY], Ok(Some((at, "102"))));
        check(
            &["METHOD=AES-128,URI=\"k\",KEYFORMAT=\"identity\",KEYFORMATVERSIONS=\"1\""],
            Ok(Some((at, "102"))),
        );
        let widevine = "METHOD=AES-128,URI=\"w\",KEYFORMAT=\"com.widevine\"";
        check(&[CLEAR, "-", widevine], Ok(Some((at, "102"))));
        // What another method encrypts from here on is none of the key before.
        check(&[CLEAR, "-", FAIRPLAY], Err(&drm("FairPlay")));
    }

    #[test]
    fn what_is_protected_names_its_system() {
        check(&[FAIRPLAY], Err(&drm("FairPlay")));
        check(&["METHOD=SAMPLE-AES,URI=\"k\""], Err(&drm("SAMPLE-AES")));
        check(&["METHOD=AES-256,URI=\"k\",KEYFORMAT=\"identity\""], Err(&drm("AES-256")));
        let of = |format: &str| format!("METHOD=SAMPLE-AES-CTR,URI=\"k\",KEYFORMAT=\"{format}\"");
        check(&[&of("urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed")], Err(&drm("Widevine")));
        check(&[&of("urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED")], Err(&drm("Widevine")));
        check(&[&of("com.microsoft.playready")], Err(&drm("PlayReady")));
        check(&[&of("urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95")], Err(&drm("PlayReady")));
        check(&[&of("of\u{7}tomorrow")], Err(&drm("oftomorrow")));
    }

    #[test]
    fn formats_without_end_are_refused() {
        let lines: Vec<_> = (0..=MOST_FORMATS).map(|n| format!("METHOD=A,KEYFORMAT=\"{n}\"")).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        check(
            &lines,
            Err("the number of formats of one key in https://h.example/a/b.m3u8 is over the limit of 16"),
        );
        check(&lines[..MOST_FORMATS], Err(&drm("0")));
    }
}
