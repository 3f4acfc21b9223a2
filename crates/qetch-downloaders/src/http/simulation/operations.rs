//! What the engine asks of the simulated disk.

use std::{io, path::Path, sync::Arc};

use async_trait::async_trait;
use qetch_core::{Error, Result};

use super::{
    super::disk::{Disk, File, Looked, Seal, Taken, Whole},
    disk::{NameChange, SimDisk, joined},
    file::{Change, Inode},
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

    async fn store(&self, whole: Whole) -> Result<Option<Seal>> {
        let Whole { writes, seal, to } = whole;
        if !self.stores() {
            return Ok(Some(seal));
        }
        // A file without a name is gone with whatever goes wrong before it has one.
        let mut file = Inode::default();
        for (offset, chunks) in &writes {
            self.turn(2).await;
            let bytes = joined(chunks);
            self.state().written += bytes.len() as u64;
            file.change(0, Change::Write(*offset, bytes));
        }
        let blocks = file.now.blocks.len() as u64;
        if !self.state().has_room(blocks) {
            return Ok(Some(seal));
        }
        self.turn(12).await;
        file.change(0, Change::Seal(seal.len, seal.modified, seal.note));
        file.sync(0);
        self.turn(1).await;
        if self.state().names.contains_key(&to) {
            return Err(Error::conflict(to, "exists already"));
        }
        let inode = self.state().add(file);
        self.change_name(NameChange::Link(to, inode));
        self.sync_names(3).await;
        Ok(None)
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
