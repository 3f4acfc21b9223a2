//! The files of a video: those of the web player, and those of its HLS playlists.

use qetch_core::{
    Content, Delivery, Kind, Url, lenient, link,
    media_type::{self, MediaType},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    ask::{Instance, Pass},
    video::id_of,
};

/// The group of the sound that videos without sound go with.
const SOUND: &str = "sound";

/// The most entries that are read: many times what any video has.
const MOST: usize = 64;

/// What an answer lists.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// The highest resolution first, and of those that are equal the one of the web player.
    list: Vec<File>,
    /// The playlist of all renditions.
    pub(super) master: Option<Url>,
    /// The paths of what is listed in a way that leads nowhere.
    pub(super) unusable: Vec<String>,
    /// The path of the first list that is not there.
    pub(super) missing: Option<String>,
}

/// A file at one resolution.
#[derive(Debug)]
struct File {
    /// Whether it is of an HLS playlist.
    is_hls: bool,
    /// Pixels of the shorter side; 0 for sound alone.
    resolution: u32,
    url: Option<Url>,
    playlist: Option<Url>,
    entry: Entry,
}

/// An entry of a list of files.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    resolution: Value,
    #[serde(default, deserialize_with = "lenient::text")]
    file_url: Option<String>,
    /// The same file, sent to be saved.
    #[serde(default, deserialize_with = "lenient::text")]
    file_download_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    playlist_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::positive")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "lenient::positive")]
    fps: Option<f64>,
    #[serde(default, deserialize_with = "lenient::positive")]
    width: Option<u32>,
    #[serde(default, deserialize_with = "lenient::positive")]
    height: Option<u32>,
    #[serde(default, deserialize_with = "lenient::flag")]
    has_audio: Option<bool>,
    #[serde(default, deserialize_with = "lenient::flag")]
    has_video: Option<bool>,
}

/// The files that `video` lists. What is spoilt in one does not spoil the others.
pub(super) fn of(instance: &Instance, video: &Map<String, Value>) -> Files {
    let mut files = Files::default();
    match video.get("files") {
        Some(Value::Array(entries)) => files.read(instance, entries, "$.files", false),
        Some(Value::Null) | None => files.misses("$.files"),
        Some(_) => files.unusable.push("$.files".to_owned()),
    }
    match video.get("streamingPlaylists") {
        Some(Value::Array(playlists)) => {
            for (index, playlist) in playlists.iter().enumerate().take(MOST) {
                let path = format!("$.streamingPlaylists[{index}]");
                files.read_playlist(instance, playlist, &path);
            }
        }
        Some(Value::Null) | None => files.misses("$.streamingPlaylists"),
        Some(_) => files.unusable.push("$.streamingPlaylists".to_owned()),
    }
    // A stable order: those of the web player stand first.
    files.list.sort_by_key(|file| std::cmp::Reverse(file.resolution));
    files
}

impl Files {
    fn read_playlist(&mut self, instance: &Instance, playlist: &Value, path: &str) {
        let master = playlist["playlistUrl"].as_str().and_then(|text| instance.link(text));
        if master.is_none() {
            self.unusable.push(format!("{path}.playlistUrl"));
        }
        self.master = self.master.take().or(master);
        match &playlist["files"] {
            Value::Array(entries) => self.read(instance, entries, &format!("{path}.files"), true),
            Value::Null => self.misses(&format!("{path}.files")),
            _ => self.unusable.push(format!("{path}.files")),
        }
    }

    fn misses(&mut self, path: &str) {
        self.missing.get_or_insert_with(|| path.to_owned());
    }

    fn read(&mut self, instance: &Instance, entries: &[Value], path: &str, is_hls: bool) {
        for (index, entry) in entries.iter().enumerate() {
            let path = format!("{path}[{index}]");
            if self.list.len() + self.unusable.len() >= MOST {
                self.unusable.push(format!("{path} and what follows"));
                return;
            }
            match File::read(instance, entry, is_hls) {
                Err(key) => self.unusable.push(format!("{path}{key}")),
                // One of each resolution is all there is; a second one would be the same by name.
                Ok(file) if self.list.iter().any(|it| it.is_same(&file)) => self.unusable.push(path),
                Ok(file) => self.list.push(file),
            }
        }
    }

    /// The main contents, and the sound of those that have none in them.
    pub(super) fn contents(
        &self,
        instance: &Instance,
        uuid: &str,
        source: &Url,
        pass: Option<&Pass>,
        duration: Option<f64>,
    ) -> (Vec<Content>, Vec<Content>) {
        let maker = Maker { instance, uuid, source, pass, duration };
        let best = self.list.iter().find(|it| it.is_hls && it.has_video() && it.playlist.is_some());
        let (mut videos, mut sounds) = (Vec::new(), Vec::new());
        for file in &self.list {
            let made = if file.has_video() { &mut videos } else { &mut sounds };
            made.extend(file.url.as_ref().map(|url| maker.content(file, url, false)));
            if let Some(playlist) = &file.playlist
                && (file.url.is_none() || best.is_some_and(|best| std::ptr::eq(best, file)))
            {
                made.push(maker.content(file, playlist, true));
            }
        }
        let is_apart = !sounds.is_empty() && self.list.iter().any(File::is_silent);
        if !is_apart {
            videos.append(&mut sounds);
            return (videos, Vec::new());
        }
        for sound in &mut sounds {
            sound.group = Some(SOUND.to_owned());
        }
        (videos, sounds)
    }

    /// What is said of entries that are left out.
    pub(super) fn warning(&self, what: &str) -> Option<String> {
        let paths = self.unusable.join(", ");
        (!paths.is_empty())
            .then(|| format!("{what} lists what cannot be fetched, which is left out: {paths}"))
    }
}

impl File {
    /// The file that is told of, or the key of what is missing.
    fn read(instance: &Instance, value: &Value, is_hls: bool) -> Result<Self, &'static str> {
        let entry = Entry::deserialize(value).map_err(|_| "")?;
        let link = |text: &Option<String>| instance.link(text.as_deref()?);
        let url = link(&entry.file_url).or_else(|| link(&entry.file_download_url));
        let playlist = link(&entry.playlist_url);
        if url.is_none() && playlist.is_none() {
            return Err(".fileUrl");
        }
        let told = id_of(&entry.resolution);
        // It is the shorter side, whatever the API of a time calls it.
        let resolution = told.or_else(|| Some(entry.width?.min(entry.height?))).ok_or(".resolution.id")?;
        Ok(Self { is_hls, resolution, url, playlist, entry })
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.is_hls, self.resolution) == (other.is_hls, other.resolution)
    }

    fn has_video(&self) -> bool {
        self.entry.has_video.unwrap_or(self.resolution > 0)
    }

    /// Whether it is a video that has no sound in it.
    fn is_silent(&self) -> bool {
        self.has_video() && self.entry.has_audio == Some(false)
    }

    /// What its uid ends with.
    fn name(&self, as_playlist: bool) -> String {
        let way = match (as_playlist, self.is_hls) {
            (true, _) => "m3u8",
            (false, true) => "hls",
            (false, false) => "web",
        };
        format!("{way}-{}", self.resolution)
    }
}

/// What the contents of a video have in common.
struct Maker<'a> {
    instance: &'a Instance,
    uuid: &'a str,
    source: &'a Url,
    pass: Option<&'a Pass>,
    duration: Option<f64>,
}

impl Maker<'_> {
    fn content(&self, file: &File, url: &Url, as_playlist: bool) -> Content {
        let kind = if file.has_video() { Kind::Video } else { Kind::Audio };
        let (fragment, expires) = Pass::fragment(self.pass, self.instance, url.clone());
        let uid = format!("{}-{}", self.uuid, file.name(as_playlist));
        let mut content =
            Content::new(uid, kind, self.source.clone(), [fragment]).with_media_type(form(kind, url));
        content.expires = expires;
        if as_playlist {
            content.delivery = Delivery::hls("");
        } else {
            // The API says nothing on how it comes by sizes, so a file of another size is still the file.
            content.size_approx = file.entry.size;
        }
        content.bitrate = bitrate(file.entry.size, self.duration);
        content.duration = self.duration;
        if kind == Kind::Video {
            (content.width, content.height) = file.pixels();
            content.fps = file.entry.fps;
            content.sound = file.is_silent().then(|| SOUND.to_owned());
        }
        content
    }
}

impl File {
    /// Width and height. Instances before 2024 told what they call the resolution alone, which is the height of all videos
    /// that are wider than high.
    fn pixels(&self) -> (Option<u32>, Option<u32>) {
        match (self.entry.width, self.entry.height) {
            (Some(width), Some(height)) => (Some(width), Some(height)),
            _ => (None, Some(self.resolution).filter(|&height| height > 0)),
        }
    }
}

/// The type of the file at `url`. What is HLS is MP4 throughout.
fn form(kind: Kind, url: &Url) -> Option<MediaType> {
    let extension = link::extension(url).filter(|it| it != "m3u8");
    match (kind, extension.as_deref().unwrap_or("mp4")) {
        // An MP4 without pictures goes by another name.
        (Kind::Audio, "mp4") => media_type::by_name("audio/mp4"),
        (_, extension) => media_type::by_extension(extension),
    }
}

fn bitrate(size: Option<u64>, duration: Option<f64>) -> Option<u64> {
    let bits_a_second = size? as f64 * 8.0 / duration?;
    Some(bits_a_second.round() as u64)
}
