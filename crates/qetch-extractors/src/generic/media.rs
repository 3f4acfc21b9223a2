//! The type of a file: what its first bytes, its `Content-Type` and its name say, held against each other.

use qetch_core::{
    Kind,
    media_type::{self, MediaType},
};

use super::name::Name;

/// Types by which a server says that it does not know, or that the file is to be saved.
const VAGUE: [&str; 9] = [
    "application/octet-stream",
    "binary/octet-stream",
    "application/binary",
    "application/download",
    "application/x-download",
    "application/force-download",
    "application/x-force-download",
    "application/unknown",
    "unknown/unknown",
];

/// What servers send that write the file in answer to a script: the name is the script's, not the file's.
const SCRIPTS: [&str; 10] = ["php", "asp", "aspx", "ashx", "cgi", "jsp", "cfm", "do", "action", "dll"];

/// Whether a server says nothing by this type; by none as well.
pub(super) fn is_vague(name: &str) -> bool {
    name.is_empty() || VAGUE.contains(&name)
}

/// The type that the first bytes tell. A text may begin like a picture or a sound (`BM`, `ID3`) but has none of the
/// bytes that no text has, as the WHATWG's standard on sniffing lists them.
pub(super) fn signature(bytes: &[u8]) -> Option<MediaType> {
    let in_no_text = |byte: &u8| matches!(byte, 0..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    let told = media_type::by_first_bytes(bytes)?;
    (told.kind == Kind::Text || bytes.iter().any(in_no_text)).then_some(told)
}

/// The type of a file that begins with `bytes`, is declared as `declared` and has this `extension`.
///
/// The first bytes come first, unless they tell a container alone and one of the others tells what is in it; then what
/// is declared, then the extension.
pub(super) fn content_type(bytes: &[u8], declared: Option<&str>, extension: Option<&str>) -> Option<String> {
    let declared = declared.filter(|name| name.contains('/') && !VAGUE.contains(name));
    let named = extension.and_then(media_type::by_extension);
    if let Some(told) = signature(bytes) {
        let others = [declared, named.map(|it| it.name)];
        let finer = others.into_iter().flatten().find(|name| is_within(name, told.name));
        return Some(finer.unwrap_or(told.name).to_owned());
    }
    // Everything that a server does not know and that is no binary is plain text to it.
    let named_text = named.filter(|it| declared == Some("text/plain") && it.kind == Kind::Text);
    named_text.map(|it| it.name).or(declared).or(named.map(|it| it.name)).map(str::to_owned)
}

/// Whether files of the type `name` may begin like `told`, which is all that first bytes can tell of them.
fn is_within(name: &str, told: &str) -> bool {
    match told {
        "video/mp4" => matches!(name, "audio/mp4" | "audio/x-m4a" | "video/x-m4v" | "video/quicktime"),
        "image/heic" => matches!(name, "image/heif" | "image/avif"),
        "video/webm" => name == "audio/webm",
        "video/x-matroska" => name == "audio/x-matroska",
        "audio/ogg" => matches!(name, "video/ogg" | "audio/opus" | "audio/vorbis"),
        "image/png" => name == "image/apng",
        "image/tiff" => name.starts_with("image/"),
        // Books, documents and programs.
        "application/zip" => name.starts_with("application/"),
        _ => false,
    }
}

/// The extension of a file: that of its name, unless that is a script's or of another medium than the type.
pub(super) fn extension(name: &Name, content_type: Option<&str>) -> Option<String> {
    let usual = || media_type::by_name(content_type?).map(|it| it.extension);
    let own = name.extension.as_deref().filter(|own| fits(own, name.is_given, content_type));
    own.or_else(usual).map(str::to_owned)
}

/// Whether a name's extension is one for this type.
pub(super) fn fits(own: &str, is_given: bool, content_type: Option<&str>) -> bool {
    let Some(known) = content_type.and_then(media_type::by_name) else { return true };
    if matches!(known.kind, Kind::Text | Kind::Other) {
        // Many forms are written as text, as JSON or as an archive, each with an extension of its own.
        return is_given || known.name == "text/plain" || !SCRIPTS.contains(&own);
    }
    media_type::by_extension(own).is_some_and(|it| {
        it.name == known.name || is_within(it.name, known.name) || is_within(known.name, it.name)
    })
}

/// Whether files of some known type have this extension, or a script that sends files.
pub(super) fn is_known_extension(extension: &str) -> bool {
    media_type::by_extension(extension).is_some() || SCRIPTS.contains(&extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MP4: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0";

    #[test]
    fn first_bytes_then_the_declared_type_then_the_extension() {
        let check = |bytes, declared: &str, extension: &str, expected: Option<&str>| {
            let declared = Some(declared).filter(|it| !it.is_empty());
            let found = content_type(bytes, declared, Some(extension));
            assert_eq!(found.as_deref(), expected, "{declared:?} {extension}");
        };
        check(MP4, "text/plain", "webm", Some("video/mp4"));
        check(MP4, "audio/mp4", "mp4", Some("audio/mp4"));
        check(MP4, "application/octet-stream", "m4a", Some("audio/mp4"));
        check(ZIP, "application/epub+zip", "", Some("application/epub+zip"));
        check(ZIP, "text/html", "", Some("application/zip"));
        check(b"BMW is a car", "text/plain", "", Some("text/plain"));
        check(b"\x7fELF\x02", "application/octet-stream", "", None);
        check(b"\x7fELF\x02", "application/x-executable", "mp4", Some("application/x-executable"));
        check(b"?", "application/octet-stream", "flac", Some("audio/flac"));
        check(b"1\n00:00", "text/plain", "srt", Some("application/x-subrip"));
        check(b"Not found", "text/plain", "mp4", Some("text/plain"));
        check(b"?", "mp4", "", None);
        check(b"", "", "", None);
    }

    #[test]
    fn the_extension_of_the_name_stays_where_it_fits() {
        let check = |name: &str, content_type: &str, expected: Option<&str>| {
            let url = qetch_core::Url::parse("https://h.example/").unwrap().join(name).unwrap();
            let found = extension(&Name::of(None, Some(content_type), &url, &url), Some(content_type));
            assert_eq!(found.as_deref(), expected, "{name} {content_type}");
        };
        check("a.jpeg", "image/jpeg", Some("jpeg"));
        check("a.webm", "video/mp4", Some("mp4"));
        check("a.1080p", "video/mp4", Some("mp4"));
        check("a", "video/mp4", Some("mp4"));
        check("a.ogg", "audio/opus", Some("ogg"));
        check("a.mp4", "audio/mp4", Some("mp4"));
        check("a.php", "video/mp4", Some("mp4"));
        check("a.php", "application/pdf", Some("pdf"));
        check("a.php", "text/plain", Some("php"));
        check("a.docx", "application/zip", Some("docx"));
        check("a.geojson", "application/json", Some("geojson"));
        check("a.iso", "application/x-iso9660-image", Some("iso"));
        check("a", "application/x-iso9660-image", None);
        check("a", "text/html", Some("html"));
    }
}
