//! One gate to the network: a single file of core opens sockets, and no other crate can reach an HTTP client.
//!
//! Policy, routes and cassettes hold only because every request passes there.

use crate::{
    source::{self, Token},
    tree::Tree,
    workspace::{Kind, Member},
};

/// The gate.
const LIVE: &str = "crates/qetch-core/src/transport/live.rs";

/// Serves and spoils connections for tests, so it needs sockets.
const EXEMPT: &str = "crates/qetch-testkit/";

/// Words that open or accept connections, or look names up.
const WORDS: &[&str] = &[
    "reqwest",
    "hyper",
    "hyper_util",
    "socket2",
    "TcpStream",
    "TcpSocket",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixDatagram",
    "ToSocketAddrs",
    "lookup_host",
];

/// Packages that only core may depend on, outside tests.
const CLIENTS: &[&str] = &[
    "reqwest",
    "hyper",
    "hyper-util",
    "socket2",
    "ureq",
    "isahc",
    "curl",
    "surf",
    "attohttpc",
    "hickory-resolver",
];

/// A line for every word that opens a socket outside the gate, and for every shipped package that takes in a client.
pub(crate) fn check(members: &[Member], tree: &Tree) -> Result<Vec<String>, String> {
    let mut faults = clients(members);
    for file in tree.rust() {
        if is_product(file) && !is_test_file(tree, file)? {
            let text = tree.read(file)?;
            let product = source::without_tests(&source::tokens(&text));
            faults.extend(product.iter().filter(|token| opens(token)).map(|token| {
                format!("{file}:{}: `{}` outside {LIVE}: ask the context", token.line, token.text)
            }));
        }
    }
    Ok(faults)
}

fn clients(members: &[Member]) -> Vec<String> {
    let may = |member: &&Member| {
        member.name != "qetch-core" && member.name != "qetch-testkit" && member.name != "qetch-tests"
    };
    let mut faults = Vec::new();
    for member in members.iter().filter(may) {
        for dependency in &member.dependencies {
            if dependency.kind != Kind::Development && CLIENTS.contains(&dependency.name.as_str()) {
                faults.push(format!("{} depends on {}, which only core may", member.name, dependency.name));
            }
        }
    }
    faults
}

fn is_product(file: &str) -> bool {
    let within = file.strip_prefix("crates/").and_then(|rest| rest.split_once('/'));
    let source = within.is_some_and(|(_, rest)| rest.starts_with("src/") || rest == "build.rs");
    source && file != LIVE && !file.starts_with(EXEMPT)
}

fn opens(token: &Token<'_>) -> bool {
    WORDS.contains(&token.text)
}

/// Whether `file` is a `tests.rs` that its module takes in only for tests.
fn is_test_file(tree: &Tree, file: &str) -> Result<bool, String> {
    let Some(directory) = file.strip_suffix("/tests.rs") else {
        return Ok(false);
    };
    let parents = [
        format!("{directory}.rs"),
        format!("{directory}/mod.rs"),
        format!("{directory}/lib.rs"),
        format!("{directory}/main.rs"),
    ];
    for parent in parents.iter().filter(|parent| tree.files.contains(parent)) {
        let text = tree.read(parent)?;
        let tokens = source::tokens(&text);
        let taken_in = ["#", "[", "cfg", "(", "test", ")", "]", "mod", "tests", ";"];
        if (0..tokens.len()).any(|at| source::begins(&tokens[at..], &taken_in)) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planted::Planted;

    #[track_caller]
    fn check_files(files: &[(&str, &str)], expected: &[&str]) {
        let planted = Planted::new(files);
        let tree = Tree::walk(planted.path()).unwrap();
        let found = check(&[], &tree).unwrap();
        let places: Vec<_> = found.iter().map(|fault| fault.split(" outside ").next().unwrap()).collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn a_client_elsewhere_is_found() {
        check_files(
            &[
                (LIVE, "use reqwest::Client;"),
                (
                    "crates/qetch-extractors/src/gfycat.rs",
                    "//! Gfycat.\nuse reqwest::Client;\nfn a() { reqwest::get(1); }",
                ),
                ("crates/qetch-core/src/transport/policy.rs", "use std::net::{IpAddr, TcpStream};"),
                ("crates/qetch/src/lib.rs", "use hyper_util::rt;"),
            ],
            &[
                "crates/qetch-core/src/transport/policy.rs:1: `TcpStream`",
                "crates/qetch-extractors/src/gfycat.rs:2: `reqwest`",
                "crates/qetch-extractors/src/gfycat.rs:3: `reqwest`",
                "crates/qetch/src/lib.rs:1: `hyper_util`",
            ],
        );
    }

    #[test]
    fn comments_strings_and_longer_words_do_not_count() {
        check_files(
            &[(
                "crates/qetch/src/lib.rs",
                "//! Over reqwest::Client.\n/* TcpStream */ const A: &str = \"hyper=off\"; fn from_reqwest(hyperlink: u8) {}",
            )],
            &[],
        );
    }

    #[test]
    fn tests_may_open_sockets_but_what_follows_them_may_not() {
        check_files(
            &[(
                "crates/qetch/src/lib.rs",
                "#[cfg(test)]\nmod tests {\n    use std::net::{TcpListener, TcpStream};\n}\nuse std::net::UdpSocket;\n",
            )],
            &["crates/qetch/src/lib.rs:5: `UdpSocket`"],
        );
    }

    #[test]
    fn a_file_of_tests_counts_as_tests_only_when_it_is_taken_in_as_such() {
        check_files(
            &[
                ("crates/a/src/lib.rs", "#[cfg(test)]\nmod tests;"),
                ("crates/a/src/tests.rs", "use std::net::TcpStream;"),
                ("crates/b/src/lib.rs", "mod tests;"),
                ("crates/b/src/tests.rs", "use std::net::TcpStream;"),
            ],
            &["crates/b/src/tests.rs:1: `TcpStream`"],
        );
    }

    #[test]
    fn what_is_not_the_product_may_open_sockets() {
        check_files(
            &[
                ("crates/qetch-testkit/src/origin.rs", "use tokio::net::TcpListener;"),
                ("crates/qetch/examples/site.rs", "use tokio::net::TcpListener;"),
                ("tests/integration/main.rs", "use std::net::TcpStream;"),
                ("xtask/src/main.rs", "use std::net::TcpStream;"),
            ],
            &[],
        );
    }

    #[test]
    fn a_shipped_package_that_takes_in_a_client_is_found() {
        let members = [
            Member::planted("qetch-core", &[("reqwest", Kind::Normal)], &[]),
            Member::planted("qetch-cli", &[("reqwest", Kind::Normal)], &[]),
            Member::planted("qetch", &[("hyper", Kind::Development)], &[]),
        ];
        assert_eq!(clients(&members), ["qetch-cli depends on reqwest, which only core may"]);
    }
}
