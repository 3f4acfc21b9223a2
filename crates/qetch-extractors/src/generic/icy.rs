//! What servers of radio stations tell of a stream: the headers `icy-*` of SHOUTcast, which Icecast sends as well.

use qetch_core::{Answer, Content, http::HeaderMap};

/// Headers that are kept under these names.
const KEPT: [(&str, &str); 3] =
    [("icy-genre", "genre"), ("icy-url", "link"), ("icy-description", "station_description")];

/// Names of stations that nobody gave a name.
const NAMELESS: [&str; 4] = ["no name", "unspecified name", "default", "-"];

/// Tells of `content` what the headers of a station do, where `answer` has them: that it is live, its bitrate and name.
pub(super) fn describe(content: &mut Content, answer: &Answer) {
    let headers = answer.headers();
    let is_station = headers.keys().any(|name| name.as_str().starts_with("icy-"));
    // Stations serve files, too, and what has an end is not live.
    if !is_station || headers.contains_key("content-length") {
        return;
    }
    content.metadata.insert("live".to_owned(), true.into());
    let name =
        text(headers, "icy-name").filter(|name| !NAMELESS.contains(&name.to_ascii_lowercase().as_str()));
    content.title = name.or(content.title.take());
    content.bitrate = bitrate(headers);
    for (header, name) in KEPT {
        if let Some(told) = text(headers, header) {
            content.metadata.insert(name.to_owned(), told.into());
        }
    }
}

/// Kilobits a second: `128`, or `128,128`, or `Quality 5` where it varies.
fn bitrate(headers: &HeaderMap) -> Option<u64> {
    let of_all = text(headers, "icy-br");
    let of_sound = || {
        let told = text(headers, "ice-audio-info")?;
        let (_, value) =
            told.split(';').filter_map(|it| it.split_once('=')).find(|(name, _)| name.contains("bitrate"))?;
        Some(value.trim().to_owned())
    };
    let told = of_all.or_else(of_sound)?;
    let kilobits: u64 = told.split(',').next()?.trim().parse().ok()?;
    kilobits.checked_mul(1000).filter(|&bits| bits > 0)
}

/// A header as text; stations write in whatever encoding they have.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let bytes = headers.get(name)?.as_bytes();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect::<String>().trim().to_owned(),
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, StatusCode};
    use qetch_core::{Kind, Url};

    use super::*;

    fn described(headers: &[(&'static str, &'static str)]) -> Content {
        let url = Url::parse("https://radio.example/stream").unwrap();
        let headers = headers.iter();
        let headers =
            headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let answer = Answer::new(StatusCode::OK, headers.collect(), url.clone(), "");
        let mut content = Content::new("stream", Kind::Audio, url, []);
        content.title = Some("stream".to_owned());
        describe(&mut content, &answer);
        content
    }

    #[test]
    fn a_station_is_live_with_its_name_and_bitrate() {
        let content = described(&[
            ("icy-name", "Frogs FM"),
            ("icy-br", "128,96"),
            ("icy-genre", "Croaking"),
            ("icy-url", "https://frogs.example"),
        ]);
        assert_eq!((content.title.as_deref(), content.bitrate), (Some("Frogs FM"), Some(128_000)));
        assert_eq!(
            (&content.metadata["live"], &content.metadata["genre"]),
            (&true.into(), &"Croaking".into())
        );
        assert_eq!(content.metadata["link"], "https://frogs.example");
    }

    #[test]
    fn what_a_station_does_not_know_is_left_as_it_was() {
        let content =
            described(&[("icy-name", "Unspecified name"), ("icy-br", "Quality 5"), ("icy-pub", "1")]);
        assert_eq!((content.title.as_deref(), content.bitrate), (Some("stream"), None));
        let content =
            described(&[("icy-pub", "1"), ("ice-audio-info", "ice-samplerate=44100;ice-bitrate=64")]);
        assert_eq!(content.bitrate, Some(64_000));
        assert_eq!(described(&[("icy-br", "0")]).bitrate, None);
    }

    #[test]
    fn a_file_is_not_live() {
        assert!(described(&[("icy-name", "a"), ("content-length", "9")]).metadata.is_empty());
        assert!(described(&[("server", "Icecast")]).metadata.is_empty());
    }
}
