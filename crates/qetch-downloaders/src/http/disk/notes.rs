//! Notes kept with a file: extended attributes, which hold when the file was changed last, so that a later change makes
//! them void. Elsewhere than on Linux nothing is noted.

use std::{fs::File, io, time::SystemTime};

#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};

/// The attribute.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NAME: &str = "user.qetch";

/// Notes something with a file, for as long as nobody changes it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn write(file: &File, note: &str) -> io::Result<()> {
    let text = format!("{}\n{note}", stamp(file.metadata()?.modified().ok()));
    Ok(fsetxattr(file, NAME, text.as_bytes(), XattrFlags::empty())?)
}

/// What was noted with a file that was changed last at `modified`.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn read(file: &File, modified: Option<SystemTime>) -> Option<String> {
    let mut bytes = vec![0; 4096];
    let len = fgetxattr(file, NAME, &mut bytes[..]).ok()?;
    bytes.truncate(len);
    let text = String::from_utf8(bytes).ok()?;
    let (noted, note) = text.split_once('\n')?;
    (noted == stamp(modified)).then(|| note.to_owned())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn stamp(time: Option<SystemTime>) -> String {
    let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.unwrap_or_default().as_nanos().to_string()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn write(_: &File, _: &str) -> io::Result<()> {
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn read(_: &File, _: Option<SystemTime>) -> Option<String> {
    None
}
