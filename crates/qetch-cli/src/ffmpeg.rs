//! Where ffmpeg is, for what qetch does not mux itself.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use qetch::Mux;

/// How tracks become one file: by ffmpeg as well, where there is one in `PATH`.
pub(crate) fn mux() -> Mux {
    env::var_os("PATH").and_then(|path| find(&path)).map_or(Mux::Native, Mux::Ffmpeg)
}

/// The first ffmpeg of these directories. One that is named from where we stand may hold what was downloaded, so nothing in
/// it is started.
fn find(path: &OsStr) -> Option<PathBuf> {
    let name = format!("ffmpeg{}", env::consts::EXE_SUFFIX);
    let directories = env::split_paths(path).filter(|directory| directory.is_absolute());
    directories.map(|directory| directory.join(&name)).find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn it_is_a_program_in_a_directory_that_is_named_in_full() {
        let directory = tempfile::tempdir().unwrap();
        let make = |name: &str, mode: u32| {
            let file = directory.path().join(name).join("ffmpeg");
            fs::create_dir(file.parent().unwrap()).unwrap();
            fs::write(&file, "").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            file
        };
        let (text, program) = (make("text", 0o644), make("program", 0o755));
        fs::create_dir_all(directory.path().join("folder/ffmpeg")).unwrap();
        let check = |directories: &[&Path], expected: Option<&Path>| {
            let path = env::join_paths(directories).unwrap();
            assert_eq!(find(&path).as_deref(), expected, "{directories:?}");
        };
        let (text, with) = (text.parent().unwrap(), program.parent().unwrap());
        let folder = directory.path().join("folder");
        check(&[text, &folder, with], Some(&program));
        check(&[text], None);
        check(&[Path::new(""), Path::new(".")], None);
    }
}
