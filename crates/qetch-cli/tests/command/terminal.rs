//! What is printed for people, in a real terminal: tmux makes one of a certain width, and tells what stands on it.

use std::{
    process::Output,
    thread,
    time::{Duration, Instant},
};

use crate::support::{Home, LINK, Site};

/// A terminal in which the program runs, in a home of its own. It ends when this is dropped.
struct Terminal(Home);

impl Terminal {
    /// Runs the program in one of so many columns.
    fn run(columns: usize, arguments: &str) -> Self {
        let terminal = Self(Home::new());
        // Its end is shown, and the terminal stays for as long as somebody looks.
        let script = format!("'{}' {arguments}; echo ended with $?; cat", env!("CARGO_BIN_EXE_qetch"));
        let started = terminal.tmux(&["new-session", "-d", "-x", &columns.to_string(), "-y", "500", &script]);
        assert!(started.status.success(), "{started:?}");
        terminal
    }

    /// Speaks to a server that is this test's alone.
    fn tmux(&self, arguments: &[&str]) -> Output {
        let mut tmux = self.0.other("tmux");
        // A socket's path is short, and that of a home need not be.
        tmux.args(["-u", "-f", "/dev/null", "-S", "tmux"]).args(arguments);
        tmux.env_remove("TMUX").env("SHELL", "/bin/sh").output().unwrap()
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

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

/// The program's table in a terminal of so many columns, none of its rows wrapped by the terminal.
fn table(columns: usize) -> Vec<String> {
    let terminal = Terminal::run(columns, "extractors");
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
    let terminal = Terminal::run(50, "extractors bluesky");
    assert!(terminal.rows(false).len() > terminal.rows(true).len(), "a pattern is never broken");
}

#[test]
fn who_claims_a_link_is_told_without_tabs() {
    let terminal = Terminal::run(50, "extractors --for https://example.org/a/page");
    assert_eq!(
        terminal.rows(false),
        ["https://example.org/a/page", "  page     perhaps", "  generic  perhaps"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn renditions_have_their_uids_beneath_where_a_row_is_too_long() {
    let (home, site) = (Home::new(), Site::start().await);
    let arguments = format!("extract '{}' {LINK}", site.route);
    let rows = |columns: usize| {
        let terminal = Terminal::run(columns, &arguments);
        let rows = terminal.rows(false);
        assert_eq!(rows, terminal.rows(true), "wrapped at {columns}");
        rows
    };
    let (wide, narrow) = (rows(120), rows(80));
    assert_eq!(wide, home.run(&["extract", &site.route, LINK]).lines());
    assert_eq!(narrow.len() - 1, 2 * (wide.len() - 1), "{narrow:#?}");
    assert!(narrow.contains(&"         cleversamplequokka-mp4".to_owned()), "{narrow:#?}");
}
