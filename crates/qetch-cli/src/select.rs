//! `-f SELECT`: which rendition of a resource is meant.

use std::{fmt, str::FromStr};

use qetch::{Content, Variants, media_type};

/// Which rendition of a resource is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Select {
    Best,
    Worst,
    /// The best with this extension.
    Extension(String),
    /// The one of this uid.
    Uid(String),
}

impl FromStr for Select {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "best" => return Ok(Self::Best),
            "worst" => return Ok(Self::Worst),
            "" => return Err("expected best, worst, ext=EXT or a uid".to_owned()),
            _ => (),
        }
        // A word before an operator is a condition, and a uid that looks like one is not to be had by a typo.
        let word = text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len());
        let is_condition = word > 0 && text[word..].starts_with(['=', '<', '>', '!']);
        match text.strip_prefix("ext=") {
            Some(extension) if !extension.is_empty() => {
                Ok(Self::Extension(extension.trim_start_matches('.').to_ascii_lowercase()))
            }
            _ if is_condition => Err("of conditions there is ext=EXT alone".to_owned()),
            _ => Ok(Self::Uid(text.to_owned())),
        }
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => f.write_str("best"),
            Self::Worst => f.write_str("worst"),
            Self::Extension(extension) => write!(f, "ext={extension}"),
            Self::Uid(uid) => f.write_str(uid),
        }
    }
}

impl Select {
    /// The rendition that is meant, where `variants` have it.
    pub(crate) fn choose<'a>(&self, variants: &'a Variants) -> Option<&'a Content> {
        match self {
            Self::Best => Some(variants.best()),
            Self::Worst => Some(variants.worst()),
            Self::Uid(uid) => variants.find(uid),
            Self::Extension(wanted) => {
                let mut all = variants.contents().iter().chain(&variants.companions);
                all.find(|content| extension(content).as_deref() == Some(wanted))
            }
        }
    }

    /// What `variants` have of what is asked for, for people.
    pub(crate) fn offers(&self, variants: &Variants) -> Vec<String> {
        let all = variants.contents().iter().chain(&variants.companions);
        let mut offers = Vec::new();
        for content in all {
            let offer = match self {
                Self::Extension(_) => extension(content),
                _ => Some(content.uid.clone()),
            };
            offers.extend(offer.filter(|offer| !offers.contains(offer)));
        }
        offers
    }
}

/// The extension that the content's file gets.
fn extension(content: &Content) -> Option<String> {
    let of_type = || media_type::by_name(content.content_type.as_deref()?).map(|it| it.extension.to_owned());
    content.extension.clone().or_else(of_type)
}

#[cfg(test)]
mod tests {
    use qetch::{Kind, Role, Url};

    use super::*;

    fn variants() -> Variants {
        let content = |uid: &str, kind: Kind, role: Role, set: fn(&mut Content)| {
            let mut content = Content::new(uid, kind, Url::parse("https://h.example/").unwrap(), []);
            content.role = role;
            set(&mut content);
            content
        };
        Variants::in_order([
            content("a-mp4", Kind::Video, Role::Main, |it| it.extension = Some("mp4".into())),
            content("a-webm", Kind::Video, Role::Main, |it| it.content_type = Some("video/webm".into())),
            content("a-mobile", Kind::Video, Role::Main, |it| it.extension = Some("mp4".into())),
            content("a-poster", Kind::Image, Role::Poster, |it| it.extension = Some("jpg".into())),
        ])
        .unwrap()
    }

    fn check(select: &str, expected: Option<&str>) {
        let select: Select = select.parse().unwrap();
        assert_eq!(select.choose(&variants()).map(|content| content.uid.as_str()), expected, "{select:?}");
    }

    #[test]
    fn a_rendition_is_chosen() {
        check("best", Some("a-mp4"));
        check("worst", Some("a-mobile"));
        check("a-webm", Some("a-webm"));
        check("ext=mp4", Some("a-mp4"));
        check("ext=.WEBM", Some("a-webm"));
        check("ext=jpg", Some("a-poster"));
        check("ext=png", None);
        check("b-mp4", None);
    }

    #[test]
    fn what_is_there_is_told() {
        let offers = |select: &str| select.parse::<Select>().unwrap().offers(&variants()).join(" ");
        assert_eq!(offers("ext=png"), "mp4 webm jpg");
        assert_eq!(offers("b"), "a-mp4 a-webm a-mobile a-poster");
    }

    #[test]
    fn a_condition_that_is_not_built_is_no_uid() {
        for wrong in ["", "ext=", "height<=720", "height=720", "kind!=video"] {
            assert!(wrong.parse::<Select>().is_err(), "{wrong}");
        }
        assert_eq!("gfycat-a=b".parse(), Ok(Select::Uid("gfycat-a=b".into())));
    }
}
