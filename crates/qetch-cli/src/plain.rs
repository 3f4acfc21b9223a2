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

/// JSON that says the same, in which what a terminal would obey or hide is escaped (RFC 8259, section 7): the characters
/// below U+0020 are already.
pub(crate) fn plain_json(json: String) -> String {
    let is_obeyed =
        |c: char| c != '\n' && (c.is_control() || turns(c) || matches!(c, '\u{2028}' | '\u{2029}'));
    if !json.contains(is_obeyed) {
        return json;
    }
    // All of these are one unit of UTF-16, and stand within strings alone.
    let escaped = |c: char| match is_obeyed(c) {
        true => format!("\\u{:04x}", u32::from(c)),
        false => c.to_string(),
    };
    json.chars().map(escaped).collect()
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
        let said = "a\u{1b}[31m\u{7f}\u{9b}2J\u{202e}\u{2028}\t\n晴れ 🐸";
        let json = plain_json(serde_json::to_string(said).unwrap());
        assert_eq!(json, r#""a\u001b[31m\u007f\u009b2J\u202e\u2028\t\n晴れ 🐸""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), said);
        assert_eq!(plain("Ein schöner Tag, 晴れ 🐸"), "Ein schöner Tag, 晴れ 🐸");
    }
}
