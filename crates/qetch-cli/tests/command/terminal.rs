//! What is printed for people, in a real terminal: tmux makes one of a certain width, and tells what stands on it.

use std::{
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};

use crate::support::Home;

/// A terminal in which the program runs. It ends when this is dropped.
struct Terminal<'a>(&'a Home);

impl<'a> Terminal<'a> {
    /// Runs the program in one of so many columns.
    fn run(home: &'a Home, columns: usize, arguments: &str) -> Self {
        let terminal = Self(home);
        // Its end is shown, and the terminal stays for as long as somebody looks.
        let script = format!("'{}' {arguments}; echo ended with $?; cat", env!("CARGO_BIN_EXE_qetch"));
        let started = terminal.tmux(&["new-session", "-d", "-x", &columns.to_string(), "-y", "500", &script]);
        assert!(started.status.success(), "{started:?}");
        terminal
    }

    /// Speaks to a server that is this test's alone.
    fn tmux(&self, arguments: &[&str]) -> Output {
        let mut tmux = Command::new("tmux");
        // A socket's path is short, and that of a home need not be.
        tmux.args(["-u", "-f", "/dev/null", "-S", "tmux"]).args(arguments).current_dir(self.0.path("."));
        tmux.env_remove("TMUX").env("HOME", self.0.path("home")).env("SHELL", "/bin/sh").output().unwrap()
    }

    /// The rows that hold something, once the program has ended well; what the terminal had to wrap is one row of
    /// `joined` ones.
    fn rows(&self, joined: bool) -> Vec<String> {
        let arguments = if joined { ["capture-pane", "-pJ"].as_slice() } else { &["capture-pane", "-p"] };
        let begun = Instant::now();
        loop {
            let screen = String::from_utf8(self.tmux(arguments).stdout).unwrap();
            let rows: Vec<_> = screen.trim_end().lines().map(|row| row.trim_end().to_owned()).collect();
            if let Some((last, rows)) = rows.split_last()
                && last == "ended with 0"
            {
                return rows.to_vec();
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

/// The program's table in a terminal of so many columns, none of its rows wrapped by the terminal.
fn table(columns: usize) -> Vec<String> {
    let home = Home::new();
    let terminal = Terminal::run(&home, columns, "extractors");
    let rows = terminal.rows(false);
    assert_eq!(rows, terminal.rows(true), "wrapped at {columns}");
    let is_narrow = |row: &String| row.chars().count() <= columns;
    assert!(rows.len() > 3 && rows.iter().all(is_narrow), "{rows:#?}");
    rows
}

#[test]
fn the_table_of_extractors_fits_the_terminal() {
    let home = Home::new();
    let piped = home.run(&["extractors"]);
    assert_eq!(table(80), piped.lines());
    let wide = table(150);
    assert!(wide.len() < piped.lines().len(), "no description needs a second line: {wide:#?}");
    for columns in [60, 50, 40] {
        let narrow = table(columns);
        let words = |lines: &[String]| {
            let mut words: Vec<_> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            words.sort_unstable();
            words.join(" ")
        };
        // Nothing is lost, wherever it stands.
        assert_eq!(words(&narrow), words(&wide));
    }
}

#[test]
fn a_terminal_does_wrap_what_is_longer_than_its_rows() {
    let home = Home::new();
    let terminal = Terminal::run(&home, 50, "extractors bluesky");
    assert!(terminal.rows(false).len() > terminal.rows(true).len(), "a pattern is never broken");
}
