//! Text from strangers, made fit for a terminal.

/// `text` on one line, without what a terminal would obey or hide: titles, file names and messages of servers come
/// from strangers, and an escape sequence in one may do anything that a program may do to a terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            c if c.is_control() || turns(c) => None,
            c => Some(c),
        })
        .collect()
}

/// Marks that turn the direction of the text that follows (UAX #9).
fn turns(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_for_a_terminal_to_obey() {
        assert_eq!(plain("a\u{1b}[31mb\u{1b}]0;t\u{7}c\u{9b}2J\rd\ne"), "a[31mb]0;tc2J d e");
        assert_eq!(plain("gpj.\u{202e}exe"), "gpj.exe");
        assert_eq!(plain("Ein schöner Tag, 晴れ 🐸"), "Ein schöner Tag, 晴れ 🐸");
    }
}
