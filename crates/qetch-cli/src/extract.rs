//! `qetch extract`: what is behind links, as tables for people and as JSON for programs.

use indicatif::BinaryBytes;
use qetch::{Content, Kind, Role, Variants};

use crate::{
    args::ExtractArguments,
    exit::Failure,
    link::Link,
    plain::plain,
    session::Session,
    table::{self, Align},
    wrap,
};

/// Shows what is behind each URL. Answers the exit code.
pub(crate) async fn run(session: &Session, arguments: &ExtractArguments) -> u8 {
    let mut is_first = true;
    session.each(&arguments.urls, async |link| show(session, link, arguments, &mut is_first).await).await
}

async fn show(
    session: &Session,
    link: &Link,
    arguments: &ExtractArguments,
    is_first: &mut bool,
) -> Result<(), Failure> {
    let mut reading = session.read(link, arguments.choice.items.as_ref()).await?;
    while let Some(variants) = reading.next().await? {
        if arguments.json {
            session.console.json(&variants)?;
            continue;
        }
        if !std::mem::take(is_first) {
            session.console.result("")?;
        }
        session.console.result(title(&variants))?;
        for line in rows(&variants, session.console.columns()) {
            session.console.result(line)?;
        }
    }
    Ok(())
}

/// What the resource is: where it stands in its collection, its title, its length, who uploaded it, who found it.
fn title(variants: &Variants) -> String {
    let best = variants.best();
    let mut parts = vec![best.title.clone().unwrap_or_else(|| best.uid.clone())];
    if let Some(duration) = best.duration {
        parts.push(length(duration));
    }
    if let Some(name) = &best.uploaded_by {
        parts.push(format!("by {name}"));
    }
    parts.push(best.extractor.clone());
    let place = variants.collection.as_ref().and_then(|collection| {
        let count = collection.count.map(|count| format!("/{count}")).unwrap_or_default();
        Some(format!("{}{count}  ", collection.index?))
    });
    plain(&format!("{}{}", place.unwrap_or_default(), parts.join(" · ")))
}

/// A line for each rendition, and for each companion, under a line of headings; a uid beneath what else is said of it, where
/// a terminal has too few columns for them side by side.
fn rows(variants: &Variants, columns: Option<usize>) -> Vec<String> {
    const HEADINGS: [&str; 6] = ["QUALITY", "UID", "KIND", "PIXELS", "BYTES", "TYPE"];
    let renditions = variants.contents().iter().map(|content| {
        let quality = format!("{:.2}", content.quality.value());
        row(quality, content)
    });
    let companions = variants.companions.iter().map(|content| row("with it".to_owned(), content));
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(renditions.chain(companions));
    const ALIGN: [Align; 6] =
        [Align::Right, Align::Left, Align::Left, Align::Right, Align::Right, Align::Left];
    let lines = table::lines(ALIGN, &rows);
    if columns.is_none_or(|columns| lines.iter().all(|line| wrap::length(line) <= columns)) {
        return lines;
    }
    let [quality, _, kind, pixels, bytes, form] = ALIGN;
    let align = [quality, kind, pixels, bytes, form];
    let indent = HEADINGS[0].len() + table::GAP.len();
    let (mut without, mut uids) = (Vec::new(), Vec::new());
    for [quality, uid, kind, pixels, bytes, form] in rows {
        without.push(vec![[quality, kind, pixels, bytes, form]]);
        uids.push(vec![uid]);
    }
    table::with_more(align, &without, &uids, indent)
}

fn row(quality: String, content: &Content) -> [String; 6] {
    let pixels = match (content.width, content.height) {
        (Some(width), Some(height)) => format!("{width}x{height}"),
        _ => String::new(),
    };
    let bytes = match (content.size, content.size_approx) {
        (Some(size), _) => BinaryBytes(size).to_string(),
        (None, Some(size)) => format!("~{}", BinaryBytes(size)),
        // What a playlist tells of its renditions.
        (None, None) => {
            content.bitrate.map(|bitrate| format!("{} kbit/s", bitrate / 1000)).unwrap_or_default()
        }
    };
    let codecs = content.codecs.as_ref().map(|codecs| format!(" ({codecs})")).unwrap_or_default();
    let content_type = content.content_type.as_deref().or(content.extension.as_deref()).unwrap_or_default();
    let language = content.language.as_ref().map(|language| format!(" {language}")).unwrap_or_default();
    let form = format!("{content_type}{codecs}{language}");
    [quality, plain(&content.uid), what(content), pixels, bytes, plain(form.trim_start())]
}

/// Its kind, and its role where it is not the resource itself.
fn what(content: &Content) -> String {
    let kind = match content.kind {
        Kind::Video => "video",
        Kind::Audio => "audio",
        Kind::Image if content.is_animated_image() => "animation",
        Kind::Image => "image",
        Kind::Text => "text",
        _ => "other",
    };
    let role = match content.role {
        Role::Main => return kind.to_owned(),
        Role::Poster => "poster",
        Role::Thumbnail => "thumbnail",
        Role::Caption => "caption",
        _ => "other",
    };
    format!("{kind} {role}")
}

/// Seconds as `1:02:03` or `2:03`.
fn length(seconds: f64) -> String {
    let seconds = seconds.clamp(0.0, 1e9).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use qetch::{Collection, Url};

    use super::*;

    fn content(uid: &str) -> Content {
        let mut content = Content::new(uid, Kind::Video, Url::parse("https://h.example/").unwrap(), []);
        content.extractor = "pond".into();
        content
    }

    #[test]
    fn a_table_shows_what_there_is_best_first() {
        let mut mp4 = content("pond-mp4");
        mp4.title = Some("A\u{1b}[2J frog".into());
        (mp4.duration, mp4.uploaded_by) = (Some(83.4), Some("Kermit".into()));
        (mp4.width, mp4.height, mp4.size) = (Some(640), Some(360), Some(185_754));
        (mp4.content_type, mp4.codecs) = (Some("video/mp4".into()), Some("avc1.64001f".into()));
        let mut poster = content("pond-poster");
        (poster.kind, poster.role, poster.size_approx) = (Kind::Image, Role::Poster, Some(7));
        poster.extension = Some("jpg".into());
        let mut caption = content("pond-en");
        (caption.kind, caption.role) = (Kind::Text, Role::Caption);
        (caption.language, caption.bitrate) = (Some("en".into()), Some(1_999));

        let collection = Collection::new("Frogs").with_index(2).with_count(9);
        let variants = Variants::in_order([mp4, poster]).unwrap();
        let variants = variants.with_companions([caption]).with_collection(collection);
        assert_eq!(title(&variants), "2/9  A[2J frog · 1:23 · by Kermit · pond");
        assert_eq!(
            rows(&variants, None),
            [
                "QUALITY  UID          KIND           PIXELS       BYTES  TYPE",
                "   1.00  pond-mp4     video         640x360  181.40 KiB  video/mp4 (avc1.64001f)",
                "   0.50  pond-poster  image poster                 ~7 B  jpg",
                "with it  pond-en      text caption             1 kbit/s  en",
            ]
        );
        assert_eq!(rows(&variants, Some(80)), rows(&variants, None));
        assert_eq!(
            rows(&variants, Some(79)),
            [
                "QUALITY  KIND           PIXELS       BYTES  TYPE",
                "         UID",
                "   1.00  video         640x360  181.40 KiB  video/mp4 (avc1.64001f)",
                "         pond-mp4",
                "   0.50  image poster                 ~7 B  jpg",
                "         pond-poster",
                "with it  text caption             1 kbit/s  en",
                "         pond-en",
            ]
        );
    }

    #[test]
    fn lengths_are_told_as_clocks_tell_them() {
        let check = |seconds: f64, expected: &str| assert_eq!(length(seconds), expected);
        check(0.4, "0:00");
        check(59.6, "1:00");
        check(3723.0, "1:02:03");
        check(f64::NAN, "0:00");
    }
}
