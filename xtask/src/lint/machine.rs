//! Nothing in the repository names a directory of a developer's machine.

use crate::tree::Tree;

/// Directories at the root of such machines. Put together below, so that this file does not find itself.
const DIRECTORIES: &[&str] = &["work", "root"];

/// Not written by us.
const EXEMPT: &str = "Cargo.lock";

/// A line for every absolute path of a developer's machine, in any file, binary ones too.
pub(crate) fn check(tree: &Tree) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(|file| *file != EXEMPT) {
        let bytes = tree.bytes(file)?;
        for directory in DIRECTORIES {
            let path = format!("/{directory}/");
            if let Some(at) = position(&bytes, path.as_bytes()) {
                let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
                faults.push(format!("{file}:{line}: names `{path}`, a path of one machine"));
            }
        }
    }
    Ok(faults)
}

/// Where `path` stands as the beginning of an absolute path, not inside a URL or a relative path.
fn position(bytes: &[u8], path: &[u8]) -> Option<usize> {
    let continues = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-~)}*%$".contains(byte);
    (0..bytes.len())
        .filter(|&at| bytes[at..].starts_with(path))
        .find(|&at| at == 0 || !continues(&bytes[at - 1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[test]
    fn a_path_of_one_machine_is_found() {
        let [work, root] = [DIRECTORIES[0], DIRECTORIES[1]];
        let planted = Planted::new(&[
            ("Cargo.lock", &format!("/{work}/a")),
            ("a.md", &format!("see\n`/{work}/main`")),
            ("b.sh", &format!("cd /{root}/project")),
            ("c.rs", &format!("file:///{work}/a")),
            ("d.rs", &format!("https://a.example/{work}/1 ../{work}/a {{base}}/{root}/")),
        ]);
        let found = check(&Tree::walk(planted.path()).unwrap()).unwrap();
        let places: Vec<_> = found.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
        assert_eq!(places, ["a.md:2", "b.sh:1", "c.rs:1"]);
    }
}
