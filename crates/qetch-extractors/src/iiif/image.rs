//! Pictures of the Image API: what their server tells of one, and the largest that it gives at once.

use qetch_core::{
    Content, Context, Error, Fragment, Kind, Request, Result, Url,
    lenient::positive_of,
    link::whole,
    media_type::{self, MediaType},
};
use serde_json::{Value, json};

use super::{
    NAME,
    values::{either, extent, id, link, list, type_of},
};

/// Where a picture is asked for in any size: its base URL, which the names of sizes follow.
#[derive(Debug)]
pub(super) struct Service {
    /// Without a slash at its end.
    pub(super) base: Url,
    /// What was told of it where it was named.
    told: Value,
}

/// One size of a picture.
#[derive(Debug, PartialEq)]
struct Size {
    url: Url,
    /// What tells it from the other sizes.
    name: String,
    width: u32,
    height: u32,
}

/// What a server tells of a picture.
#[derive(Debug)]
pub(super) struct Info {
    /// The sizes it gives, the largest first.
    sizes: Vec<Size>,
    /// What they are asked for as. Links of some servers have their path in a query, where no extension is looked for.
    media_type: Option<MediaType>,
    /// The size of the picture, where its server gives no more than parts of that.
    only_in_tiles: Option<(u32, u32)>,
}

impl Service {
    /// The service of version 2 or 3 that `body` names, if there is one. Those of version 1 are left to what the body itself
    /// links to.
    pub(super) fn of(body: &Value, base: &Url) -> Option<Self> {
        let service = list(body, "service").into_iter().find(|service| version(service).is_some())?;
        let link = link(base, service)?;
        let base = link.as_str().trim_end_matches('/').parse().ok()?;
        Some(Self { base, told: service.clone() })
    }

    /// Whether `url` is this picture in some size. Many write one with `http` and the other with `https`.
    pub(super) fn gives(&self, url: &Url) -> bool {
        let base = self.base.as_str().trim_start_matches(self.base.scheme());
        let rest = url.as_str().trim_start_matches(url.scheme()).strip_prefix(base);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What the server tells of it: asked for, where the manifest does not hold it already.
    ///
    /// # Errors
    /// [`LoginRequired`](Error::LoginRequired) and [`Private`](Error::Private) where the picture is for others,
    /// [`SiteChanged`](Error::SiteChanged) where its size is missing, and those of the network.
    pub(super) async fn info(&self, cx: &Context) -> Result<Info> {
        // Told in full in place (Presentation 3.0, appendix on linked properties).
        let told = if self.told.get("protocol").is_some() && extent(&self.told).is_some() {
            self.told.clone()
        } else {
            let url: Url = format!("{}/info.json", self.base).parse()?;
            let answer = cx.send(Request::get(url)).await?;
            refused(answer.url(), answer.status())?;
            answer.ok()?.json(NAME)?
        };
        check_access(cx, &told).await?;
        Info::read(&told, self.base.as_str())
    }
}

impl Info {
    /// Reads what stands in `info.json` of the picture at `base`.
    ///
    /// # Errors
    /// [`Unsupported`](Error::Unsupported) for version 1, and [`SiteChanged`](Error::SiteChanged) where its size is missing.
    pub(super) fn read(info: &Value, base: &str) -> Result<Self> {
        let missing = |name: &str| Error::site_changed(NAME, format!("$.{name}"), "missing, or no size");
        let Some(version) = version(info) else {
            return Err(Error::unsupported(
                format!("the picture at {base}"),
                "it is of version 1 of the IIIF Image API",
            ));
        };
        let width = positive_of(&info["width"]).ok_or_else(|| missing("width"))?;
        let height = positive_of(&info["height"]).ok_or_else(|| missing("height"))?;
        let limits = Limits::of(info);
        let (most_wide, most_high) = limits.largest(width, height);
        let extension = extension(info);
        let size = |size: &str, name: String, (width, height)| {
            let url = format!("{base}/full/{size}/0/default.{extension}").parse()?;
            Ok(Size { url, name, width, height })
        };
        // Version 2.0 knows no `max`, and every server of version 2 knows `full` (2.1, section 4.2); with limits it is refused.
        let largest = if version == 2 && limits.is_none() { "full" } else { "max" };
        let mut sizes: Vec<Result<Size>> = vec![size(largest, "max".into(), (most_wide, most_high))];
        let mut listed: Vec<_> = list(info, "sizes").into_iter().filter_map(extent).collect();
        listed.retain(|&(wide, high)| wide < most_wide && high < most_high);
        listed.sort_unstable_by(|a, b| b.cmp(a));
        listed.dedup();
        // Sizes that are listed are given by every server, and are asked for as width and height (2.1 and 3.0, section 5.3).
        sizes.extend(listed.into_iter().map(|(w, h)| size(&format!("{w},{h}"), format!("{w}x{h}"), (w, h))));
        let sizes = sizes.into_iter().collect::<Result<_>>()?;
        let only_in_tiles = (most_wide < width || most_high < height).then_some((width, height));
        Ok(Self { sizes, media_type: media_type::by_extension(&extension), only_in_tiles })
    }

    /// Each size as a content, whose uid begins with that of the picture.
    pub(super) fn contents(self, uid: &str, source: &Url) -> Vec<Content> {
        let note = self.note();
        let content = |size: Size| {
            let uid = format!("{uid}-{}", size.name);
            let content = Content::new(uid, Kind::Image, source.clone(), [Fragment::new(size.url)]);
            let mut content = content.with_media_type(self.media_type);
            (content.width, content.height) = (Some(size.width), Some(size.height));
            content.metadata.extend(note.clone().map(|note| ("full_size".to_owned(), note)));
            content
        };
        self.sizes.into_iter().map(content).collect()
    }

    /// What is told of a picture whose full size is had in parts alone.
    fn note(&self) -> Option<Value> {
        let (width, height) = self.only_in_tiles?;
        Some(json!({"width": width, "height": height, "only_in_tiles": true}))
    }
}

/// The largest that a server gives at once (Image API 3.0, section 5.3; 2.1 has the same within its profile).
#[derive(Debug)]
struct Limits {
    width: Option<f64>,
    height: Option<f64>,
    area: Option<f64>,
}

impl Limits {
    fn of(info: &Value) -> Self {
        let profiles = list(info, "profile");
        let limit = |name: &str| {
            let told = |of: &Value| positive_of(&of[name]);
            told(info).or_else(|| profiles.iter().find_map(|profile| told(profile)))
        };
        let width = limit("maxWidth");
        // The width is the limit of both where it stands alone.
        Self { width, height: limit("maxHeight").or(width), area: limit("maxArea") }
    }

    fn is_none(&self) -> bool {
        self.width.is_none() && self.height.is_none() && self.area.is_none()
    }

    fn largest(&self, width: u32, height: u32) -> (u32, u32) {
        let (wide, high) = (f64::from(width), f64::from(height));
        let scales = [
            self.width.map(|most| most / wide),
            self.height.map(|most| most / high),
            self.area.map(|most| (most / (wide * high)).sqrt()),
        ];
        let scale = scales.into_iter().flatten().fold(1.0, f64::min);
        let scaled = |side: f64| ((side * scale).floor() as u32).max(1);
        (scaled(wide), scaled(high))
    }
}

/// The extension of the format that the publisher prefers; every server gives JPEG (Image API, section 4.5).
fn extension(info: &Value) -> String {
    let preferred = list(info, "preferredFormats").into_iter().find_map(Value::as_str);
    let known =
        preferred.filter(|&it| media_type::by_extension(it).is_some_and(|it| it.name.starts_with("image/")));
    known.unwrap_or("jpg").to_owned()
}

/// The version of the Image API, where it is 2 or 3 that `service` is of.
pub(super) fn version(service: &Value) -> Option<u8> {
    match type_of(service) {
        "ImageService3" => return Some(3),
        "ImageService2" => return Some(2),
        _ => (),
    }
    let named = ["@context", "profile", "context"].into_iter().flat_map(|name| list(service, name));
    named.filter_map(Value::as_str).find_map(|name| {
        let (_, version) = name.split_once("iiif.io/api/image/")?;
        match version.as_bytes().first()? {
            b'3' => Some(3),
            b'2' => Some(2),
            _ => None,
        }
    })
}

/// The error that a status is which says that something is for others.
fn refused(url: &Url, status: u16) -> Result<()> {
    match status {
        // No credential of ours serves: people log in on a page of the institution.
        401 => Err(Error::login_required(url.host_str().unwrap_or_default(), [])),
        403 => Err(Error::private(url.path())),
        _ => Ok(()),
    }
}

/// Asks whether strangers may have what names a service to ask (Authorization Flow API 2.0, section 4). Version 1 says so with
/// the status of `info.json`.
///
/// # Errors
/// [`LoginRequired`](Error::LoginRequired) where they may not, and those of the network.
pub(super) async fn check_access(cx: &Context, resource: &Value) -> Result<()> {
    let probe = list(resource, "service").into_iter().find(|it| type_of(it).starts_with("AuthProbeService"));
    let Some(url) = probe.and_then(id).and_then(whole) else { return Ok(()) };
    let answer = cx.send(Request::get(url)).await?;
    refused(answer.url(), answer.status())?;
    let answer = answer.ok()?;
    let told: Value = answer.json(NAME)?;
    let status = either(&told, "status", "httpStatus").and_then(Value::as_u64);
    match status {
        None => Err(Error::site_changed(NAME, "$.status", "missing in the answer of the probe")),
        Some(200..=399) => Ok(()),
        Some(_) => refused(answer.url(), 401),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_of_a_picture_is_told_from_another_picture() {
        let body = json!({"service": {"@id": "https://images.example/1/", "profile": "http://iiif.io/api/image/2/level1.json"}});
        let service = Service::of(&body, &Url::parse("https://library.example/").unwrap()).unwrap();
        let check =
            |url: &str, expected| assert_eq!(service.gives(&Url::parse(url).unwrap()), expected, "{url}");
        check("https://images.example/1/full/600,/0/default.jpg", true);
        check("http://images.example/1/full/full/0/default.jpg", true);
        check("https://images.example/1", true);
        check("https://images.example/12/full/full/0/default.jpg", false);
        check("https://files.example/1/full/full/0/default.jpg", false);
    }

    const BASE: &str = "https://images.example/iiif/a%2Fb";

    fn sizes(info: &Value) -> Vec<String> {
        let info = Info::read(info, BASE).unwrap();
        let told =
            |it: &Size| format!("{} {}x{} {}", it.name, it.width, it.height, &it.url.as_str()[BASE.len()..]);
        info.sizes.iter().map(told).collect()
    }

    #[test]
    fn the_largest_is_asked_for_as_its_version_and_limits_say() {
        let v3 = |more: Value| {
            let mut info = json!({"type": "ImageService3", "width": 4000, "height": 3000});
            info.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            info
        };
        let check = |info: Value, expected: &str| assert_eq!(sizes(&info)[0], expected, "{info}");
        check(v3(json!({})), "max 4000x3000 /full/max/0/default.jpg");
        check(v3(json!({"maxWidth": 2000})), "max 2000x1500 /full/max/0/default.jpg");
        check(v3(json!({"maxWidth": 2000, "maxHeight": 300})), "max 400x300 /full/max/0/default.jpg");
        check(v3(json!({"maxArea": 120_000})), "max 400x300 /full/max/0/default.jpg");
        check(v3(json!({"maxWidth": 9000})), "max 4000x3000 /full/max/0/default.jpg");
        check(v3(json!({"preferredFormats": ["png"]})), "max 4000x3000 /full/max/0/default.png");
        check(v3(json!({"preferredFormats": ["exe"]})), "max 4000x3000 /full/max/0/default.jpg");
        let v2 = |profile: Value| json!({"@context": "http://iiif.io/api/image/2/context.json", "width": 400, "height": "300", "profile": profile});
        let level = "http://iiif.io/api/image/2/level2.json";
        check(v2(json!([level])), "max 400x300 /full/full/0/default.jpg");
        check(v2(json!([level, {"maxWidth": 200}])), "max 200x150 /full/max/0/default.jpg");
    }

    #[test]
    fn smaller_sizes_are_qualities() {
        let info = json!({"type": "ImageService3", "width": 400, "height": 300, "maxWidth": 200, "sizes": [
            {"width": 50, "height": 37}, {"width": 400, "height": 300}, {"width": 100, "height": 75}, {"width": 100}, 7,
            {"width": 100, "height": 75}
        ]});
        let expected = [
            "max 200x150 /full/max/0/default.jpg",
            "100x75 100x75 /full/100,75/0/default.jpg",
            "50x37 50x37 /full/50,37/0/default.jpg",
        ];
        assert_eq!(sizes(&info), expected);
        assert_eq!(Info::read(&info, BASE).unwrap().note().unwrap()["width"], 400);
    }

    #[test]
    fn a_picture_is_of_the_type_that_it_is_asked_for_as_wherever_its_link_says_so() {
        let info = json!({"type": "ImageService3", "width": 4, "height": 3, "preferredFormats": ["png"]});
        for base in [BASE, "https://images.example/server.fcgi?IIIF=/a.tif"] {
            let source = Url::parse("https://library.example/").unwrap();
            let [content] = &Info::read(&info, base).unwrap().contents("a", &source)[..] else { panic!() };
            let told = (content.extension.as_deref(), content.content_type.as_deref());
            assert_eq!(told, (Some("png"), Some("image/png")), "{base}");
        }
    }

    #[test]
    fn a_picture_without_a_size_is_a_changed_site_and_one_of_version_1_is_not_read() {
        let check = |info: Value, expected: &str| {
            assert_eq!(Info::read(&info, BASE).unwrap_err().to_string(), expected);
        };
        check(json!({"type": "ImageService3", "height": 1}), "iiif changed: missing, or no size at $.width");
        check(
            json!({"type": "ImageService3", "width": 1, "height": 0}),
            "iiif changed: missing, or no size at $.height",
        );
        let old = json!({"@context": "http://library.stanford.edu/iiif/image-api/1.1/context.json", "width": 1, "height": 1});
        assert_eq!(Info::read(&old, BASE).unwrap_err().code(), "unsupported");
    }
}
