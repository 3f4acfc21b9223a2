//! A file that stands at the target already: whether it is what the origin has.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use qetch_core::{Content, Error, Fragment, FragmentMethod, PartStart, Result, http_date};
use serde::{Deserialize, Serialize};

use super::{
    disk::Looked,
    entity::{Agreement, Entity},
    probe::{Ask, Misfit, Reply},
    task::Task,
    transfer::open,
};

/// How long the file at `path` is, and where its parts begin, if it is shown to be `content`, whole: by its checksum where one is promised; else the
/// origin is asked, and must have a file of that size, with the validators that were noted when it was downloaded or the
/// time that it bears.
///
/// # Errors
/// `conflict` where it is not shown to be; those of asking.
pub(super) async fn whole(task: &Task, content: &Content, path: &Path) -> Result<(u64, Vec<PartStart>)> {
    let conflict = |why: &str| Error::conflict(path, format!("exists already, and {why}"));
    let Some(found) = task.disk.look(path).await? else {
        return Err(conflict("is no plain file"));
    };
    if !task.sums.is_empty() {
        return match task.gauge.work(task.sums.verify(&*found.file, found.len)).await {
            Ok(_) => Ok((found.len, Vec::new())),
            Err(Error::ChecksumMismatch { .. }) => {
                task.sums.restart();
                Err(conflict("has another checksum than is promised"))
            }
            Err(error) => Err(error),
        };
    }
    if let Some(fingerprint) = task.source.fingerprint() {
        let note = found.note.as_deref().and_then(Note::read);
        let note = note.filter(|note| note.is_of_list(content, &fingerprint, found.len));
        let note = note.ok_or_else(|| conflict("nothing shows it to be what its playlist lists"))?;
        return Ok((found.len, note.parts()));
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
            Ok((size, Vec::new()))
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
}

impl Note {
    pub(super) fn new(content: &Content, entity: Entity) -> Self {
        let (uid, extractor) = (content.uid.clone(), content.extractor.clone());
        Self { uid, extractor, entity, fingerprint: None, parts: Vec::new() }
    }

    /// Of a file of `len` bytes that was made of the list of this fingerprint, with nothing missing.
    pub(super) fn of_list(content: &Content, fingerprint: String, len: u64, parts: &[PartStart]) -> Self {
        let entity = Entity { complete: Some(len), ..Entity::default() };
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let parts = parts.iter().map(|part| (part.offset, milliseconds(part.time))).collect();
        Self { fingerprint: Some(fingerprint), parts, ..Self::new(content, entity) }
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
