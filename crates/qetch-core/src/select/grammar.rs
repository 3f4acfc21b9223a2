//! How a `Select` is written.

use std::{fmt, str::FromStr};

use super::{
    Captions, Select, Which,
    condition::{Comparison, Condition, Measure},
};
use crate::{Error, Result};

/// What there is, for who wrote something else.
const EXPECTED: &str = "there is best, worst, ext=EXT, height<=N, width<=N, fps<=N, bandwidth<=N, codec=START, language=TAG, \
                        captions=TAG, captions=all and sound=no between commas, or a uid alone";

impl FromStr for Select {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let invalid = |reason: String| Error::invalid(format!("the selection `{text}`"), reason);
        let items: Vec<_> = text.split(',').map(str::trim).map(Item::of).collect();
        if items.iter().all(|item| matches!(item, Item::Other(_))) {
            // A uid may hold whatever its site likes, a comma too.
            return if text.is_empty() { Err(invalid(EXPECTED.to_owned())) } else { Ok(Self::uid(text)) };
        }
        let mut select = Self::default();
        let mut is_which_set = false;
        for item in items {
            match item {
                Item::Word(which) => {
                    if is_which_set {
                        return Err(invalid("best and worst are for one of them".to_owned()));
                    }
                    (select.which, is_which_set) = (which, true);
                }
                Item::Condition { name, sign, value } => select.add(name, sign, value).map_err(invalid)?,
                Item::Other(other) => return Err(invalid(format!("`{other}` is no condition; {EXPECTED}"))),
            }
        }
        if select.without_sound && select.language.is_some() {
            return Err(invalid("what has no sound has no language: leave one of the two out".to_owned()));
        }
        Ok(select)
    }
}

/// One item of the list.
enum Item<'a> {
    Word(Which),
    Condition { name: &'a str, sign: &'static str, value: &'a str },
    Other(&'a str),
}

impl<'a> Item<'a> {
    fn of(text: &'a str) -> Self {
        match text {
            "best" => return Self::Word(Which::Best),
            "worst" => return Self::Word(Which::Worst),
            _ => (),
        }
        // A word before an operator is a condition: a uid that looks like one is not to be had by a typo.
        let (name, rest) = text.split_at(text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len()));
        let rest = rest.trim_start();
        let sign = Comparison::ALL.map(Comparison::sign).into_iter().find(|sign| rest.starts_with(sign));
        match sign {
            Some(sign) if !name.is_empty() => {
                Self::Condition { name, sign, value: rest[sign.len()..].trim_start() }
            }
            // Half an operator is a typo as well.
            None if !name.is_empty() && rest.starts_with('!') => {
                Self::Condition { name, sign: "!", value: &rest[1..] }
            }
            _ => Self::Other(text),
        }
    }
}

impl Select {
    fn add(&mut self, name: &str, sign: &str, value: &str) -> Result<(), String> {
        if let Some(measure) = Measure::ALL.into_iter().find(|measure| measure.name() == name) {
            let comparison = Comparison::ALL.into_iter().find(|comparison| comparison.sign() == sign);
            let comparison = comparison.ok_or_else(|| format!("`{sign}` is no comparison"))?;
            self.conditions.push(Condition::Measured(measure, comparison, number(measure, value)?));
            return Ok(());
        }
        let is = match (name, sign) {
            ("ext" | "codec" | "language" | "captions" | "sound", "=") => true,
            ("ext" | "codec", "!=") => false,
            ("ext" | "codec", _) => return Err(format!("{name} takes `=` and `!=`")),
            ("language" | "captions" | "sound", _) => return Err(format!("{name} takes `=` alone")),
            _ => return Err(format!("`{name}` is no condition; {EXPECTED}")),
        };
        match (name, value) {
            ("ext", _) if value.trim_start_matches('.').is_empty() => {
                return Err("ext= needs an extension".to_owned());
            }
            ("ext", _) => self.conditions.push(Condition::extension(value, is)),
            ("codec", "") => return Err("codec= needs how one begins, such as avc1".to_owned()),
            ("codec", _) => self.conditions.push(Condition::codec(value, is)),
            ("sound", "no") => self.without_sound = true,
            ("sound", _) => {
                return Err("of sound there is sound=no alone: it is there unless that is said".to_owned());
            }
            ("captions", "all") => self.captions = Captions::All,
            _ if !is_tag(value) => return Err(format!("{name}= needs a language tag, such as de or pt-BR")),
            ("captions", _) => {
                if let Captions::In(languages) = &mut self.captions {
                    languages.push(value.to_owned());
                }
            }
            _ if self.language.is_some() => return Err("language is for one of them".to_owned()),
            _ => self.language = Some(value.to_owned()),
        }
        Ok(())
    }
}

/// A number that is not negative; of bits with a factor of 1000 behind it.
fn number(measure: Measure, text: &str) -> Result<f64, String> {
    let (digits, factor) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1e3),
        None => text.strip_suffix(['m', 'M']).map_or((text, 1.0), |digits| (digits, 1e6)),
    };
    let is_plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let has_factor = factor > 1.0;
    let expected = match measure {
        Measure::Bandwidth => "bits per second, such as 800K or 2.5M",
        _ => "a number",
    };
    let expected = || format!("{} needs {expected}, not `{text}`", measure.name());
    if !is_plain || (has_factor && measure != Measure::Bandwidth) {
        return Err(expected());
    }
    let number: f64 = digits.parse().map_err(|_| expected())?;
    let number = number * factor;
    if number.is_finite() { Ok(number) } else { Err(expected()) }
}

/// Whether it looks like a BCP 47 tag (RFC 5646, section 2.1).
fn is_tag(text: &str) -> bool {
    text.split('-')
        .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match &self.which {
            Which::Best => "best",
            Which::Worst => "worst",
            Which::Uid(uid) => uid,
        };
        let mut items: Vec<_> = self.conditions.iter().map(Condition::to_string).collect();
        items.extend(self.language.iter().map(|language| format!("language={language}")));
        match &self.captions {
            Captions::All => items.push("captions=all".to_owned()),
            Captions::In(languages) => {
                items.extend(languages.iter().map(|language| format!("captions={language}")));
            }
        }
        items.extend(self.without_sound.then(|| "sound=no".to_owned()));
        // What is meant anyway is not said.
        if items.is_empty() || self.which != Which::Best {
            items.insert(0, which.to_owned());
        }
        f.write_str(&items.join(","))
    }
}
