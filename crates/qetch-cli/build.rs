//! Builds the tests that need a file system or a network of their own where an ordinary user can make one, which not every
//! machine allows, and those that need a terminal where tmux makes one.

use std::{env, process::Command};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(unshare, network_of_its_own, tmux)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PATH");
    if unshares(&["--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/tmp"]) {
        println!("cargo::rustc-cfg=unshare");
    }
    let script = "ip link set lo up && mount --bind /dev/null /etc/resolv.conf";
    if unshares(&["--net", "--mount", "sh", "-c", script]) {
        println!("cargo::rustc-cfg=network_of_its_own");
    }
    if Command::new("tmux").arg("-V").output().is_ok_and(|done| done.status.success()) {
        println!("cargo::rustc-cfg=tmux");
    }
}

/// Whether an ordinary user may do this apart from the rest of the machine.
fn unshares(arguments: &[&str]) -> bool {
    let is_linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|target| target == "linux");
    let mut unshare = Command::new("unshare");
    is_linux
        && unshare.arg("--map-root-user").args(arguments).output().is_ok_and(|done| done.status.success())
}
