//! Runs every target over its corpus, over arbitrary bytes, and over inputs that are nearly right: files of the corpus
//! with a few changes. `QETCH_CASES` sets how many of each, and cargo-fuzz runs the same targets for longer.
#![cfg(test)]

mod mutation;

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    test_runner::{Config, TestError, TestRunner},
};
use qetch_fuzz::TARGETS;

/// How many inputs of each kind, unless the environment says otherwise.
const CASES: u32 = 400;

macro_rules! targets {
    ($($name:ident)*) => {
        /// Those that have a test below.
        const TESTED: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

targets! {
    content_disposition content_range dash digest file_name generic gfycat hls http_date journal lenient media_type note
    redirect reply retry_after saved spans token
}

#[track_caller]
fn check(name: &str) {
    let run = TARGETS.iter().find(|target| target.name == name).unwrap().run;
    let corpus = corpus(name);
    for (file, input) in &corpus {
        println!("corpus/{name}/{file}");
        run(input);
    }
    let seeds: Vec<_> = corpus.into_iter().map(|(_, input)| input).collect();
    let found = holds(run, &vec(any::<u8>(), 0..256)).and_then(|()| holds(run, &mutation::of(seeds)));
    if let Err(finding) = found {
        panic!("{finding}\nmend it, and put this input into corpus/{name}");
    }
}

/// Runs a target over many inputs; what it fails with, if it does, is as small as it could be made.
fn holds(run: fn(&[u8]), inputs: &impl Strategy<Value = Vec<u8>>) -> Result<(), String> {
    let cases = env::var("QETCH_CASES").ok().map_or(CASES, |cases| cases.parse().unwrap());
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(inputs, |input| {
        run(&input);
        Ok(())
    });
    outcome.map_err(|error| match error {
        TestError::Fail(reason, input) => format!("{reason}: {}", input.escape_ascii()),
        TestError::Abort(reason) => reason.to_string(),
    })
}

/// The inputs that are kept for a target, by name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut corpus = Vec::new();
    for entry in fs::read_dir(here("corpus").join(name)).unwrap() {
        let path = entry.unwrap().path();
        corpus.push((stem(&path), fs::read(&path).unwrap()));
    }
    corpus.sort();
    assert!(!corpus.is_empty(), "{name} has no corpus");
    corpus
}

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn stem(path: &std::path::Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_target_has_a_test_a_corpus_and_a_program() {
    let listed = |directory: &str| -> BTreeSet<String> {
        fs::read_dir(here(directory)).unwrap().map(|entry| stem(&entry.unwrap().path())).collect()
    };
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(TESTED.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>(), names);
    assert_eq!(listed("corpus"), names);
    assert_eq!(listed("../../fuzz/fuzz_targets"), names);
    let manifest = fs::read_to_string(here("../../fuzz/Cargo.toml")).unwrap();
    for name in &names {
        let program = fs::read_to_string(here("../../fuzz/fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(program.contains(&format!("qetch_fuzz::{name}(data)")), "{name} runs something else");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not built");
    }
}

/// The runs must be able to fail: arbitrary bytes, and a change of a number in what is kept.
#[test]
fn a_fault_is_found_and_told_by_a_small_input() {
    let high = |data: &[u8]| assert!(data.is_ascii());
    let finding = holds(high, &vec(any::<u8>(), 0..256)).unwrap_err();
    assert!(finding.ends_with(r": \x80"), "{finding}");

    let huge = |data: &[u8]| assert!(!data.windows(20).any(|window| window == b"18446744073709551615"));
    let seeds = vec![b"bytes 0-99/200".to_vec()];
    assert!(holds(huge, &mutation::of(seeds)).unwrap_err().contains("18446744073709551615"));
}
