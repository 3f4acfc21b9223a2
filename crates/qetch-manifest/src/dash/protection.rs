//! Digital rights management: which system protects what (ISO/IEC 23009-1, section 5.8.4.1).

use super::xml::Element;

/// The systems that are known, by the identifiers at <https://dashif.org/identifiers/content_protection/>.
const SYSTEMS: [(&str, &str); 5] = [
    ("edef8ba9-79d6-4ace-a3c8-27dcd51d21ed", "Widevine"),
    ("9a04f079-9840-4286-ab92-e65be0885f95", "PlayReady"),
    ("e2719d58-a985-b3c9-781a-b030af78d30e", "ClearKey"),
    ("1077efec-c0b2-4d02-ace3-3c1e52e2fb4b", "ClearKey"),
    ("94ce86fb-07ff-4f43-adb8-93d2fa968ca2", "FairPlay"),
];

/// What says that samples are encrypted, and not for which system.
const COMMON_ENCRYPTION: &str = "urn:mpeg:dash:mp4protection:2011";

/// The most of a scheme that is told.
const LONGEST: usize = 100;

/// What protects a representation.
#[derive(Clone, Debug, Default)]
pub(super) struct Protection {
    is_protected: bool,
    known: Vec<&'static str>,
    /// The first scheme that is not known.
    other: Option<String>,
}

impl Protection {
    /// Adds what `element` says of itself.
    pub(super) fn with(mut self, element: &Element) -> Self {
        for element in element.all("ContentProtection") {
            self.is_protected = true;
            let scheme = element.attribute("schemeIdUri").unwrap_or_default().to_ascii_lowercase();
            let system = SYSTEMS.iter().find(|(id, _)| scheme.strip_prefix("urn:uuid:") == Some(id));
            match system {
                Some((_, name)) if !self.known.contains(name) => self.known.push(name),
                Some(_) => (),
                None if scheme == COMMON_ENCRYPTION || scheme.is_empty() => (),
                None => {
                    self.other.get_or_insert_with(|| scheme.chars().take(LONGEST).collect());
                }
            }
        }
        self
    }

    /// The names of the systems that are known, else the first scheme, `CENC` where there is none but common encryption.
    /// `None` where nothing is protected.
    pub(super) fn system(&self) -> Option<String> {
        if !self.is_protected {
            return None;
        }
        if !self.known.is_empty() {
            return Some(self.known.join(", "));
        }
        Some(self.other.clone().unwrap_or_else(|| "CENC".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use qetch_core::Url;

    use super::{super::xml::parse, *};

    #[track_caller]
    fn check(set: &[&str], representation: &[&str], expected: Option<&str>) {
        let element = |schemes: &[&str]| {
            let url = Url::parse("https://h.example/").unwrap();
            let inner: String =
                schemes.iter().map(|it| format!("<ContentProtection schemeIdUri='{it}'/>")).collect();
            parse(&format!("<A>{inner}</A>"), &url).unwrap()
        };
        let protection = Protection::default().with(&element(set)).with(&element(representation));
        assert_eq!(protection.system().as_deref(), expected);
    }

    #[test]
    fn systems_are_named() {
        const WIDEVINE: &str = "urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED";
        check(&[], &[], None);
        check(&[COMMON_ENCRYPTION], &[], Some("CENC"));
        check(&[COMMON_ENCRYPTION, WIDEVINE], &[], Some("Widevine"));
        check(&[], &[COMMON_ENCRYPTION, "urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95"], Some("PlayReady"));
        check(&["urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e"], &[], Some("ClearKey"));
        check(&["urn:uuid:94ce86fb-07ff-4f43-adb8-93d2fa968ca2"], &[], Some("FairPlay"));
        check(&["urn:x:other", COMMON_ENCRYPTION], &[], Some("urn:x:other"));
        check(&["urn:x:other", WIDEVINE], &[WIDEVINE], Some("Widevine"));
        check(&[WIDEVINE], &["urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95"], Some("Widevine, PlayReady"));
        check(&[""], &[], Some("CENC"));
    }
}
