//! A table of the extractors.

use qetch::{AuthKind, ExtractorInfo};

use crate::{
    table::{self, Align},
    wrap,
};

/// What is narrower is filled as if it had so many columns.
const FEWEST: usize = 40;
// Most columns of a name, of a login and of hosts: a line of 80 has enough left for what it is.
const NAME: usize = 16;
const LOGIN: usize = 10;
const HOSTS: usize = 24;
/// A description that would get fewer columns beside the others stands beneath them.
const READABLE: usize = 24;
/// How far it is moved in there.
const INDENT: usize = 2;

const HINT: &str = "`qetch extractors NAME` shows all of one";

/// The lines of the table, none of them of more columns than these, and one that says how to see more.
pub(super) fn lines(infos: &[&ExtractorInfo], columns: usize) -> Vec<String> {
    let columns = columns.max(FEWEST);
    let names = column("NAME", infos, |info| vec![wrap::cut(info.name(), NAME)]);
    let logins = column("LOGIN", infos, |info| wrap::words(&login(info), LOGIN));
    let room = columns - width(&names) - width(&logins) - 2 * table::GAP.len();
    let hosts = column("HOSTS", infos, |info| vec![hosts(info, room.min(HOSTS))]);
    let beside = room.saturating_sub(width(&hosts) + table::GAP.len());
    let what = |columns| {
        // Only a word that is longer than the column is cut.
        let cut = |line: String| wrap::cut(&line, columns);
        column("WHAT", infos, |info| wrap::words(info.description(), columns).into_iter().map(cut).collect())
    };
    let mut lines = if beside >= READABLE {
        table::lines([Align::Left; 4], &rows([&names, &logins, &hosts, &what(beside)]).concat())
    } else {
        table::with_more([Align::Left; 3], &rows([&names, &logins, &hosts]), &what(columns - INDENT), INDENT)
    };
    lines.extend([String::new(), HINT.to_owned()]);
    lines
}

/// The lines of a cell.
type Cell = Vec<String>;

/// A heading, and what stands under it.
fn column(heading: &str, infos: &[&ExtractorInfo], cell: impl Fn(&ExtractorInfo) -> Cell) -> Vec<Cell> {
    let cells = infos.iter().map(|info| cell(info));
    std::iter::once(vec![heading.to_owned()]).chain(cells).collect()
}

fn width(column: &[Cell]) -> usize {
    column.iter().flatten().map(|line| wrap::length(line)).max().unwrap_or(0)
}

/// The lines of each row, as many as its highest cell has.
fn rows<const N: usize>(columns: [&[Cell]; N]) -> Vec<Vec<[String; N]>> {
    let row = |row: usize| {
        let cells = columns.map(|column| &column[row]);
        let height = cells.iter().map(|cell| cell.len()).max().unwrap_or(0);
        (0..height).map(|line| cells.map(|cell| cell.get(line).cloned().unwrap_or_default())).collect()
    };
    (0..columns[0].len()).map(row).collect()
}

/// Which kinds of login it takes, and whether it wants one.
fn login(info: &ExtractorInfo) -> String {
    let kinds = info.auth_kinds().iter().filter(|kind| **kind != AuthKind::None);
    let kinds = kinds.map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    match (kinds.is_empty(), info.requires_auth()) {
        (true, _) => "-".to_owned(),
        (false, true) => format!("{kinds} (required)"),
        (false, false) => kinds,
    }
}

/// The first of its hosts and how many more there are, a host and its `www.` being one.
fn hosts(info: &ExtractorInfo, columns: usize) -> String {
    let mut hosts: Vec<String> = Vec::new();
    for host in info.hosts() {
        let host = host.to_string();
        let host = host.strip_prefix("www.").unwrap_or(&host);
        if !hosts.iter().any(|other| other == host) {
            hosts.push(host.to_owned());
        }
    }
    // One without handles finds out by asking, wherever the link leads.
    if hosts.is_empty() || hosts.iter().any(|host| host == "*") {
        return "any".to_owned();
    }
    let more = match hosts.len() - 1 {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    wrap::cut(&hosts[0], columns.saturating_sub(more.len())) + &more
}

#[cfg(test)]
mod tests {
    use qetch::{Handle, Handles};

    use super::*;

    fn info(name: &str, description: &str, hosts: &[&str]) -> ExtractorInfo {
        let handle = (!hosts.is_empty()).then(|| Handle::new("frog", hosts.iter().copied(), "^/"));
        ExtractorInfo::new(name, description).with_handles(Handles::new(handle))
    }

    fn ponds() -> [ExtractorInfo; 4] {
        let kinds = [AuthKind::OAuth, AuthKind::Basic];
        [
            info("lake", "Fish", &["www.lake.example", "lake.example"]).with_auth(kinds),
            info("marsh", "Toads, newts and the other amphibians of many marshes", &["marsh.example", "*"]),
            info("pond", "Frogs", &["pond.example", "www.pond.example", "a.example", "*.b.example"])
                .with_auth([AuthKind::Token, AuthKind::None]),
            info("sea", "What swims", &[]),
        ]
    }

    fn table(infos: &[ExtractorInfo], columns: usize) -> Vec<String> {
        lines(&infos.iter().collect::<Vec<_>>(), columns)
    }

    #[test]
    fn a_row_says_what_tells_one_from_the_others() {
        assert_eq!(
            table(&ponds(), 80),
            [
                "NAME   LOGIN       HOSTS            WHAT",
                "lake   oauth or    lake.example     Fish",
                "       basic",
                "       (required)",
                "marsh  -           any              Toads, newts and the other amphibians of",
                "                                    many marshes",
                "pond   token       pond.example +2  Frogs",
                "sea    -           any              What swims",
                "",
                "`qetch extractors NAME` shows all of one",
            ]
        );
    }

    #[test]
    fn descriptions_stand_beneath_where_there_is_no_room_beside() {
        assert_eq!(
            table(&ponds()[1..], 40),
            [
                "NAME   LOGIN  HOSTS",
                "  WHAT",
                "marsh  -      any",
                "  Toads, newts and the other amphibians",
                "  of many marshes",
                "pond   token  pond.example +2",
                "  Frogs",
                "sea    -      any",
                "  What swims",
                "",
                "`qetch extractors NAME` shows all of one",
            ]
        );
    }

    #[test]
    fn what_is_long_fits_and_shows_that_it_is_cut() {
        let host = "an-overgrown-pond-with-very-many-frogs.example";
        let hosts = [host, "a.example", "b.example"];
        let words = "Frögs ".repeat(40) + &"quak".repeat(40);
        let long = info("a_pond_that_has_a_long_name", &words, &hosts).with_auth([AuthKind::Token]);
        let [lake, ..] = ponds();
        let infos = [long, lake];
        for columns in [0, 39, 40, 50, 79, 80, 81, 200] {
            let lines = table(&infos, columns);
            let widest = lines.iter().map(|line| wrap::length(line)).max();
            assert!(widest <= Some(columns.max(FEWEST)), "{columns}: {lines:#?}");
            assert!(lines.iter().any(|line| line.starts_with("a_pond_that_has…  token ")), "{lines:#?}");
            assert!(lines.iter().any(|line| line.contains("… +2")), "{lines:#?}");
            assert!(lines.iter().any(|line| line.contains("quak") && line.ends_with('…')), "{lines:#?}");
            assert_eq!(lines.concat().matches("Frögs").count(), 40);
        }
        // Beside the others at 80, whatever they are.
        assert!(table(&infos, 80)[0].ends_with("WHAT"));
    }
}
