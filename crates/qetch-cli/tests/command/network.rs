//! How the network is used: proxies, headers, clocks, authorities.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    time::{Duration, Instant},
};

use qetch_testkit::{Origin, Resource};

use crate::support::{Home, Said};

/// A proxy that answers everything itself with a small file, and the first lines of what it was asked.
fn proxy() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (told, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = BufReader::new(client.unwrap());
            let mut lines = client.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let first = lines.next().unwrap_or_default();
            lines.for_each(drop);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 4\r\nConnection: close\r\n\r\n";
            let _ = write!(client.get_mut(), "{head}frog");
            if told.send(first).is_err() {
                return;
            }
        }
    });
    (address, asked)
}

#[test]
fn a_proxy_is_named_by_the_argument_or_the_environment() {
    let (address, asked) = proxy();
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let home = Home::new();
        let mut command = home.command(&[arguments, &["-o", "f", "http://pond.invalid/a.mp4"]].concat());
        let said = Said::of(&command.envs(variables.iter().copied()).output().unwrap());
        (said, fs::read(home.path("f")).ok())
    };
    let check = |arguments: &[&str], variables: &[(&str, &str)]| {
        let (said, file) = run(arguments, variables);
        assert_eq!((said.lines(), file.as_deref()), (vec!["f"], Some(b"frog".as_slice())), "{said:?}");
        assert_eq!(asked.recv().unwrap(), "GET http://pond.invalid/a.mp4 HTTP/1.1");
    };
    let url = format!("http://me:hunter2@{address}");
    check(&["--proxy", &url], &[("http_proxy", "http://127.0.0.1:1"), ("no_proxy", "*")]);
    check(&[], &[("http_proxy", &address)]);
    check(&[], &[("ALL_PROXY", &url), ("no_proxy", "example, .pond.example")]);
    for variables in [
        [("http_proxy", url.as_str()), ("no_proxy", "invalid")],
        [("HTTP_PROXY", &url), ("REQUEST_METHOD", "GET")],
    ] {
        let (said, _) = run(&[], &variables);
        assert!(said.code == 1 && said.err.contains("does not resolve"), "{said:?}");
    }
    let (said, _) = run(&["--proxy", ""], &[("http_proxy", &url)]);
    assert!(said.code == 1 && said.err.contains("does not resolve"), "{said:?}");
    for (arguments, variable) in
        [(["--proxy", "ftp://me:hunter2@h"].as_slice(), ("A", "")), (&[], ("http_proxy", "me:hunter2@:x"))]
    {
        let (said, _) = run(arguments, &[variable]);
        said.failed(2, "the proxy is not valid");
        assert!(!said.err.contains("hunter2"), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_a_name_are_sent_and_secrets_stay_where_the_link_leads() {
    let (one, two) = (Origin::start().await.unwrap(), Origin::start().await.unwrap());
    one.serve("/a.mp4", Resource::redirect(two.url("/a.mp4")));
    two.serve("/a.mp4", Resource::new("frog").with_content_type("video/mp4"));
    let home = Home::new();
    let headers = [
        "-H",
        "Cookie: a=hunter2",
        "--header",
        "Accept-Language: de",
        "-HX-Own: 1",
        "--user-agent",
        "frog/1",
    ];
    let said = home.run(&[&headers, ["-vvv", "-o", "f", &one.url("/a.mp4")].as_slice()].concat());
    said.lines();
    assert!(!said.err.contains("hunter2"), "{said:?}");
    home.run(&[["extract"].as_slice(), &headers, &[&one.url("/a.mp4")]].concat()).lines();
    for (origin, cookie, key) in [(&one, Some("a=hunter2"), Some("1")), (&two, None, None)] {
        let requests = origin.requests();
        assert!(requests.len() >= 2, "{requests:?}");
        for seen in requests {
            let sent = ["cookie", "x-own", "accept-language", "user-agent"].map(|name| seen.header(name));
            assert_eq!(sent, [cookie, key, Some("de"), Some("frog/1")]);
        }
    }

    let check = |arguments: &[&str], message: &str| {
        let said = home.run(&[arguments, &["http://h.invalid/"]].concat());
        said.failed(2, message);
        assert!(!said.err.contains("hunter2"), "{said:?}");
    };
    check(&["-H", "Range: hunter2"], "which bytes are fetched");
    check(&["-H", "Authorization hunter2"], "`Name: value`");
    check(&["--user-agent", "a\nb"], "--user-agent");
    check(&["--timeout", "0"], "seconds");
}

#[test]
fn silence_lasts_as_long_as_it_may() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new();
    let start = Instant::now();
    let link = format!("http://{}/a.mp4", silent.local_addr().unwrap());
    home.run(&["--timeout", "0.3", "--retries", "0", &link]).failed(1, "did not answer in time");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn an_authority_is_a_file_with_a_certificate() {
    let home = Home::new();
    let check = |message: &str| {
        home.run(&["--ca-certificate", "ca.pem", "https://h.invalid/"]).failed(2, message);
    };
    check("cannot read ca.pem");
    fs::write(home.path("ca.pem"), "frog").unwrap();
    check("ca.pem: the CA certificate is not valid");
}

/// A limit on the size of files fails the write, and does not kill the program.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_grow_is_an_error() {
    let origin = Origin::start().await.unwrap();
    origin.serve("/a.mp4", Resource::new(vec![7; 1 << 20]).with_content_type("video/mp4"));
    let home = Home::new();
    let mut command = std::process::Command::new("sh");
    let script = "ulimit -f 100; exec \"$0\" -o f \"$1\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_qetch"), &origin.url("/a.mp4")]);
    let said = Said::of(&command.current_dir(home.path(".")).output().unwrap());
    said.failed(1, "there is no room for");
    assert!(!home.path("f").exists());
}
