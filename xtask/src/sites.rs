//! `cargo xtask sites`: the table of sites in the documents, written from what the command says that it knows.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::{process, programs, workspace::Workspace};

/// The document.
const DOCUMENT: &str = "docs/sites.md";

const HEAD: &str = "# Sites

Every extractor of the whole build, by name, with a link of each form it takes. `cargo xtask sites` writes this page from what
`qetch extractors --json` says, and `cargo xtask lint` holds it against that. A build with fewer features has fewer of them;
`qetch extractors` says which, and `qetch extractors NAME` all of one, with its options and patterns.

| extractor | what | hosts | login | forms |
|---|---|---|---|---|
";

/// Writes the document.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if let Some(unknown) = arguments.first() {
        return Err(format!("`sites` takes no arguments, but got `{unknown}`"));
    }
    let root = Workspace::load()?.root;
    let path = root.join(DOCUMENT);
    fs::write(&path, page(&described(&root)?)?).map_err(|error| format!("{DOCUMENT}: {error}"))?;
    println!("written: {DOCUMENT}");
    Ok(())
}

/// A line where the document is not what it would be if it were written now.
pub(crate) fn check(root: &Path) -> Result<Vec<String>, String> {
    let is_there = fs::read_to_string(root.join(DOCUMENT)).unwrap_or_default();
    Ok(judge(&is_there, &page(&described(root)?)?))
}

fn judge(is_there: &str, expected: &str) -> Vec<String> {
    let Some(differing) = expected
        .lines()
        .zip(is_there.lines().map(Some).chain(std::iter::repeat(None)))
        .find_map(|(expected, line)| (line != Some(expected)).then_some(expected))
    else {
        let extra = is_there.lines().nth(expected.lines().count());
        return extra.map(|line| fault("has what this build does not", line)).into_iter().collect();
    };
    vec![fault("lacks", differing)]
}

fn fault(what: &str, line: &str) -> String {
    format!("{DOCUMENT}: {what}: {line} (`cargo xtask sites` writes it)")
}

/// What the command says that it knows: a JSON object a line.
fn described(root: &Path) -> Result<String, String> {
    let [qetch] = programs::build(root, &["qetch-cli"], ["qetch"])?;
    process::capture(Command::new(qetch).args(["extractors", "--json"]))
}

fn page(described: &str) -> Result<String, String> {
    let mut page = HEAD.to_owned();
    for line in described.lines() {
        let site: Value = serde_json::from_str(line)
            .map_err(|error| format!("`qetch extractors --json` printed no JSON: {error}"))?;
        page.push_str(&row(&site));
    }
    Ok(page)
}

fn row(site: &Value) -> String {
    let text = |pointer: &str| site.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let list =
        |value: &Value, field: &str| value.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let texts =
        |values: Vec<Value>| values.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();

    let hosts = texts(list(site, "hosts"));
    let hosts: Vec<_> = hosts.iter().filter(|host| *host != "*").map(|host| format!("`{host}`")).collect();
    let hosts = if hosts.is_empty() { "any".to_owned() } else { hosts.join(" ") };

    let kinds = site.get("auth").map(|auth| texts(list(auth, "kinds"))).unwrap_or_default();
    let kinds: Vec<_> = kinds.into_iter().filter(|kind| kind != "none").collect();
    let is_required = site.pointer("/auth/required").and_then(Value::as_bool).unwrap_or_default();
    let login = match (kinds.is_empty(), is_required) {
        (true, _) => String::new(),
        (false, true) => format!("{}, required", kinds.join(" or ")),
        (false, false) => format!("{}, optional", kinds.join(" or ")),
    };

    let forms = list(site, "handles");
    let forms = forms.iter().filter_map(|handle| {
        let name = handle.get("name").and_then(Value::as_str)?;
        let example = texts(list(handle, "examples")).into_iter().next();
        let example = example.map(|example| format!(" <{example}>")).unwrap_or_default();
        Some(format!("`{name}`{example}"))
    });
    let forms = forms.collect::<Vec<_>>().join("<br>");
    let forms = if forms.is_empty() { "any link".to_owned() } else { forms };

    let cells = [format!("`{}`", text("/name")), text("/description").to_owned(), hosts, login, forms];
    let cells = cells.map(|cell| match cell.as_str() {
        "" => " |".to_owned(),
        // A `|` would begin a cell.
        cell => format!(" {} |", cell.replace('|', "\\|").replace('\n', " ")),
    });
    format!("|{}\n", cells.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIBED: &str = concat!(
        r#"{"name":"any","description":"Links | of any host","hosts":["*"],"auth":{"kinds":["none"],"required":false},"#,
        r#""handles":[{"name":"video","examples":[]}]}"#,
        "\n",
        r#"{"name":"pond","description":"Frogs","hosts":["pond.example","*.pond.example"],"#,
        r#""auth":{"kinds":["token","none"],"required":false},"handles":[{"name":"frog","examples":["https://pond.example/p/7","x"]},"#,
        r#"{"name":"pond","examples":["https://pond.example/p"]}]}"#,
        "\n",
    );

    #[test]
    fn each_extractor_has_a_row() {
        let page = page(DESCRIBED).unwrap();
        let rows: Vec<_> = page.strip_prefix(HEAD).unwrap().lines().collect();
        let expected = [
            r"| `any` | Links \| of any host | any | | `video` |",
            "| `pond` | Frogs | `pond.example` `*.pond.example` | token, optional | `frog` <https://pond.example/p/7><br>`pond` <https://pond.example/p> |",
        ];
        assert_eq!(rows, expected);
        self::page("frogs\n").unwrap_err();
    }

    #[test]
    fn a_page_that_is_not_what_would_be_written_is_found() {
        let page = page(DESCRIBED).unwrap();
        let check = |is_there: &str, expected: &[&str]| {
            let found = judge(is_there, &page);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            assert!(found.iter().zip(expected).all(|(found, start)| found.starts_with(start)), "{found:?}");
        };
        check(&page, &[]);
        check(&page.replace("Frogs", "Toads"), &["docs/sites.md: lacks: | `pond` | Frogs"]);
        let (without, _) = page.split_once("| `pond`").unwrap();
        check(without, &["docs/sites.md: lacks: | `pond`"]);
        check("", &["docs/sites.md: lacks: # Sites"]);
        check(&format!("{page}| `toad` |\n"), &["docs/sites.md: has what this build does not: | `toad` |"]);
    }
}
