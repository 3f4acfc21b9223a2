//! Every trap of the misbehaving origin, with what must come of it, over eight connections and over one. `docs/traps.md`
//! is this table.

use std::{fmt::Write as _, fs, path::Path, sync::Arc, time::Duration};

use qetch::{Context, DownloadOptions, Live};
use qetch_testkit::{Origin, Trap, Verdict, traps};
use qetch_tests::{content, download_in};
use tokio::task::JoinSet;

/// Large enough for eight connections of several shares each, and not a multiple of anything.
const SIZE: usize = 3 * 1024 * 1024 + 7;

/// Longer than any trap may take. Those that give a few bytes in a long time on the only connection take the longest: ten
/// seconds for each of five replies.
const LIMIT: Duration = Duration::from_secs(90);

/// Those that end in an error, with its code; all others end in the file.
const ERRORS: [(&str, &str); 7] = [
    ("gzip", "bad_reply"),
    ("gzip-ranges", "bad_reply"),
    ("length-too-long", "bad_reply"),
    ("length-too-short", "bad_reply"),
    ("chunked-cut", "network"),
    ("dies", "http"),
    ("redirect-loop", "over_limit"),
];

/// What must come of a trap: the code of an error, or `file`.
fn expected(name: &str) -> &'static str {
    ERRORS.iter().find(|(trap, _)| *trap == name).map_or("file", |(_, code)| code)
}

/// What comes of a trap.
async fn spring(trap: &Trap, connections: usize) -> Result<String, String> {
    let origin = Origin::start().await.unwrap();
    trap.serve(&origin);
    let content = content([origin.url(&trap.path()).as_str()]);
    let options = DownloadOptions::new().with_max_connections(connections);
    // Where every connection is silent nothing but this clock tells.
    let live = Live::builder().silence_timeout(Duration::from_secs(4)).build();
    let cx = Context::builder().transport(Arc::new(live)).build();
    let outcome = tokio::time::timeout(LIMIT, download_in(&cx, &content, options)).await;
    let outcome = outcome.map_err(|_| "stuck".to_owned())?;
    match (outcome.result, trap.judge(outcome.file.as_deref())) {
        (Ok(_), Verdict::Right) => Ok("file".to_owned()),
        (Err(error), _) if outcome.file.is_none() => Ok(error.code().to_owned()),
        (Ok(report), _) => Err(format!("a wrong file with success: {report:?}")),
        (Err(error), _) => Err(format!("a file under the final name beside an error: {error}")),
    }
}

async fn check(connections: usize) {
    let mut springing = JoinSet::new();
    for trap in traps(SIZE) {
        springing.spawn(async move { (trap.name, spring(&trap, connections).await) });
    }
    let wrong: Vec<_> = springing
        .join_all()
        .await
        .into_iter()
        .filter(|(name, came)| came.as_deref() != Ok(expected(name)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ends_as_it_must_over_eight_connections() {
    check(8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ends_as_it_must_over_one_connection() {
    check(1).await;
}

#[test]
fn each_error_is_one_of_a_trap_and_is_right() {
    for (name, _) in ERRORS {
        let traps = traps(SIZE);
        let trap = traps.iter().find(|trap| trap.name == name).expect(name);
        assert_eq!(trap.judge(None), Verdict::Right, "{name}");
    }
}

/// Set `QETCH_WRITE_DOCS` to write the page anew.
#[test]
fn the_page_is_this_table() {
    let mut page = String::from(
        "# Traps\n\nWhat an origin can do wrong, and what qetch makes of it: the right file, or the error with this \
         code. Each line is run\nover eight connections and over one by `tests/integration/traps.rs` \
         (`each_ends_as_it_must_over_…`), against the origin of\n`qetch-testkit`; `qetch-misbehaving-origin` serves the \
         same to any client. It is about downloads. This page is written by that test.\n\n| trap | what the origin does | what comes of it \
         |\n|---|---|---|\n",
    );
    for trap in traps(SIZE) {
        let came = expected(trap.name);
        let came = if came == "file" { "the file".to_owned() } else { format!("`{came}`") };
        writeln!(page, "| {} | {} | {came} |", trap.name, trap.what).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/traps.md");
    if std::env::var_os("QETCH_WRITE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == page, "docs/traps.md is another table");
}
