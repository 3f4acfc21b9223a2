//! A file that stands at the target already: whether it is what the origin has.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use qetch_core::{Content, Error, Fragment, FragmentMethod, Gap, PartStart, Result, files, http_date};
use serde::{Deserialize, Serialize};

use super::{
    disk::{Disk, Landing, Looked},
    entity::{Agreement, Entity},
    journal::SavedGap,
    probe::{Ask, Misfit, Reply},
    task::Task,
    transfer::open,
};

/// How long a file is, where its parts begin, and what is missing from it.
type Whole = (u64, Vec<PartStart>, Vec<Gap>);

/// How long the file at `path` is, and what else is known of it, if it is shown to be `content`, whole: by its checksum where one is promised; else the
/// origin is asked, and must have a file of that size, with the validators that were noted when it was downloaded or the
/// time that it bears.
///
/// # Errors
/// `conflict` where it is not shown to be; those of asking.
pub(super) async fn whole(task: &Task, content: &Content, path: &Path, allow_gaps: bool) -> Result<Whole> {
    let conflict = |why: &str| Error::conflict(path, format!("exists already, and {why}"));
    let Some(found) = task.disk.look(path).await? else {
        return Err(conflict("is no plain file"));
    };
    if !task.sums.is_empty() {
        return match task.gauge.work(task.sums.verify(&*found.file, found.len)).await {
            Ok(_) => Ok((found.len, Vec::new(), Vec::new())),
            Err(Error::ChecksumMismatch { .. }) => {
                task.sums.restart();
                Err(conflict("has another checksum than is promised"))
            }
            Err(error) => Err(error),
        };
    }
    if let Some(fingerprint) = task.source.fingerprint() {
        let beside = read_beside(&*task.disk, path).await?;
        let notes = beside.into_iter().chain(found.note.as_deref().and_then(Note::read));
        let note = notes.into_iter().find(|note| note.is_of_list(content, &fingerprint, found.len));
        let note = note.ok_or_else(|| conflict("nothing shows it to be what its playlist lists"))?;
        if !note.gaps.is_empty() && task.source.count().is_some() && !allow_gaps {
            return Err(conflict("segments are missing from it"));
        }
        return Ok((found.len, note.parts(), note.gaps.iter().map(SavedGap::gap).collect()));
    }
    let [fragment] = content.fragments.as_slice() else {
        return Err(conflict("of several fragments, so that nothing shows it to be what the origin has"));
    };
    if fragment.method != FragmentMethod::Get || fragment.range.is_some() {
        return Err(conflict("nothing shows it to be what the origin has"));
    }
    let entity = match ask(task, fragment).await? {
        Some(entity) => entity,
        None => Entity { complete: Some(0), ..Entity::default() },
    };
    match entity.complete {
        Some(size) if size != found.len => {
            Err(conflict(&format!("has {} bytes where the origin has {size}", found.len)))
        }
        Some(size) if size == 0 || Note::holds(content, &found, &entity) || is_dated(&found, &entity) => {
            Ok((size, Vec::new(), Vec::new()))
        }
        _ => Err(conflict("nothing shows it to be what the origin has")),
    }
}

/// What the origin tells of the file now, without its bytes; `None` where it has none.
async fn ask(task: &Task, fragment: &Fragment) -> Result<Option<Entity>> {
    let (mut backoff, mut ask) = (task.backoff(), Ask::Between(0, 1));
    let (mut age, mut fragment) = (0, fragment.clone());
    loop {
        let judged = match task.cx.take_parked(&fragment.url).filter(|_| fragment.headers.is_empty()) {
            Some(answer) => Reply::of(&answer).judge(Ask::Whole, None),
            None => match open(&task.cx, &fragment, ask).await {
                Ok(answer) => Reply::of(&answer).judge(ask, None),
                Err(misfit) => Err(misfit),
            },
        };
        match judged {
            Ok(fit) => return Ok(Some(fit.entity)),
            Err(Misfit::Empty) => return Ok(None),
            // Its body is not read.
            Err(Misfit::NoRanges(_)) if ask != Ask::Whole => ask = Ask::Whole,
            // What it does not tell well is as good as nothing.
            Err(Misfit::NoRanges(_)) => return Ok(Some(Entity::default())),
            Err(Misfit::Dead(status, error)) if age == 0 => {
                (age, fragment) = task.source.renew(0, age, status, error).await?;
                ask = Ask::Between(0, 1);
            }
            Err(Misfit::Passing(error)) => task.bear(&mut backoff, error).await?,
            Err(
                Misfit::Unwelcome(error)
                | Misfit::Dead(_, error)
                | Misfit::Changed(error)
                | Misfit::Fatal(error),
            ) => return Err(error),
        }
    }
}

/// What is noted with a file when it is whole.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// Which content it is: another link may have a file of the same size and the same `ETag`.
    uid: String,
    extractor: String,
    entity: Entity,
    /// Which list of fragments it was made of, where the uid does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    /// Where its parts begin, and when, in milliseconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<(u64, u64)>,
    /// What is missing from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<SavedGap>,
}

/// No note beside a file is larger: of all segments that a listing may have each could be a gap.
const MOST_BYTES: u64 = 64 << 20;

/// Where it is noted what a track was made of, for as long as someone goes on with it. Whoever does so removes it.
pub(crate) fn noted(track: &Path) -> PathBuf {
    files::with_suffix(track, "-done")
}

/// What is noted beside the track at `path`.
async fn read_beside(disk: &dyn Disk, path: &Path) -> Result<Option<Note>> {
    let path = noted(path);
    let bytes = if disk.is_there(&path) { disk.read(&path, MOST_BYTES).await? } else { None };
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Whether the file at `path` is all of a recording of `content`.
#[cfg(any(feature = "hls", feature = "dash"))]
pub(super) async fn is_recorded(disk: &dyn Disk, content: &Content, path: &Path) -> bool {
    let Ok(Some(found)) = disk.look(path).await else { return false };
    let note = read_beside(disk, path).await.ok().flatten();
    note.is_some_and(|note| note.is_of_list(content, super::source::LIVE, found.len))
}

impl Note {
    pub(super) fn new(content: &Content, entity: Entity) -> Self {
        let (uid, extractor) = (content.uid.clone(), content.extractor.clone());
        Self { uid, extractor, entity, fingerprint: None, parts: Vec::new(), gaps: Vec::new() }
    }

    /// Of a file of `len` bytes that was made of the list of this fingerprint.
    pub(super) fn of_list(
        content: &Content,
        fingerprint: String,
        len: u64,
        parts: &[PartStart],
        gaps: Vec<Gap>,
    ) -> Self {
        let entity = Entity { complete: Some(len), ..Entity::default() };
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let parts = parts.iter().map(|part| (part.offset, milliseconds(part.time))).collect();
        let gaps = gaps.into_iter().map(SavedGap::from).collect();
        Self { fingerprint: Some(fingerprint), parts, gaps, ..Self::new(content, entity) }
    }

    /// Notes it beside the track to be at `path`, durably. Without it the track may have to be fetched again, so that it cannot
    /// be written is no failure.
    pub(super) async fn write_beside(&self, disk: &dyn Disk, path: &Path) -> Result<()> {
        let path = noted(path);
        disk.remove(&path)?;
        let written = async {
            let file = disk.create(&path).await?;
            file.write(0, vec![self.text().into()], Landing::unheard()).await?;
            file.sync().await
        };
        if let Err(error) = written.await {
            tracing::warn!(path = %path.display(), %error, "what a track was made of is not noted");
            disk.remove(&path)?;
        }
        Ok(())
    }

    /// Whether it is noted with a file of `len` bytes that was made of that list of `content`.
    fn is_of_list(&self, content: &Content, fingerprint: &str, len: u64) -> bool {
        (&self.uid, &self.extractor) == (&content.uid, &content.extractor)
            && self.fingerprint.as_deref() == Some(fingerprint)
            && self.entity.complete == Some(len)
    }

    /// Where the parts of the file begin.
    fn parts(&self) -> Vec<PartStart> {
        let part = |&(offset, time)| PartStart::new(offset, Duration::from_millis(time));
        self.parts.iter().map(part).collect()
    }

    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The note that `text` is.
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether what was noted with a file says that it is `content`, as the origin has it now.
    fn holds(content: &Content, found: &Looked, now: &Entity) -> bool {
        found.note.as_deref().and_then(Self::read).is_some_and(|note| note.says(content, now))
    }

    /// Whether it says that the file is `content`, of which the origin tells `now`.
    pub(super) fn says(&self, content: &Content, now: &Entity) -> bool {
        let is_same = (&self.uid, &self.extractor) == (&content.uid, &content.extractor);
        is_same && self.entity.agreement(now) == Agreement::Proven
    }
}

/// Whether the file bears the time of `Last-Modified`, which has whole seconds.
fn is_dated(found: &Looked, now: &Entity) -> bool {
    let time = now.last_modified.as_deref().and_then(http_date);
    let seconds =
        |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).map(|since| since.as_secs()).ok();
    time.is_some() && time.and_then(seconds) == found.modified.and_then(seconds)
}
