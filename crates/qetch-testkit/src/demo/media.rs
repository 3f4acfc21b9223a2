//! The demo site's files; `media/README.md` says how they were made.

/// The file that is the best rendition.
pub const MP4_NAME: &str = "CleverSampleQuokka.mp4";

/// The sha256 of that file, in lower-case hexadecimal.
pub const MP4_SHA256: &str = "2888ab433e2d71a2586f133354bc1bd7f0a81db20919e8009be86a9d28bdaa9d";

/// One file.
#[derive(Debug)]
pub(crate) struct Media {
    pub(crate) name: &'static str,
    /// The key that holds its URL in the item.
    pub(crate) key: &'static str,
    /// The host that the item names for it.
    pub(crate) host: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: &'static [u8],
}

/// All files, in the order of the item's keys.
pub(crate) fn all() -> [Media; 6] {
    [
        Media {
            name: MP4_NAME,
            key: "mp4Url",
            host: "fat.gfycat.com",
            content_type: "video/mp4",
            bytes: include_bytes!("../../media/CleverSampleQuokka.mp4"),
        },
        Media {
            name: "CleverSampleQuokka.webm",
            key: "webmUrl",
            host: "zippy.gfycat.com",
            content_type: "video/webm",
            bytes: include_bytes!("../../media/CleverSampleQuokka.webm"),
        },
        Media {
            name: "CleverSampleQuokka-mobile.mp4",
            key: "mobileUrl",
            host: "thumbs.gfycat.com",
            content_type: "video/mp4",
            bytes: include_bytes!("../../media/CleverSampleQuokka-mobile.mp4"),
        },
        Media {
            name: "CleverSampleQuokka-size_restricted.gif",
            key: "max5mbGif",
            host: "thumbs.gfycat.com",
            content_type: "image/gif",
            bytes: include_bytes!("../../media/CleverSampleQuokka-size_restricted.gif"),
        },
        Media {
            name: "CleverSampleQuokka-poster.jpg",
            key: "posterUrl",
            host: "thumbs.gfycat.com",
            content_type: "image/jpeg",
            bytes: include_bytes!("../../media/CleverSampleQuokka-poster.jpg"),
        },
        Media {
            name: "CleverSampleQuokka-thumb100.jpg",
            key: "thumb100PosterUrl",
            host: "thumbs.gfycat.com",
            content_type: "image/jpeg",
            bytes: include_bytes!("../../media/CleverSampleQuokka-thumb100.jpg"),
        },
    ]
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use sha2::{Digest, Sha256};

    use super::{MP4_NAME, MP4_SHA256, all};

    #[test]
    fn the_checksum_is_the_files() {
        let media = all().into_iter().find(|media| media.name == MP4_NAME).unwrap();
        let mut hex = String::new();
        for byte in Sha256::digest(media.bytes) {
            write!(hex, "{byte:02x}").unwrap();
        }
        assert_eq!(hex, MP4_SHA256);
    }

    #[test]
    fn every_file_is_what_it_says() {
        for media in all() {
            let (at, magic): (usize, &[u8]) = match media.content_type {
                "video/mp4" => (4, b"ftyp"),
                "video/webm" => (0, &[0x1A, 0x45, 0xDF, 0xA3]),
                "image/gif" => (0, b"GIF89a"),
                "image/jpeg" => (0, &[0xFF, 0xD8, 0xFF]),
                other => panic!("{} has an unknown type {other}", media.name),
            };
            assert_eq!(&media.bytes[at..at + magic.len()], magic, "{}", media.name);
        }
    }

    #[test]
    fn the_repository_stays_small() {
        assert!(all().iter().map(|media| media.bytes.len()).sum::<usize>() < 200 * 1024);
    }
}
