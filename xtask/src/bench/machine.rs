//! What the machine is that a bench ran on, as far as it matters and no further: no name, no path.

use std::{fs, process::Command, thread};

use crate::process;

/// A name and what it says, for each thing that is known.
pub(crate) fn describe() -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |name: &str, value: Option<String>| all.extend(value.map(|value| (name.to_owned(), value)));
    let count = thread::available_parallelism().map_or(1, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| field(&text, "model name"));
    add("processors", Some(format!("{count} × {}", model.unwrap_or_else(|| "unknown".to_owned()))));
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| field(&text, "MemTotal"));
    let kib = memory.and_then(|text| text.split(' ').next().and_then(|number| number.parse::<u64>().ok()));
    add("memory", kib.map(|kib| format!("{:.1} GiB", kib as f64 / f64::from(1 << 20))));
    let system = process::probe(Command::new("uname").args(["-s", "-r", "-m"]));
    add("system", system.map(|text| text.trim().to_owned()));
    add(
        "date",
        process::probe(Command::new("date").args(["-u", "+%Y-%m-%d"])).map(|text| text.trim().to_owned()),
    );
    add(
        "commit",
        process::probe(Command::new("git").args(["describe", "--always", "--dirty"]))
            .map(|text| text.trim().to_owned()),
    );
    // nginx says its version as a complaint.
    let nginx = process::find("nginx").and_then(|nginx| Command::new(nginx).arg("-v").output().ok());
    add("server", nginx.map(|output| String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    all
}

/// The value of the first line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let mut values = text.lines().filter_map(|line| line.split_once(':'));
    values.find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read() {
        let text = "processor\t: 0\nmodel name\t: A Chip @ 2 GHz\nmodel name\t: Another\n";
        assert_eq!(field(text, "model name").as_deref(), Some("A Chip @ 2 GHz"));
        assert_eq!(field(text, "flags"), None);
        assert!(describe().iter().any(|(name, _)| name == "processors"));
    }
}
