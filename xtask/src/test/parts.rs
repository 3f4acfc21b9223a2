//! The tests against real programs: built only where each is installed, counted in any case.

use std::env;

use super::recorded;
use crate::tree::Tree;

/// Each program, and the file of the tests against it.
const PARTS: [(&str, &str); 2] =
    [("nginx", "tests/integration/nginx.rs"), ("openssl", "tests/integration/tls.rs")];

/// Says how many there are and whether they were built: by the same look as the build script of the tests takes.
pub(crate) fn tell(tree: &Tree) -> Result<(), String> {
    for (program, tests) in PARTS {
        let mut count = 0;
        for file in tree.rust().filter(|&file| file == tests) {
            count += recorded::tests_in(&tree.read(file)?);
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let mut folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
        let is_there = folders.any(|folder| folder.join(program).is_file());
        println!("{}", sentence(program, count, is_there));
    }
    Ok(())
}

fn sentence(program: &str, count: usize, built: bool) -> String {
    let tests = if count == 1 { "test" } else { "tests" };
    if built {
        format!("{count} {tests} against {program} built and run with the tests above")
    } else {
        format!("{count} {tests} against {program} not built: install {program} to run them")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_tells_what_to_install() {
        assert_eq!(sentence("nginx", 1, false), "1 test against nginx not built: install nginx to run them");
        assert!(sentence("nginx", 2, true).starts_with("2 tests against nginx built"));
    }
}
