//! Starting other programs: cargo above all, always reported by the command line a person would type.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Cargo of the toolchain that runs this task, in `root`.
///
/// `cargo run` describes xtask itself in the environment. A few build scripts watch those variables and would
/// rebuild whenever a person alternates between `cargo xtask` and plain cargo, so they are not passed on.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs `command` with our own input and output, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let line = command_line(command);
    let status = command.status().map_err(|error| format!("`{line}` does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}")) }
}

/// What `command` writes to standard output; its complaints go to ours.
pub(crate) fn capture(command: &mut Command) -> Result<String, String> {
    let line = command_line(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{line}` does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{line}` failed: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{line}` answered something that is not UTF-8"))
}

/// What `command` answers when it exists and succeeds; for asking what a machine has.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

/// Gives `to` the environment and the directory that `from` would run in.
pub(crate) fn copy_surroundings(from: &Command, to: &mut Command) {
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
}

/// Where a program is installed. Servers are often outside an ordinary user's path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The command as a person would type it: the program by its name, arguments quoted where a shell needs that.
pub(crate) fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_stem().unwrap_or(program.as_os_str());
    let mut line = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&quoted(&argument.to_string_lossy()));
    }
    line
}

fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+.,:/@%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_typed() {
        let mut command = Command::new("/somewhere/qetch");
        command.args(["extract", "--route", "*=http://127.0.0.1:8080", "it's", "https://a.example/b"]);
        assert_eq!(
            command_line(&command),
            r"qetch extract --route '*=http://127.0.0.1:8080' 'it'\''s' https://a.example/b"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("qetch-no-such-program")).unwrap_err();
        assert!(error.contains("`qetch-no-such-program` does not start"), "{error}");
        assert_eq!(probe(&mut Command::new("qetch-no-such-program")), None);
    }
}
