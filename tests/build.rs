//! Builds the tests that need what not every machine has: recorded answers, where `QETCH_FIXTURES` names their folder,
//! and ffmpeg, nginx and openssl, where they are installed.

use std::{
    env,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(ffmpeg, nginx, openssl, recorded)");
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
    for program in ["nginx", "openssl"] {
        if let Some(path) = installed(program) {
            println!("cargo::rustc-cfg={program}");
            println!("cargo::rustc-env=QETCH_{}={}", program.to_uppercase(), path.display());
        }
    }
    if let (Some(ffmpeg), Some(ffprobe)) = (installed("ffmpeg"), installed("ffprobe")) {
        println!("cargo::rustc-cfg=ffmpeg");
        println!("cargo::rustc-env=QETCH_FFMPEG={}", ffmpeg.display());
        println!("cargo::rustc-env=QETCH_FFPROBE={}", ffprobe.display());
    }
}

/// Servers are often installed outside an ordinary user's path.
fn installed(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|program| program.is_file())
}
