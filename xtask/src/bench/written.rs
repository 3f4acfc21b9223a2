//! The files that a bench writes: figures, document and picture; and whether they still say the same.

use std::{fs, path::Path};

use super::{data::Data, document, plot};

/// The figures.
pub(crate) const FIGURES: &str = "docs/benchmarks.json";

/// A file that is made from them.
struct Made {
    file: &'static str,
    make: fn(&Data) -> String,
}

const MADE: [Made; 2] = [
    Made { file: "docs/benchmarks.md", make: document::document },
    Made { file: "docs/benchmarks.svg", make: plot::plot },
];

/// Writes all three below `root`.
pub(crate) fn write(root: &Path, data: &Data) -> Result<(), String> {
    let save = |file: &str, text: &str| {
        fs::write(root.join(file), text).map_err(|error| format!("{file}: {error}"))?;
        println!("written: {file}");
        Ok::<(), String>(())
    };
    save(FIGURES, &data.to_json())?;
    MADE.iter().try_for_each(|made| save(made.file, &(made.make)(data)))
}

/// A line for each that does not say what the figures say. Nothing where no figures are kept.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let Ok(figures) = fs::read_to_string(root.join(FIGURES)) else {
        return Ok(Vec::new());
    };
    let data = Data::from_json(&figures).map_err(|error| format!("{FIGURES}: {error}"))?;
    let agrees =
        |made: &Made| fs::read_to_string(root.join(made.file)).is_ok_and(|text| text == (made.make)(&data));
    let remedy = format!("`cargo xtask bench --write-from {FIGURES}` writes it afresh");
    let fault = |made: &Made| format!("{}: does not say what {FIGURES} says: {remedy}", made.file);
    Ok(MADE.iter().filter(|made| !agrees(made)).map(fault).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bench::data::Outcome, planted::Planted};

    #[test]
    fn a_document_that_was_changed_by_hand_is_found() {
        let planted = Planted::new(&[("docs/other.md", "")]);
        assert_eq!(check(planted.path()), Ok(Vec::new()));
        let data = Data { races: vec![Outcome::planted("raw", &[("qetch", &[1.0; 9])])], ..Data::default() };
        write(planted.path(), &data).unwrap();
        assert_eq!(check(planted.path()), Ok(Vec::new()));
        let document = planted.path().join("docs/benchmarks.md");
        let better = fs::read_to_string(&document).unwrap().replace("1.000", "0.500");
        fs::write(&document, better).unwrap();
        let faults = check(planted.path()).unwrap();
        assert!(faults.len() == 1 && faults[0].starts_with("docs/benchmarks.md: does not say"), "{faults:?}");
        fs::write(planted.path().join(FIGURES), "{}").unwrap();
        check(planted.path()).unwrap_err();
    }
}
