//! `qetch auth`: credentials come from standard input, stay with their owner, and are never shown.

use crate::support::Home;

#[test]
fn a_credential_is_kept_listed_and_forgotten() {
    let home = Home::new();
    assert!(home.run(&["auth", "list"]).lines().is_empty());

    let said = home.run_with(&["auth", "add", "gfycat"], "key:hunter2\n");
    assert!(said.lines().is_empty() && !said.err.contains("hunter2"), "{said:?}");
    assert!(said.err.contains("auth.json"), "{said:?}");
    assert!(std::fs::read_to_string(home.store()).unwrap().contains("hunter2"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(home.store()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    assert_eq!(home.run(&["auth", "list"]).lines(), ["gfycat  oauth"]);
    home.run(&["auth", "remove", "gfycat"]).lines();
    assert!(home.run(&["auth", "list"]).lines().is_empty());
    home.run(&["auth", "remove", "gfycat"]).failed(2, "there is none");
}

#[test]
fn only_what_an_extractor_takes_is_kept() {
    let home = Home::new();
    let check = |arguments: &[&str], input: &str, message: &str| {
        let said = home.run_with(&[&["auth", "add"], arguments].concat(), input);
        said.failed(2, message);
        assert!(!said.err.contains("hunter2"), "{said:?}");
    };
    check(&["gifcat"], "key:hunter2\n", "gfycat");
    check(&["generic"], "key:hunter2\n", "takes no credential");
    check(&["gfycat", "--kind", "token"], "hunter2\n", "oauth");
    check(&["gfycat"], "hunter2\n", "`key:secret`");
    check(&["gfycat"], "", "`key:secret`");
    check(&["gfycat", "key:hunter2"], "", "is no argument");
    assert!(!home.store().exists());
}

#[test]
fn the_environment_wins_and_is_shown_as_such() {
    let home = Home::new();
    home.run_with(&["auth", "add", "gfycat"], "key:stored\n").lines();
    let mut command = home.command(&["auth", "list"]);
    let output = command.env("QETCH_AUTH_GFYCAT", "key:hunter2").output().unwrap();
    assert_eq!(output.stdout, b"gfycat  oauth  from the environment\n");

    let mut command = home.command(&["extract", "ftp://h.example/"]);
    let output = command.env("QETCH_AUTH_GFYCAT", "hunter2").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("QETCH_AUTH_GFYCAT") && !said.contains("hunter2"), "{said}");
}

#[test]
fn a_broken_store_is_told_and_nothing_else_suffers() {
    let home = Home::new();
    std::fs::create_dir_all(home.store().parent().unwrap()).unwrap();
    std::fs::write(home.store(), r#"{"credentials": "hunter2"}"#).unwrap();
    let said = home.run(&["extract", "ftp://h.example/"]);
    assert!(said.code == 3 && said.err.contains("credentials are not used"), "{said:?}");
    home.run(&["auth", "list"]).failed(1, "auth.json");
    assert!(!said.err.contains("hunter2"), "{said:?}");
}
