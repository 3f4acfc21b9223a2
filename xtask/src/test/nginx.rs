//! The tests against a real nginx: built only where one is installed, counted in any case.

use std::env;

use super::recorded;
use crate::tree::Tree;

/// Says how many there are and whether they were built: by the same look as the build script of the tests takes.
pub(crate) fn tell(tree: &Tree) -> Result<(), String> {
    let mut count = 0;
    for file in tree.rust().filter(|&file| file == "tests/integration/nginx.rs") {
        count += recorded::tests_in(&tree.read(file)?);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let is_there = folders.any(|folder| folder.join("nginx").is_file());
    println!("{}", sentence(count, is_there));
    Ok(())
}

fn sentence(count: usize, built: bool) -> String {
    let tests = if count == 1 { "test" } else { "tests" };
    if built {
        format!("{count} {tests} against nginx built and run with the tests above")
    } else {
        format!("{count} {tests} against nginx not built: install nginx to run them")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_tells_what_to_install() {
        assert_eq!(sentence(1, false), "1 test against nginx not built: install nginx to run them");
        assert!(sentence(2, true).starts_with("2 tests against nginx built"));
    }
}
