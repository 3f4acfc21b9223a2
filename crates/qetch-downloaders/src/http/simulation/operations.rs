//! What the engine asks of the simulated disk.

use std::{io, path::Path, sync::Arc};

use async_trait::async_trait;
use qetch_core::{Error, Result};

use super::{
    super::disk::{Disk, File, Looked, Taken},
    disk::{NameChange, SimDisk},
    file::Inode,
};

#[async_trait]
impl Disk for SimDisk {
    fn stands(&self, to: &Path, over: bool) -> Result<bool> {
        Ok(!over && self.state().names.contains_key(to))
    }

    fn is_there(&self, path: &Path) -> bool {
        self.state().names.contains_key(path)
    }

    async fn take(&self, path: &Path, settle: bool) -> Result<Taken> {
        let (disk, path) = (self.clone(), path.to_owned());
        self.detached(async move {
            disk.turn(1).await;
            let found = disk.state().names.get(&path).copied();
            if let Some(inode) = found {
                if disk.state().inodes[inode].is_locked {
                    return Err(Error::conflict(path, "is being written by another download"));
                }
                if !disk.state().has_other_names(inode) {
                    disk.state().inodes[inode].is_locked = true;
                    let len = disk.state().inodes[inode].now.bytes.len() as u64;
                    if settle && len == 0 {
                        disk.sync_names(3).await;
                    }
                    return Ok(Taken { file: disk.open(&path, inode, true), len });
                }
                disk.change_name(NameChange::Unlink(path.clone()));
                disk.turn(1).await;
            }
            let inode = disk.state().add(Inode::locked());
            disk.change_name(NameChange::Link(path.clone(), inode));
            let file = disk.open(&path, inode, true);
            if settle {
                disk.sync_names(3).await;
            }
            Ok(Taken { file, len: 0 })
        })
        .await
    }

    async fn create(&self, path: &Path) -> Result<Arc<dyn File>> {
        let (disk, path) = (self.clone(), path.to_owned());
        self.detached(async move {
            disk.turn(1).await;
            if disk.state().names.contains_key(&path) {
                return Err(Error::io("create", path, io::ErrorKind::AlreadyExists.into()));
            }
            let inode = disk.state().add(Inode::default());
            disk.change_name(NameChange::Link(path.clone(), inode));
            Ok(disk.open(&path, inode, false))
        })
        .await
    }

    async fn read(&self, path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
        self.look_around().await;
        Ok(self.get(path).filter(|bytes| bytes.len() as u64 <= most))
    }

    async fn look(&self, path: &Path) -> Result<Option<Looked>> {
        self.look_around().await;
        let missing = || Error::io("read", path, io::ErrorKind::NotFound.into());
        let inode = self.state().names.get(path).copied().ok_or_else(missing)?;
        let now = self.state().inodes[inode].now.clone();
        let file = self.open(path, inode, false);
        Ok(Some(Looked { file, len: now.bytes.len() as u64, modified: now.modified, note: now.note }))
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (disk, from, to) = (self.clone(), from.to_owned(), to.to_owned());
        self.detached(async move {
            disk.turn(1).await;
            disk.change_name(NameChange::Rename(from, to));
            Ok(())
        })
        .await
    }

    async fn sync_directory(&self, _: &Path) -> Result<()> {
        let disk = self.clone();
        self.detached(async move {
            disk.sync_names(3).await;
            Ok(())
        })
        .await
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let exists = self.state().names.contains_key(path);
        if exists && self.pass() {
            self.change_name(NameChange::Unlink(path.to_owned()));
        }
        Ok(())
    }
}
