//! The programs of this workspace that tasks start, as cargo builds them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process;

/// Builds the programs of `packages`, and answers with where those of these names are.
pub(crate) fn build<const N: usize>(
    root: &Path,
    packages: &[&str],
    names: [&str; N],
) -> Result<[PathBuf; N], String> {
    let mut command = process::cargo(root);
    command.arg("build");
    for package in packages {
        command.args(["--package", package]);
    }
    command.arg("--bins");
    println!("$ {}", process::command_line(&command));
    let messages = process::capture(command.arg("--message-format=json-render-diagnostics"))?;
    let mut programs = names.map(|_| PathBuf::new());
    for (program, name) in programs.iter_mut().zip(names) {
        *program = executable(&messages, name)?;
    }
    Ok(programs)
}

/// Where cargo put the program `name`, from its messages.
fn executable(messages: &str, name: &str) -> Result<PathBuf, String> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message.pointer("/target/name").and_then(Value::as_str) == Some(name))
        .find_map(|message| message.get("executable").and_then(Value::as_str).map(PathBuf::from))
        .ok_or_else(|| format!("cargo built no program `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_cargo_s_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"qetch"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"qetch"},"executable":"/planted/qetch"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(executable(messages, "qetch"), Ok(PathBuf::from("/planted/qetch")));
        let error = executable(messages, "qetch-demo-site").unwrap_err();
        assert!(error.contains("qetch-demo-site"), "{error}");
    }
}
