//! What names a rendition: made of what its playlist says of it, so that it is the same each time, and unlike every other.

use std::collections::{HashMap, HashSet};

/// The most bytes of one word of an id.
const WORD: usize = 48;

/// The most bytes of a name that was made to stay the same.
const STABLE: usize = 100;

/// What an id is made of.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The id, where nothing else has it.
    pub(super) id: String,
    /// What is added in turn where others have it.
    pub(super) more: Vec<String>,
}

/// An id for each draft, in their order. Those that stay equal are numbered from the second on.
pub(super) fn unique(mut drafts: Vec<Draft>) -> Vec<String> {
    let rounds = drafts.iter().map(|draft| draft.more.len()).max().unwrap_or(0);
    for round in 0..rounds {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for draft in &drafts {
            *counts.entry(draft.id.clone()).or_default() += 1;
        }
        for draft in &mut drafts {
            let word = draft.more.get(round).filter(|word| !word.is_empty());
            if let Some(word) = word.filter(|_| counts.get(&draft.id).is_some_and(|&count| count > 1)) {
                draft.id = format!("{}-{word}", draft.id);
            }
        }
    }
    let (mut taken, mut numbers) = (HashSet::new(), HashMap::<String, usize>::new());
    let number = |draft: Draft| {
        // Where the last one stopped, so that many that are equal are numbered in one go.
        let number = numbers.entry(draft.id.clone()).or_insert(1);
        let mut id = draft.id.clone();
        while !taken.insert(id.clone()) {
            *number += 1;
            id = format!("{}-{number}", draft.id);
        }
        id
    };
    drafts.into_iter().map(number).collect()
}

/// `text` in lower case, with a dash for whatever is no letter or digit of ASCII, no dot and no underscore.
pub(super) fn word(text: &str) -> String {
    plain(text, WORD).to_ascii_lowercase()
}

/// As [`word`], upper and lower case as they are: for names that were made to stay the same.
pub(super) fn stable(text: &str) -> String {
    plain(text, STABLE)
}

fn plain(text: &str, most: usize) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
        if plain.len() == most {
            break;
        }
        if !(c == '-' && (plain.is_empty() || plain.ends_with('-'))) {
            plain.push(c);
        }
    }
    plain.trim_end_matches('-').to_owned()
}

/// The words that say something, a dash between them.
pub(super) fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(word).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_as_short_as_they_can_be_told_apart() {
        let check = |drafts: &[&[&str]], expected: &[&str]| {
            let draft = |words: &&[&str]| Draft {
                id: words[0].to_owned(),
                more: words[1..].iter().map(|&word| word.to_owned()).collect(),
            };
            assert_eq!(unique(drafts.iter().map(draft).collect()), expected, "{drafts:?}");
        };
        check(&[], &[]);
        check(&[&["a", "x"], &["b", "x"]], &["a", "b"]);
        check(&[&["a", "x"], &["a", "y"], &["b", "x"]], &["a-x", "a-y", "b"]);
        check(&[&["a", "x", "u"], &["a", "x", "v"], &["a", "y", "u"]], &["a-x-u", "a-x-v", "a-y"]);
        check(&[&["a", "", "u"], &["a"], &["a"]], &["a-u", "a", "a-2"]);
        check(&[&["a"], &["a-2"], &["a"], &["a"], &["a-2"]], &["a", "a-2", "a-3", "a-4", "a-2-2"]);
    }

    #[test]
    fn many_that_are_equal_are_numbered_at_once() {
        let count = 100_000;
        let drafts = (0..count).map(|_| Draft { id: "a".to_owned(), more: vec!["b".to_owned()] }).collect();
        let ids = unique(drafts);
        assert_eq!((ids[0].as_str(), ids[count - 1].as_str()), ("a-b", "a-b-100000"));
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), count);
    }

    #[test]
    fn words_are_plain() {
        let check = |text: &str, expected: &str, expected_stable: &str| {
            assert_eq!((word(text).as_str(), stable(text).as_str()), (expected, expected_stable));
        };
        check("English (Forced)", "english-forced", "English-Forced");
        check("pt-BR", "pt-br", "pt-BR");
        check("../a_b.c//", "..-a_b.c", "..-a_b.c");
        check("日本語", "", "");
        check(&"a".repeat(200), &"a".repeat(48), &"a".repeat(100));
        assert_eq!(of_words(["audio", "Hi Fi", "", "日本", "en"]), "audio-hi-fi-en");
    }
}
