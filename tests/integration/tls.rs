//! Authorities of one's own, against a real server. Built where openssl is installed.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use qetch::{Error, Live, NetworkFault};
use qetch_tests::{Folder, proxied::Proxied};

use crate::network::get;

/// A server of files over TLS, whose certificate an authority of its own has signed.
struct Secure {
    process: Child,
    folder: Folder,
    address: SocketAddr,
}

impl Secure {
    fn start() -> Self {
        let folder = Folder::new();
        let openssl = |arguments: &[&str]| {
            let mut command = Command::new(env!("QETCH_OPENSSL"));
            command.args(arguments).current_dir(folder.root()).stdin(Stdio::null()).stderr(Stdio::piped());
            command
        };
        let make = |arguments: &str| {
            let made = openssl(&arguments.split(' ').collect::<Vec<_>>()).output().unwrap();
            assert!(made.status.success(), "{arguments}: {}", String::from_utf8_lossy(&made.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
        make(&format!("req -x509 {key} -subj /CN=Frogs -keyout ca.key -out ca.pem"));
        let leaf = "-subj /CN=pond.invalid -addext subjectAltName=DNS:pond.invalid,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE";
        make(&format!("req -x509 {key} {leaf} -CA ca.pem -CAkey ca.key -keyout leaf.key -out leaf.pem"));
        std::fs::write(folder.path("f"), "frog").unwrap();

        let serve = [
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-cert",
            "leaf.pem",
            "-key",
            "leaf.key",
            "-WWW",
            "-naccept",
            "50",
        ];
        let mut process = openssl(&serve).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("ACCEPT ") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "openssl does not listen");
        }
        // What it says later is read as well, so that it never waits for us.
        std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
        let address = line.trim_start_matches("ACCEPT ").trim().parse().unwrap();
        Self { process, folder, address }
    }

    fn ca(&self) -> Vec<u8> {
        std::fs::read(self.folder.path("ca.pem")).unwrap()
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_and_no_other_is() {
    let secure = Secure::start();
    let link = format!("https://{}/f", secure.address);
    let trusting = Live::builder().ca_certificates(&secure.ca()).unwrap();
    assert_eq!(get(trusting.clone(), &link).await.unwrap(), "frog");
    for wrong in [
        get(Live::builder(), &link).await,
        // The certificate is for the other name and for the address.
        get(trusting.clone(), &link.replace("127.0.0.1", "localhost")).await,
    ] {
        let error = wrong.unwrap_err();
        assert!(matches!(&error, Error::Network { fault: NetworkFault::Tls, .. }), "{error:?}");
    }

    // Through a proxy it is the host's certificate that counts.
    for (proxy, scheme) in [
        (Proxied::http(secure.address, true).await, "http"),
        (Proxied::socks(secure.address).await, "socks5h"),
    ] {
        let live = proxy.live(scheme, "me:s3cret@").ca_certificates(&secure.ca()).unwrap();
        assert_eq!(get(live, "https://pond.invalid/f").await.unwrap(), "frog", "{scheme}");
        let error = get(proxy.live(scheme, "me:s3cret@"), "https://pond.invalid/f").await.unwrap_err();
        assert!(matches!(&error, Error::Network { fault: NetworkFault::Tls, .. }), "{scheme}: {error:?}");
        assert!(proxy.told()[0].contains("pond.invalid"));
    }
}
