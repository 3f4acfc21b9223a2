//! Tables of tests in the documents, of attacks and of what playlists become: every row names a test that is there, and
//! every such test has a row.

use std::collections::BTreeSet;

use crate::{
    source::{self, Token},
    tree::Tree,
};

/// A table of tests.
#[derive(Debug)]
pub(crate) struct Table {
    /// Where it is, and under which heading.
    document: &'static str,
    heading: &'static str,
    /// What the files of its tests begin with, and what their tests are called before the rest of the file's name.
    places: &'static [(&'static str, &'static str)],
}

/// The attacks that are tried.
pub(crate) const ATTACKS: Table = Table {
    document: "docs/security.md",
    heading: "## Attacks",
    places: &[
        ("tests/integration/attacks/", "attacks::"),
        ("crates/qetch-cli/tests/command/attacks_", "command::attacks_"),
    ],
};

/// What becomes of playlists.
pub(crate) const PLAYLISTS: Table = Table {
    document: "docs/playlists.md",
    heading: "## Which test shows what",
    places: &[
        ("tests/integration/playlists/", "playlists::"),
        ("tests/integration/streams/", "streams::"),
        ("tests/integration/live/", "live::"),
    ],
};

/// How many columns a table has; the last one names the test.
const COLUMNS: usize = 3;

/// A line for every row without its test, every test without a row, and every row that cannot be read.
pub(crate) fn check(tree: &Tree, table: &Table) -> Result<Vec<String>, String> {
    let mut tests = BTreeSet::new();
    for (start, name) in table.places {
        for file in tree.below(start).filter(|file| file.ends_with(".rs")) {
            let path = format!("{name}{}", &file[start.len()..file.len() - ".rs".len()]);
            let module = path.trim_end_matches("/mod").replace('/', "::");
            // The file that lists the others is the module itself.
            let module = module.trim_end_matches("::mod");
            let text = tree.read(file)?;
            tests.extend(test_names(&source::tokens(&text)).map(|test| format!("{module}::{test}")));
        }
    }
    Ok(judge(table, &tree.read(table.document)?, &tests))
}

fn judge(table: &Table, text: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let Table { document, heading, .. } = table;
    let Some(rows) = rows(text, heading) else {
        return vec![format!("{document}: has no table under `{heading}`")];
    };
    let (mut faults, mut named) = (Vec::new(), BTreeSet::new());
    for (line, row) in rows {
        let cells = cells(row);
        let name = cells.last().and_then(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
        let Some(name) = name.filter(|_| cells.len() == COLUMNS && !cells.contains(&String::new())) else {
            faults.push(format!(
                "{document}:{line}: not what is tried, what is expected, and the name of a test in `…`"
            ));
            continue;
        };
        if !tests.contains(name) {
            faults.push(format!("{document}:{line}: there is no test `{name}`"));
        }
        named.insert(name.to_owned());
    }
    faults.extend(tests.difference(&named).map(|test| format!("{document}: `{test}` has no row")));
    faults
}

/// The rows of the table under the heading, with their lines: those behind the names of its columns and the rule.
fn rows<'a>(text: &'a str, heading: &str) -> Option<Vec<(usize, &'a str)>> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.find(|(_, line)| *line == heading)?;
    let mut table = lines.skip_while(|(_, line)| !line.starts_with(['|', '#']));
    table.next().filter(|(_, line)| cells(line).len() == COLUMNS)?;
    table
        .next()
        .filter(|(_, line)| line.trim_matches(['|', '-', ' ', ':']).is_empty() && line.contains('-'))?;
    Some(table.take_while(|(_, line)| line.starts_with('|')).collect())
}

/// The cells of a row. A `|` behind a backslash is text.
fn cells(row: &str) -> Vec<String> {
    let inner = row.trim().strip_prefix('|').unwrap_or_default();
    let mut cells = vec![String::new()];
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match (c, cells.last_mut()) {
            ('|', _) => cells.push(String::new()),
            (c, Some(cell)) => {
                cell.push(c);
                cell.extend((c == '\\').then(|| characters.next()).flatten());
            }
            _ => (),
        }
    }
    // Behind the last `|` there is nothing.
    cells.pop_if(|last| last.trim().is_empty());
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// The functions that are tests: of any attribute that is called `test`, whatever stands between it and `fn`.
fn test_names<'a>(tokens: &[Token<'a>]) -> impl Iterator<Item = &'a str> {
    let attributes = (0..tokens.len()).filter(|&at| source::begins(&tokens[at..], &["#", "["]));
    let tests = attributes.filter(|&at| {
        let group = &tokens[at + 2..at + 1 + source::group_length(&tokens[at + 1..])];
        let path = group.iter().take_while(|token| token.is_word() || token.text == "::");
        path.last().is_some_and(|token| token.text == "test")
    });
    tests.filter_map(|at| {
        let rest = &tokens[at..];
        let function = rest.iter().position(|token| token.text == "fn")?;
        rest.get(function + 1).map(|name| name.text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    const NAMES: &str = "//! Names.\n#[tokio::test(flavor = \"multi_thread\")]\n#[cfg(unix)]\nasync fn a_title() {}\n\
                         // #[test]\n// fn gone() {}\nfn helper() {}\n#[test]\nfn a_link() {}\n";

    /// Checks a table of these rows against three tests.
    #[track_caller]
    fn check_rows(rows: &[&str], expected: &[&str]) {
        let table =
            format!("# Security\n\n## Attacks\n\nWhat is tried.\n\n{}\n\n## After\n| x |\n", rows.join("\n"));
        check_document(&table, expected);
    }

    #[track_caller]
    fn check_document(document: &str, expected: &[&str]) {
        let planted = Planted::new(&[
            (ATTACKS.document, document),
            ("tests/integration/attacks/mod.rs", "//! All.\nmod names;\n"),
            ("tests/integration/attacks/names.rs", NAMES),
            ("tests/integration/egress.rs", "#[test]\nfn other() {}\n"),
            ("crates/qetch-cli/tests/command/attacks_network.rs", "#[test]\nfn a_name() {}\n"),
            ("crates/qetch-cli/tests/command/network.rs", "#[test]\nfn other() {}\n"),
        ]);
        assert_eq!(check(&Tree::walk(planted.path()).unwrap(), &ATTACKS).unwrap(), expected);
    }

    const HEAD: &str = "| attack | expectation | test |\n|---|---|---|";
    const TITLE: &str = "| `../../x` as a title | stays \\| where it is | `attacks::names::a_title` |";
    const LINK: &str = "| a link | not followed | `attacks::names::a_link` |";
    const NAME: &str = "| a name | not connected to | `command::attacks_network::a_name` |";

    #[test]
    fn a_table_that_names_every_test_passes() {
        check_rows(&[HEAD, TITLE, LINK, NAME], &[]);
    }

    #[test]
    fn a_test_without_a_row_is_found() {
        check_rows(&[HEAD, TITLE, NAME], &["docs/security.md: `attacks::names::a_link` has no row"]);
        let none = [
            "docs/security.md: `attacks::names::a_link` has no row",
            "docs/security.md: `attacks::names::a_title` has no row",
            "docs/security.md: `command::attacks_network::a_name` has no row",
        ];
        check_rows(&[HEAD], &none);
    }

    #[test]
    fn a_row_without_its_test_is_found() {
        let gone = "| a | b | `attacks::names::gone` |";
        check_rows(
            &[HEAD, TITLE, LINK, NAME, gone],
            &["docs/security.md:12: there is no test `attacks::names::gone`"],
        );
        let elsewhere = "| a | b | `egress::other` |";
        check_rows(
            &[HEAD, elsewhere, TITLE, LINK, NAME],
            &["docs/security.md:9: there is no test `egress::other`"],
        );
    }

    #[test]
    fn a_row_that_cannot_be_read_is_found() {
        let fault = "docs/security.md:12: not what is tried, what is expected, and the name of a test in `…`";
        for wrong in [
            "| a | `attacks::names::a_link` |",
            "| a | b | c | `attacks::names::a_link` |",
            "| a | | `attacks::names::a_link` |",
            "| a | b | attacks::names::a_link |",
        ] {
            check_rows(&[HEAD, TITLE, LINK, NAME, wrong], &[fault]);
        }
    }

    #[test]
    fn a_document_without_the_table_is_found() {
        let fault = ["docs/security.md: has no table under `## Attacks`"];
        check_document("# Security\n", &fault);
        check_document(&format!("# Security\n\n{HEAD}\n{LINK}\n"), &fault);
        check_document(&format!("## Attacks\n\n## After\n\n{HEAD}\n"), &fault);
        check_document("## Attacks\n\n| attack | test |\n|---|---|\n", &fault);
    }
}
