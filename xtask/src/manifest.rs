//! Reading `Cargo.toml` far enough for our checks: which table, which key, which value. Not a TOML parser.

/// One `key = value`, with the table it stands in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) line: usize,
}

/// Every entry of a manifest; a value that spans lines becomes one line.
pub(crate) fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut table = String::new();
    let mut open = 0;
    for (number, line) in text.lines().enumerate() {
        let line = without_comment(line).trim();
        if let (true, Some(last)) = (open > 0, entries.last_mut()) {
            last.value.push(' ');
            last.value.push_str(line);
            open += depth(line);
        } else if let Some(name) = header(line) {
            table = name;
        } else if let Some((key, value)) = line.split_once('=') {
            open = depth(value);
            entries.push(Entry {
                table: table.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                line: number + 1,
            });
        }
    }
    entries
}

fn header(line: &str) -> Option<String> {
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    Some(inner.strip_suffix(']').unwrap_or(inner).trim().to_owned())
}

fn without_comment(line: &str) -> &str {
    outside_strings(line).find(|&(_, c)| c == '#').map_or(line, |(at, _)| &line[..at])
}

/// How many brackets and braces `text` leaves open; negative when it closes more.
fn depth(text: &str) -> i32 {
    outside_strings(text)
        .map(|(_, c)| match c {
            '[' | '{' => 1,
            ']' | '}' => -1,
            _ => 0,
        })
        .sum()
}

/// The characters that stand outside quotes, with where they are.
fn outside_strings(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    text.char_indices().filter(move |&(_, c)| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            false
        }
        None if c == '"' || c == '\'' => {
            quote = Some(c);
            false
        }
        None => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keys_and_values_over_lines_are_read() {
        let text = "[package]\nname = \"a#b\" # why\n[target.'cfg(unix)'.dependencies]\nlibc = { workspace = true, features = [\n  \"x\", # [\n] }\nc.workspace = true\n";
        let found: Vec<_> =
            entries(text).into_iter().map(|it| (it.table, it.key, it.value, it.line)).collect();
        let expected = [
            ("package", "name", "\"a#b\"", 2),
            ("target.'cfg(unix)'.dependencies", "libc", "{ workspace = true, features = [ \"x\", ] }", 4),
            ("target.'cfg(unix)'.dependencies", "c.workspace", "true", 7),
        ];
        let expected: Vec<_> = expected
            .map(|(table, key, value, line)| (table.to_owned(), key.to_owned(), value.to_owned(), line))
            .into();
        assert_eq!(found, expected);
    }
}
