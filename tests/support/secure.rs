//! Servers over TLS, with certificates of all kinds, by openssl.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
};

use crate::Folder;

/// A server of the file `/f` over TLS, whose certificate an authority of its own has signed unless it is told otherwise. What
/// else it serves is an answer with its head, as [`serve`](Secure::serve) was given it.
#[derive(Debug)]
pub struct Secure {
    process: Child,
    folder: Folder,
    address: SocketAddr,
}

/// What a server shows of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// One for `pond.invalid` and for 127.0.0.1, where it is.
    Right,
    /// One for others.
    OfOthers,
    /// One that was right once.
    Expired,
    /// One that nobody has signed but itself.
    OfItself,
}

/// What `openssl ca` has to be told.
const CA: &str = "[ca]
default_ca = frogs
[frogs]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copyall
[any]
commonName = supplied
";

impl Secure {
    /// A server that shows this.
    pub fn start(certificate: Certificate) -> Self {
        let folder = Folder::new();
        let openssl = |arguments: &str| {
            let mut command = Command::new(env!("QETCH_OPENSSL"));
            command.args(arguments.split(' ')).current_dir(folder.root());
            command.stdin(Stdio::null()).stderr(Stdio::piped());
            command
        };
        let make = |arguments: &str| {
            let made = openssl(arguments).output().unwrap();
            assert!(made.status.success(), "{arguments}: {}", String::from_utf8_lossy(&made.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        make(&format!("req -x509 {key} -days 2 -subj /CN=Frogs -keyout ca.key -out ca.pem"));
        let names = match certificate {
            Certificate::OfOthers => "subjectAltName=DNS:example.org,IP:127.0.0.9",
            _ => "subjectAltName=DNS:pond.invalid,IP:127.0.0.1",
        };
        let valid = match certificate {
            Certificate::Expired => "-startdate 20200101000000Z -enddate 20200201000000Z",
            _ => "-days 2",
        };
        let extensions = format!("-addext {names} -addext basicConstraints=critical,CA:FALSE");
        let leaf = format!("{key} -subj /CN=pond.invalid {extensions} -keyout leaf.key");
        if certificate == Certificate::OfItself {
            make(&format!("req -x509 {leaf} {valid} -out leaf.pem"));
        } else {
            make(&format!("req {leaf} -out leaf.csr"));
            fs::write(folder.path("ca.cnf"), CA).unwrap();
            fs::write(folder.path("index"), "").unwrap();
            let ca = "ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key";
            make(&format!("{ca} {valid} -in leaf.csr -out leaf.pem"));
        }
        let secure = "s_server -accept 127.0.0.1:0 -cert leaf.pem -key leaf.key -HTTP -naccept 50";
        let mut process = openssl(secure).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("ACCEPT ") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "openssl does not listen");
        }
        // What it says later is read as well, so that it never waits for us.
        thread::spawn(move || said.read_to_end(&mut Vec::new()));
        let address = line.trim_start_matches("ACCEPT ").trim().parse().unwrap();
        let server = Self { process, folder, address };
        server.serve("f", "200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 4\r\n\r\nfrog");
        server
    }

    /// Serves an answer, from its status on, under a name.
    pub fn serve(&self, name: &str, answer: &str) {
        let answer = answer.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        fs::write(self.folder.path(name), format!("HTTP/1.1 {answer}")).unwrap();
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stands there under a name.
    pub fn url(&self, name: &str) -> String {
        format!("https://{}/{name}", self.address)
    }

    /// The authority that signed its certificate.
    pub fn ca(&self) -> Vec<u8> {
        fs::read(self.folder.path("ca.pem")).unwrap()
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
