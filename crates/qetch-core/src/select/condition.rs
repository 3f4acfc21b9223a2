//! `Condition`: what a rendition has to be.

use std::fmt;

use crate::{Content, media_type};

/// What a rendition has to be. One that does not tell fits none.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// The extension of its file is this one, or is not.
    Extension(String, bool),
    /// One of its codecs begins so, or none does.
    Codec(String, bool),
    Measured(Measure, Comparison, f64),
}

/// What is measured of a rendition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Measure {
    /// Pixels from top to bottom.
    Height,
    /// Pixels from side to side.
    Width,
    /// Frames per second.
    Fps,
    /// Bits per second.
    Bandwidth,
}

/// How a measure is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Condition {
    pub(super) fn extension(extension: &str, is: bool) -> Self {
        Self::Extension(extension.trim_start_matches('.').to_ascii_lowercase(), is)
    }

    pub(super) fn codec(start: &str, is: bool) -> Self {
        Self::Codec(start.to_ascii_lowercase(), is)
    }

    pub(super) fn fits(&self, content: &Content) -> bool {
        match self {
            Self::Extension(wanted, is) => {
                extension(content).is_some_and(|extension| (extension == *wanted) == *is)
            }
            Self::Codec(start, is) => {
                let mut codecs = codecs(content).peekable();
                codecs.peek().is_some() && codecs.any(|codec| codec.starts_with(start.as_str())) == *is
            }
            Self::Measured(measure, comparison, value) => {
                measure.of(content).is_some_and(|it| comparison.holds(it, *value, measure.tolerance()))
            }
        }
    }

    /// Whether it is asked of every rendition, rather than of those that are like the best.
    pub(super) fn is_for_all(&self) -> bool {
        matches!(self, Self::Extension(_, true))
    }

    /// What `content` tells of it, for people.
    pub(super) fn offers(&self, content: &Content) -> Vec<String> {
        match self {
            Self::Extension(..) => extension(content).into_iter().collect(),
            Self::Codec(..) => codecs(content).collect(),
            Self::Measured(measure, ..) => measure.of(content).map(|it| it.to_string()).into_iter().collect(),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = |is: &bool| if *is { "=" } else { "!=" };
        match self {
            Self::Extension(extension, is) => write!(f, "ext{}{extension}", sign(is)),
            Self::Codec(start, is) => write!(f, "codec{}{start}", sign(is)),
            Self::Measured(measure, comparison, value) => {
                write!(f, "{}{}{value}", measure.name(), comparison.sign())
            }
        }
    }
}

impl Measure {
    pub(super) const ALL: [Self; 4] = [Self::Height, Self::Width, Self::Fps, Self::Bandwidth];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Height => "height",
            Self::Width => "width",
            Self::Fps => "fps",
            Self::Bandwidth => "bandwidth",
        }
    }

    fn of(self, content: &Content) -> Option<f64> {
        match self {
            Self::Height => content.height.map(f64::from),
            Self::Width => content.width.map(f64::from),
            Self::Fps => content.fps,
            Self::Bandwidth => content.bitrate.map(|bitrate| bitrate as f64),
        }
    }

    /// How far two may be apart and are equal: 30000/1001 frames per second are written as 29.97.
    fn tolerance(self) -> f64 {
        if self == Self::Fps { 0.01 } else { 0.0 }
    }
}

impl Comparison {
    /// All, those first that begin with another.
    pub(super) const ALL: [Self; 6] =
        [Self::AtMost, Self::AtLeast, Self::Unequal, Self::Less, Self::More, Self::Equal];

    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }

    fn holds(self, it: f64, value: f64, tolerance: f64) -> bool {
        let is_equal = (it - value).abs() <= tolerance;
        match self {
            Self::Equal => is_equal,
            Self::Unequal => !is_equal,
            Self::Less => it < value && !is_equal,
            Self::AtMost => it < value || is_equal,
            Self::More => it > value && !is_equal,
            Self::AtLeast => it > value || is_equal,
        }
    }
}

/// The extension that the content's file gets.
fn extension(content: &Content) -> Option<String> {
    let of_type = || media_type::by_name(content.content_type.as_deref()?).map(|it| it.extension.to_owned());
    content.extension.as_deref().map(str::to_ascii_lowercase).or_else(of_type)
}

fn codecs(content: &Content) -> impl Iterator<Item = String> {
    let all = content.codecs.as_deref().unwrap_or_default().split(',');
    all.map(|codec| codec.trim().to_ascii_lowercase()).filter(|codec| !codec.is_empty())
}

/// How the names of codecs begin that are not of sound: of pictures (RFC 6381, and as people write them), and of text.
const OF_NO_SOUND: [&str; 21] = [
    "avc", "h26", "hvc", "hev", "vvc", "vvi", "dvh", "dva", "av01", "av1", "dav1", "vp8", "vp9", "vp0",
    "mp4v", "theora", "mjp", "jpeg", "stpp", "wvtt", "tx3g",
];

/// Whether one of its codecs is of sound, where they are told.
pub(super) fn has_sound(content: &Content) -> Option<bool> {
    let is_of_sound = |codec: String| !OF_NO_SOUND.iter().any(|start| codec.starts_with(start));
    codecs(content).next().map(|_| codecs(content).any(is_of_sound))
}
