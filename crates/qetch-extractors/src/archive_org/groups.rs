//! The resources of an item: each original with what was made from it, and the captions that go with it.

use std::{cmp::Ordering, collections::HashMap};

use qetch_core::{Kind, Role, media_type};

use super::{
    item::{File, Item},
    names::{extension, last, natural, stem},
};

/// One resource: files by their place in [`Item::files`].
#[derive(Debug)]
pub(super) struct Group {
    /// The name of the file that all were made from, which need not be one of them: the pages of a book are none.
    pub(super) root: String,
    /// Where the root stands, if it does, and what it is by its name.
    pub(super) at: Option<usize>,
    pub(super) kind: Kind,
    /// The renditions, and the pictures that stand for them.
    pub(super) files: Vec<usize>,
    pub(super) captions: Vec<usize>,
    /// How many more of them there are than [`MOST_FILES`].
    pub(super) left_out: usize,
}

/// The most renditions of a resource, and the most captions: each has a copy of what describes the item. A film of a day has as
/// many pictures.
pub(super) const MOST_FILES: usize = 1_000;

/// Documents, the ones with the looks of the original first.
const DOCUMENTS: [&str; 15] = [
    "pdf", "epub", "djvu", "cbz", "cbr", "mobi", "azw3", "fb2", "docx", "doc", "odt", "rtf", "html", "htm",
    "txt",
];

/// What a file is for a person, by its name.
pub(super) fn kind(file: &File) -> Kind {
    match extension(&file.name).as_deref() {
        // Made pages are lists of words with their places.
        Some("html" | "htm") if file.is_derivative() => Kind::Other,
        _ => kind_by_name(&file.name),
    }
}

fn kind_by_name(name: &str) -> Kind {
    match extension(name).as_deref() {
        Some("srt" | "vtt") => Kind::Text,
        Some(extension) if DOCUMENTS.contains(&extension) => Kind::Text,
        Some(extension) => match media_type::by_extension(extension).map_or(Kind::Other, |it| it.kind) {
            // What programs read, such as page numbers.
            Kind::Text => Kind::Other,
            kind => kind,
        },
        None => Kind::Other,
    }
}

/// What a file is for a resource whose root is of the kind `root`.
pub(super) fn role(file: &File, root: Kind) -> Role {
    let is_small = file.format.contains("Thumb") || file.format.ends_with(" Sample");
    // Of sounds the archive draws the waveform, of films it takes frames.
    let is_picture_of = file.is_derivative() && kind(file) == Kind::Image && root != Kind::Image;
    if is_small || is_picture_of || file.is_item_image() { Role::Thumbnail } else { Role::Main }
}

fn is_caption(file: &File) -> bool {
    matches!(extension(&file.name).as_deref(), Some("srt" | "vtt"))
}

/// Whether a file may be one of a resource at all: it is for everyone, plain, and no list or log.
fn is_offered(file: &File) -> bool {
    !file.private && file.protection().is_none() && !file.is_bookkeeping()
}

impl Item {
    /// The resources, in the order of the item: what its kind promises first, then by track and by name. Documents are
    /// resources of texts alone, since recordings come with notes and lists; but where an item has nothing else, every
    /// original is one.
    pub(super) fn groups(&self) -> Vec<Group> {
        let is_text = self.metadata.text("mediatype").is_some_and(|mediatype| mediatype == "texts");
        let mut groups = self.grouped();
        let has_media = groups.iter().any(|group| self.has_main(group, is_medium));
        groups.retain(|group| {
            self.has_main(group, is_medium) || ((is_text || !has_media) && self.has_main(group, is_document))
        });
        for group in &mut groups {
            // What was made for programs is no rendition, nor is what was read from a picture.
            let is_rendition = if self.has_main(group, is_medium) { is_medium } else { is_known };
            group.files.retain(|&at| is_rendition(kind(&self.files[at])));
            // Of what is too much the pictures go first.
            if group.files.len() > MOST_FILES {
                group.files.sort_by_key(|&at| role(&self.files[at], group.kind) != Role::Main);
            }
            for files in [&mut group.files, &mut group.captions] {
                group.left_out += files.len().saturating_sub(MOST_FILES);
                files.truncate(MOST_FILES);
            }
        }
        if groups.is_empty() && self.withheld() == 0 && !self.is_restricted() {
            groups = self.originals();
        }
        self.sort(&mut groups);
        let image = self.files.iter().position(|file| file.is_item_image() && !file.private);
        if let ([group], Some(image)) = (groups.as_mut_slice(), image) {
            group.files.push(image);
        }
        groups
    }

    /// Whether a group has a rendition of these kinds.
    fn has_main(&self, group: &Group, wanted: fn(Kind) -> bool) -> bool {
        let mut files = group.files.iter().map(|&at| &self.files[at]);
        files.any(|file| role(file, group.kind) == Role::Main && wanted(kind(file)))
    }

    /// Every file that may be offered, by the root it was made from.
    fn grouped(&self) -> Vec<Group> {
        let roots = Roots::of(&self.files);
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut loose = Vec::new();
        for (at, file) in self.files.iter().enumerate().filter(|(_, file)| is_offered(file)) {
            let root = roots.root(file);
            if is_caption(file) && root == file.name {
                loose.push(at);
                continue;
            }
            let place = *places.entry(root).or_insert_with(|| {
                groups.push(self.group(root, roots.at(root), []));
                groups.len() - 1
            });
            let group = &mut groups[place];
            if is_caption(file) { group.captions.push(at) } else { group.files.push(at) }
        }
        self.place_captions(loose, &mut groups);
        groups
    }

    /// A file as a resource by itself.
    pub(super) fn alone(&self, at: usize) -> Group {
        self.group(&self.files[at].name, Some(at), [at])
    }

    fn group(&self, root: &str, at: Option<usize>, files: impl Into<Vec<usize>>) -> Group {
        let kind = kind_by_name(root);
        Group { root: root.to_owned(), at, kind, files: files.into(), captions: Vec::new(), left_out: 0 }
    }

    /// Puts captions that stand beside the others with what they are named after, or else with the only one that they can be
    /// for. Those that go with nothing are resources of their own.
    fn place_captions(&self, captions: Vec<usize>, groups: &mut Vec<Group>) {
        let heard: Vec<usize> =
            (0..groups.len()).filter(|&place| self.has_main(&groups[place], is_heard)).collect();
        let named: HashMap<String, usize> =
            heard.iter().map(|&place| (stem(&groups[place].root).to_owned(), place)).collect();
        let only = if let [only] = heard[..] { Some(only) } else { None };
        for at in captions {
            let name = &self.files[at].name;
            let place = named.get(caption_name(name).0).or_else(|| named.get(stem(name))).copied().or(only);
            match place {
                Some(place) => groups[place].captions.push(at),
                None => groups.push(self.alone(at)),
            }
        }
    }

    /// Every original that may be offered, each by itself.
    fn originals(&self) -> Vec<Group> {
        let offered = self.files.iter().enumerate().filter(|(_, file)| is_offered(file));
        let originals =
            offered.filter(|(_, file)| !file.is_derivative() && role(file, kind(file)) == Role::Main);
        originals.map(|(at, _)| self.alone(at)).collect()
    }

    fn sort(&self, groups: &mut Vec<Group>) {
        let mediatype = self.metadata.text("mediatype").unwrap_or_default();
        let promised: fn(Kind) -> bool = match mediatype.as_str() {
            "texts" => is_document,
            "image" => |kind| kind == Kind::Image,
            _ => is_heard,
        };
        let mut keyed: Vec<_> = groups
            .drain(..)
            .map(|group| {
                let class = class(|wanted| self.has_main(&group, wanted));
                ((!self.has_main(&group, promised), class), self.track(&group), group)
            })
            .collect();
        // Numbers that start again with each disc, where no disc is told, order nothing.
        let mut tracks: Vec<_> = keyed.iter().filter_map(|(_, track, _)| *track).collect();
        tracks.sort_unstable();
        let are_unique = tracks.windows(2).all(|pair| pair[0] != pair[1]);
        let track = |track: Option<(u64, u64)>| (track.is_none(), track);
        keyed.sort_by(|(a_class, a_track, a), (b_class, b_track, b)| {
            let by_track = if are_unique { track(*a_track).cmp(&track(*b_track)) } else { Ordering::Equal };
            a_class.cmp(b_class).then(by_track).then_with(|| natural(&a.root, &b.root))
        });
        groups.extend(keyed.into_iter().map(|(_, _, group)| group));
    }

    /// Disc and track, as the root tells them or else any other file.
    fn track(&self, group: &Group) -> Option<(u64, u64)> {
        let mut files = group.at.iter().chain(&group.files).map(|&at| &self.files[at]);
        files.find_map(|file| Some((leading_number(&file.disc).unwrap_or(0), leading_number(&file.track)?)))
    }

    /// How many renditions are for others, or protected.
    pub(super) fn withheld(&self) -> usize {
        let is_wanted = |file: &&File| {
            let is_rendition = is_medium(kind(file)) || is_document(kind(file));
            is_rendition && role(file, kind(file)) == Role::Main && !file.is_bookkeeping()
        };
        let is_kept = |file: &&File| file.private || file.protection().is_some();
        self.files.iter().filter(is_kept).filter(is_wanted).count()
    }
}

fn is_medium(kind: Kind) -> bool {
    matches!(kind, Kind::Video | Kind::Audio | Kind::Image)
}

fn is_heard(kind: Kind) -> bool {
    matches!(kind, Kind::Video | Kind::Audio)
}

fn is_document(kind: Kind) -> bool {
    kind == Kind::Text
}

fn is_known(kind: Kind) -> bool {
    kind != Kind::Other
}

/// The order of kinds among those that an item does not promise.
fn class(has: impl Fn(fn(Kind) -> bool) -> bool) -> u8 {
    match () {
        () if has(is_heard) => 0,
        () if has(|kind| kind == Kind::Image) => 1,
        () if has(is_document) => 2,
        () => 3,
    }
}

/// Where a document stands among those of its resource, of which no measure tells which is better.
pub(super) fn document_rank(file: &File) -> usize {
    let extension = extension(&file.name).unwrap_or_default();
    DOCUMENTS.iter().position(|&known| known == extension).unwrap_or(DOCUMENTS.len())
}

/// The files of an item by name, and its originals by what their names begin with.
struct Roots<'a> {
    files: &'a [File],
    by_name: HashMap<&'a str, usize>,
    by_stem: HashMap<&'a str, &'a str>,
}

impl<'a> Roots<'a> {
    fn of(files: &'a [File]) -> Self {
        let by_name = files.iter().enumerate().map(|(at, file)| (file.name.as_str(), at)).collect();
        let originals =
            files.iter().filter(|it| !it.is_derivative() && !it.is_bookkeeping() && !is_caption(it));
        let by_stem = originals.map(|file| (stem(&file.name), file.name.as_str())).collect();
        Self { files, by_name, by_stem }
    }

    fn at(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The name of what `file` was made from in the end. What was made from something that is not told belongs to the
    /// original whose name begins its own (`film_512kb.mp4`, `film.mpeg`), as in the oldest items.
    fn root(&self, file: &'a File) -> &'a str {
        let mut file = file;
        // Chains are short, unless they lead in a circle: pages, their text, a book of both.
        for _ in 0..16 {
            if !file.is_derivative() {
                return &file.name;
            }
            match self.at(&file.original) {
                Some(at) => file = &self.files[at],
                None if file.original.is_empty() => break,
                None => return &file.original,
            }
        }
        let marks = file.name.rmatch_indices(['.', '_']).take(8);
        let mut begins = marks.filter_map(|(at, _)| self.by_stem.get(&file.name[..at]));
        begins.next().copied().unwrap_or(&file.name)
    }
}

/// The name of what captions are for, and their language: `film.en.srt` is for `film`, in English.
pub(super) fn caption_name(name: &str) -> (&str, Option<&str>) {
    let stem = stem(name);
    match last(stem).rsplit_once(['.', '_']) {
        Some((_, tag)) if is_language(tag) => (&stem[..stem.len() - tag.len() - 1], Some(tag)),
        // What was heard by a program, in a language that it does not tell.
        Some((_, "asr")) => (&stem[..stem.len() - ".asr".len()], None),
        _ => (stem, None),
    }
}

/// Whether a text is a language of two letters, with a region or without (RFC 5646, section 2.1).
fn is_language(tag: &str) -> bool {
    let (language, region) =
        tag.split_once('-').map_or((tag, None), |(language, region)| (language, Some(region)));
    let is_of = |text: &str, lengths: &[usize]| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    is_of(language, &[2]) && region.is_none_or(|region| is_of(region, &[2, 4]))
}

/// The number at the start of a text: of `3/12` it is 3.
fn leading_number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_tell_kinds_and_what_was_made_for_programs_is_none() {
        let check = |name: &str, source: &str, expected: Kind| {
            let file = serde_json::from_value(json!({"name": name, "source": source})).unwrap();
            assert_eq!(kind(&file), expected, "{name}");
        };
        check("gd95-04-02d1t04.shn", "original", Kind::Audio);
        check("film.MPEG4", "original", Kind::Video);
        check("book.epub", "derivative", Kind::Text);
        check("book.html", "original", Kind::Text);
        check("book_hocr.html", "derivative", Kind::Other);
        check("book_page_numbers.json", "derivative", Kind::Other);
        check("captions.vtt", "original", Kind::Text);
        check("disk.iso", "original", Kind::Other);
        check("README", "original", Kind::Other);
    }

    #[test]
    fn names_of_captions_tell_what_they_are_for_and_their_language() {
        let check = |name: &str, expected| assert_eq!(caption_name(name), expected, "{name}");
        check("a/film.srt", ("a/film", None));
        check("film.en.srt", ("film", Some("en")));
        check("film_de-AT.vtt", ("film", Some("de-AT")));
        check("film.asr.srt", ("film", None));
        check("film.part.srt", ("film.part", None));
        check("film.é.srt", ("film.é", None));
        check("en.srt", ("en", None));
    }
}
