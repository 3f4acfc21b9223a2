//! The video of a post: what was uploaded, the renditions of its playlist, its picture and its captions.

use qetch_core::{Content, Error, Kind, Result, Role, Url, Variants, Warning, media_type};
use qetch_manifest::Rendition;
use serde_json::Value;

use super::{
    NAME,
    ask::Site,
    blob::{Blob, copy, linked},
    post::{Embed, Post, pixels, text},
};
use crate::common_hls;

/// The video of `post`.
pub(super) async fn resource(
    site: &Site,
    post: &Post<'_>,
    home: Option<&Url>,
    warnings: &mut Vec<Warning>,
) -> Result<Variants> {
    let (view, record, path) = (post.embed.view, post.embed.record, &post.embed.path);
    let mut known = post.known();
    known.description = text(&view["alt"]).or(known.description);
    let presentation = text(&view["presentation"]);
    known.metadata.extend(presentation.map(|it| ("presentation".to_owned(), it.into())));
    let blob = Blob::of_record(&record["video"]);
    let cid = text(&view["cid"]).filter(|cid| cid.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let Some(cid) = blob.as_ref().map(|blob| blob.cid.clone()).or(cid) else {
        return Err(Error::site_changed(NAME, format!("{path}.cid"), "no CID"));
    };
    let original = blob.zip(home).map(|(blob, home)| {
        let mut original = blob.content(post.key, &site.source, post.did, home, Kind::Video);
        (original.width, original.height) = pixels(&view["aspectRatio"]).unzip();
        original
    });
    let of = format!("{}-{cid}", post.key);
    let (mut rest, mut companions) = match renditions(site, &post.embed, &of).await {
        Ok(offered) => offered,
        Err(error) if original.is_none() => return Err(error),
        Err(error) => {
            warnings.push(site.warning(format!("the playlist of a video is left out: {error}")));
            Default::default()
        }
    };
    rest.extend(view["thumbnail"].as_str().and_then(linked).map(|url| {
        let mut picture = copy(format!("{of}-thumbnail"), &site.source, url);
        picture.role = Role::Thumbnail;
        picture
    }));
    if let Some(home) = home {
        companions.extend(captions(&record["captions"], &of, &site.source, post.did, home));
    }
    let rest = if rest.is_empty() { Vec::new() } else { Variants::ranked(rest)?.contents().to_vec() };
    // What all else is made of comes first.
    let variants = Variants::in_order(original.into_iter().chain(rest))?;
    Ok(variants.with_companions(companions).with_known(&known))
}

/// The renditions of its playlist, and the sound and the captions that stand apart in it.
async fn renditions(site: &Site, embed: &Embed<'_>, of: &str) -> Result<(Vec<Content>, Vec<Content>)> {
    let playlist = embed.view["playlist"].as_str().and_then(linked);
    let Some(url) = playlist else {
        return Err(Error::site_changed(NAME, format!("{}.playlist", embed.path), "no link of a playlist"));
    };
    let (contents, companions) = common_hls::renditions(&site.cx, &url).await?;
    let whole = format!("{of}-hls");
    let made = |them: Vec<Rendition>| {
        them.into_iter().map(|it| common_hls::content(it, &whole, &site.source, &url)).collect()
    };
    Ok((made(contents), made(companions)))
}

/// The captions that the author uploaded, one of each language.
fn captions(list: &Value, of: &str, source: &Url, did: &str, home: &Url) -> Vec<Content> {
    let mut captions: Vec<Content> = Vec::new();
    for told in list.as_array().into_iter().flatten() {
        let Some((language, blob)) = text(&told["lang"]).zip(Blob::of_record(&told["file"])) else {
            continue;
        };
        let mut caption = blob.content(of, source, did, home, Kind::Text);
        if captions.iter().any(|it| it.uid == caption.uid) {
            continue;
        }
        (caption.role, caption.language) = (Role::Caption, Some(language));
        captions.push(caption.with_media_type(media_type::by_name("text/vtt")));
    }
    captions
}
