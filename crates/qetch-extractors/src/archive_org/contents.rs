//! The contents that a resource of an item is made into.

use qetch_core::{Checksum, Collection, Content, Fragment, Kind, Result, Role, Url, Variants, media_type};
use serde_json::{Map, Value};

use super::{
    groups::{Group, caption_name, document_rank, kind, role},
    item::{File, Item, TEXT_BYTES},
    names::{cut, download, extension, last, stem, uid},
};
use crate::common_prose;

/// What is kept of an item under the site's own names.
const KEPT: [&str; 14] = [
    "identifier",
    "mediatype",
    "collection",
    "creator",
    "date",
    "year",
    "language",
    "licenseurl",
    "rights",
    "publisher",
    "venue",
    "coverage",
    "runtime",
    "volume",
];

/// What holds for every content of an item.
pub(super) struct Described {
    title: Option<String>,
    description: Option<String>,
    tags: Vec<String>,
    metadata: Map<String, Value>,
}

impl Described {
    pub(super) fn of(item: &Item) -> Self {
        let mut description = item.metadata.texts("description").join("\n");
        description.truncate(cut(&description, TEXT_BYTES).len());
        let kept = KEPT.iter().filter_map(|&name| Some((name.to_owned(), item.metadata.kept(name)?)));
        Self {
            title: item.metadata.text("title"),
            description: Some(common_prose::text(&description)).filter(|text| !text.is_empty()),
            tags: item.metadata.tags(),
            metadata: kept.collect(),
        }
    }
}

impl Item {
    /// The resource `group`, the one at `place` of `count`, from 0.
    ///
    /// # Errors
    /// None where the group has a file.
    pub(super) fn variants(
        &self,
        group: &Group,
        (place, count): (usize, usize),
        described: &Described,
        source: &Url,
    ) -> Result<Variants> {
        let mut files: Vec<&File> = group.files.iter().map(|&at| &self.files[at]).collect();
        files.sort_by_key(|file| (file.is_derivative(), document_rank(file)));
        let title = self.title(group, count, described);
        let content = |file: &File, kind, role| self.content(file, kind, role, &title, described, source);
        let contents: Result<Vec<_>> =
            files.iter().map(|file| content(file, kind(file), role(file, group.kind))).collect();
        let captions = group.captions.iter().map(|&at| {
            let file = &self.files[at];
            let mut caption = content(file, Kind::Text, Role::Caption)?;
            caption.language = caption_name(&file.name).1.map(str::to_owned);
            Ok(caption)
        });
        let captions: Result<Vec<_>> = captions.collect();
        let variants = original_first(&Variants::ranked(contents?)?)?.with_companions(captions?);
        Ok(match count {
            1 => variants,
            _ => variants.with_collection(self.collection(place, count, described)),
        })
    }

    /// A file that was asked for by its name, whatever it is.
    ///
    /// # Errors
    /// [`Invalid`](qetch_core::Error::Invalid) where its name makes no link.
    pub(super) fn file(&self, file: &File, described: &Described, source: &Url) -> Result<Content> {
        let title = file.title.clone().or_else(|| Some(stem(last(&file.name)).to_owned()));
        self.content(file, kind(file), Role::Main, &title, described, source)
    }

    fn collection(&self, place: usize, count: usize, described: &Described) -> Collection {
        let title = described.title.clone().unwrap_or_else(|| self.id.clone());
        Collection::new(title).with_index(place as u64 + 1).with_count(count as u64)
    }

    /// The title of a resource: its own, or the item's where it is the only one, or else the name of its root.
    fn title(&self, group: &Group, count: usize, described: &Described) -> Option<String> {
        let mut files = group.at.iter().chain(&group.files);
        let own = files.find_map(|&at| self.files[at].title.clone());
        let of_item = || described.title.clone().filter(|_| count == 1);
        own.or_else(of_item).or_else(|| Some(stem(last(&group.root)).to_owned()))
    }

    fn content(
        &self,
        file: &File,
        kind: Kind,
        role: Role,
        title: &Option<String>,
        described: &Described,
        source: &Url,
    ) -> Result<Content> {
        let fragment = Fragment::new(download(&self.id, &file.name)?);
        let mut content = Content::new(uid(&self.id, &file.name), kind, source.clone(), [fragment]);
        content.role = role;
        content.extension = extension(&file.name);
        let media_type = content.extension.as_deref().and_then(media_type::by_extension);
        content.content_type = media_type.map(|it| it.name.to_owned());
        content.codecs = codecs(&file.format).map(str::to_owned);
        (content.width, content.height) = file.pixels().unzip();
        if matches!(kind, Kind::Video | Kind::Audio) {
            content.duration = file.duration();
            content.bitrate = file.bitrate();
        }
        content.checksums = checksums(file);
        // Size and checksums are counted together, of one version of the file: another size cannot have these checksums.
        let size = file.size.filter(|_| !content.checksums.is_empty());
        content.size = size;
        content.size_approx = file.size.filter(|_| size.is_none());
        content.title.clone_from(title);
        content.description.clone_from(&described.description);
        content.uploaded_by = self.metadata.text("uploader");
        content.uploaded_date = self.metadata.uploaded_date();
        content.tags.clone_from(&described.tags);
        content.metadata.clone_from(&described.metadata);
        let origin = if file.is_derivative() { "derivative" } else { "original" };
        let own = [
            ("source", Some(origin)),
            ("format", Some(file.format.as_str())),
            ("track", Some(file.track.as_str())),
            ("album", file.album.as_deref()),
            ("artist", file.artist.as_deref()),
        ];
        for (name, text) in own {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                content.metadata.insert(name.to_owned(), text.into());
            }
        }
        Ok(content)
    }
}

/// Puts what was uploaded before what was made from it, among renditions of one role and kind: each encoding loses
/// something, and the facts that rank them are not told of every file.
fn original_first(variants: &Variants) -> Result<Variants> {
    let mut contents = variants.contents().to_vec();
    let is_original = |it: &Content| it.metadata.get("source").is_some_and(|source| source == "original");
    let best = (contents[0].role, contents[0].kind);
    let is_of_best = |it: &Content| (it.role, it.kind) == best;
    if let Some(at) = contents.iter().position(|it| is_of_best(it) && is_original(it)) {
        contents[..=at].rotate_right(1);
    }
    Variants::in_order(contents)
}

/// The checksums of a file. Those of `_files.xml` are of the whole item, and say so.
fn checksums(file: &File) -> Vec<Checksum> {
    let told = [("sha1", &file.sha1), ("md5", &file.md5)];
    let read = told.into_iter().filter_map(|(name, hex)| format!("{name}:{hex}").parse().ok());
    read.filter(|_| file.summation.is_none()).collect()
}

/// The codec that the name of a format tells, in the notation of RFC 6381.
fn codecs(format: &str) -> Option<&'static str> {
    match format {
        "Ogg Vorbis" => Some("vorbis"),
        "Ogg Video" => Some("theora"),
        "Flac" | "24bit Flac" => Some("flac"),
        _ if format.starts_with("h.264") => Some("avc1"),
        _ if format.ends_with("MP3") || format == "MP3 Sample" => Some("mp3"),
        _ => None,
    }
}
