//! The extractors that are named, and what is said where one is not there.

use qetch::ExtractorInfo;

use crate::exit::Failure;

/// Those of `infos` with these names, as they are asked for; all of them where none is named.
///
/// # Errors
/// An error of usage where there is none of a name, before anything is printed.
pub(super) fn choose<'a>(
    names: &[String],
    infos: &[&'a ExtractorInfo],
) -> Result<Vec<&'a ExtractorInfo>, Failure> {
    if names.is_empty() {
        return Ok(infos.to_vec());
    }
    let find = |name: &String| {
        infos.iter().find(|info| info.name() == name).copied().ok_or_else(|| unknown(name, infos))
    };
    names.iter().map(find).collect()
}

fn unknown(name: &str, infos: &[&ExtractorInfo]) -> Failure {
    // A link may hide what nobody else is to know, so that it is not repeated.
    if name.contains([':', '/', '@']) {
        return Failure::usage("a link is no name; `qetch extractors --for URL` says who claims it");
    }
    /// Beyond so many, nothing is near.
    const MOST: usize = 3;
    let near: Vec<_> =
        infos.iter().filter(|info| is_near(name, info)).map(|info| info.name()).take(MOST + 1).collect();
    let hint = match near.len() {
        1..=MOST => format!("did you mean {}?", near.join(" or ")),
        _ => "`qetch extractors` lists all".to_owned(),
    };
    Failure::usage(format!("there is no extractor `{name}`; {hint}"))
}

/// Whether `name` may be a slip in the name of this extractor, a part of it, one of its hosts or a label of one.
fn is_near(name: &str, info: &ExtractorInfo) -> bool {
    let name = name.to_lowercase();
    let is_host = |host: String| host == name || host.split('.').any(|label| label == name);
    name.chars().count() > 2
        && (info.name().contains(&name)
            || slips(&name, info.name()) <= 2
            || info.hosts().into_iter().any(|host| is_host(host.to_string())))
}

/// How many characters must be put in, left out or replaced to make one of the other.
fn slips(one: &str, other: &str) -> usize {
    let other: Vec<_> = other.chars().collect();
    let mut row: Vec<_> = (0..=other.len()).collect();
    for (line, typed) in one.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], line + 1);
        for (column, meant) in other.iter().enumerate() {
            let replaced = before + usize::from(typed != *meant);
            before = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(before + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use qetch::{Handle, Handles};

    use super::*;

    #[test]
    fn slips_are_counted() {
        let check = |one: &str, other: &str, expected: usize| {
            assert_eq!((slips(one, other), slips(other, one)), (expected, expected), "{one} {other}");
        };
        check("", "", 0);
        check("", "frog", 4);
        check("frog", "frog", 0);
        check("frgo", "frog", 2);
        check("fro", "frog", 1);
        check("grög", "frog", 2);
    }

    #[test]
    fn names_that_are_near_are_told() {
        let handle = |host: &str| Handles::new([Handle::new("frog", [host], "^/")]);
        let pond = ExtractorInfo::new("pond_of_frogs", "").with_handles(handle("boards.4pond.example"));
        let lake = ExtractorInfo::new("lake", "").with_handles(handle("lake.example"));
        let sea = ExtractorInfo::new("sea", "").with_handles(handle("*"));
        let infos = [&lake, &pond, &sea];
        let message = |name: &str| choose(&[name.to_owned()], &infos).unwrap_err().message.unwrap();
        let check = |name: &str, hint: &str| {
            assert_eq!(message(name), format!("there is no extractor `{name}`; {hint}"));
        };
        check("lkae", "did you mean lake?");
        check("Lake", "did you mean lake?");
        check("frogs", "did you mean pond_of_frogs?");
        check("4pond", "did you mean pond_of_frogs?");
        check("lake.example", "did you mean lake?");
        check("example", "did you mean lake or pond_of_frogs?");
        for far in ["mountain", "*", ""] {
            check(far, "`qetch extractors` lists all");
        }
        for link in ["https://lake.example/?key=hunter2", "me:hunter2@lake.example"] {
            let message = message(link);
            assert!(message.contains("--for URL") && !message.contains("hunter2"), "{message}");
        }
        let both = choose(&["sea".to_owned(), "lake".to_owned()], &infos).unwrap();
        assert_eq!(both.iter().map(|info| info.name()).collect::<Vec<_>>(), ["sea", "lake"]);
        choose(&["sea".to_owned(), "lak".to_owned()], &infos).unwrap_err();
        assert_eq!(choose(&[], &infos).unwrap().len(), 3);
    }
}
