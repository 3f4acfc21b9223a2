//! The video of a post: what was uploaded, the renditions of its playlist, its picture and its captions.

use qetch_core::{
    Content, Delivery, Error, Fragment, Kind, Request, Result, Role, Url, Variants, Warning, shown,
};
use qetch_manifest::{
    Rendition,
    hls::{self, Playlist},
};

use super::{
    NAME,
    ask::Site,
    blob::{Blob, form_of_copy, link},
    post::{Embed, pixels, text},
};

/// The most bytes of a playlist.
const MOST_BYTES: usize = 1 << 20;

/// The video of `embed`, of the account `did`.
pub(super) async fn resource(
    site: &Site,
    embed: &Embed<'_>,
    did: &str,
    home: Option<&Url>,
    about: &Content,
    warnings: &mut Vec<Warning>,
) -> Result<Variants> {
    let (view, record) = (embed.view, embed.record);
    let mut about = about.clone();
    about.kind = Kind::Video;
    if let Some(alt) = text(&view["alt"]) {
        about.description = Some(alt);
    }
    if let Some(presentation) = text(&view["presentation"]) {
        about.metadata.insert("presentation".to_owned(), presentation.into());
    }
    let blob = Blob::of_record(&record["video"]);
    let cid = text(&view["cid"]).filter(|cid| cid.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let Some(cid) = blob.as_ref().map(|blob| blob.cid.clone()).or(cid) else {
        return Err(Error::site_changed(NAME, format!("{}.cid", embed.path), "no CID"));
    };
    let original = blob.zip(home).map(|(blob, home)| {
        let mut original = blob.content(&about, did, home, Kind::Video);
        (original.width, original.height) = pixels(&view["aspectRatio"]).unzip();
        original
    });
    about.uid = format!("{}-{cid}", about.uid);

    let playlist = view["playlist"].as_str().and_then(link);
    let offered = match playlist {
        Some(url) => renditions(site, &about, url).await,
        None => Err(Error::site_changed(NAME, format!("{}.playlist", embed.path), "no link of a playlist")),
    };
    let (mut rest, mut companions) = match offered {
        Ok(offered) => offered,
        Err(error) if original.is_none() => return Err(error),
        Err(error) => {
            warnings.push(site.warning(format!("the playlist of a video is left out: {error}")));
            Default::default()
        }
    };
    rest.extend(view["thumbnail"].as_str().and_then(link).map(|url| {
        let mut picture = about.clone();
        picture.uid = format!("{}-thumbnail", about.uid);
        (picture.kind, picture.role) = (Kind::Image, Role::Thumbnail);
        (picture.content_type, picture.extension) = form_of_copy(&url);
        picture.fragments = vec![Fragment::new(url)];
        picture
    }));
    if let Some(home) = home {
        companions.extend(captions(&record["captions"], &about, did, home));
    }
    let rest = if rest.is_empty() { Vec::new() } else { Variants::ranked(rest)?.contents().to_vec() };
    // What all else is made of comes first.
    Ok(Variants::in_order(original.into_iter().chain(rest))?.with_companions(companions))
}

/// The renditions of the playlist at `url`, and the sound and the captions that stand apart in it.
async fn renditions(site: &Site, about: &Content, url: Url) -> Result<(Vec<Content>, Vec<Content>)> {
    let cx = site.cx();
    let answer = cx.send(Request::get(url.clone()).with_limit(MOST_BYTES)).await?.ok()?;
    let offered = match hls::read(&answer.text(), answer.url(), &cx.limits())? {
        Playlist::Master(master) => master.renditions,
        Playlist::Media(_) => vec![Rendition::new("", Kind::Video)],
        _ => return Err(Error::unsupported(shown(&url), "its form is not known")),
    };
    let made = |it: Rendition| {
        let id = if it.id.is_empty() { String::new() } else { format!("-{}", it.id) };
        let mut content = about.clone();
        content.uid = format!("{}-hls{id}", about.uid);
        (content.kind, content.delivery) = (it.kind, Delivery::hls(it.id));
        content.fragments = vec![Fragment::new(url.clone())];
        if it.kind == Kind::Text {
            content.role = Role::Caption;
        }
        (content.content_type, content.codecs) = (it.content_type, it.codecs);
        (content.width, content.height, content.fps) = (it.width, it.height, it.fps);
        (content.bitrate, content.language) = (it.bitrate, it.language);
        (content.sound, content.group) = (it.sound, it.group);
        content
    };
    let (contents, apart): (Vec<_>, Vec<_>) = offered.into_iter().partition(|it| it.group.is_none());
    let apart = apart.into_iter().filter(|it| matches!(it.kind, Kind::Audio | Kind::Text));
    let companions = apart.map(made).collect();
    Ok((contents.into_iter().map(made).collect(), companions))
}

/// The captions that the author uploaded, one of each language.
fn captions(list: &serde_json::Value, about: &Content, did: &str, home: &Url) -> Vec<Content> {
    let mut captions: Vec<Content> = Vec::new();
    for told in list.as_array().into_iter().flatten() {
        let Some((language, blob)) = text(&told["lang"]).zip(Blob::of_record(&told["file"])) else {
            continue;
        };
        let mut caption = blob.content(about, did, home, Kind::Text);
        if captions.iter().any(|it| it.uid == caption.uid) {
            continue;
        }
        (caption.role, caption.language) = (Role::Caption, Some(language));
        (caption.content_type, caption.extension) = (Some("text/vtt".to_owned()), Some("vtt".to_owned()));
        captions.push(caption);
    }
    captions
}
