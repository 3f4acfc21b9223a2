//! Builds the recorded tests where `QETCH_FIXTURES` names the folder of recorded answers.

use std::{env, path::Path};

fn main() {
    println!("cargo::rerun-if-env-changed=QETCH_FIXTURES");
    let Some(folder) = env::var_os("QETCH_FIXTURES") else { return };
    // A wrong path must not pass as "nothing to replay".
    assert!(
        Path::new(&folder).is_dir(),
        "QETCH_FIXTURES is set, and there is no folder {}",
        folder.display()
    );
    println!("cargo::rustc-cfg=recorded");
    println!("cargo::rustc-env=QETCH_FIXTURES={}", folder.display());
}
