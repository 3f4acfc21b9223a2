//! The program with the resolver of the system, in a network of its own: there it has a public site, a name server, and canaries
//! at the addresses that are not to be reached. Built where an ordinary user may make such a network.

use std::{
    collections::HashMap,
    env,
    io::{BufRead as _, BufReader, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use crate::support::{Home, Said};

/// The public site, in both families.
const SITE: [&str; 2] = ["93.184.216.34", "2606:2800:220::1"];

/// Addresses that are not to be reached, besides those of the machine.
const CANARIES: [&str; 6] =
    ["169.254.169.254", "10.0.0.1", "192.168.1.1", "100.64.0.1", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"];

/// What the name server says of each name, in turn.
const NAMES: [(&str, &[&str]); 5] = [
    ("site.example", &["93.184.216.34"]),
    ("looks.example", &["127.0.0.1"]),
    ("inner.example", &["10.0.0.1"]),
    ("both.example", &["10.0.0.1 93.184.216.34"]),
    ("rebinds.example", &["93.184.216.34", "127.0.0.1"]),
];

/// Set within the network.
const INSIDE: &str = "QETCH_TEST_NETWORK";

/// Whether this is the test of this name within a network of its own. Where not, it is run there.
fn is_inside(test: &str) -> bool {
    if env::var_os(INSIDE).is_some() {
        return true;
    }
    let home = Home::new();
    std::fs::write(home.path("resolv.conf"), "nameserver 127.0.0.53\noptions timeout:2 attempts:2\n")
        .unwrap();
    let add = |address: &&str| format!("ip addr add {address} dev lo && ");
    let addresses: String = SITE.iter().chain(&CANARIES).map(add).collect();
    let script = format!(
        "ip link set lo up && {addresses}mount --bind {} /etc/resolv.conf && exec \"$0\" \"$@\"",
        home.path("resolv.conf").display()
    );
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--net", "--mount", "sh", "-c", &script]);
    unshare.arg(env::current_exe().unwrap());
    unshare.args(["--exact", &format!("attacks_network::{test}"), "--nocapture"]);
    let done = unshare.env(INSIDE, "1").output().unwrap();
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// The servers of the network.
struct World {
    home: Home,
    /// Where each connection went to.
    visits: Arc<Mutex<Vec<IpAddr>>>,
}

impl World {
    fn start() -> Self {
        let visits = Arc::<Mutex<Vec<IpAddr>>>::default();
        let (listener, seen) = (TcpListener::bind("[::]:80").unwrap(), visits.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let at = client.local_addr().unwrap().ip();
                seen.lock().unwrap().push(at.to_canonical());
                thread::spawn(move || answer(&client));
            }
        });
        let names = UdpSocket::bind("127.0.0.53:53").unwrap();
        thread::spawn(move || name(&names));
        Self { home: Home::new(), visits }
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.home.run(&[&["-o", "f.mp4"], arguments].concat())
    }

    /// Whoever was reached and is not the public site.
    fn reached(&self) -> Vec<IpAddr> {
        let site = SITE.map(|address| address.parse::<IpAddr>().unwrap());
        self.visits.lock().unwrap().iter().copied().filter(|address| !site.contains(address)).collect()
    }

    fn refuses(&self, arguments: &[&str]) {
        let said = self.run(arguments);
        assert_eq!((said.code, said.out.as_str()), (6, ""), "{said:?}");
        assert_eq!(self.reached(), Vec::<IpAddr>::new(), "{said:?}");
        assert!(self.home.files(".").iter().all(|name| !name.starts_with("f.mp4")), "{said:?}");
    }
}

/// Answers a request: `/to/HOST` leads to that host, `/later/HOST` does so after six seconds, and everything else is a file.
fn answer(mut client: &TcpStream) -> Option<()> {
    let mut line = String::new();
    BufReader::new(client).read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?;
    let (kind, host) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
    if kind == "later" {
        thread::sleep(Duration::from_secs(6));
    }
    let answer = match kind {
        "to" | "later" => {
            format!("HTTP/1.1 302 Found\r\nLocation: http://{host}/\r\nContent-Length: 0\r\n\r\n")
        }
        _ => "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 4\r\n\r\nfile".to_owned(),
    };
    client.write_all(answer.as_bytes()).ok()
}

/// Answers questions for names, each with the next of its answers (RFC 1035, section 4).
fn name(socket: &UdpSocket) {
    let (mut asked, mut packet) = (HashMap::<String, usize>::new(), [0; 512]);
    while let Ok((len, client)) = socket.recv_from(&mut packet) {
        if let Some(answer) = resolved(&packet[..len], &mut asked) {
            socket.send_to(&answer, client).unwrap();
        }
    }
}

fn resolved(question: &[u8], asked: &mut HashMap<String, usize>) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (12, Vec::new());
    while question[at] > 0 {
        let len = usize::from(question[at]);
        labels.push(std::str::from_utf8(&question[at + 1..=at + len]).ok()?.to_ascii_lowercase());
        at += len + 1;
    }
    let is_v4 = question[at + 1..at + 3] == [0, 1];
    let name = labels.join(".");
    let answers = NAMES.iter().find(|(known, _)| *known == name).map(|(_, answers)| *answers);
    let mut addresses: Vec<[u8; 4]> = Vec::new();
    if let (Some(answers), true) = (answers, is_v4) {
        let turn = asked.entry(name).or_default();
        let texts = answers[(*turn).min(answers.len() - 1)].split(' ');
        addresses.extend(texts.map(|text| text.parse::<Ipv4Addr>().unwrap().octets()));
        *turn += 1;
    }
    let no_such_name = if answers.is_none() { 3 } else { 0 };
    let mut answer = question[..2].to_vec();
    answer.extend([0x81, 0x80 | no_such_name, 0, 1, 0, u8::try_from(addresses.len()).unwrap(), 0, 0, 0, 0]);
    answer.extend(&question[12..at + 5]);
    for address in addresses {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        answer.extend(address);
    }
    Some(answer)
}

/// Does what `arguments` say within the network, where it is refused.
fn attack(test: &str, arguments: &[&str]) {
    if is_inside(test) {
        World::start().refuses(arguments);
    }
}

#[test]
fn a_file_of_the_public_site_comes_and_canaries_sing() {
    if !is_inside("a_file_of_the_public_site_comes_and_canaries_sing") {
        return;
    }
    let world = World::start();
    world.run(&["http://site.example/a.mp4"]).lines();
    world.run(&["--network=public", "--overwrite", "http://[2606:2800:220::1]/a.mp4"]).lines();
    assert_eq!(world.reached(), Vec::<IpAddr>::new());
    // What a person allows is reached: the attacks fail for no other reason.
    for canary in CANARIES.map(|address| address.parse::<IpAddr>().unwrap()) {
        let link = format!("http://site.example/to/{}", SocketAddr::new(canary, 80));
        world.run(&["--network=any", "--overwrite", &link]).lines();
        assert_eq!(world.reached().last(), Some(&canary));
    }
}

#[test]
fn a_link_to_metadata_is_refused() {
    attack(
        "a_link_to_metadata_is_refused",
        &["--network=public", "http://169.254.169.254/latest/meta-data/"],
    );
}

#[test]
fn a_redirect_to_metadata_is_refused() {
    attack("a_redirect_to_metadata_is_refused", &["http://site.example/to/169.254.169.254"]);
}

#[test]
fn a_redirect_to_mapped_metadata_is_refused() {
    attack("a_redirect_to_mapped_metadata_is_refused", &["http://site.example/to/[::ffff:169.254.169.254]"]);
}

#[test]
fn a_redirect_to_metadata_in_ipv6_is_refused() {
    attack("a_redirect_to_metadata_in_ipv6_is_refused", &["http://site.example/to/[fd00:ec2::254]"]);
}

#[test]
fn a_redirect_to_translated_metadata_is_refused() {
    attack("a_redirect_to_translated_metadata_is_refused", &["http://site.example/to/[64:ff9b::a9fe:a9fe]"]);
}

#[test]
fn a_redirect_to_a_private_address_is_refused() {
    attack("a_redirect_to_a_private_address_is_refused", &["http://site.example/to/0xa.1"]);
}

#[test]
fn a_redirect_behind_the_translation_of_a_provider_is_refused() {
    attack(
        "a_redirect_behind_the_translation_of_a_provider_is_refused",
        &["http://site.example/to/100.64.0.1"],
    );
}

#[test]
fn a_redirect_to_a_name_within_is_refused() {
    attack("a_redirect_to_a_name_within_is_refused", &["http://site.example/to/inner.example"]);
}

#[test]
fn a_link_to_a_public_looking_name_is_refused() {
    attack("a_link_to_a_public_looking_name_is_refused", &["--network=public", "http://looks.example/a.mp4"]);
}

#[test]
fn a_redirect_to_localhost_is_refused() {
    attack("a_redirect_to_localhost_is_refused", &["http://site.example/to/localhost."]);
}

#[test]
fn a_name_that_changes_its_address_is_refused() {
    // Public when it is asked first, and of this machine when its redirect is followed.
    attack("a_name_that_changes_its_address_is_refused", &["http://rebinds.example/later/rebinds.example"]);
}

#[test]
fn of_a_name_with_both_the_public_address_is_taken() {
    if is_inside("of_a_name_with_both_the_public_address_is_taken") {
        let world = World::start();
        world.run(&["http://both.example/a.mp4"]).lines();
        assert_eq!(world.reached(), Vec::<IpAddr>::new());
    }
}

#[test]
fn a_saved_content_within_is_refused() {
    let link = "http://192.168.1.1/a.mp4";
    let content =
        serde_json::json!({ "uid": "a", "source": link, "kind": "video", "fragments": [{ "url": link }] });
    if is_inside("a_saved_content_within_is_refused") {
        let world = World::start();
        let saved = serde_json::json!({ "format": 1, "variants": [content] }).to_string();
        std::fs::write(world.home.path("saved"), saved).unwrap();
        world.refuses(&["--content", "saved"]);
    }
}
