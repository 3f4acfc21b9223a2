//! The engine against a real nginx. Built where one is installed.

use std::{
    collections::BTreeSet,
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use qetch::{Context, DownloadOptions, Target};
use qetch_testkit::pattern;
use qetch_tests::{Folder, content, downloaders};

/// An nginx of our own in a folder of our own, asked to end when dropped.
struct Nginx {
    process: Child,
    folder: Folder,
    port: u16,
}

impl Nginx {
    /// Serves the folder `www` of its own folder, and under `/slow/` the same at no more than 16 MiB/s a connection, so
    /// that bodies overlap however busy the machine is.
    fn start() -> Self {
        let folder = Folder::new();
        fs::create_dir(folder.path("www")).unwrap();
        // The port is free again when nginx asks for it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root = folder.root().display();
        let configuration = format!(
            "daemon off; worker_processes 1; pid {root}/pid; error_log {root}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{\n\
               log_format seen '$remote_port $status $http_range $body_bytes_sent';\n\
               access_log {root}/access.log seen;\n\
               client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;\n\
               fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;\n\
               server {{ listen 127.0.0.1:{port}; root {root}/www;\n\
                 location /slow/ {{ alias {root}/www/; limit_rate 16m; }} }}\n\
             }}\n"
        );
        fs::write(folder.path("nginx.conf"), configuration).unwrap();
        let mut command = Command::new(env!("QETCH_NGINX"));
        command.arg("-e").arg(folder.path("error.log")).arg("-c").arg(folder.path("nginx.conf"));
        let nginx = Self { process: command.spawn().unwrap(), folder, port };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return nginx;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nginx does not listen: {:?}", fs::read_to_string(nginx.path("error.log")));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    /// The connections that it has answered on, by their client's port.
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

async fn download(nginx: &Nginx, path: &str, connections: usize, to: &Path) -> usize {
    let content = content([format!("http://127.0.0.1:{}{path}", nginx.port).as_str()]);
    let options = DownloadOptions::new().with_max_connections(connections);
    let report = downloaders().download(&Context::new(), &content, &Target::file(to), &options).await;
    report.unwrap().connections
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_mebibytes_are_the_same_over_one_connection_and_over_eight() {
    let nginx = Nginx::start();
    let original = pattern(100 << 20, 1);
    fs::write(nginx.path("www/f.bin"), &original).unwrap();

    assert_eq!(download(&nginx, "/f.bin", 1, &nginx.path("one")).await, 1);
    assert!(fs::read(nginx.path("one")).unwrap() == original, "another file over one connection");
    let after_one = nginx.connections();
    assert_eq!(after_one.len(), 1);

    assert_eq!(download(&nginx, "/slow/f.bin", 8, &nginx.path("eight")).await, 8);
    assert!(fs::read(nginx.path("eight")).unwrap() == original, "another file over eight connections");
    // A share that gave its tail away ends its connection early, and the next share opens another.
    let over_eight = nginx.connections().difference(&after_one).count();
    assert!((8..=16).contains(&over_eight), "nginx saw {over_eight} connections");
}
