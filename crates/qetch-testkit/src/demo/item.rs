//! The demo site's answers in the shapes that gfycat had in 2017, with invented values.

use serde_json::{Map, Value, json};

use super::{
    NAME,
    media::{self, MP4_NAME},
};

/// When the clip was uploaded, in seconds since 1970.
pub(crate) const CREATED: u64 = 1_491_004_800;

/// The same as an HTTP date.
pub(crate) const CREATED_TEXT: &str = "Sat, 01 Apr 2017 00:00:00 GMT";

/// The size of the mp4's and webm's pictures, in pixels.
const WIDTH: u32 = 320;
const HEIGHT: u32 = 240;

/// Pictures a second, and in all.
const FRAME_RATE: u32 = 24;
const FRAMES: u32 = 48;

/// The answer for the item.
pub(crate) fn answer() -> Value {
    let mut item = described();
    for media in media::all() {
        item.insert(media.key.to_owned(), format!("https://{}/{}", media.host, media.name).into());
        let size = match media.key {
            "mp4Url" => "mp4Size",
            "webmUrl" => "webmSize",
            _ => continue,
        };
        item.insert(size.to_owned(), media.bytes.len().into());
    }
    json!({ "gfyItem": item })
}

/// The answer for any other item.
pub(crate) fn not_found() -> Value {
    json!({ "errorMessage": "The gfycat that was asked for does not exist." })
}

/// The answer to whoever asks for a token.
pub(crate) fn token() -> Value {
    json!({ "token_type": "bearer", "scope": "", "expires_in": 3600, "access_token": "demo-token" })
}

/// All of the item but its files.
fn described() -> Map<String, Value> {
    let described = json!({
        "gfyId": NAME.to_ascii_lowercase(),
        "gfyName": NAME,
        "gfyNumber": "271828182",
        "userName": "qetch-demo",
        "title": "A quokka that is only a test pattern",
        "description": format!("Drawn by ffmpeg for {MP4_NAME}; no quokka was filmed."),
        "tags": ["quokka", "test pattern", "qetch"],
        "extraLemmas": "",
        "languageCategories": null,
        "createDate": CREATED,
        "width": WIDTH,
        "height": HEIGHT,
        "frameRate": FRAME_RATE,
        "numFrames": FRAMES,
        "avgColor": "#808080",
        "source": 8,
        "url": "",
        "domainWhitelist": [],
        // As on the real site, this is the checksum of no rendition.
        "md5": "0123456789abcdef0123456789abcdef",
        "nsfw": 5,
        "published": 1,
        "views": 1,
        "likes": 0,
        "dislikes": 0,
    });
    match described {
        Value::Object(described) => described,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAME_RATE, FRAMES, HEIGHT, WIDTH, answer, media};

    /// The big-endian number `after` bytes behind the start of the first such name in the mp4.
    fn number(name: &[u8; 4], after: usize) -> u32 {
        let bytes = media::all()[0].bytes;
        let at = bytes.windows(4).position(|four| four == name).unwrap() + after;
        u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn the_item_describes_the_real_clip() {
        // ISO 14496-12: the one sample entry behind `stsd`, with width and height; the one run of durations.
        assert_eq!(number(b"stsd", 16), u32::from_be_bytes(*b"avc1"));
        let size = number(b"stsd", 16 + 28);
        assert_eq!((size >> 16, size & 0xFFFF), (WIDTH, HEIGHT));
        assert_eq!((number(b"stts", 8), number(b"stts", 12)), (1, FRAMES));
        assert_eq!(number(b"mdhd", 16) / number(b"stts", 16), FRAME_RATE);
    }

    #[test]
    fn sizes_are_those_of_the_files() {
        let answer = answer();
        assert_eq!(answer["gfyItem"]["mp4Size"], media::all()[0].bytes.len());
        assert_eq!(answer["gfyItem"]["webmSize"], media::all()[1].bytes.len());
    }
}
