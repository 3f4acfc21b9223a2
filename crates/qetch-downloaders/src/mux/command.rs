//! What ffmpeg is told: which files, by which of its readers, and what becomes of them.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use qetch_core::{Kind, Track};

use super::{
    language,
    sniff::{Format, extension},
    stop::{Done, Stop},
};

/// What ffmpeg is told.
#[derive(Debug)]
pub(super) struct Plan {
    inputs: Vec<Input>,
    /// The writer: `mp4`, `matroska` or `webm`.
    writer: &'static str,
}

#[derive(Debug)]
struct Input {
    path: PathBuf,
    /// The reader: it is never left to guess, since some that it would guess open other files and hosts.
    reader: &'static str,
    kind: Kind,
    language: Option<String>,
}

impl Plan {
    /// How ffmpeg makes one file of `tracks`, which are of these formats.
    pub(super) fn of(tracks: &[Track], formats: &[(Format, Kind)]) -> Done<Self> {
        let mut inputs = Vec::with_capacity(tracks.len());
        for (track, (format, kind)) in tracks.iter().zip(formats) {
            let reader = match format {
                Format::Fragmented | Format::Mp4 => "mov",
                Format::Ts => "mpegts",
                Format::Adts => "aac",
                Format::Mp3 => "mp3",
                Format::Ac3 => "ac3",
                Format::Vtt => "webvtt",
                Format::Matroska | Format::WebM => "matroska",
                Format::Ttml => return Err(Stop::apart("TTML is read by no ffmpeg").of(&track.path)),
                Format::Other => return Err(Stop::apart("what it is is not known").of(&track.path)),
            };
            let (path, language) = (track.path.clone(), track.language.clone());
            inputs.push(Input { path, reader, kind: *kind, language });
        }
        let writer = match extension(formats) {
            "webm" => "webm",
            "mkv" => "matroska",
            _ => "mp4",
        };
        Ok(Self { inputs, writer })
    }

    /// Takes another file of the same format for a track.
    pub(super) fn replace(&mut self, index: usize, path: PathBuf) {
        if let Some(input) = self.inputs.get_mut(index) {
            input.path = path;
        }
    }

    /// The command for a person; nothing where ffmpeg alone would lose the parts of a track.
    pub(super) fn shown(&self, tracks: &[Track], to: &Path) -> Option<String> {
        if tracks.iter().any(|track| track.parts.len() > 1) {
            return None;
        }
        let words = self.arguments(to);
        let words = words.iter().map(|word| quoted(&word.to_string_lossy()));
        Some(["ffmpeg".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" "))
    }

    /// The arguments that make `to`.
    pub(super) fn arguments(&self, to: &Path) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let say = |words: &mut Vec<OsString>, said: &[&str]| words.extend(said.iter().map(OsString::from));
        say(&mut words, &["-nostdin", "-hide_banner", "-loglevel", "error", "-n"]);
        for input in &self.inputs {
            say(&mut words, &["-protocol_whitelist", "file", "-f", input.reader, "-i"]);
            words.push(file(&input.path));
        }
        let mut languages = Vec::new();
        for (letter, kind) in [("v", Kind::Video), ("a", Kind::Audio), ("s", Kind::Text)] {
            // So that it is known which stream each language is of, what is of one stream goes first.
            for (index, input) in self.inputs.iter().enumerate().filter(|(_, input)| input.kind == kind) {
                say(
                    &mut words,
                    &["-map", &format!("{index}:{letter}{}", if kind == Kind::Video { "?" } else { "" })],
                );
                if let Some(code) = input.language.as_deref().and_then(language::three) {
                    languages.push((letter, self.place(index), code));
                }
            }
        }
        for (index, _) in self.inputs.iter().enumerate().filter(|(_, input)| is_mixed(input.kind)) {
            say(&mut words, &["-map", &format!("{index}:a?")]);
        }
        say(&mut words, &["-c", "copy"]);
        if self.writer == "mp4" {
            say(&mut words, &["-c:s", "mov_text", "-movflags", "+faststart"]);
        }
        for (letter, place, code) in languages {
            say(&mut words, &[&format!("-metadata:s:{letter}:{place}"), &format!("language={code}")]);
        }
        say(&mut words, &["-f", self.writer]);
        words.push(file(to));
        words
    }

    /// How many inputs of its kind are before this one.
    fn place(&self, index: usize) -> usize {
        let kind = self.inputs[index].kind;
        self.inputs[..index].iter().filter(|input| input.kind == kind).count()
    }
}

/// Whether something else than what it is for a person may be in it, too.
fn is_mixed(kind: Kind) -> bool {
    !matches!(kind, Kind::Audio | Kind::Text)
}

/// A file by its protocol: no name is taken for an option or for another protocol.
fn file(path: &Path) -> OsString {
    let mut word = OsString::from("file:");
    word.push(path);
    word
}

/// A word quoted for a POSIX shell (XCU 2.2.2), where it must be.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=+,@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tracks: &[(Track, Format)], expected: Option<&str>) {
        let formats: Vec<_> = tracks.iter().map(|(track, format)| (*format, track.kind)).collect();
        let tracks: Vec<_> = tracks.iter().map(|(track, _)| track.clone()).collect();
        let shown =
            Plan::of(&tracks, &formats).ok().and_then(|plan| plan.shown(&tracks, Path::new("out.mp4")));
        assert_eq!(shown.as_deref(), expected);
    }

    fn track(path: &str, kind: Kind, language: Option<&str>) -> Track {
        Track::new(path, kind).with_language(language.map(str::to_owned))
    }

    #[test]
    fn readers_are_named_and_names_are_no_options() {
        check(
            &[
                (track("-i http:x.ts", Kind::Video, None), Format::Ts),
                (track("it's", Kind::Audio, Some("en-GB")), Format::Adts),
                (track("de.vtt", Kind::Text, Some("de")), Format::Vtt),
            ],
            Some(
                "ffmpeg -nostdin -hide_banner -loglevel error -n \
                 -protocol_whitelist file -f mpegts -i 'file:-i http:x.ts' \
                 -protocol_whitelist file -f aac -i 'file:it'\\''s' \
                 -protocol_whitelist file -f webvtt -i file:de.vtt \
                 -map '0:v?' -map 1:a -map 2:s -map '0:a?' -c copy -c:s mov_text -movflags +faststart \
                 -metadata:s:a:0 language=eng -metadata:s:s:0 language=deu -f mp4 file:out.mp4",
            ),
        );
    }

    #[test]
    fn nothing_unknown_is_given_to_it() {
        let video = || (track("v", Kind::Video, None), Format::Ts);
        check(&[video(), (track("a", Kind::Audio, None), Format::Other)], None);
        check(&[video(), (track("a", Kind::Text, None), Format::Ttml)], None);
        let parts = [0, 188].map(|at| qetch_core::PartStart::new(at, std::time::Duration::ZERO));
        check(&[(video().0.with_parts(parts.to_vec()), Format::Ts)], None);
    }
}
