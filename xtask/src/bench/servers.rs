//! The servers that the tools download from: an nginx of our own, over TLS too, and the origin of the testkit that is
//! slow on purpose.

use std::{
    cell::Cell,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::{process, server::Server};

/// The addresses that nginx listens on: five hosts, all of them this machine.
pub(crate) const HOSTS: [&str; 5] = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];

/// An nginx that serves one folder; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    process: Child,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    /// The authority that signed its certificate.
    pub(crate) authority: PathBuf,
}

impl Nginx {
    /// Serves `www`, and keeps what it needs in `folder`. A rate limits each answer, in nginx's words: `16m`.
    pub(crate) fn start(
        www: &Path,
        folder: &Path,
        ports: Option<(u16, u16)>,
        rate: Option<&str>,
    ) -> Result<Self, String> {
        let program =
            process::find("nginx").ok_or("nginx is not installed (`apt-get install nginx-light`)")?;
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        certify(folder)?;
        let (port, tls_port) = match ports {
            Some(ports) => ports,
            None => (free_port()?, free_port()?),
        };
        let root = folder.display();
        let configuration = configuration(www, folder, (port, tls_port), rate);
        fs::write(folder.join("nginx.conf"), configuration).map_err(|error| format!("{root}: {error}"))?;
        let mut command = Command::new(program);
        command.arg("-e").arg(folder.join("error.log")).arg("-c").arg(folder.join("nginx.conf"));
        let process =
            command.stdin(Stdio::null()).spawn().map_err(|error| format!("nginx does not start: {error}"))?;
        let mut nginx = Self { process, port, tls_port, authority: folder.join("ca.pem") };
        for _ in 0..500 {
            let gone = nginx.process.try_wait().is_ok_and(|status| status.is_some());
            if gone {
                break;
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(nginx);
            }
            thread::sleep(Duration::from_millis(10));
        }
        let log = fs::read_to_string(folder.join("error.log")).unwrap_or_default();
        Err(format!("nginx does not listen: {log}"))
    }

    /// The URL of a file, without TLS.
    pub(crate) fn url(&self, host: &str, name: &str) -> String {
        format!("http://{host}:{}/{name}", self.port)
    }

    /// The URL of a file over TLS.
    pub(crate) fn secure_url(&self, name: &str) -> String {
        format!("https://127.0.0.1:{}/{name}", self.tls_port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its master stops its workers when it is asked to end, which a kill would not let it.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn configuration(www: &Path, folder: &Path, (port, tls_port): (u16, u16), rate: Option<&str>) -> String {
    let (www, folder) = (www.display(), folder.display());
    let listen: String = HOSTS.iter().map(|host| format!("listen {host}:{port}; ")).collect();
    let rate = rate.map(|rate| format!("limit_rate {rate};")).unwrap_or_default();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {folder}/{kind}; "))
        .collect();
    format!(
        "daemon off; worker_processes auto; pid {folder}/pid; error_log {folder}/error.log;\n\
         events {{ worker_connections 512; }}\n\
         http {{\n\
           access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;\n\
           {temporary}\n\
           {rate}\n\
           root {www};\n\
           server {{ {listen}}}\n\
           server {{ listen 127.0.0.1:{tls_port} ssl;\n\
             ssl_certificate {folder}/leaf.pem; ssl_certificate_key {folder}/leaf.key; }}\n\
         }}\n"
    )
}

/// Makes an authority, and a certificate of this machine that it signed, unless they are there.
fn certify(folder: &Path) -> Result<(), String> {
    if folder.join("leaf.pem").is_file() {
        return Ok(());
    }
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7";
    let leaf =
        "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE";
    for arguments in [
        format!("req -x509 {key} -subj /CN=qetch-bench -keyout ca.key -out ca.pem"),
        format!("req -x509 {key} {leaf} -CA ca.pem -CAkey ca.key -keyout leaf.key -out leaf.pem"),
    ] {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments.split(' ')).current_dir(folder);
        process::probe(&mut openssl).ok_or(format!("`openssl {arguments}` failed"))?;
    }
    Ok(())
}

/// A port that is free now, and still when the server asks for it.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no port is free: {error}"))
}

/// The origin that is slow on purpose; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Throttled {
    pub(crate) origin: String,
    /// What it lives as long as.
    _server: Server,
    used: Cell<u32>,
}

impl Throttled {
    /// Serves `file` at so many bytes a second over each connection, and over slow ones.
    pub(crate) fn start(program: &Path, file: &Path, rate: u64, slow_rate: u64) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.arg(file).args([rate.to_string(), slow_rate.to_string()]);
        let server = Server::start("the throttled origin", &mut command)?;
        let origin = server.origin();
        let origin =
            origin.map_err(|error| format!("the throttled origin did not say where it listens: {error}"))?;
        Ok(Self { _server: server, origin, used: Cell::new(0) })
    }

    /// A URL that nobody has asked for: below `even`, or below `uneven` where one connection is slower.
    pub(crate) fn url(&self, below: &str) -> String {
        self.used.set(self.used.get() + 1);
        format!("{}/{below}/{}", self.origin, self.used.get())
    }
}

/// The origin of playlists; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Segments {
    pub(crate) origin: String,
    /// What it lives as long as.
    _server: Server,
}

impl Segments {
    /// Lists the files in `folder` as segments, each of which is answered after so many milliseconds.
    pub(crate) fn start(program: &Path, folder: &Path, delay: u64) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.arg(folder).arg(delay.to_string());
        let server = Server::start("the origin of playlists", &mut command)?;
        let origin = server.origin()?;
        Ok(Self { origin, _server: server })
    }

    /// The URL of the playlist of a file in segments of `size` bytes.
    pub(crate) fn list(&self, name: &str, size: u64) -> String {
        format!("{}/{name}/{size}/list.m3u8", self.origin)
    }

    /// The URL of one of these segments.
    pub(crate) fn segment(&self, name: &str, size: u64, number: u64) -> String {
        format!("{}/{name}/{size}/{}", self.origin, piece(name, number))
    }
}

/// The name of a segment of a file.
pub(crate) fn piece(name: &str, number: u64) -> String {
    let extension = Path::new(name).extension().unwrap_or_default().to_string_lossy();
    format!("{number}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_every_host_and_the_rate() {
        let text = configuration(Path::new("/www"), Path::new("/folder"), (80, 443), Some("16m"));
        assert!(HOSTS.iter().all(|host| text.contains(&format!("listen {host}:80;"))), "{text}");
        assert!(text.contains("limit_rate 16m;") && text.contains("listen 127.0.0.1:443 ssl;"), "{text}");
        assert!(!configuration(Path::new("/"), Path::new("/"), (80, 443), None).contains("limit_rate"));
    }

    #[test]
    fn an_origin_that_does_not_start_is_an_error() {
        let error = Throttled::start(Path::new("true"), Path::new("f"), 1, 1).unwrap_err();
        assert!(error.contains("did not say where it listens"), "{error}");
        Throttled::start(Path::new("qetch-no-such-program"), Path::new("f"), 1, 1).unwrap_err();
    }
}
