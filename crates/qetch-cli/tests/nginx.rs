//! The real program against a real nginx. Built where nginx is installed: see `build.rs`.

#![cfg(nginx)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic in a test is the report")]

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    time::Duration,
};

/// An nginx of our own in a folder of our own, stopped by its process when dropped.
struct Nginx {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Nginx {
    /// Serves the folder `www` in its own folder, each connection at no more than this rate.
    fn start(rate: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("www")).unwrap();
        // The port is free again when nginx asks for it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root = folder.path().display();
        let configuration = format!(
            "daemon off; worker_processes 1; pid {root}/pid; error_log {root}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{\n\
               log_format seen '$remote_port $status $http_range $body_bytes_sent';\n\
               access_log {root}/access.log seen;\n\
               client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;\n\
               uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;\n\
               server {{ listen 127.0.0.1:{port}; root {root}/www; limit_rate {rate}; }}\n\
             }}\n"
        );
        let path = folder.path().join("nginx.conf");
        fs::write(&path, configuration).unwrap();
        let errors = folder.path().join("error.log");
        let process = Command::new("nginx").arg("-e").arg(errors).arg("-c").arg(&path).spawn().unwrap();
        let nginx = Self { process, folder, port };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return nginx;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nginx does not listen: {:?}", fs::read_to_string(nginx.path("error.log")));
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The client ports that it answered, each a connection.
    fn connections(&self) -> BTreeSet<String> {
        let log = fs::read_to_string(self.path("access.log")).unwrap();
        log.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its master stops its worker when it is asked to end, which a kill would not let it.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// Bytes in which each place is different.
fn write_file(path: &Path, mebibytes: usize) {
    let mut file = fs::File::create(path).unwrap();
    let mut state = 1_u64;
    for _ in 0..mebibytes {
        let block: Vec<u8> = (0..1 << 17)
            .flat_map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state.to_le_bytes()
            })
            .collect();
        file.write_all(&block).unwrap();
    }
}

#[test]
fn a_hundred_mebibytes_are_the_same_over_one_connection_and_over_eight() {
    let nginx = Nginx::start("200m");
    let original = nginx.path("www/f.bin");
    write_file(&original, 100);
    let original = fs::read(original).unwrap();
    for (connections, at_least) in [(1, 1), (8, 8)] {
        fs::write(nginx.path("access.log"), "").unwrap();
        let to = nginx.path(&format!("over-{connections}"));
        let output = Command::new(env!("CARGO_BIN_EXE_qetch"))
            .args(["download", &format!("http://127.0.0.1:{}/f.bin", nginx.port)])
            .args(["--max-connections", &connections.to_string(), "--output"])
            .arg(&to)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(fs::read(&to).unwrap() == original, "another file over {connections}");
        let seen = nginx.connections().len();
        // A share that gave its tail away ends its connection early, and the next share opens another.
        assert!((at_least..=connections * 2).contains(&seen), "nginx saw {seen} connections");
        println!("over {connections}: nginx saw {seen} connections");
    }
}
