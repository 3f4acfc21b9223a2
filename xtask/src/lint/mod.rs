//! `cargo xtask lint`: format, clippy and docs without a warning, and the rules of this repository.
//!
//! Each rule lives in a file of its own, takes what it judges as a value, and has a test that plants the fault.

mod direction;
mod facade;
mod features;
mod gate;
mod independence;
mod length;
mod machine;
mod manifests;
mod names;
mod purpose;
mod safety;
mod supply;
mod tables;
mod tools;
mod weight;

use crate::{bench::written, report::Report, sites, tree::Tree, workspace::Workspace};

/// What the checks look at.
#[derive(Debug)]
struct Place {
    workspace: Workspace,
    tree: Tree,
}

/// What a check of ours found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    /// These fail.
    faults: Vec<String>,
    /// These are only asked about.
    questions: Vec<String>,
}

impl From<Vec<String>> for Findings {
    fn from(faults: Vec<String>) -> Self {
        Self { faults, questions: Vec::new() }
    }
}

/// One check: its name, and what it promises.
struct Check {
    name: &'static str,
    promise: &'static str,
    run: Run,
}

/// Another program's verdict, or findings of our own.
enum Run {
    Tool(fn(&Place) -> Result<(), String>),
    Rule(fn(&Place) -> Result<Findings, String>),
}

/// Every check, the quick ones of our own first.
const CHECKS: &[Check] = &[
    Check {
        name: "direction",
        promise: "who may use whom",
        run: Run::Rule(|place| Ok(direction::check(&place.workspace.members).into())),
    },
    Check {
        name: "gate",
        promise: "one file opens sockets",
        run: Run::Rule(|place| gate::check(&place.workspace.members, &place.tree).map(Findings::from)),
    },
    Check {
        name: "purpose",
        promise: "every file opens with what it is for",
        run: Run::Rule(|place| purpose::check(&place.tree).map(Findings::from)),
    },
    Check {
        name: "independence",
        promise: "no site leans on another",
        run: Run::Rule(|place| independence::check(&place.tree).map(Findings::from)),
    },
    Check {
        name: "features",
        promise: "files, features and lists agree",
        run: Run::Rule(|place| features::check(&place.workspace, &place.tree).map(Findings::from)),
    },
    Check {
        name: "length",
        promise: "no file grows without being asked why",
        run: Run::Rule(|place| length::check(&place.tree)),
    },
    Check {
        name: "manifests",
        promise: "versions, lints and metadata in one place",
        run: Run::Rule(|place| manifests::check(&place.workspace).map(Findings::from)),
    },
    Check {
        name: "machine",
        promise: "nothing names a developer's machine",
        run: Run::Rule(|place| machine::check(&place.tree).map(Findings::from)),
    },
    Check {
        name: "safety",
        promise: "no unsafe code in any package",
        run: Run::Rule(|place| safety::check(&place.tree).map(Findings::from)),
    },
    Check {
        name: "attacks",
        promise: "the table of attacks names every test",
        run: Run::Rule(|place| tables::check(&place.tree, &tables::ATTACKS).map(Findings::from)),
    },
    Check {
        name: "playlists",
        promise: "the table of what playlists become names every test",
        run: Run::Rule(|place| tables::check(&place.tree, &tables::PLAYLISTS).map(Findings::from)),
    },
    Check {
        name: "benchmarks",
        promise: "the document says what was measured",
        run: Run::Rule(|place| written::check(&place.workspace.root).map(Findings::from)),
    },
    Check {
        name: "sites",
        promise: "the table of sites is that of the build",
        run: Run::Rule(|place| sites::check(&place.workspace.root).map(Findings::from)),
    },
    Check {
        name: "weight",
        promise: "a program with one sub-crate stays small",
        run: Run::Rule(|place| weight::check(&place.workspace).map(Findings::from)),
    },
    Check {
        name: "supply",
        promise: "licences, sources and versions of what we build on",
        run: Run::Tool(|place| supply::check(&place.workspace.root)),
    },
    Check {
        name: "format",
        promise: "rustfmt has nothing to say",
        run: Run::Tool(|place| tools::format(&place.workspace)),
    },
    Check {
        name: "clippy",
        promise: "no warning in any target",
        run: Run::Tool(|place| tools::clippy(&place.workspace)),
    },
    Check {
        name: "docs",
        promise: "the documentation builds without a warning",
        run: Run::Tool(|place| tools::docs(&place.workspace)),
    },
    Check {
        name: "msrv",
        promise: "the oldest promised toolchain builds it",
        run: Run::Tool(|place| tools::msrv(&place.workspace)),
    },
];

/// Runs the checks named, or all. Each runs even when one before it failed.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let chosen = choose(arguments)?;
    let workspace = Workspace::load()?;
    let tree = Tree::load(&workspace.root)?;
    let place = Place { workspace, tree };
    let mut report = Report::new();
    for check in chosen {
        let heading = format!("{}: {}", check.name, check.promise);
        report.step(&heading, || match check.run {
            Run::Tool(tool) => tool(&place),
            Run::Rule(rule) => tell(&rule(&place)?),
        });
    }
    report.finish()
}

fn choose(names: &[String]) -> Result<Vec<&'static Check>, String> {
    if names.is_empty() {
        return Ok(CHECKS.iter().collect());
    }
    let find = |name: &String| CHECKS.iter().find(|check| check.name == name);
    names
        .iter()
        .map(|name| {
            find(name).ok_or_else(|| {
                let known: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
                format!("unknown check `{name}`; there are: {}", known.join(", "))
            })
        })
        .collect()
}

fn tell(findings: &Findings) -> Result<(), String> {
    for question in &findings.questions {
        println!("question: {question}");
    }
    for fault in &findings.faults {
        println!("fault: {fault}");
    }
    match findings.faults.len() {
        0 => Ok(()),
        1 => Err("1 fault".to_owned()),
        count => Err(format!("{count} faults")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_fails_and_a_question_does_not() {
        let mut findings = Findings::default();
        findings.questions.push("planted".into());
        assert_eq!(tell(&findings), Ok(()));
        findings.faults.push("planted".into());
        assert_eq!(tell(&findings), Err("1 fault".into()));
    }

    #[test]
    fn an_unknown_check_lists_the_known_ones() {
        let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(choose(&[]).unwrap().len(), CHECKS.len());
        assert_eq!(choose(&names(&["gate"])).unwrap()[0].name, "gate");
        let error = choose(&names(&["gates"])).map(|_| ()).unwrap_err();
        assert!(error.contains("`gates`") && error.contains("direction, gate"), "{error}");
    }
}
