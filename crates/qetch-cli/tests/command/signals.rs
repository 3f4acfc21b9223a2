//! Ctrl-C: asked once, the command ends in order; asked twice, at once.
#![cfg(unix)]

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    process::{Child, ChildStderr, Command, Stdio},
};

use crate::support::Home;

/// The program, asking a site that never answers.
fn waiting(home: &Home, site: &TcpListener) -> (Child, BufReader<ChildStderr>) {
    let url = format!("http://{}/a.mp4", site.local_addr().unwrap());
    let mut child = home.command(&[&url]).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    (child, stderr)
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn asked_once_it_ends_in_order() {
    for name in ["INT", "TERM"] {
        let (home, site) = (Home::new(), TcpListener::bind("127.0.0.1:0").unwrap());
        let (mut child, mut stderr) = waiting(&home, &site);
        // Once it has connected its handlers are there.
        let _connection = site.accept().unwrap();
        signal(&child, name);
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
        assert!(said.contains("once more") && said.contains(": interrupted"), "{said}");
    }
}

#[test]
fn what_was_not_begun_is_not_begun() {
    let (home, site) = (Home::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("http://{}/a.mp4", site.local_addr().unwrap());
    let mut command = home.command(&["ftp://h.example/", &url, "ftp://i.example/"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let _connection = site.accept().unwrap();
    signal(&child, "INT");
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    assert!(said.starts_with("qetch: ftp://h.example/: "), "{said}");
    stderr.read_to_string(&mut said).unwrap();
    // The interruption is what the code tells, whatever failed before.
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(!said.contains("i.example"), "{said}");
}
