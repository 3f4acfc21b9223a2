//! Builds the tests that need what not every machine has: recorded answers, where `QETCH_FIXTURES` names their folder,
//! and nginx, where it is installed.

use std::{
    env,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(recorded, nginx)");
    println!("cargo::rerun-if-env-changed=QETCH_FIXTURES");
    println!("cargo::rerun-if-env-changed=PATH");
    if let Some(folder) = env::var_os("QETCH_FIXTURES") {
        // A wrong path must not pass as "nothing to replay".
        assert!(
            Path::new(&folder).is_dir(),
            "QETCH_FIXTURES is set, and there is no folder {}",
            folder.display()
        );
        println!("cargo::rustc-cfg=recorded");
        println!("cargo::rustc-env=QETCH_FIXTURES={}", folder.display());
    }
    if let Some(nginx) = nginx() {
        println!("cargo::rustc-cfg=nginx");
        println!("cargo::rustc-env=QETCH_NGINX={}", nginx.display());
    }
}

/// Servers are often installed outside an ordinary user's path.
fn nginx() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join("nginx")).find(|nginx| nginx.is_file())
}
