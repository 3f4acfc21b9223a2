//! Languages as media files name them: three letters of ISO 639-2/T, where the web has two.

/// The commonest of the two letters of ISO 639-1, and their three.
const THREE: &[(&str, &str)] = &[
    ("ar", "ara"),
    ("bg", "bul"),
    ("bn", "ben"),
    ("ca", "cat"),
    ("cs", "ces"),
    ("da", "dan"),
    ("de", "deu"),
    ("el", "ell"),
    ("en", "eng"),
    ("es", "spa"),
    ("et", "est"),
    ("eu", "eus"),
    ("fa", "fas"),
    ("fi", "fin"),
    ("fr", "fra"),
    ("gl", "glg"),
    ("he", "heb"),
    ("hi", "hin"),
    ("hr", "hrv"),
    ("hu", "hun"),
    ("id", "ind"),
    ("is", "isl"),
    ("it", "ita"),
    ("ja", "jpn"),
    ("ko", "kor"),
    ("lt", "lit"),
    ("lv", "lav"),
    ("ms", "msa"),
    ("nb", "nob"),
    ("nl", "nld"),
    ("nn", "nno"),
    ("no", "nor"),
    ("pl", "pol"),
    ("pt", "por"),
    ("ro", "ron"),
    ("ru", "rus"),
    ("sk", "slk"),
    ("sl", "slv"),
    ("sr", "srp"),
    ("sv", "swe"),
    ("ta", "tam"),
    ("te", "tel"),
    ("th", "tha"),
    ("tr", "tur"),
    ("uk", "ukr"),
    ("ur", "urd"),
    ("vi", "vie"),
    ("zh", "zho"),
];

/// The three letters of a BCP 47 tag's language, where they are known.
pub(super) fn three(tag: &str) -> Option<String> {
    let primary = tag.split(['-', '_']).next()?.to_ascii_lowercase();
    match primary.len() {
        3 if primary.bytes().all(|byte| byte.is_ascii_lowercase()) => Some(primary),
        _ => THREE.iter().find(|(two, _)| *two == primary).map(|(_, three)| (*three).to_owned()),
    }
}

/// The three letters in fifteen bits (ISO/IEC 14496-12, 8.4.2.3).
pub(super) fn packed(tag: &str) -> Option<u16> {
    let letters = three(tag)?;
    Some(letters.bytes().fold(0, |code, byte| code << 5 | u16::from(byte & 0x1f)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tag: &str, expected: Option<(&str, u16)>) {
        let expected = expected.map(|(three, packed)| (three.to_owned(), packed));
        assert_eq!(three(tag).zip(packed(tag)), expected);
    }

    #[test]
    fn tags_become_three_letters() {
        check("en", Some(("eng", 0x15c7)));
        check("EN-us", Some(("eng", 0x15c7)));
        check("und", Some(("und", 0x55c4)));
        check("q1", None);
        check("", None);
        check("é1", None);
    }
}
