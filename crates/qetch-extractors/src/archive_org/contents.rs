//! The contents that a resource of an item is made into.

use qetch_core::{
    Checksum, Collection, Content, Fragment, Kind, Known, Result, Role, Url, Variants, media_type,
};

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

impl Item {
    /// What holds for every content of it.
    pub(super) fn known(&self) -> Known {
        let description = self.metadata.texts("description");
        let description: Vec<_> =
            description.iter().filter_map(|part| common_prose::text(cut(part, TEXT_BYTES))).collect();
        let description = description.join("\n");
        let kept = KEPT.iter().filter_map(|&name| Some((name.to_owned(), self.metadata.kept(name)?)));
        let mut known = Known::default();
        known.title = self.metadata.text("title");
        known.description = Some(cut(&description, TEXT_BYTES).to_owned()).filter(|text| !text.is_empty());
        known.uploaded_by = self.metadata.text("uploader");
        known.uploaded_date = self.metadata.uploaded_date();
        known.tags = self.metadata.tags();
        known.metadata = kept.collect();
        known
    }

    /// The resource `group`, the one at `place` of `count`, from 0.
    ///
    /// # Errors
    /// None where the group has a file.
    pub(super) fn variants(
        &self,
        group: &Group,
        (place, count): (usize, usize),
        known: &Known,
        source: &Url,
    ) -> Result<Variants> {
        let mut files: Vec<&File> = group.files.iter().map(|&at| &self.files[at]).collect();
        files.sort_by_key(|file| (file.is_derivative(), document_rank(file)));
        let title = self.title(group, count, known);
        let content = |file: &File, kind, role| self.content(file, kind, role, title, source);
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
        let variants = variants.with_known(known);
        if count == 1 {
            return Ok(variants);
        }
        let collection = Collection::new(known.title.as_ref().unwrap_or(&self.id));
        Ok(variants.with_collection(collection.with_index(place as u64 + 1).with_count(count as u64)))
    }

    /// A file that was asked for by its name, whatever it is.
    ///
    /// # Errors
    /// [`Invalid`](qetch_core::Error::Invalid) where its name makes no link.
    pub(super) fn file(&self, file: &File, source: &Url) -> Result<Content> {
        let title = file.title.as_deref().unwrap_or_else(|| stem(last(&file.name)));
        self.content(file, kind(file), Role::Main, title, source)
    }

    /// The title of a resource: its own, or the item's where it is the only one, or else the name of its root.
    fn title<'a>(&'a self, group: &'a Group, count: usize, known: &'a Known) -> &'a str {
        let mut files = group.at.iter().chain(&group.files);
        let own = files.find_map(|&at| self.files[at].title.as_deref());
        let of_item = || known.title.as_deref().filter(|_| count == 1);
        own.or_else(of_item).unwrap_or_else(|| stem(last(&group.root)))
    }

    fn content(&self, file: &File, kind: Kind, role: Role, title: &str, source: &Url) -> Result<Content> {
        let fragment = Fragment::new(download(&self.id, &file.name)?);
        let extension = extension(&file.name);
        let known = extension.as_deref().and_then(media_type::by_extension);
        let content = Content::new(uid(&self.id, &file.name), kind, source.clone(), [fragment]);
        let mut content = content.with_media_type(known);
        content.extension = extension;
        content.role = role;
        content.codecs = codecs(&file.format).map(str::to_owned);
        // Sounds have 0 by 0.
        (content.width, content.height) = file.width.zip(file.height).unzip();
        content.checksums = checksums(file);
        // Size and checksums are counted together, of one version of the file: another size cannot have these checksums.
        content.size = file.size.filter(|_| !content.checksums.is_empty());
        content.size_approx = file.size.filter(|_| content.size.is_none());
        if matches!(kind, Kind::Video | Kind::Audio) {
            content.duration = file.duration();
            content.bitrate = file.bitrate().or_else(|| content.counted_bitrate());
        }
        content.title = Some(title.to_owned());
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::archive_org::item::Reply;

    #[test]
    fn a_bitrate_is_told_or_counted() {
        let check = |mut file: Value, expected| {
            file["name"] = "a.mp3".into();
            let reply: Reply = serde_json::from_value(json!({"metadata": {}, "files": [file]})).unwrap();
            let item = reply.item("item").unwrap();
            let source = Url::parse("https://archive.org/details/item").unwrap();
            let content = item.file(&item.files[0], &source).unwrap();
            assert_eq!(content.bitrate, expected, "{file}");
        };
        check(json!({"bitrate": "112"}), Some(112_000));
        check(json!({"bitrate": "0", "size": "1000", "length": "4"}), Some(2000));
        check(json!({"size": "1000"}), None);
        check(json!({"size": "1000", "length": "inf"}), None);
    }
}
