//! What playlists call what they list: a name, and never a path.

use std::{fs, path::Path};

use qetch::{DownloadOptions, Select, Target, naming};
use qetch_testkit::{Origin, Resource};
use qetch_tests::Folder;

use super::{TS, anywhere, list, once, period, playlist};

/// Everything below `path`, relative to it.
fn below(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).unwrap().map(|it| it.unwrap().path());
    let names = entries.flat_map(|entry| match entry.is_dir() {
        true => below(&entry),
        false => vec![entry.to_str().unwrap().to_owned()],
    });
    names.collect()
}

/// What `text` offers has ids that are plain and short, and is brought with all that goes with it to plain names in its
/// own directory.
async fn is_harmless(resource: Resource) {
    let (origin, folder) = (Origin::start().await.unwrap(), Folder::new());
    origin.serve("/list", resource).serve("/v", list("#EXTINF:2,\n0.ts"));
    origin.serve("/s", list("#EXTINF:2,\n0.vtt"));
    origin.serve("/0.ts", Resource::new(&TS[..]));
    origin.serve("/0.vtt", Resource::new("WEBVTT\n\n00:01.000 --> 00:02.000\nQuak\n"));
    let (qetch, directory) = (anywhere().build(), folder.path("a/b/c"));
    fs::create_dir_all(&directory).unwrap();
    let mut extraction = qetch.extract(&origin.url("/list")).await.unwrap();
    let variants = extraction.next_variants().await.unwrap().unwrap();
    let mut uids = std::collections::HashSet::new();
    for content in variants.contents().iter().chain(&variants.companions) {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        assert!(content.uid.chars().all(is_plain) && content.uid.len() <= 255, "{}", content.uid);
        assert!(uids.insert(content.uid.clone()), "{} is there twice", content.uid);
        let name = naming::file_name(content);
        assert!(name.len() <= 255 && !name.contains(['/', '\\', '\0', '\n', '\u{1b}']), "{name:?}");
    }
    let selection = Select::best().with_all_captions().choose(&variants).unwrap();
    let to = Target::file(directory.join(naming::file_name(&selection.content))).with_fitting_extension();
    let options: DownloadOptions = once();
    qetch.download_selection(&selection, &to, &options).await.unwrap();
    let (all, root) = (below(folder.root()), directory.to_str().unwrap());
    assert!(!all.is_empty());
    for path in all {
        let name = path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'));
        let name = name.unwrap_or_else(|| panic!("{path} is elsewhere"));
        assert!(
            name.len() <= 255 && !name.contains(['/', '\\']) && !name.chars().any(char::is_control),
            "{name:?}"
        );
    }
}

/// Names that mean harm.
fn names() -> [String; 7] {
    [
        "../../../evil".to_owned(),
        "/etc/passwd".to_owned(),
        "..\\..\\evil".to_owned(),
        "a\0b".to_owned(),
        "\u{1b}[31m\u{202e}gnp.exe\u{7f}".to_owned(),
        "x".repeat(10_000),
        "CON".to_owned(),
    ]
}

#[tokio::test]
async fn groups_languages_and_names_of_a_playlist_are_no_paths() {
    for name in names() {
        let media = |kind: &str, link: &str| {
            let ids = format!(
                "GROUP-ID=\"{name}\",LANGUAGE=\"{name}\",NAME=\"{name}\",STABLE-RENDITION-ID=\"{name}\""
            );
            format!("#EXT-X-MEDIA:TYPE={kind},{ids},URI=\"{link}\"\n").repeat(2)
        };
        let stream = format!(
            "BANDWIDTH=1,SUBTITLES=\"{name}\",NAME=\"{name}\",STABLE-VARIANT-ID=\"{name}\",CODECS=\"{name}\""
        );
        let text = format!("#EXTM3U\n{}#EXT-X-STREAM-INF:{stream}\nv\n", media("SUBTITLES", "s"));
        is_harmless(playlist(text)).await;
    }
}

#[tokio::test]
async fn ids_and_languages_of_a_manifest_are_no_paths() {
    for name in names().iter().filter(|name| !name.contains(['\0', '\u{1b}'])) {
        let set = |kind: &str, id: &str, link: &str| {
            format!(
                "<AdaptationSet id=\"{name}\" lang=\"{name}\" mimeType=\"{kind}\"><Label>{name}</Label>\
                 <Representation id=\"{name}{id}\" bandwidth=\"1\"><BaseURL>{link}</BaseURL></Representation></AdaptationSet>"
            )
        };
        is_harmless(period(&format!("{}{}", set("video/mp2t", "v", "0.ts"), set("text/vtt", "t", "0.vtt"))))
            .await;
    }
}
