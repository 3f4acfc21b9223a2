//! `cargo xtask survival`: what qetch and its peers make of every trap of the misbehaving origin.

mod attempt;
mod origin;
mod page;
mod rounds;
mod survey;
mod verdict;

use std::{fs, time::Instant};

use crate::{peers::Tools, programs, report, workspace::Workspace};
use survey::Survey;

/// The page that a whole run writes.
const PAGE: &str = "docs/survival.md";

/// Where tools work and where what they said is kept, below the workspace.
const FOLDER: &str = "target/survival";

/// How often each tool meets each trap, as some outcomes are a matter of luck.
const ROUNDS: usize = 3;

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    rounds: usize,
    traps: Vec<String>,
    tools: Vec<String>,
}

/// Tries each tool on each trap. Fails where qetch is not good.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let wish = Wish::parse(arguments)?;
    let started = Instant::now();
    let root = Workspace::load()?.root;
    let names = ["qetch", "qetch-misbehaving-origin"];
    let [qetch, program] = programs::build(&root, &["qetch-cli", "qetch-testkit"], names)?;

    let folder = root.join(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let home = folder.join("home");
    fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    let mut tools = Tools::find(&qetch, &home);
    if let Some(sentence) = tools.missing_sentence() {
        println!("{sentence}");
    }
    let mut traps = origin::traps(&program)?;
    choose(&mut traps, &wish.traps, |trap| &trap.name)?;
    choose(&mut tools.found, &wish.tools, |tool| tool.tool.name())?;
    println!("{} traps, {} tools, {} rounds\n", traps.len(), tools.found.len(), wish.rounds);

    let survey = rounds::run(Survey::new(traps, tools.found, wish.rounds), &program, &folder)?;
    println!("\n{}", page::summary(&survey));
    println!("what the tools said: {FOLDER}; total: {}", report::seconds(started.elapsed()));
    if wish == Wish::default() && tools.missing.is_empty() {
        let page = page::page(&survey, &page::today()?, started.elapsed());
        fs::write(root.join(PAGE), page).map_err(|error| format!("{PAGE}: {error}"))?;
        println!("written: {PAGE}");
    } else {
        println!("{}", page::matrix(&survey));
        println!("{PAGE} stays as it is: only a whole run with every tool writes it");
    }
    match survey.broken_promises().as_slice() {
        [] => Ok(()),
        broken => Err(format!("qetch was not good: {}", broken.join(", "))),
    }
}

/// Keeps what is wished for by name; everything without a wish.
fn choose<T>(all: &mut Vec<T>, wished: &[String], name: impl Fn(&T) -> &str) -> Result<(), String> {
    if let Some(unknown) = wished.iter().find(|wish| !all.iter().any(|it| name(it) == *wish)) {
        let known: Vec<_> = all.iter().map(name).collect();
        return Err(format!("unknown: `{unknown}`; there are: {}", known.join(", ")));
    }
    all.retain(|it| wished.is_empty() || wished.iter().any(|wish| wish == name(it)));
    Ok(())
}

impl Default for Wish {
    fn default() -> Self {
        Self { rounds: ROUNDS, traps: Vec::new(), tools: Vec::new() }
    }
}

impl Wish {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut wish = Self::default();
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("`{name}` needs a value"));
            match name.as_str() {
                "--rounds" => {
                    let rounds = value()?;
                    let parsed = rounds.parse().ok().filter(|rounds| *rounds > 0);
                    wish.rounds =
                        parsed.ok_or_else(|| format!("`--rounds` takes a number, not `{rounds}`"))?;
                }
                "--trap" => wish.traps.push(value()?.clone()),
                "--tool" => wish.tools.push(value()?.clone()),
                _ => return Err(format!("`survival` takes --rounds, --trap and --tool, but got `{name}`")),
            }
        }
        Ok(wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: Result<Wish, &str>) {
        let arguments: Vec<_> = arguments.iter().map(|&it| it.to_owned()).collect();
        assert_eq!(Wish::parse(&arguments), expected.map_err(str::to_owned));
    }

    #[test]
    fn arguments_are_read() {
        check(&[], Ok(Wish::default()));
        let traps = vec!["drip".to_owned(), "gzip".to_owned()];
        check(
            &["--rounds", "1", "--trap", "drip", "--tool", "axel", "--trap", "gzip"],
            Ok(Wish { rounds: 1, traps, tools: vec!["axel".to_owned()] }),
        );
        check(&["--rounds"], Err("`--rounds` needs a value"));
        check(&["--rounds", "0"], Err("`--rounds` takes a number, not `0`"));
        check(&["drip"], Err("`survival` takes --rounds, --trap and --tool, but got `drip`"));
    }
    #[test]
    fn what_is_wished_for_is_kept_and_what_is_unknown_is_named() {
        let chosen = |wished: &[&str]| {
            let mut all = vec!["axel", "curl"];
            let wished: Vec<_> = wished.iter().map(|&it| it.to_owned()).collect();
            choose(&mut all, &wished, |it| it).map(|()| all)
        };
        assert_eq!(chosen(&[]), Ok(vec!["axel", "curl"]));
        assert_eq!(chosen(&["curl"]), Ok(vec!["curl"]));
        assert_eq!(chosen(&["curl", "wget"]), Err("unknown: `wget`; there are: axel, curl".into()));
    }
}
