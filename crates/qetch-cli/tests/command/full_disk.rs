//! A disk that is full: a small file system of the test's own, in a name space that goes away with it. Built where an
//! ordinary user may make one.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use qetch_testkit::{Behaviour, Origin, Resource, pattern};

use crate::support::{Home, Said};

const MIB: usize = 1 << 20;

/// A file system of 8 MiB, and the process that has it.
struct Disk {
    holder: Child,
    home: Home,
    origin: Origin,
}

impl Disk {
    async fn new() -> Self {
        let home = Home::new();
        let mut holder = Command::new("unshare");
        holder.args(["--map-root-user", "--mount", "sh", "-c"]);
        // It ends with its input, which is this test's.
        holder.arg("mount -t tmpfs -o size=8m tmpfs \"$0\" && echo mounted && cat").arg(home.path(""));
        let mut holder = holder.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "mounted\n");
        Self { holder, home, origin: Origin::start().await.unwrap() }
    }

    /// A path on it, by way of the process that sees it.
    fn path(&self, name: &str) -> PathBuf {
        let inside = self.home.path(name);
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(inside.strip_prefix("/").unwrap())
    }

    fn command(&self) -> Command {
        let mut command = self.home.command(&["-o", "f.mp4", &self.origin.url("/f.mp4")]);
        command.current_dir(self.path(""));
        command
    }

    fn run(&self) -> Said {
        Said::of(&self.command().output().unwrap())
    }

    /// Runs it, and it ends with a message that says what to do.
    fn finds_no_room(&self) {
        self.run().has_found_no_room();
        assert!(!self.path("f.mp4").exists());
    }

    /// Leaves so many bytes free, or a page more.
    fn leave(&self, free: usize) {
        let mut filler = fs::File::create(self.path("filler")).unwrap();
        let page = vec![1; 4096];
        while filler.write_all(&page).is_ok() {}
        let len = filler.metadata().unwrap().len();
        filler.set_len(len - free as u64).unwrap();
    }

    fn make_room(&self) {
        fs::remove_file(self.path("filler")).unwrap();
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("")).unwrap();
        let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn sent(&self) -> u64 {
        self.origin.bytes_sent("/f.mp4")
    }

    /// Runs it, and the file is there and nothing else.
    fn completes(&self, body: &[u8]) {
        self.run().lines();
        assert!(fs::read(self.path("f.mp4")).unwrap() == body, "another file");
        assert_eq!(self.names(), ["f.mp4"]);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

fn file(body: &[u8]) -> Resource {
    Resource::new(body.to_vec()).with_content_type("video/mp4").with_etag("v")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_larger_than_the_disk_is_not_begun() {
    let disk = Disk::new().await;
    disk.origin.serve("/f.mp4", file(&pattern(32 * MIB, 1)));
    disk.finds_no_room();
    assert_eq!(disk.names(), [""; 0]);
    assert!(disk.sent() < 4 * MIB as u64, "{} bytes were sent", disk.sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn once_there_is_room_the_same_command_brings_it() {
    let (disk, body) = (Disk::new().await, pattern(6 * MIB, 1));
    disk.origin.serve("/f.mp4", file(&body));
    disk.leave(5 * MIB);
    disk.finds_no_room();
    assert_eq!(disk.names(), ["filler"]);
    disk.make_room();
    disk.completes(&body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_meanwhile_costs_little() {
    // So small that its room is not made before it is fetched.
    let (disk, body) = (Disk::new().await, pattern(MIB - 1, 1));
    disk.origin.serve("/f.mp4", file(&body).with_shared_throttle(MIB as u64 / 4));
    let mut command = disk.command();
    let program = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while disk.sent() < MIB as u64 / 2 {
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    disk.leave(0);
    Said::of(&program.wait_with_output().unwrap()).has_found_no_room();
    assert_eq!(disk.names(), ["f.mp4.qetch", "f.mp4.qetch-journal", "filler"]);

    // It is as full as before, and nothing is fetched for it.
    let sent = disk.sent();
    disk.finds_no_room();
    assert_eq!(disk.names(), ["f.mp4.qetch", "f.mp4.qetch-journal", "filler"]);
    assert!(disk.sent() - sent < MIB as u64 / 8, "{} bytes more", disk.sent() - sent);

    disk.make_room();
    disk.completes(&body);
    let sent = disk.sent() as f64 / MIB as f64;
    println!("{sent:.3} of the file were sent");
    assert!(sent <= 1.1, "{sent} of the file were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_unknown_size_meets_the_end_of_the_disk_and_leaves_nothing() {
    let (disk, body) = (Disk::new().await, pattern(6 * MIB, 1));
    disk.origin.serve("/f.mp4", file(&body).with_behaviour(Behaviour::Chunked));
    disk.leave(3 * MIB);
    disk.finds_no_room();
    assert_eq!(disk.names(), ["filler"], "what no range can go on with is of no use");
    disk.make_room();
    disk.completes(&body);
}
