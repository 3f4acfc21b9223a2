//! Tables for people: columns that are as wide as what stands in them.

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// What stands between two columns.
pub(crate) const GAP: &str = "  ";

/// The lines of a table, [`GAP`]s between its columns and no blanks at the ends of lines.
pub(crate) fn lines<const N: usize>(columns: [Align; N], rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(columns).zip(widths).map(|((cell, align), width)| match align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The lines of a table each row of which, of one line or several, is followed by `more` that is moved in so far.
pub(crate) fn with_more<const N: usize>(
    columns: [Align; N],
    rows: &[Vec<[String; N]>],
    more: &[Vec<String>],
    indent: usize,
) -> Vec<String> {
    let mut of_rows = lines(columns, &rows.concat()).into_iter();
    let mut all = Vec::new();
    for (row, more) in rows.iter().zip(more) {
        all.extend(of_rows.by_ref().take(row.len()));
        all.extend(more.iter().map(|line| format!("{:indent$}{line}", "")));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_text() {
        let rows = [["a", "bytes", "x"], ["äöü", "7", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(lines([Align::Left, Align::Right, Align::Left], &rows), ["a    bytes  x", "äöü      7"]);
        assert!(lines([Align::Left; 2], &[]).is_empty());
    }

    #[test]
    fn more_follows_its_row() {
        let rows = [vec![["a", "x"], ["b", ""]], vec![["long", "y"]]]
            .map(|lines| lines.into_iter().map(|cells| cells.map(str::to_owned)).collect::<Vec<_>>());
        let more = [vec!["one".to_owned(), "two".to_owned()], vec![]];
        assert_eq!(
            with_more([Align::Left; 2], &rows, &more, 3),
            ["a     x", "b", "   one", "   two", "long  y"]
        );
    }
}
