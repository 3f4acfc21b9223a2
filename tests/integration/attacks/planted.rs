//! Links and files that another put where ours are to be.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};

use qetch::{Checksum, Content, DownloadOptions, Error, Qetch, Report, Result};
use qetch_testkit::{Behaviour, Origin, Resource, pattern};
use qetch_tests::{Folder, content, stopping_at};

const SIZE: usize = 4 << 20;

/// A folder that downloads of `/f` go to, and a file elsewhere that is nobody's to touch.
struct Scene {
    folder: Folder,
    elsewhere: Folder,
    origin: Origin,
    body: Vec<u8>,
}

impl Scene {
    async fn new() -> Self {
        let (folder, elsewhere, origin) = (Folder::new(), Folder::new(), Origin::start().await.unwrap());
        fs::write(elsewhere.path("victim"), "precious").unwrap();
        let body = pattern(SIZE, 1);
        origin
            .serve("/f", Resource::new(body.clone()).with_etag("one").with_shared_throttle(2 * SIZE as u64));
        Self { folder, elsewhere, origin, body }
    }

    fn victim(&self) -> PathBuf {
        self.elsewhere.path("victim")
    }

    /// Puts a link to the victim where a file of this name is to be.
    fn plant(&self, name: &str) {
        symlink(self.victim(), self.folder.path(name)).unwrap();
    }

    fn content(&self) -> Content {
        content([self.origin.url("/f").as_str()])
    }

    async fn run(&self, options: &DownloadOptions) -> Result<Report> {
        Qetch::new().download(&self.content(), self.folder.path("f"), options).await
    }

    /// Runs until some of it is there.
    async fn begin(&self) {
        let error = self.run(&stopping_at(DownloadOptions::new(), SIZE as u64 / 4)).await.unwrap_err();
        assert_eq!(
            (error.code(), self.folder.names()),
            ("interrupted", names(["f.qetch", "f.qetch-journal"]))
        );
    }

    /// Nothing was done to the victim, and nothing put beside it.
    #[track_caller]
    fn assert_unharmed(&self) {
        assert!(fs::read(self.victim()).unwrap() == b"precious", "it was written to");
        assert_eq!(self.elsewhere.names(), ["victim"]);
    }

    #[track_caller]
    fn assert_whole(&self) {
        assert!(is_plain(&self.folder.path("f")) && fs::read(self.folder.path("f")).unwrap() == self.body);
    }
}

fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).into()
}

fn is_plain(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_file()
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_symlink()
}

#[tokio::test]
async fn a_link_planted_at_the_part_file_is_a_conflict() {
    let scene = Scene::new().await;
    scene.plant("f.qetch");
    for options in [DownloadOptions::new(), DownloadOptions::new().with_overwrite(true).with_resume(false)] {
        assert_eq!(scene.run(&options).await.unwrap_err().code(), "conflict");
        scene.assert_unharmed();
        assert!(is_link(&scene.folder.path("f.qetch")), "it is not ours to remove");
    }
}

#[tokio::test]
async fn a_dangling_link_planted_at_the_part_file_makes_no_file_elsewhere() {
    let scene = Scene::new().await;
    symlink(scene.elsewhere.path("new"), scene.folder.path("f.qetch")).unwrap();
    assert_eq!(scene.run(&DownloadOptions::new()).await.unwrap_err().code(), "conflict");
    scene.assert_unharmed();
}

#[tokio::test]
async fn a_victim_linked_as_the_part_file_keeps_its_bytes() {
    let scene = Scene::new().await;
    // A second name of the file itself, as those who may not write it can make.
    fs::hard_link(scene.victim(), scene.folder.path("f.qetch")).unwrap();
    scene.run(&DownloadOptions::new()).await.unwrap();
    scene.assert_unharmed();
    scene.assert_whole();
}

#[tokio::test]
async fn a_link_that_takes_the_part_files_place_meanwhile_is_not_published() {
    for overwrite in [false, true] {
        let scene = Scene::new().await;
        let options = DownloadOptions::new().with_overwrite(overwrite);
        let planted = async {
            scene.origin.until(|origin| origin.bytes_sent("/f") > SIZE as u64 / 2).await;
            fs::remove_file(scene.folder.path("f.qetch")).unwrap();
            scene.plant("f.qetch");
        };
        let (result, ()) = tokio::join!(scene.run(&options), planted);
        assert_eq!(result.unwrap_err().code(), "conflict");
        assert!(fs::symlink_metadata(scene.folder.path("f")).is_err(), "it was given the final name");
        scene.assert_unharmed();
    }
}

#[tokio::test]
async fn a_link_planted_at_the_journal_is_neither_read_nor_written() {
    let scene = Scene::new().await;
    scene.begin().await;
    // A journal that would be believed where it lies.
    let (journal, away) = (scene.folder.path("f.qetch-journal"), scene.elsewhere.path("journal"));
    fs::rename(&journal, &away).unwrap();
    let theirs = fs::read(&away).unwrap();
    symlink(&away, &journal).unwrap();
    let report = scene.run(&DownloadOptions::new()).await.unwrap();
    assert!(report.resumed == 0 && fs::read(&away).unwrap() == theirs, "{report:?}");
    scene.assert_whole();
    assert_eq!(scene.folder.names(), ["f"]);
}

#[tokio::test]
async fn a_link_planted_where_a_journal_is_written_first_is_not_followed() {
    let scene = Scene::new().await;
    scene.plant("f.qetch-journal-new");
    let stopping = stopping_at(DownloadOptions::new(), SIZE as u64 / 4);
    assert_eq!(scene.run(&stopping).await.unwrap_err().code(), "interrupted");
    scene.assert_unharmed();
    assert!(is_plain(&scene.folder.path("f.qetch-journal")));
    assert!(scene.run(&DownloadOptions::new()).await.unwrap().resumed > 0);
    scene.assert_whole();
}

#[tokio::test]
async fn a_link_planted_at_the_final_name_is_a_conflict_before_anything_is_asked() {
    let scene = Scene::new().await;
    let to = scene.folder.path("f");
    symlink(scene.elsewhere.path("new"), &to).unwrap();
    assert_eq!(scene.run(&DownloadOptions::new()).await.unwrap_err().code(), "conflict");
    fs::remove_file(&to).unwrap();
    // What it leads to is what the origin has, and still not the file that was asked for.
    fs::write(scene.elsewhere.path("same"), &scene.body).unwrap();
    symlink(scene.elsewhere.path("same"), &to).unwrap();
    assert_eq!(scene.run(&DownloadOptions::new()).await.unwrap_err().code(), "conflict");
    assert_eq!(scene.origin.requests().len(), 0);
    assert_eq!(scene.elsewhere.names(), ["same", "victim"]);
}

#[tokio::test]
async fn a_link_planted_at_the_final_name_is_replaced_itself_when_asked_to() {
    let scene = Scene::new().await;
    scene.plant("f");
    scene.run(&DownloadOptions::new().with_overwrite(true)).await.unwrap();
    scene.assert_unharmed();
    scene.assert_whole();
}

#[tokio::test]
async fn a_link_that_takes_the_final_name_meanwhile_is_not_followed() {
    let scene = Scene::new().await;
    let options = DownloadOptions::new();
    let planted = async {
        scene.origin.until(|origin| origin.bytes_sent("/f") > SIZE as u64 / 2).await;
        scene.plant("f");
    };
    let (result, ()) = tokio::join!(scene.run(&options), planted);
    assert_eq!(result.unwrap_err().code(), "conflict");
    scene.assert_unharmed();
    assert!(is_link(&scene.folder.path("f")));
}

#[tokio::test]
async fn a_link_planted_at_the_file_of_waiting_fragments_is_not_followed() {
    let scene = Scene::new().await;
    scene.plant("f.qetch-spill");
    let links: Vec<_> = (0..5).map(|index| scene.origin.url(&format!("/{index}"))).collect();
    for index in 0..5 {
        // The first is the last to come, and those behind it are more than what waits in memory.
        let delay = Duration::from_millis(if index == 0 { 1500 } else { 0 });
        let resource = Resource::new(pattern(3 << 20, index)).with_delay(delay);
        scene.origin.serve(&format!("/{index}"), resource.with_behaviour(Behaviour::Chunked));
    }
    let content = content(links.iter().map(String::as_str));
    let options = DownloadOptions::new().with_max_fragments(5);
    Qetch::new().download(&content, scene.folder.path("f"), &options).await.unwrap();
    scene.assert_unharmed();
    let whole: Vec<_> = (0..5).flat_map(|index| pattern(3 << 20, index)).collect();
    assert!(fs::read(scene.folder.path("f")).unwrap() == whole && scene.folder.names() == ["f"]);
}

#[tokio::test]
async fn a_link_planted_where_wrong_bytes_are_put_aside_is_not_followed() {
    let scene = Scene::new().await;
    scene.plant("f.mismatch");
    symlink(scene.elsewhere.path("new"), scene.folder.path("f.mismatch-1")).unwrap();
    let wrong = Checksum::new("md5", &"0".repeat(32));
    let error = scene.run(&DownloadOptions::new().with_checksum(wrong)).await.unwrap_err();
    let Error::ChecksumMismatch { kept: Some(kept), .. } = &error else { panic!("{error:?}") };
    assert_eq!(*kept, scene.folder.path("f.mismatch-2"));
    assert!(is_plain(kept) && fs::read(kept).unwrap() == scene.body);
    scene.assert_unharmed();
}

#[tokio::test]
async fn what_is_no_file_at_one_of_our_names_is_an_error_and_stays() {
    for name in ["f.qetch", "f.qetch-journal"] {
        let scene = Scene::new().await;
        fs::create_dir(scene.folder.path(name)).unwrap();
        let error = scene.run(&DownloadOptions::new()).await.unwrap_err();
        assert!(["conflict", "io"].contains(&error.code()), "{error:?}");
        assert_eq!(scene.folder.names(), [name]);
    }
}

#[tokio::test]
async fn a_long_name_leaves_room_for_everything_beside_the_file() {
    let scene = Scene::new().await;
    let mut content = scene.content();
    content.title = Some("x".repeat(10_000));
    content.extension = Some("mp4".into());
    let name = qetch::naming::file_name(&content);
    let run = async |options: DownloadOptions| {
        Qetch::new().download(&content, scene.folder.path(&name), &options).await
    };
    // The longest that may ever stand beside it, as the file system takes it.
    for longest in [".qetch-journal-new", ".qetch-18446744073709551615", ".mismatch-999"] {
        let path = scene.folder.path(&format!("{name}{longest}"));
        fs::write(&path, "").unwrap();
        fs::remove_file(&path).unwrap();
    }
    let error = run(stopping_at(DownloadOptions::new(), SIZE as u64 / 4)).await.unwrap_err();
    assert_eq!(error.code(), "interrupted");
    assert_eq!(scene.folder.names(), [format!("{name}.qetch"), format!("{name}.qetch-journal")]);
    let wrong = Checksum::new("md5", &"0".repeat(32));
    assert_eq!(
        run(DownloadOptions::new().with_checksum(wrong)).await.unwrap_err().code(),
        "checksum_mismatch"
    );
    assert_eq!(scene.folder.names(), [format!("{name}.mismatch")]);
    run(DownloadOptions::new()).await.unwrap();
    assert_eq!(scene.folder.names(), [name.clone(), format!("{name}.mismatch")]);
    assert!(name.ends_with("x [test].mp4"), "{name}");
}
