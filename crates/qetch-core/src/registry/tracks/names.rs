//! The names of tracks and captions, beside the target.

use std::{
    collections::HashSet,
    ffi::OsString,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use crate::{Content, Kind, files::with_suffix, media_type, naming, select::is_caption};

/// Gives each file of a selection a name that no other one has.
#[derive(Debug)]
pub(super) struct Names {
    target: PathBuf,
    /// In lower case, for systems to which that is the same.
    taken: HashSet<OsString>,
}

/// Where a track goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Until it is muxed.
    pub(super) path: PathBuf,
    /// Where it cannot be.
    name: PathBuf,
    /// Whether `path` is such a name already, of an earlier run that could not mux it: it is a result, and stays.
    pub(super) is_named: bool,
}

impl Names {
    /// Names beside `target`.
    pub(super) fn new(target: &Path) -> Self {
        Self { target: target.to_owned(), taken: HashSet::new() }
    }

    /// Where the track that is made of `content` goes. The name of a track ends as no download's does, tells which content it is,
    /// and is the same in each run.
    pub(super) fn way(&mut self, content: &Content, overwrite: bool) -> Way {
        let name = self.of_track(content);
        let stands = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
        let other = |extension| name.with_extension(extension);
        if !overwrite && let Some(path) = [name.clone()].into_iter().chain(FORMS.map(other)).find(stands) {
            return Way { path, name, is_named: true };
        }
        let mut number = hash(&content.uid);
        let path = loop {
            // Short, so that the longest name leaves room for what is put after this one while it is fetched.
            let path = with_suffix(&self.target, &format!(".qetch-t{:06x}", number & 0xff_ffff));
            if self.take(&path) {
                break path;
            }
            number = number.wrapping_add(1);
        };
        Way { path, name, is_named: false }
    }

    /// The name of a track that stays a file: `film.audio-de.m4a`.
    pub(super) fn of_track(&mut self, content: &Content) -> PathBuf {
        let (word, extension) = match content.kind {
            Kind::Video => ("video", "mp4"),
            Kind::Audio => ("audio", "m4a"),
            Kind::Image => ("image", "jpg"),
            Kind::Text => ("captions", "vtt"),
            Kind::Other => ("track", "bin"),
        };
        self.of(content, &format!("{word}-"), extension)
    }

    /// The name of captions beside the result: `film.de.vtt`.
    pub(super) fn of_caption(&mut self, content: &Content) -> PathBuf {
        self.of(content, "", "vtt")
    }

    /// A name that tells the language, or the uid where there is none or another one has it.
    fn of(&mut self, content: &Content, start: &str, extension: &str) -> PathBuf {
        let own =
            naming::extension(content).filter(|own| !is_caption(content) || CAPTIONS.contains(&own.as_str()));
        let extension = own.unwrap_or_else(|| extension.to_owned());
        let labels = content.language.iter().chain([&content.uid]);
        for label in labels.map(|label| naming::clean(label)).filter(|label| !label.is_empty()) {
            let path = self.beside(&format!("{start}{label}"), &extension);
            if self.take(&path) {
                return path;
            }
        }
        let mut number = 2_u64;
        loop {
            let path = self.beside(&format!("{start}{number}"), &extension);
            if self.take(&path) {
                return path;
            }
            number = number.saturating_add(1);
        }
    }

    /// The target's name with these in place of its extension, as short as a name has to be.
    fn beside(&self, label: &str, extension: &str) -> PathBuf {
        const MOST_OF_LABEL: usize = 64;
        let end = format!(".{}.{extension}", naming::cut(label, MOST_OF_LABEL).trim_end());
        let stem = naming::stem(&self.target);
        let room = naming::MOST_BYTES.saturating_sub(end.len());
        let mut name = match stem.to_str() {
            Some(stem) if stem.len() > room => OsString::from(naming::cut(stem, room)),
            _ => stem.to_owned(),
        };
        name.push(end);
        self.target.with_file_name(name)
    }

    fn take(&mut self, path: &Path) -> bool {
        self.taken.insert(path.as_os_str().to_ascii_lowercase())
    }
}

/// Extensions of captions. Any other may start a program when a person opens the file.
const CAPTIONS: [&str; 10] = ["vtt", "srt", "ttml", "dfxp", "ass", "ssa", "sbv", "lrc", "scc", "txt"];

/// Forms that a track may turn out to have.
const FORMS: [&str; 8] = ["mp4", "m4a", "ts", "webm", "weba", "aac", "mp3", "vtt"];

impl Way {
    /// The name for what the track turned out to be. Blocks for a moment.
    pub(super) fn fitting_name(&self, kind: Kind) -> PathBuf {
        let mut start = Vec::new();
        let read = fs::File::open(&self.path).and_then(|file| file.take(192).read_to_end(&mut start));
        let form = read.ok().and_then(|_| media_type::by_first_bytes(&start));
        match (kind, form.map(|form| form.extension)) {
            (Kind::Audio, Some("mp4")) => self.name.with_extension("m4a"),
            (Kind::Audio, Some("webm")) => self.name.with_extension("weba"),
            (_, Some(extension)) if FORMS.contains(&extension) => self.name.with_extension(extension),
            _ => self.name.clone(),
        }
    }
}

/// Tells uids apart, in every version of qetch in the same way: FNV-1a of 32 bits.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Url;

    fn content(uid: &str, kind: Kind, language: Option<&str>) -> Content {
        let mut content = Content::new(uid, kind, Url::parse("https://h.example/").unwrap(), []);
        content.language = language.map(str::to_owned);
        content
    }

    fn check(
        target: &str,
        contents: &[Content],
        name: fn(&mut Names, &Content) -> PathBuf,
        expected: &[&str],
    ) {
        let mut names = Names::new(Path::new(target));
        let made: Vec<_> = contents.iter().map(|content| name(&mut names, content)).collect();
        assert_eq!(made, expected.iter().map(Path::new).collect::<Vec<_>>());
    }

    #[test]
    fn each_has_a_name_that_tells_what_it_is() {
        let mut webm = content("v", Kind::Video, None);
        webm.extension = Some("webm".into());
        let sounds = [content("a1", Kind::Audio, Some("de")), content("a2", Kind::Audio, Some("DE"))];
        let all = [&[webm][..], &sounds, &[content("", Kind::Audio, None)]].concat();
        let expected = [
            "d/film v1.2.video-v.webm",
            "d/film v1.2.audio-de.m4a",
            "d/film v1.2.audio-a2.m4a",
            "d/film v1.2.audio-2.m4a",
        ];
        check("d/film v1.2.mp4", &all, Names::of_track, &expected);
        let captions = [content("c1", Kind::Text, Some("de")), content("c2", Kind::Text, None)];
        check("film", &captions, Names::of_caption, &["film.de.vtt", "film.c2.vtt"]);
        let ending = |extension: &str| {
            let mut caption = content("c", Kind::Text, Some("de"));
            caption.extension = Some(extension.into());
            caption
        };
        check("film", &[ending("srt"), ending("exe")], Names::of_caption, &["film.de.srt", "film.de.vtt"]);
    }

    #[test]
    fn names_lead_nowhere_and_are_no_longer_than_a_name_may_be() {
        let strange = content("../..", Kind::Text, Some("../../x/\u{202e}"));
        check("d/f.mp4", &[strange], Names::of_caption, &["d/f..._.._x_.vtt"]);
        let long = format!("{}.mp4", "ä".repeat(naming::MOST_BYTES / 2 - 2));
        let mut names = Names::new(Path::new(&long));
        let caption = content(&"u".repeat(999), Kind::Text, None);
        assert!(names.of_caption(&caption).as_os_str().len() <= naming::MOST_BYTES);
        let way = names.way(&caption, false);
        let with_journal = with_suffix(&way.path, ".qetch-journal-new");
        assert!(with_journal.as_os_str().len() <= 255, "{}", with_journal.display());
    }

    #[test]
    fn a_track_is_called_the_same_in_each_run_and_like_no_download() {
        let way = |uid: &str| Names::new(Path::new("f.mp4")).way(&content(uid, Kind::Video, None), false);
        assert_eq!(way("frog-7-mp4").path, Path::new("f.mp4.qetch-t8b4a09"));
        assert_ne!(way("frog-7-mp4").path, way("frog-7-webm").path);
        let mut names = Names::new(Path::new("f.mp4"));
        let twice = [(); 2].map(|()| names.way(&content("u", Kind::Video, None), false).path);
        assert_ne!(twice[0], twice[1]);
    }

    #[test]
    fn a_track_that_stayed_a_file_is_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("f.mp4");
        let sound = content("s", Kind::Audio, Some("de"));
        let way = |overwrite| Names::new(&target).way(&sound, overwrite);
        assert!(!way(false).is_named);
        let there = directory.path().join("f.audio-de.ts");
        fs::write(&there, "").unwrap();
        assert_eq!((way(false).path, way(false).is_named), (there, true));
        assert!(!way(true).is_named);
    }

    #[test]
    fn its_first_bytes_tell_its_extension() {
        let directory = tempfile::tempdir().unwrap();
        let check = |kind: Kind, bytes: &[u8], expected: &str| {
            let mut names = Names::new(&directory.path().join("f.mp4"));
            let way = names.way(&content("u", kind, None), false);
            fs::write(&way.path, bytes).unwrap();
            assert_eq!(way.fitting_name(kind).extension().unwrap(), expected);
        };
        let stream: Vec<_> = (0..200).map(|at| if at % 188 == 0 { 0x47 } else { 0 }).collect();
        check(Kind::Video, &stream, "ts");
        check(Kind::Audio, b"\0\0\0\x18ftypiso6....", "m4a");
        check(Kind::Audio, b"\x1a\x45\xdf\xa3....webm....", "weba");
        check(Kind::Video, b"%PDF-", "mp4");
        check(Kind::Audio, b"", "m4a");
    }
}
