//! The calls of each system that the standard library does not offer.

use std::{fs, io};

use bytes::Bytes;

/// Reserves the blocks of the file, so that the disk is full now or not at all. In memory that would take as long as half
/// of the writing does, for pages that are not to be kept together: there it is enough that there is room.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn allocate(file: &fs::File, len: u64) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    if rustix::fs::fstatfs(file).is_ok_and(|found| found.f_type == TMPFS) {
        let (room, there) = (rustix::fs::fstatvfs(file)?, file.metadata()?.blocks() * 512);
        let is_limited = room.f_blocks > 0;
        return if is_limited && len.saturating_sub(there) > room.f_bavail * room.f_frsize {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        };
    }
    let done = rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, len);
    match done.map_err(io::Error::from) {
        Err(error) => match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Err(error)
            }
            // Not every file system can: then writing finds out.
            _ => Ok(()),
        },
        Ok(()) => Ok(()),
    }
}

/// What such a file system is called (`statfs(2)`).
#[cfg(any(target_os = "linux", target_os = "android"))]
const TMPFS: rustix::fs::FsWord = 0x0102_1994;

/// No call that reserves without writing is at hand here: writing finds out.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn allocate(_: &fs::File, _: u64) -> io::Result<()> {
    Ok(())
}

/// One call for all chunks, as far as the system takes them.
#[cfg(unix)]
pub(super) fn write_all(file: &fs::File, mut offset: u64, chunks: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<_> = chunks.iter().map(|chunk| io::IoSlice::new(chunk)).collect();
    let mut slices = slices.as_mut_slice();
    // Empty slices would be "nothing written".
    io::IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        match rustix::io::pwritev(file, &slices[..slices.len().min(MOST_SLICES)], offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                offset += count as u64;
                io::IoSlice::advance_slices(&mut slices, count);
            }
            Err(rustix::io::Errno::INTR) => (),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What every system takes at once (`IOV_MAX`).
#[cfg(unix)]
const MOST_SLICES: usize = 1024;

#[cfg(unix)]
pub(super) fn read_exact(file: &fs::File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
pub(super) fn write_all(file: &fs::File, mut offset: u64, chunks: &[Bytes]) -> io::Result<()> {
    for chunk in chunks {
        let mut bytes = &chunk[..];
        while !bytes.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[count..];
            offset += count as u64;
        }
    }
    Ok(())
}

#[cfg(windows)]
pub(super) fn read_exact(file: &fs::File, mut offset: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = std::os::windows::fs::FileExt::seek_read(file, bytes, offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[count..];
        offset += count as u64;
    }
    Ok(())
}
