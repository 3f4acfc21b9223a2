//! Links that are made anew by whoever the options name: all fragments at once, and the content must be the same.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use qetch::{Content, DownloadOptions, Refresh, Result, async_trait};
use qetch_testkit::{Origin, Resource, pattern};
use qetch_tests::{Folder, content, download_content, download_to, stopping_at};

const SIZE: usize = 4 << 20;

/// Makes links in this order, the last ones again and again.
struct Links {
    made: Vec<Content>,
    asked: AtomicUsize,
}

impl Links {
    fn new(made: impl IntoIterator<Item = Content>) -> Arc<Self> {
        Arc::new(Self { made: made.into_iter().collect(), asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Refresh for Links {
    async fn refresh(&self, _: &Content) -> Result<Content> {
        let index = self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.made[index.min(self.made.len() - 1)].clone())
    }
}

/// A content of these paths, of a site.
fn at(origin: &Origin, paths: &[&str]) -> Content {
    let links: Vec<_> = paths.iter().map(|path| origin.url(path)).collect();
    let mut content = content(links.iter().map(String::as_str));
    (content.uid, content.extractor) = ("one".into(), "site".into());
    content
}

fn dead() -> Resource {
    Resource::new("no").with_status(403)
}

#[tokio::test]
async fn links_of_many_fragments_may_die_twice() {
    let origin = Origin::start().await.unwrap();
    let body = |index| pattern(1000, index);
    let generations = [["/a/0", "/a/1", "/a/2"], ["/b/0", "/b/1", "/b/2"], ["/c/0", "/c/1", "/c/2"]];
    for (generation, paths) in generations.iter().enumerate() {
        for (index, path) in paths.iter().enumerate() {
            // Each generation brings one fragment, and is dead for those after it.
            let alive = index == generation;
            origin.serve(path, if alive { Resource::new(body(index as u64)) } else { dead() });
        }
    }
    let [first, second, third] = generations.map(|paths| at(&origin, &paths));
    let links = Links::new([second, third]);
    let outcome = download_content(&first, DownloadOptions::new().with_refresh(links.clone())).await;
    outcome.result.unwrap();
    assert!(outcome.file.unwrap() == [body(0), body(1), body(2)].concat());
    assert_eq!((outcome.names, links.asked()), (vec!["f".to_owned()], 2));
}

#[tokio::test]
async fn new_links_of_other_fragments_cost_nothing_of_what_is_there() {
    let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
    let alive = || Resource::new(pattern(SIZE, 1)).with_etag("one").with_shared_throttle(SIZE as u64 * 2);
    origin.serve("/f", alive());
    let one = at(&origin, &["/f"]);
    let stopped = download_to(&folder, &one, &stopping_at(DownloadOptions::new(), SIZE as u64 / 2)).await;
    assert_eq!(stopped.unwrap_err().code(), "interrupted");
    let ours = ["f.qetch", "f.qetch-journal"];
    assert_eq!(folder.names(), ours);

    origin.serve("/f", dead());
    let options = DownloadOptions::new().with_refresh(Links::new([at(&origin, &["/a", "/b"])]));
    let error = download_to(&folder, &one, &options).await.unwrap_err();
    assert_eq!(error.code(), "content_changed", "{error}");
    assert_eq!(folder.names(), ours);

    origin.serve("/g", alive());
    let options = DownloadOptions::new().with_refresh(Links::new([at(&origin, &["/g"])]));
    let report = download_to(&folder, &one, &options).await.unwrap();
    assert!(report.resumed > SIZE as u64 / 3, "{report:?}");
    assert!(fs::read(folder.path("f")).unwrap() == pattern(SIZE, 1));
    assert_eq!(folder.names(), ["f"]);
}

#[tokio::test]
async fn a_file_that_stands_is_recognised_though_its_link_is_dead() {
    let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
    let alive = || Resource::new(pattern(SIZE, 1)).with_etag("one");
    origin.serve("/f", alive()).serve("/g", alive());
    let one = at(&origin, &["/f"]);
    download_to(&folder, &one, &DownloadOptions::new()).await.unwrap();
    origin.serve("/f", dead());
    let links = Links::new([at(&origin, &["/g"])]);
    let options = DownloadOptions::new().with_refresh(links.clone());
    let report = download_to(&folder, &one, &options).await.unwrap();
    assert_eq!((report.existed, report.bytes, links.asked()), (true, SIZE as u64, 1));
    assert!(origin.bytes_sent("/g") <= 1, "{} bytes were sent", origin.bytes_sent("/g"));
    assert_eq!(folder.names(), ["f"]);
}
