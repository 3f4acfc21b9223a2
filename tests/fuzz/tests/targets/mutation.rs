//! Inputs that are nearly right: one that is kept, with a few changes.

use std::ops::Range;

use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::{Index, select},
};

/// What tends to mean something to readers.
const WORDS: [&str; 64] = [
    "0",
    "1",
    "-1",
    "-",
    "+",
    "*",
    "/",
    ",",
    ";",
    ":",
    "=",
    "\"",
    "\\",
    "'",
    "''",
    " ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "\0",
    "%",
    "%00",
    "%2F",
    "%e2%80%ae",
    "..",
    "../",
    "\\..\\",
    "//",
    "@",
    "?",
    "#",
    "[",
    "]",
    "{}",
    "[]",
    "{",
    "}",
    "null",
    "true",
    "\"\"",
    "\"a\":",
    "1e309",
    "0.1",
    "NaN",
    "inf",
    "\u{202e}",
    "\u{e4}",
    "\u{feff}",
    "CON",
    ".exe",
    "W/",
    "bytes ",
    "GMT",
    "+2359",
    "filename*=",
    "UTF-8''",
    "http:",
    "file:///",
    "127.0.0.1",
    "[::1]",
    "0x7f.1",
    "169.254.169.254",
    "[::ffff:10.0.0.1]",
];

/// Numbers at which readers go wrong.
const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "255",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
];

#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Remove(Index, usize),
    Repeat(Index, usize),
    Insert(Index, &'static str),
    /// Another number in place of one.
    Number(Index, &'static str),
    /// The rest of another input from there on.
    Splice(Index, Index, Index),
}

/// One of `seeds`, with up to eight changes.
pub(crate) fn of(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let at = any::<Index>;
    let change = prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, bits)| Change::Flip(at, bits)),
        (at(), 1_usize..16).prop_map(|(at, len)| Change::Remove(at, len)),
        (at(), 1_usize..64).prop_map(|(at, len)| Change::Repeat(at, len)),
        (at(), select(&WORDS[..])).prop_map(|(at, word)| Change::Insert(at, word)),
        (at(), select(&NUMBERS[..])).prop_map(|(at, number)| Change::Number(at, number)),
        (at(), at(), at()).prop_map(|(at, seed, from)| Change::Splice(at, seed, from)),
    ];
    (at(), vec(change, 0..8), Just(seeds)).prop_map(|(seed, changes, seeds)| {
        let mut input = seed.get(&seeds).clone();
        changes.iter().for_each(|change| make(&mut input, change, &seeds));
        input
    })
}

fn make(input: &mut Vec<u8>, change: &Change, seeds: &[Vec<u8>]) {
    let len = input.len();
    match change {
        Change::Flip(at, bits) if len > 0 => input[at.index(len)] ^= bits,
        Change::Remove(at, count) if len > 0 => {
            let start = at.index(len);
            input.drain(start..(start + count).min(len));
        }
        Change::Repeat(at, count) if len > 0 => {
            let start = at.index(len);
            let again = input[start..(start + count).min(len)].to_vec();
            input.splice(start..start, again);
        }
        Change::Insert(at, word) => {
            let at = at.index(len + 1);
            input.splice(at..at, word.bytes());
        }
        Change::Number(at, number) => {
            let numbers = numbers(input);
            if !numbers.is_empty() {
                input.splice(at.get(&numbers).clone(), number.bytes());
            }
        }
        Change::Splice(at, seed, from) => {
            let other = seed.get(seeds);
            input.truncate(at.index(len + 1));
            input.extend(&other[from.index(other.len() + 1)..]);
        }
        _ => (),
    }
}

/// Where runs of digits stand.
fn numbers(input: &[u8]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..input.len()).filter(|&at| input[at].is_ascii_digit()) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}
