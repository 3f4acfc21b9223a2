//! The list of what is missing from a file, beside it.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{Gap, Report, Result, blocking::blocking, files};

/// How a list begins, so that it is told from what somebody else put there.
const BEGINNING: &[u8] = br#"{"format":1,"gaps":["#;

/// A list as it is written.
#[derive(Serialize)]
struct List<'a> {
    format: u32,
    gaps: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    uid: &'a str,
    fragment: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
    reason: &'a str,
}

impl<'a> Entry<'a> {
    fn new(uid: &'a str, gap: &'a Gap) -> Self {
        Self {
            uid,
            fragment: gap.fragment,
            sequence: gap.sequence,
            start: gap.start.map(|start| start.as_secs_f64()),
            duration: gap.duration.map(|duration| duration.as_secs_f64()),
            reason: &gap.reason,
        }
    }
}

/// Lists the gaps of `report`, which is of the content `uid` alone, beside its first file.
pub(super) async fn listed(report: Report, uid: &str, overwrite: bool) -> Result<Report> {
    let gaps = report.gaps.iter().map(|gap| (uid, gap)).collect::<Vec<_>>();
    let list = json(&gaps);
    write(report, list, overwrite).await
}

/// Writes what [`json`] made beside the first file of `report`. The file is made by now, so a list that cannot be written is no
/// failure of it. Where nothing is missing, a list that was about an earlier file of that name goes.
pub(super) async fn write(report: Report, list: Option<Vec<u8>>, overwrite: bool) -> Result<Report> {
    let Some(path) = report.paths.first().map(|path| files::with_suffix(path, ".gaps.json")) else {
        return Ok(report);
    };
    let Some(list) = list else {
        if report.complete {
            blocking(move |_| {
                if is_ours(&path) {
                    remove(&path);
                }
                Ok(())
            })
            .await?;
        }
        return Ok(report);
    };
    let to = path.clone();
    match blocking(move |_| replace(&path, &list, overwrite)).await {
        Ok(()) => Ok(Report { gaps_list: Some(to), ..report }),
        Err(error) => {
            tracing::warn!(path = %to.display(), %error, "the list of what is missing is not written");
            Ok(report)
        }
    }
}

/// The list of these gaps, each with the uid of its content; nothing where there are none.
pub(super) fn json(gaps: &[(&str, &Gap)]) -> Option<Vec<u8>> {
    if gaps.is_empty() {
        return None;
    }
    let list = List { format: 1, gaps: gaps.iter().map(|(uid, gap)| Entry::new(uid, gap)).collect() };
    // Texts and finite numbers: it cannot fail.
    let mut list = serde_json::to_vec(&list).ok()?;
    list.push(b'\n');
    Some(list)
}

/// Writes a file in one step. Nothing is replaced unasked but another list. Blocks.
fn replace(path: &Path, bytes: &[u8], overwrite: bool) -> Result<()> {
    let part = files::with_suffix(path, ".qetch");
    remove(&part);
    let write = || -> io::Result<()> {
        use io::Write as _;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    let written = write().map_err(|error| crate::Error::io("write", &part, error));
    let named = written.and_then(|()| match overwrite || is_ours(path) {
        true => files::publish_over(&part, path),
        false => files::publish(&part, path),
    });
    if named.is_err() {
        remove(&part);
    }
    named
}

fn is_ours(path: &Path) -> bool {
    let is_plain = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let mut start = [0; BEGINNING.len()];
    let read = || fs::File::open(path)?.read_exact(&mut start);
    is_plain && { read }().is_ok() && start == BEGINNING
}

fn remove(path: &PathBuf) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::debug!(path = %path.display(), %error, "cannot be removed");
        }
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn report(path: &Path, gaps: Vec<Gap>) -> Report {
        Report::complete([path.to_owned()], 1).with_gaps(gaps)
    }

    #[tokio::test]
    async fn what_is_missing_is_listed_beside_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f.mp4");
        let mut gap = Gap::new(7, "404");
        (gap.sequence, gap.start) = (Some(9), Some(Duration::from_millis(28_500)));
        let told = listed(report(&path, vec![gap]), "u", false).await.unwrap();
        let list = told.gaps_list.unwrap();
        assert_eq!(list, directory.path().join("f.mp4.gaps.json"));
        let expected =
            r#"{"format":1,"gaps":[{"uid":"u","fragment":7,"sequence":9,"start":28.5,"reason":"404"}]}"#;
        assert_eq!(fs::read_to_string(&list).unwrap(), format!("{expected}\n"));

        // Another list takes its place, and a file that is whole takes it away.
        let told = listed(report(&path, vec![Gap::new(1, "x")]), "u", false).await.unwrap();
        assert!(fs::read_to_string(told.gaps_list.unwrap()).unwrap().contains(r#""fragment":1"#));
        assert_eq!(listed(report(&path, vec![]), "u", false).await.unwrap().gaps_list, None);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_is_no_list_is_not_replaced_and_not_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        let list = directory.path().join("f.gaps.json");
        fs::write(&list, "mine").unwrap();
        let told = listed(report(&path, vec![Gap::new(1, "x")]), "u", false).await.unwrap();
        assert_eq!((told.gaps_list, told.gaps.len()), (None, 1));
        listed(report(&path, vec![]), "u", true).await.unwrap();
        assert_eq!(fs::read_to_string(&list).unwrap(), "mine");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
