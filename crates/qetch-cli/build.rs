//! Builds the tests that need a file system or a network of their own where an ordinary user can make one, which not every
//! machine allows.

use std::{env, process::Command};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(unshare, network_of_its_own)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PATH");
    let target = env::var("CARGO_CFG_TARGET_OS");
    let mut mount = Command::new("unshare");
    mount.args(["--map-root-user", "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/tmp"]);
    if target.is_ok_and(|target| target == "linux") && mount.output().is_ok_and(|done| done.status.success())
    {
        println!("cargo::rustc-cfg=unshare");
    }
    let mut network = Command::new("unshare");
    network.args(["--map-root-user", "--net", "--mount", "sh", "-c"]);
    network.arg("ip link set lo up && mount --bind /dev/null /etc/resolv.conf");
    if network.output().is_ok_and(|done| done.status.success()) {
        println!("cargo::rustc-cfg=network_of_its_own");
    }
}
