//! What a link leads to, by its type and its name; and the resources of `<video>` and `<audio>`.

use qetch_core::{Kind, Role, Url, link, media_type};

use super::{
    document::{Document, Player, Source, Track},
    resource::{Caption, Facts, File, Resource},
    text,
};

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A video, a sound or a picture.
    File(Kind),
    /// A playlist of HLS or a manifest of DASH.
    Playlist,
    /// A page, or something that no page of today plays.
    Page,
    /// Nothing tells.
    Unknown,
}

const PLAYLISTS: [&str; 9] = [
    "application/vnd.apple.mpegurl",
    "vnd.apple.mpegurl",
    "application/x-mpegurl",
    "application/mpegurl",
    "video/mpegurl",
    "audio/x-mpegurl",
    "audio/mpegurl",
    "application/dash+xml",
    "video/vnd.mpeg.dash.mpd",
];

/// Types by which players of scripts know the pages of a site. None of them is one of media.
const SITES: [&str; 6] = [
    "video/youtube",
    "video/x-youtube",
    "video/vimeo",
    "video/x-vimeo",
    "video/dailymotion",
    "video/facebook",
];

/// Extensions of pages and programs.
const PAGES: [&str; 9] = ["html", "htm", "xhtml", "php", "asp", "aspx", "jsp", "swf", "js"];

/// What `url`, which is declared to be of this type, leads to. A name that is one of playlists counts for more than a type,
/// since nothing else is called so.
pub(super) fn form(url: &Url, declared: Option<&str>) -> Form {
    let declared = declared.map(essence).unwrap_or_default();
    let extension = link::extension(url).unwrap_or_default();
    let is_playlist = PLAYLISTS.contains(&declared.as_str()) || matches!(extension.as_str(), "m3u8" | "mpd");
    if is_playlist {
        return Form::Playlist;
    }
    if extension == "swf" || SITES.contains(&declared.as_str()) {
        return Form::Page;
    }
    if media_type::names_medium(&declared) {
        return Form::File(media_type::kind_of(&declared));
    }
    if declared.starts_with("text/") || declared == "application/x-shockwave-flash" {
        return Form::Page;
    }
    match media_type::by_extension(&extension) {
        Some(known) if matches!(known.kind, Kind::Video | Kind::Audio | Kind::Image) => {
            Form::File(known.kind)
        }
        _ if PAGES.contains(&extension.as_str()) => Form::Page,
        _ => Form::Unknown,
    }
}

/// A type without its parameters, in lower case.
fn essence(declared: &str) -> String {
    declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The codecs that a type names (RFC 6381, section 3.2).
fn codecs(declared: &str) -> Option<String> {
    let mut parameters = declared.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("codecs"))?;
    let codecs: Vec<_> = value.trim().trim_matches(['"', '\'']).split(',').map(str::trim).collect();
    Some(codecs.join(",")).filter(|codecs| !codecs.is_empty())
}

/// The file at `url`, which is of this kind and declared to be of this type.
pub(super) fn file(url: Url, kind: Kind, declared: Option<&str>) -> File {
    let named = declared.map(essence).filter(|name| media_type::names_medium(name));
    let of_name = || media_type::of_link(&url).map(|it| it.name.to_owned());
    let known = named.or_else(of_name).and_then(|name| fitting(kind, &name));
    let mut file = File::new(url, kind, known);
    file.codecs = declared.and_then(codecs);
    file
}

/// The type by which a file of this kind goes: containers hold sound or pictures, and are called by one of them.
fn fitting(kind: Kind, name: &str) -> Option<String> {
    let medium = match kind {
        Kind::Video => "video",
        Kind::Audio => "audio",
        Kind::Image => "image",
        _ => return Some(name.to_owned()),
    };
    let (own, container) = name.split_once('/')?;
    let is_shared = matches!(container, "mp4" | "webm" | "ogg" | "x-matroska");
    (own == medium || is_shared).then(|| format!("{medium}/{container}"))
}

/// The resource that a `<video>` or an `<audio>` plays.
pub(super) fn of_player(player: &Player, document: &Document, page: &Url) -> Resource {
    let kind = if player.is_video { Kind::Video } else { Kind::Audio };
    let title = player.title.as_deref().and_then(text::plain);
    let mut resource = Resource {
        is_video: player.is_video,
        facts: Facts { title, ..Facts::default() },
        is_ornament: player.is_ornament,
        ..Resource::default()
    };
    for source in &player.sources {
        let Some(url) = document.link(page, &source.address) else { continue };
        let declared = source.media_type.as_deref();
        match form(&url, declared) {
            Form::Playlist => resource.add_playlist(url),
            Form::Page => resource.add_player(url),
            Form::File(Kind::Image) => (),
            // What stands here is a file of this kind, whatever it is called.
            Form::File(_) | Form::Unknown => resource.add_file(labelled(file(url, kind, declared), source)),
        }
    }
    let poster = player.poster.as_deref().and_then(|address| document.link(page, address));
    resource.posters.extend(poster.map(|url| file(url, Kind::Image, None).with_role(Role::Poster)));
    for track in &player.tracks {
        resource.track(track, document, page);
    }
    resource
}

/// `file` with the height that its label tells, in the ways that players of scripts have them: `720`, `720p`, `HD 720p60`.
/// A number among words is any number unless a `p` says that it is of lines.
fn labelled(mut file: File, source: &Source) -> File {
    let label = source.label.as_deref().unwrap_or_default().trim();
    let words = label.split(|c: char| !c.is_ascii_alphanumeric());
    let heights = words.filter_map(|word| {
        let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
        let (digits, rest) = word.split_at(end);
        let is_height = if rest.is_empty() { digits == label } else { rest.starts_with(['p', 'P']) };
        digits.parse().ok().filter(|height| is_height && (100..=8640).contains(height))
    });
    if file.kind == Kind::Video {
        file.height = heights.into_iter().next();
    }
    file
}

impl Resource {
    /// Takes a `<track>`: texts for people are captions, and chapters are told of; what is for scripts is left out.
    fn track(&mut self, track: &Track, document: &Document, page: &Url) {
        let Some(url) = document.link(page, &track.address) else { return };
        match track.kind.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("subtitles" | "captions" | "descriptions") => {
                let (language, label) = (track.language.clone(), track.label.clone());
                self.add_caption(Caption { url, language, label });
            }
            Some("chapters") => self.chapters = self.chapters.take().or(Some(url)),
            Some(_) => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Url {
        Url::parse("https://h.example/a/b.html").unwrap()
    }

    #[test]
    fn a_link_is_what_its_type_and_its_name_tell() {
        let check = |name: &str, declared: &str, expected: Form| {
            let declared = Some(declared).filter(|it| !it.is_empty());
            assert_eq!(form(&page().join(name).unwrap(), declared), expected, "{name} {declared:?}");
        };
        check("a.mp4?x=1", "", Form::File(Kind::Video));
        check("a", "video/mp4; codecs=x", Form::File(Kind::Video));
        check("a.php", "Video/MP4", Form::File(Kind::Video));
        check("a.mp3", "", Form::File(Kind::Audio));
        check("a.jpg", "", Form::File(Kind::Image));
        check("a.m3u8", "video/mp4", Form::Playlist);
        check("a", "application/x-mpegURL", Form::Playlist);
        check("a.mpd", "", Form::Playlist);
        check("a.mp4", "text/html", Form::Page);
        check("player.swf", "video/mp4", Form::Page);
        check("watch?v=1", "video/youtube", Form::Page);
        check("a.html", "", Form::Page);
        check("a.mp4/", "", Form::File(Kind::Video));
        check("embed/1", "", Form::Unknown);
        check("a.pdf", "application/pdf", Form::Unknown);
    }

    #[test]
    fn a_container_goes_by_what_is_in_it() {
        let check = |name: &str, kind: Kind, declared: Option<&str>, expected: Option<&str>| {
            let file = file(page().join(name).unwrap(), kind, declared);
            assert_eq!(file.media_type.as_deref(), expected, "{name} {kind:?} {declared:?}");
        };
        check("a.ogg", Kind::Video, None, Some("video/ogg"));
        check("a.mp4", Kind::Audio, None, Some("audio/mp4"));
        check("a.mp4", Kind::Video, Some("video/webm; codecs=\"vp9\""), Some("video/webm"));
        check("a.mp4", Kind::Video, Some("application/octet-stream"), Some("video/mp4"));
        check("a.mp3", Kind::Video, None, None);
        check("a", Kind::Image, None, None);
        let file = file(page(), Kind::Video, Some("video/mp4; codecs=\"avc1.64001f, mp4a.40.2\""));
        assert_eq!(file.codecs.as_deref(), Some("avc1.64001f,mp4a.40.2"));
    }

    #[test]
    fn a_player_is_one_resource_with_its_sources_and_tracks() {
        let html = b"<base href=/m/><video poster=p.jpg title='A <b>clip</b>'><source src=hd.mp4 type='video/mp4' label='HD 720p60'>
            <source src=sd.mp4 size=360><source src=hd.mp4><source src=v.m3u8><source src=blob:x><source src=live>
            <source src=https://t.example/watch type=video/youtube>
            <track src=de.vtt srclang=de label=Deutsch><track src=c.vtt kind=Chapters><track src=m.vtt kind=metadata>
            <track src=de.vtt kind=captions></video>";
        let document = Document::read(html, || true);
        let resource = of_player(&document.players[0], &document, &page());
        let files: Vec<_> = resource.files.iter().map(|it| (it.url.path(), it.height)).collect();
        assert_eq!(files, [("/m/hd.mp4", Some(720)), ("/m/sd.mp4", Some(360)), ("/m/live", None)]);
        assert_eq!(resource.playlists.len() + resource.players.len(), 2);
        assert_eq!(resource.posters[0].url.path(), "/m/p.jpg");
        let captions: Vec<_> =
            resource.captions.iter().map(|it| (it.url.path(), it.language.as_deref())).collect();
        assert_eq!(captions, [("/m/de.vtt", Some("de"))]);
        assert_eq!(resource.chapters.unwrap().path(), "/m/c.vtt");
        assert_eq!(resource.facts.title.as_deref(), Some("A clip"));
    }

    #[test]
    fn a_label_tells_a_height_where_it_has_one() {
        let check = |label: &str, expected: Option<u32>| {
            let source = Source { label: Some(label.into()), ..Source::default() };
            let file = labelled(File::new(page(), Kind::Video, None), &source);
            assert_eq!(file.height, expected, "{label}");
        };
        check("1080", Some(1080));
        check("Full HD (1080p)", Some(1080));
        check("720P60", Some(720));
        check("4K 2160p", Some(2160));
        for nothing in
            ["HD", "4K", "1", "99999", "2500kbps", "2500 kbps", "Interview of 2019", "Episode 101", ""]
        {
            check(nothing, None);
        }
    }
}
