//! What is noted of a track that is there whole, until it is muxed.
//!
//! Not every downloader can tell later whether a file is what its origin has, and of a recording there is no origin any more.
//! A track bears its name once it is whole, so one of this uid and size is what an earlier run brought.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{Gap, PartStart, Report, Result, blocking::blocking, files};

#[derive(Serialize, Deserialize)]
struct Note {
    format: u32,
    uid: String,
    bytes: u64,
    complete: bool,
    parts: Vec<(u64, Duration)>,
    gaps: Vec<Missing>,
}

#[derive(Serialize, Deserialize)]
struct Missing {
    fragment: u64,
    sequence: Option<u64>,
    start: Option<Duration>,
    duration: Option<Duration>,
    reason: String,
}

const FORMAT: u32 = 1;

/// Where the note of a track stands.
pub(super) fn note_of(track: &Path) -> PathBuf {
    files::with_suffix(track, "-done")
}

/// Notes what `report` says of the track of `uid`. Without a note it may have to be fetched again, so one that cannot be
/// written is no failure.
pub(super) async fn note(track: &Path, uid: &str, report: &Report) -> Result<()> {
    let parts = report.parts.iter().map(|part| (part.offset, part.time)).collect();
    let missing = |gap: &Gap| Missing {
        fragment: gap.fragment,
        sequence: gap.sequence,
        start: gap.start,
        duration: gap.duration,
        reason: gap.reason.clone(),
    };
    let gaps = report.gaps.iter().map(missing).collect();
    let (uid, bytes, complete) = (uid.to_owned(), report.bytes, report.complete);
    let note = Note { format: FORMAT, uid, bytes, complete, parts, gaps };
    let path = note_of(track);
    blocking(move |_| {
        let written = serde_json::to_vec(&note).map(|note| files::replace_private(&path, &note));
        if !matches!(written, Ok(Ok(()))) {
            tracing::warn!(path = %path.display(), "that a track is whole is not noted");
        }
        Ok(())
    })
    .await
}

/// What is noted of the track of `uid`, where the file is the one that the note is about.
pub(super) async fn noted(track: &Path, uid: &str) -> Result<Option<Report>> {
    let (track, uid) = (track.to_owned(), uid.to_owned());
    blocking(move |_| Ok(read(&track).filter(|note| note.uid == uid).map(|note| note.report(&track)))).await
}

fn read(track: &Path) -> Option<Note> {
    /// Of all segments that a listing may have each could be a gap.
    const MOST: u64 = 64 << 20;
    let mut text = Vec::new();
    File::open(note_of(track)).ok()?.take(MOST).read_to_end(&mut text).ok()?;
    let note: Note = serde_json::from_slice(&text).ok()?;
    let found = fs::symlink_metadata(track).ok()?;
    (note.format == FORMAT && found.is_file() && found.len() == note.bytes).then_some(note)
}

impl Note {
    fn report(self, track: &Path) -> Report {
        let gap = |it: Missing| Gap {
            sequence: it.sequence,
            start: it.start,
            duration: it.duration,
            ..Gap::new(it.fragment, it.reason)
        };
        let parts = self.parts.into_iter().map(|(offset, time)| PartStart::new(offset, time)).collect();
        let report = Report::complete([track.to_owned()], self.bytes).with_existed(true).with_parts(parts);
        let report = report.with_gaps(self.gaps.into_iter().map(gap).collect());
        Report { complete: self.complete, ..report }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_note_is_believed_of_the_file_that_it_is_about() {
        let directory = tempfile::tempdir().unwrap();
        let track = directory.path().join("f.qetch-t1");
        let mut gap = Gap::new(3, "404");
        (gap.sequence, gap.start) = (Some(7), Some(Duration::from_millis(1500)));
        let report = Report::complete([track.clone()], 4).with_gaps(vec![gap]);
        let report = report.with_parts(vec![PartStart::new(2, Duration::from_secs(9))]).with_existed(true);
        fs::write(&track, "four").unwrap();
        assert_eq!(noted(&track, "u").await.unwrap(), None);
        note(&track, "u", &report).await.unwrap();
        assert_eq!(noted(&track, "u").await.unwrap(), Some(report));
        assert_eq!(noted(&track, "v").await.unwrap(), None);
        fs::write(&track, "five!").unwrap();
        assert_eq!(noted(&track, "u").await.unwrap(), None);
        fs::write(&track, "four").unwrap();
        fs::write(note_of(&track), "{").unwrap();
        assert_eq!(noted(&track, "u").await.unwrap(), None);
    }
}
