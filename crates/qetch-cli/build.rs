//! Builds the tests against a real nginx where one is installed.

use std::{env, path::Path};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(nginx)");
    println!("cargo::rerun-if-env-changed=PATH");
    let path = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&path).any(|folder| Path::new(&folder).join("nginx").is_file()) {
        println!("cargo::rustc-cfg=nginx");
    }
}
