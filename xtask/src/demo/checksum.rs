//! The SHA-256 of a file, from the tool that the machine has, and the verdict on it.

use std::{path::Path, process::Command};

use crate::process;

/// Programs that print `<hex>  <file>`, and how they are asked.
const TOOLS: &[(&str, &[&str])] = &[("sha256sum", &[]), ("shasum", &["-a", "256"])];

/// The checksum of `file`, in lowercase.
pub(crate) fn sha256(file: &Path) -> Result<String, String> {
    for (tool, arguments) in TOOLS {
        if let Some(answer) = process::probe(Command::new(tool).args(*arguments).arg(file)) {
            return parse(&answer).ok_or_else(|| format!("`{tool}` printed no checksum: {answer}"));
        }
    }
    Err(format!("{} could not be summed: install sha256sum (GNU coreutils) or shasum (Perl)", file.display()))
}

fn parse(answer: &str) -> Option<String> {
    // GNU's tool marks a line whose file name is escaped with a backslash.
    let word = answer.split_whitespace().next()?.trim_start_matches('\\');
    let whole = word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit());
    whole.then(|| word.to_ascii_lowercase())
}

/// Fails unless the file is the one that the site offered.
pub(crate) fn compare(offered: &str, downloaded: &str) -> Result<(), String> {
    if !offered.is_empty() && offered.eq_ignore_ascii_case(downloaded) {
        return Ok(());
    }
    Err(format!("the file is not the one on the site: sha256 {downloaded}, but the site offers {offered}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn another_checksum_fails() {
        let other = OF_ABC.replacen('b', "c", 1);
        let error = compare(OF_ABC, &other).unwrap_err();
        assert!(error.contains(&other) && error.contains(OF_ABC), "{error}");
        compare("", "").unwrap_err();
        compare(OF_ABC, &OF_ABC.to_uppercase()).unwrap();
    }

    #[test]
    fn answers_of_the_tools_are_read() {
        assert_eq!(parse(&format!("{OF_ABC}  a.mp4\n")).as_deref(), Some(OF_ABC));
        assert_eq!(parse(&format!("\\{OF_ABC}  a\\nb\n")).as_deref(), Some(OF_ABC));
        assert_eq!(parse("abc  a.mp4\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_file_is_summed_by_the_machine_s_tool() {
        let planted = Planted::new(&[("abc", "abc")]);
        assert_eq!(sha256(&planted.path().join("abc")).as_deref(), Ok(OF_ABC));
    }
}
