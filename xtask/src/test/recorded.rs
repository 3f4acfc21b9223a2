//! The tests that replay recorded answers: built only where the recordings are, counted in any case.

use std::{env, ffi::OsString, fs, path::PathBuf};

use crate::{source, tree::Tree};

/// Names the directory with the recordings, which lies outside the repository.
pub(crate) const VARIABLE: &str = "QETCH_FIXTURES";

/// The directory with the recordings, absolute; none when the variable is unset.
pub(crate) fn fixtures() -> Result<Option<PathBuf>, String> {
    env::var_os(VARIABLE).map(directory).transpose()
}

fn directory(value: OsString) -> Result<PathBuf, String> {
    let path = PathBuf::from(value);
    match fs::canonicalize(&path) {
        Ok(path) if path.is_dir() => Ok(path),
        _ => Err(format!(
            "{VARIABLE} is set to `{}`, which is no directory: unset it, or name the recordings",
            path.display()
        )),
    }
}

/// Says how many recorded tests there are and whether they were built.
pub(crate) fn tell(tree: &Tree, fixtures: Option<&PathBuf>) -> Result<(), String> {
    println!("{}", sentence(count(tree)?, fixtures.is_some()));
    Ok(())
}

fn sentence(count: usize, built: bool) -> String {
    let tests = if count == 1 { "recorded test" } else { "recorded tests" };
    if built {
        format!("{count} {tests} built and run with the tests above, replayed from {VARIABLE}")
    } else {
        format!("{count} {tests} not built: set {VARIABLE} to replay them")
    }
}

fn count(tree: &Tree) -> Result<usize, String> {
    let mut count = 0;
    for file in tree.rust() {
        if file == "tests/integration/recorded.rs" || file.starts_with("tests/integration/recorded/") {
            count += tests_in(&tree.read(file)?);
        } else if file.starts_with("tests/sites/") {
            count += marked_in(&tree.read(file)?);
        }
    }
    Ok(count)
}

/// How many tests stand in a file's text.
pub(super) fn tests_in(text: &str) -> usize {
    let tokens = source::tokens(text);
    let starts = [&["#", "[", "test", "]"][..], &["#", "[", "tokio", "::", "test"]];
    (0..tokens.len()).filter(|&at| starts.iter().any(|start| source::begins(&tokens[at..], start))).count()
}

/// How many tests of a file's text have `#[cfg(recorded)]` before them.
fn marked_in(text: &str) -> usize {
    let tokens = source::tokens(text);
    let mark = &["#", "[", "cfg", "(", "recorded", ")", "]"];
    let starts = [&["#", "[", "test", "]"][..], &["#", "[", "tokio", "::", "test"]];
    let is_test = |at: usize| starts.iter().any(|start| source::begins(&tokens[at..], start));
    (0..tokens.len())
        .filter(|&at| source::begins(&tokens[at..], mark) && is_test((at + mark.len()).min(tokens.len())))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[test]
    fn recorded_tests_are_counted_and_what_is_commented_out_is_not() {
        let planted = Planted::new(&[
            (
                "tests/integration/recorded.rs",
                "#[test]\nfn a() {}\n// #[test]\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn b() {}\n",
            ),
            ("tests/integration/recorded/more.rs", "#[tokio::test]\nasync fn c() {}\n"),
            ("tests/integration/extract.rs", "#[test]\nfn other() {}\n"),
            (
                "tests/sites/pond.rs",
                "#[test]\nfn d() {}\n#[cfg(recorded)]\n#[tokio::test]\nasync fn e() {}\n#[cfg(recorded)]\nuse f;\n",
            ),
        ]);
        assert_eq!(count(&Tree::walk(planted.path()).unwrap()), Ok(4));
    }

    #[test]
    fn without_such_files_there_are_none() {
        let planted = Planted::new(&[("tests/integration/main.rs", "")]);
        assert_eq!(count(&Tree::walk(planted.path()).unwrap()), Ok(0));
    }

    #[test]
    fn the_sentence_tells_what_to_set() {
        assert_eq!(sentence(3, false), "3 recorded tests not built: set QETCH_FIXTURES to replay them");
        assert!(sentence(1, true).starts_with("1 recorded test built"));
    }

    #[test]
    fn a_variable_that_names_no_directory_is_an_error() {
        let planted = Planted::new(&[("file", "")]);
        for wrong in ["missing", "file"] {
            let error = directory(planted.path().join(wrong).into()).unwrap_err();
            assert!(error.contains("which is no directory"), "{error}");
        }
        directory(OsString::new()).unwrap_err();
        assert!(directory(planted.path().into()).unwrap().is_absolute());
    }
}
