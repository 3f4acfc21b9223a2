//! `qetch extractors`: what this build knows, and who claims a link. No network is used.

mod asked;
mod described;
mod listed;
mod named;

use qetch::Qetch;

use crate::{args::ExtractorsArguments, console::Console, exit::Failure};

/// Columns of what is printed where no terminal says another number.
const COLUMNS: usize = 80;

/// Shows the extractors, all of some of them, or who claims a link.
pub(crate) fn run(arguments: &ExtractorsArguments, console: &Console) -> Result<(), Failure> {
    let qetch = Qetch::new();
    if let Some(link) = &arguments.link {
        return asked::run(link, qetch.registry(), arguments.json, console);
    }
    let mut infos: Vec<_> = qetch.registry().extractors().map(|extractor| extractor.info()).collect();
    infos.sort_unstable_by_key(|info| info.name());
    let columns = console.columns().unwrap_or(COLUMNS);
    let chosen = named::choose(&arguments.names, &infos)?;
    if arguments.json {
        return chosen.into_iter().try_for_each(|info| described::json(info, console));
    }
    let lines = match arguments.names.as_slice() {
        [] => listed::lines(&infos, columns),
        // What is read rather than looked up is no easier to read for being wider.
        _ => described::lines(&chosen, columns.min(COLUMNS)),
    };
    lines.into_iter().try_for_each(|line| console.result(line))
}
