//! Text for people, made to fit into columns. Characters are counted, not bytes.

/// The lines of `text`, broken between words where they would be longer than `columns`.
pub(crate) fn words(text: &str, columns: usize) -> Vec<String> {
    pieces(text.split_whitespace(), columns)
}

/// The lines of these pieces, a blank between two, broken between them where they would be longer than `columns`. A piece is
/// never broken: one that is longer stands alone on a line that is.
pub(crate) fn pieces<'a>(pieces: impl IntoIterator<Item = &'a str>, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(piece) <= columns => {
                line.push(' ');
                line.push_str(piece);
            }
            _ => lines.push(piece.to_owned()),
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// `text`, with `…` for its end where it is longer than `columns`.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if length(text) <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// How many columns it takes.
pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        let check = |text: &str, columns: usize, expected: &[&str]| {
            assert_eq!(words(text, columns), expected, "{text}");
        };
        check("", 9, &[]);
        check("  ", 9, &[]);
        check("a frog in a pond", 16, &["a frog in a pond"]);
        check("a frog in a pond", 15, &["a frog in a", "pond"]);
        check("a  frog\nin", 6, &["a frog", "in"]);
        check("a salamander in", 4, &["a", "salamander", "in"]);
        check("à l’été, où", 7, &["à", "l’été,", "où"]);
        check("à l’été, où", 8, &["à l’été,", "où"]);
        check("a b", 0, &["a", "b"]);
    }

    #[test]
    fn a_piece_is_never_broken() {
        assert_eq!(pieces(["frog ", "^/p/a b$"], 14), ["frog  ^/p/a b$"]);
        assert_eq!(pieces(["frog ", "^/p/a b$"], 13), ["frog", "^/p/a b$"]);
    }

    #[test]
    fn what_is_cut_says_so() {
        let check = |columns: usize, expected: &str| assert_eq!(cut("où est l’été", columns), expected);
        check(12, "où est l’été");
        check(11, "où est l’é…");
        check(8, "où est…");
        check(1, "…");
        check(0, "…");
    }
}
