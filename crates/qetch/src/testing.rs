//! A site and a protocol for tests of the wiring: contents by the dozen, without a network.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use qetch_core::{
    Content, Context, DownloadOptions, Downloader, Error, Extraction, Extractor, ExtractorInfo, Fragment,
    Handle, Handles, Kind, Report, Result, Target, TargetKind, Url, async_trait,
};

use crate::Qetch;

/// `https://pond.example/3` has three resources, and of `https://pond.example/3/bad` the last cannot be downloaded.
#[derive(Debug)]
pub(crate) struct Pond {
    info: ExtractorInfo,
}

impl Pond {
    pub(crate) fn new(name: &str) -> Self {
        let handle = Handle::new("pond", ["pond.example"], r"^/(?P<count>\d+)(?:/(?P<tail>\w+))?$");
        Self { info: ExtractorInfo::new(name, "A pond").with_handles(Handles::new([handle])) }
    }
}

#[async_trait]
impl Extractor for Pond {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        let found = self.info.handles().require(url)?;
        let count: usize = found["count"].parse().unwrap();
        let contents = (1..=count).map(|number| {
            let tail = found.get("tail").filter(|_| number == count).unwrap_or_default();
            content(&format!("pond-{number}{tail}")).into()
        });
        Ok(Extraction::of(contents.collect::<Vec<_>>()))
    }
}

pub(crate) fn content(uid: &str) -> Content {
    let url = Url::parse("https://pond.example/1").unwrap();
    Content::new(uid, Kind::Text, url.clone(), [Fragment::new(url)])
}

/// Writes the uid into the file, after so many milliseconds as the uid's number says times ten.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scribe {
    /// How many are at it now, and the most that were.
    pub(crate) now: Arc<AtomicUsize>,
    pub(crate) most: Arc<AtomicUsize>,
}

#[async_trait]
impl Downloader for Scribe {
    fn name(&self) -> &'static str {
        "scribe"
    }

    fn can_handle(&self, _: &Content) -> bool {
        true
    }

    async fn download(
        &self,
        _: &Context,
        content: &Content,
        to: &Target,
        _: &DownloadOptions,
    ) -> Result<Report> {
        struct Leave(Arc<AtomicUsize>);
        impl Drop for Leave {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        let _leave = Leave(self.now.clone());
        self.most.fetch_max(now, Ordering::SeqCst);

        let digits: String = content.uid.chars().filter(char::is_ascii_digit).collect();
        tokio::time::sleep(Duration::from_millis(10 * digits.parse::<u64>().unwrap())).await;
        if content.uid.ends_with("bad") {
            return Err(Error::not_found(content.uid.as_str()));
        }
        let TargetKind::File(path) = to.kind() else {
            return Err(Error::unsupported("the target", "no file"));
        };
        fs::write(path, &content.uid).map_err(|error| Error::io("write", path, error))?;
        Ok(Report::complete([path.to_owned()], content.uid.len() as u64))
    }
}

/// A [`Qetch`] of both, and the scribe.
pub(crate) fn qetch() -> (Qetch, Scribe) {
    let scribe = Scribe::default();
    (Qetch::builder().extractor(Pond::new("pond")).downloader(scribe.clone()).build(), scribe)
}
