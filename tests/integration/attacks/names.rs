//! Titles, headers and links that are no names of files.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use qetch::{
    Claim, Content, Context, Extraction, Extractor, ExtractorInfo, Fragment, Kind, Qetch, Result, Url,
    async_trait,
};
use qetch_testkit::{Origin, Resource};
use qetch_tests::{
    Folder,
    site::{Site, json},
    url,
};
use serde_json::Value;
use wiremock::ResponseTemplate;

use crate::gfycat::{API, ITEM_2016, LINK};

const PAGE: &str = "https://stranger.example/p/1";

/// A directory to download to, deep enough in another that a few steps up lead nowhere else.
struct Place(Folder);

impl Place {
    fn new() -> Self {
        Self(Folder::new())
    }

    fn chosen(&self) -> PathBuf {
        self.0.path("a/b/chosen")
    }

    /// The name of the one file that there is anywhere, which lies in the chosen directory.
    #[track_caller]
    fn name(&self) -> String {
        let files = files(self.0.root());
        let [file] = &files[..] else { panic!("{files:?}") };
        assert_eq!(file.parent(), Some(self.chosen().as_path()));
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(Path::new(&name).components().collect::<Vec<_>>(), [Component::Normal(name.as_ref())]);
        name
    }
}

/// Everything in a directory and below that is no directory itself.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let below = entries.flat_map(|entry| match entry.file_type().unwrap().is_dir() {
        true => files(&entry.path()),
        false => vec![entry.path()],
    });
    below.collect()
}

/// A site that says of its file whatever it likes.
#[derive(Debug)]
struct Stranger(ExtractorInfo, Content);

#[async_trait]
impl Extractor for Stranger {
    fn info(&self) -> &ExtractorInfo {
        &self.0
    }

    fn can_handle(&self, url: &Url) -> Claim {
        if url.as_str() == PAGE { Claim::Yes("page".into()) } else { Claim::No }
    }

    async fn extract(&self, _: &Context, _: &Url) -> Result<Extraction> {
        Ok(Extraction::once(self.1.clone()))
    }
}

/// The name under which a video is saved of which its site says this.
async fn name_of(says: impl FnOnce(&mut Content)) -> String {
    let (origin, place) = (Origin::start().await.unwrap(), Place::new());
    origin.serve("/f", Resource::new("frog"));
    let file = Fragment::new(url("https://cdn.stranger.example/f"));
    let mut content = Content::new("uid", Kind::Video, url(PAGE), [file]);
    says(&mut content);
    let stranger = Stranger(ExtractorInfo::new("stranger", "Says anything"), content);
    let qetch = Qetch::builder().route("*", &url(&origin.url(""))).unwrap().extractor(stranger).build();
    qetch.fetch(PAGE, place.chosen()).await.unwrap();
    place.name()
}

/// The name under which the file behind a plain link is saved.
async fn name_at(at: &str, resources: &[(&str, Resource)]) -> String {
    let (origin, place) = (Origin::start().await.unwrap(), Place::new());
    for (at, resource) in resources {
        origin.serve(at, resource.clone());
    }
    Qetch::new().fetch(&origin.url(at), place.chosen()).await.unwrap();
    place.name()
}

/// The title and the extension of a name, less the uid between them.
#[track_caller]
fn less_uid(name: &str) -> String {
    let (title, rest) = name.split_once(" [").unwrap();
    format!("{title}{}", rest.split_once(']').unwrap().1)
}

fn called(body: &'static [u8], name: &str) -> Resource {
    Resource::new(body).with_header("Content-Disposition", format!("attachment; filename=\"{name}\""))
}

#[tokio::test]
async fn a_title_of_dots_and_slashes_stays_in_the_directory() {
    let (site, place) = (Site::start().await, Place::new());
    let mut item: Value = serde_json::from_str(ITEM_2016).unwrap();
    item["gfyItem"]["title"] = "../../x".into();
    site.gets("api.gfycat.com", API, json(&item), 1).await;
    let file = ResponseTemplate::new(200).set_body_string("moving");
    site.gets("fat.gfycat.com", "/AmpleBrittleCurlew.mp4", file, 1).await;
    site.qetch().build().fetch(LINK, place.chosen()).await.unwrap();
    assert_eq!(place.name(), "_.._.._x [amplebrittlecurlew-mp4].mp4");
}

#[tokio::test]
async fn a_title_that_is_a_path_of_its_own_stays_in_the_directory() {
    for title in ["/etc/passwd", "C:\\Windows\\x", "\\\\host\\share\\x", "c:x", "a.mp4::$DATA", "~/x", "/"] {
        let name = name_of(|content| content.title = Some(title.into())).await;
        assert!(!name.contains(['/', '\\', ':']) && name.ends_with(" [uid]"), "{title}: {name}");
    }
}

#[tokio::test]
async fn a_uid_and_an_extension_of_dots_and_slashes_stay_in_the_directory() {
    let name = name_of(|content| {
        content.uid = "../../x".into();
        content.extension = Some("mp4/../../y".into());
        content.content_type = Some("video/mp4".into());
    });
    assert_eq!(name.await, "_.._.._x.mp4");
}

#[tokio::test]
async fn a_header_with_a_path_names_its_last_part_alone() {
    for header in [
        "attachment; filename=\"../../../x.mp4\"",
        "attachment; filename=\"/etc/x.mp4\"",
        "attachment; filename=\"C:\\\\Windows\\x.mp4\"",
        "attachment; filename*=UTF-8''..%2F..%2Fx.mp4",
        "attachment; filename=a/../x.mp4; filename*=x",
    ] {
        let resource = Resource::new("frog").with_header("Content-Disposition", header);
        let name = name_at("/f", &[("/f", resource)]).await;
        assert_eq!(less_uid(&name), "x.mp4", "{header}");
    }
    for nothing in ["..", "../..", "/", ". ", "a/.."] {
        let name = name_at("/f.mp4", &[("/f.mp4", called(b"frog", nothing))]).await;
        assert_eq!(less_uid(&name), "f.mp4", "{nothing}");
    }
}

#[tokio::test]
async fn a_link_of_encoded_slashes_names_its_last_part_alone() {
    for at in ["/a%2f..%2f..%2fx.mp4", "/..%5c..%5cx.mp4", "/a/%2e%2e%2fx.mp4", "/%2fetc%2fx.mp4"] {
        let name = name_at(at, &[(at, Resource::new("frog"))]).await;
        assert_eq!(less_uid(&name), "x.mp4", "{at}");
    }
}

#[tokio::test]
async fn a_redirect_to_encoded_slashes_names_its_last_part_alone() {
    let to = "/..%2f..%2fx.mp4";
    let resources = [("/f", Resource::redirect(to)), (to, Resource::new("frog"))];
    assert_eq!(less_uid(&name_at("/f", &resources).await), "x.mp4");
}

#[tokio::test]
async fn control_characters_are_not_in_a_name() {
    let name = name_of(|content| content.title = Some("a\0b\u{1b}[31mc\r\nd\u{7f}e\u{9b}f\u{2028}g".into()));
    assert_eq!(name.await, "a b [31mc d e f g [uid]");
}

#[tokio::test]
async fn marks_that_turn_or_hide_text_are_not_in_a_name() {
    let title = "annual\u{202e}4pm.exe\u{2066}\u{200f}\u{61c}\u{200b}\u{feff}\u{ad}\u{206a}\u{e0041}";
    assert_eq!(name_of(|content| content.title = Some(title.into())).await, "annual4pm.exe [uid]");
}

#[tokio::test]
async fn a_title_that_cannot_be_seen_is_none() {
    for title in ["", " \t\n", "\u{200b}\u{2060}", "\u{3164}\u{2800}\u{a0}\u{3000}", "\u{202e}"] {
        let name = name_of(|content| {
            content.title = Some(title.into());
            content.extension = Some("mp4".into());
        });
        assert_eq!(name.await, "uid.mp4", "{title:?}");
    }
}

#[tokio::test]
async fn a_device_of_windows_is_no_name() {
    let devices = ["CON", "nul", "Aux", "PRN", "com1", "LPT9", "COM¹", "lpt³", "COM0", "CONIN$", "conout$"];
    for device in devices {
        for uid in [device.to_owned(), format!("{device}.x"), format!("{device} .x"), format!(" {device}. ")]
        {
            let name = name_of(|content| {
                content.uid.clone_from(&uid);
                content.extension = Some("mp4".into());
            });
            assert!(name.await.starts_with(&format!("_{device}")), "{uid}");
        }
        let title = format!("{device}.frog");
        let name = name_of(|content| content.title = Some(title)).await;
        assert_eq!(name, format!("_{device}.frog [uid]"));
    }
    assert_eq!(name_of(|content| content.uid = "console".into()).await, "console");
}

#[tokio::test]
async fn a_name_ends_neither_in_a_dot_nor_in_a_blank() {
    for uid in ["x.mp4.", "x.mp4 ", "x.mp4. . .", "x.mp4\u{a0}.\u{3164}", "x.mp4\n", "x.mp4.\u{200b}"] {
        assert_eq!(name_of(|content| content.uid = uid.into()).await, "x.mp4", "{uid:?}");
    }
}

#[tokio::test]
async fn a_name_of_nothing_gets_another() {
    for uid in ["", ".", "..", "...", ". .", " ", "\u{200b}.\u{200b}.", "\0"] {
        assert_eq!(name_of(|content| content.uid = uid.into()).await, "unnamed", "{uid:?}");
    }
}

#[tokio::test]
async fn a_name_begins_like_no_option_and_is_not_hidden() {
    for (title, start) in
        [("-rf", "_-rf ["), (".bashrc", "_.bashrc ["), ("..", "_.. ["), ("\u{200b}-o", "_-o [")]
    {
        let name = name_of(|content| content.title = Some(title.into())).await;
        assert!(name.starts_with(start), "{title:?}: {name}");
    }
}

#[tokio::test]
async fn a_long_title_is_cut_and_nothing_else() {
    for letter in ["x", "ä", "声", "🐸", " x", "x.", "../"] {
        for more in 0..4 {
            let title = format!("{}{}", "x".repeat(more), letter.repeat(10_000));
            let name = name_of(|content| {
                content.title = Some(title);
                content.extension = Some("mp4".into());
            });
            let name = name.await;
            assert!(name.ends_with(" [uid].mp4") && name.len() > 210, "{name}");
        }
    }
    let name = name_of(|content| {
        content.title = Some("x".repeat(10_000));
        content.uid = "ä".repeat(10_000);
        content.extension = Some("mp4".into());
    });
    assert!(name.await.ends_with("ä].mp4"));
}

#[tokio::test]
async fn the_names_of_parts_and_journals_are_not_given_away() {
    for name in
        ["f.mp4.qetch", "f.mp4.qetch-journal", "f.mp4.QETCH-Journal-new", "f.mp4.qetch-0", "f.qetch. "]
    {
        let saved = name_of(|content| {
            content.uid = name.into();
            content.kind = Kind::Other;
        });
        let saved = saved.await.to_lowercase();
        assert!(saved.contains("_qetch") && !saved.contains(".qetch"), "{name}: {saved}");
    }
    for kind in [Kind::Other, Kind::Video] {
        let name = name_of(|content| {
            (content.uid, content.extension) = ("f.mp4".into(), Some("Qetch".into()));
            content.kind = kind;
        });
        assert_eq!(name.await, "f.mp4");
    }
}

/// What runs, or opens a page with scripts, when a person opens the file. No list of them is complete.
const PROGRAMS: [&str; 24] = [
    "exe", "EXE", "scr", "bat", "cmd", "com", "pif", "msi", "ps1", "vbs", "js", "wsf", "hta", "jar", "lnk",
    "url", "reg", "cpl", "app", "command", "sh", "desktop", "html", "svg",
];

/// Whether a name ends like a program.
fn is_program(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| PROGRAMS.iter().any(|it| it.eq_ignore_ascii_case(end)))
}

#[tokio::test]
async fn a_server_that_says_video_sends_no_program() {
    let check = async |declared: &str, body: &'static [u8], program: &str| {
        let resource = called(body, &format!("film.{program}")).with_content_type(declared);
        let name = name_at("/f", &[("/f", resource)]).await;
        assert!(!is_program(&name), "{declared} {} {program}: {name}", body.escape_ascii());
    };
    for program in PROGRAMS {
        check("video/x-unheard-of", b"MZ\x90\0", program).await;
    }
    for declared in ["video/mp4", "Audio/MPEG; a=b", "image/png"] {
        // What begins like a document or an archive may be a program for all that.
        for body in
            [b"%PDF-<script>".as_slice(), b"PK\x03\x04\x14\0", b"WEBVTT\r\ncalc", b"\0\0\0\x20ftypisom"]
        {
            check(declared, body, "hta").await;
        }
    }
}

#[tokio::test]
async fn a_link_to_a_video_brings_no_program() {
    for program in PROGRAMS {
        let file = format!("film.{program}");
        let named = name_at("/a.mp4", &[("/a.mp4", called(b"MZ", &file))]).await;
        let (from, to) = (format!("/{file}?b.mp4"), format!("/{file}"));
        let resources = [("/a.mp4", Resource::redirect(&from)), (to.as_str(), Resource::new("MZ"))];
        let redirected = name_at("/a.mp4", &resources).await;
        for name in [named, redirected] {
            assert!(!is_program(&name), "{name}");
        }
    }
}

#[tokio::test]
async fn a_site_that_says_video_names_no_program() {
    for program in PROGRAMS {
        let check = async |says: &dyn Fn(&mut Content), expected: &str| {
            assert_eq!(name_of(says).await, expected, "{program}");
        };
        check(&|it| it.extension = Some(program.into()), "uid").await;
        check(&|it| it.uid = format!("a.{program}"), &format!("a_{program}")).await;
        let typed = |it: &mut Content| {
            (it.kind, it.content_type) = (Kind::Other, Some("video/webm".into()));
            it.extension = Some(program.into());
        };
        check(&typed, "uid.webm").await;
    }
    let page = |content: &mut Content| content.content_type = Some("text/html".into());
    assert_eq!(name_of(page).await, "uid");
}
