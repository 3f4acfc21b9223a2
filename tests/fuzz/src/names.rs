//! Names of files.

use std::path::{Component, Path};

use qetch_core::{Content, Kind, Url, naming};

/// Whatever title, uid, extension and type are, the name is one plain component of a path. The input is those four, the
/// last three of which are the last three lines.
pub fn file_name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.rsplitn(4, '\n');
    let [content_type, extension, uid, title] = std::array::from_fn(|_| lines.next().unwrap_or_default());
    let url = Url::parse("https://site.example/").unwrap();
    let mut content = Content::new(uid, Kind::Video, url, []);
    content.title = Some(title.to_owned());
    content.extension = Some(extension.to_owned());
    content.content_type = Some(content_type.to_owned());
    let name = naming::file_name(&content);
    is_plain(&name);
    assert_eq!(name, naming::file_name(&content));
    content.title = None;
    is_plain(&naming::file_name(&content));
}

/// Holds that `name` is one component of a path on every system, leads nowhere, is no device, and shows what it is.
pub(crate) fn is_plain(name: &str) {
    let mut components = Path::new(name).components();
    let parts = (components.next(), components.next());
    assert!(matches!(parts, (Some(Component::Normal(_)), None)), "{name:?}");
    assert!((1..=naming::MOST_BYTES).contains(&name.len()), "{} bytes", name.len());
    assert!(!name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']), "{name:?}");
    assert!(!name.chars().any(|c| c.is_control() || turns(c)), "{name:?}");
    assert!(!name.ends_with(['.', ' ']) && !name.starts_with(['.', '-', ' ']), "{name:?}");
    assert!(!is_device(name), "{name:?}");
}

/// Marks that change the direction of what follows, by which `exe.mp4` is shown where `4pm.exe` is written.
fn turns(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What Windows takes for a device, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_uppercase();
    let numbered = |prefix: &str| {
        let rest = stem.strip_prefix(prefix);
        rest.is_some_and(|rest| {
            rest.chars().count() == 1 && rest.contains(|c: char| "0123456789¹²³".contains(c))
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || numbered("COM")
        || numbered("LPT")
}
