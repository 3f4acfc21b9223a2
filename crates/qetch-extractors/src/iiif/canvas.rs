//! Canvases: what is painted on one, as resources.

use std::collections::HashSet;

use qetch_core::{
    Content, Context, Error, Found, Fragment, Handoff, Kind, Known, Request, Result, Role, Url, Variants,
    Warning, lenient::positive_of, media_type,
};
use serde_json::{Map, Value};

use super::{
    NAME,
    bodies::{choices, has_motivation, is_playlist, is_timed, kind, language, media_type_of},
    image::{Service, check_access},
    manifest::{Manifest, pairs, renderings, uid_in},
    ranges,
    values::{Time, either, extent, id, list, target, text, text_at},
};

/// A canvas of a manifest.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    manifest: &'a Manifest,
    value: &'a Value,
    index: usize,
    /// Where it stands, for errors.
    path: String,
}

/// What was found on a canvas.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) found: Vec<Result<Found>>,
    /// The first place where something was missing.
    pub(super) missing: Option<Error>,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(manifest: &'a Manifest, value: &'a Value, index: usize, path: String) -> Self {
        Self { manifest, value, index, path }
    }

    /// What is painted on it: each annotation is a resource, since several are parts of one view, or follow one another in
    /// time. Of a choice between recordings each is a quality; pictures to choose from are different pictures (a painting by
    /// daylight and in X-rays), so that each is a resource.
    pub(super) async fn read(&self, cx: &Context) -> Read {
        let mut read = Read::default();
        let annotations = match self.paintings(cx).await {
            Ok(annotations) => annotations,
            Err(error) => return Read { found: vec![Err(error)], missing: None },
        };
        let is_version_2 = self.path.starts_with("$.sequences");
        let (list_name, body_name, id_name) =
            if is_version_2 { ("images", "resource", "@id") } else { ("items", "body", "id") };
        let (mut is_first, mut seen) = (true, HashSet::new());
        for (path, annotation) in annotations {
            let Some(body) = either(&annotation, "body", "resource") else {
                let missing = || Error::site_changed(NAME, format!("{path}.{body_name}"), "missing");
                read.missing.get_or_insert_with(missing);
                continue;
            };
            let mut groups = Vec::new();
            choices(body, &mut groups);
            let at = either(&annotation, "target", "on").and_then(target).and_then(|(_, time)| time);
            let (from, to) = at.unwrap_or((0.0, None));
            let are_several = groups.len() > 1;
            for group in groups {
                let Some(first) = group.iter().find_map(|body| self.manifest.link(body)) else {
                    let path = format!("{path}.{body_name}.{id_name}");
                    let missing = || Error::site_changed(NAME, path, "missing, or no link");
                    read.missing.get_or_insert_with(missing);
                    continue;
                };
                // A picture may be painted twice: in full, and a detail of it.
                if !seen.insert(first) {
                    continue;
                }
                let known = self.known(group[0], are_several, (from, to));
                let resource = self.resource(cx, &group, known, is_first, &mut read.found).await;
                is_first &= !matches!(resource, Ok(Some(_)));
                read.found.extend(resource.transpose());
            }
        }
        if read.found.is_empty() {
            let what =
                text_at(self.value, "label", "title").unwrap_or_else(|| format!("number {}", self.index + 1));
            let message = format!("nothing to bring is painted on the canvas {what} ({})", self.path);
            read.found.push(Ok(warning(message).into()));
            // A page may be missing from a book (IIIF cookbook, 0283); a list that is missing says nothing of the kind.
            if self.value.get(list_name).is_none() {
                let missing = || Error::site_changed(NAME, format!("{}.{list_name}", self.path), "missing");
                read.missing.get_or_insert_with(missing);
            }
        }
        read
    }

    /// The annotations that paint, each with its path. Pages of them that stand elsewhere are asked for.
    async fn paintings(&self, cx: &Context) -> Result<Vec<(String, Value)>> {
        let mut all = Vec::new();
        for (number, page) in list(self.value, "items").into_iter().enumerate() {
            let path = format!("{}.items[{number}]", self.path);
            let items = self.page(cx, page).await?;
            all.extend(items.into_iter().enumerate().map(|(at, it)| (format!("{path}.items[{at}]"), it)));
        }
        let images = list(self.value, "images").into_iter().cloned().enumerate();
        all.extend(images.map(|(at, it)| (format!("{}.images[{at}]", self.path), it)));
        all.retain(|(_, annotation)| has_motivation(annotation, "painting", true));
        Ok(all)
    }

    /// The annotations of a page, which is asked for where it stands elsewhere.
    async fn page(&self, cx: &Context, page: &Value) -> Result<Vec<Value>> {
        let own = |page: &Value| list(page, "items").into_iter().cloned().collect();
        match self.manifest.link(page) {
            Some(url) if page.get("items").is_none() => {
                let answer: Value = cx.send(Request::get(url)).await?.ok()?.json(NAME)?;
                Ok(own(&answer))
            }
            _ => Ok(own(page)),
        }
    }

    /// The resource that the alternatives `group` are.
    async fn resource(
        &self,
        cx: &Context,
        group: &[&Value],
        mut known: Known,
        is_first: bool,
        warnings: &mut Vec<Result<Found>>,
    ) -> Result<Option<Found>> {
        let mut contents = Vec::new();
        let mut playlist = None;
        for &body in group {
            let Some(url) = self.manifest.link(body) else { continue };
            if is_playlist(body, &url) {
                playlist.get_or_insert(url);
                continue;
            }
            match Service::of(body, &self.manifest.source).filter(|_| !is_timed(kind(body))) {
                Some(service) => {
                    contents.extend(self.picture(cx, body, url, &service, warnings).await?);
                }
                None => {
                    check_access(cx, body).await?;
                    contents.push(self.file(body, url));
                }
            }
        }
        // Streams of one recording are its qualities too; the first is what a player begins with.
        if let (true, Some(url)) = (contents.is_empty(), playlist) {
            // Its file is called `master.m3u8`, or the like.
            known.title_wins = true;
            return Ok(Some(Handoff::new(url).with_known(known).into()));
        }
        if contents.is_empty() {
            return Ok(None);
        }
        // What is listed twice is one.
        let mut uids = HashSet::new();
        contents.retain(|content| uids.insert(content.uid.clone()));
        let mut captions = Vec::new();
        if is_first {
            self.stand_ins(&mut contents);
            if contents.iter().any(|content| is_timed(content.kind)) {
                captions = self.captions(cx, warnings).await;
            }
        }
        let variants = Variants::ranked(contents)?.with_known(&known);
        // What else is told of a canvas is not of its captions.
        known.metadata.clear();
        Ok(Some(variants.with_companions(captions).with_known(&known).into()))
    }

    /// A picture at every size that its server gives, and as a file where it is one besides.
    async fn picture(
        &self,
        cx: &Context,
        body: &Value,
        url: Url,
        service: &Service,
        warnings: &mut Vec<Result<Found>>,
    ) -> Result<Vec<Content>> {
        let info = match service.info(cx).await {
            Ok(info) => info,
            Err(error) if is_broken(&error) => {
                let message = format!(
                    "{} does not tell its sizes ({error}); the file that is listed is taken",
                    service.base
                );
                warnings.push(Ok(warning(message).into()));
                return Ok(vec![self.file(body, url)]);
            }
            Err(error) => return Err(error),
        };
        let mut contents = info.contents(&self.uid(&service.base), &self.manifest.source);
        if !service.gives(&url) {
            contents.push(self.file(body, url));
        }
        Ok(contents)
    }

    /// The file that a body is.
    fn file(&self, body: &Value, url: Url) -> Content {
        let media_type = media_type_of(body, &url);
        let uid = format!("{}-file", self.uid(&url));
        let kind = match kind(body) {
            Kind::Other => media_type.as_deref().map_or(Kind::Other, media_type::kind_of),
            kind => kind,
        };
        let fragment = Fragment::new(url);
        let mut content = Content::new(uid, kind, self.manifest.source.clone(), [fragment]);
        content.content_type = media_type;
        (content.width, content.height) = extent(body).unzip();
        if is_timed(kind) {
            content.duration =
                positive_of(&body["duration"]).or_else(|| positive_of(&self.value["duration"]));
        }
        content.language = language(body);
        content
    }

    /// Adds the pictures that stand for it: its own or, for the first canvas, those of the manifest. What is shown before or
    /// beside a recording (Presentation 3.0, section 3.1: `placeholderCanvas`, `accompanyingCanvas`) is a poster.
    fn stand_ins(&self, contents: &mut Vec<Content>) {
        let mut pictures: Vec<_> =
            list(self.value, "thumbnail").into_iter().map(|it| (Role::Thumbnail, it)).collect();
        let is_of_all = pictures.is_empty() && self.index == 0;
        if is_of_all {
            pictures.extend(self.manifest.thumbnails().into_iter().map(|it| (Role::Thumbnail, it)));
        }
        let beside = ["placeholderCanvas", "accompanyingCanvas"].map(|name| list(self.value, name)).concat();
        let pages =
            beside.iter().flat_map(|canvas| list(canvas, "items")).flat_map(|page| list(page, "items"));
        let bodies: Vec<&Value> = pages.filter_map(|annotation| annotation.get("body")).collect();
        pictures
            .extend(bodies.into_iter().filter(|body| kind(body) == Kind::Image).map(|it| (Role::Poster, it)));
        for (role, picture) in pictures {
            let Some(url) = self.manifest.link(picture) else { continue };
            if contents.iter().any(|content| content.fragments.iter().any(|it| it.url == url)) {
                continue;
            }
            // That of the whole manifest stands on the first page, whichever that is.
            let of_all = (is_of_all && role == Role::Thumbnail).then(|| self.manifest.uid(&url));
            let mut content = self.file(picture, url);
            let name = if role == Role::Poster { "poster" } else { "thumbnail" };
            let own = of_all.as_deref().unwrap_or(content.uid.trim_end_matches("-file"));
            content.uid = format!("{own}-{name}");
            (content.role, content.kind) = (role, Kind::Image);
            contents.push(content);
        }
    }

    /// The captions of a recording: what supplements it in a format of captions.
    async fn captions(&self, cx: &Context, warnings: &mut Vec<Result<Found>>) -> Vec<Content> {
        let mut captions: Vec<Content> = Vec::new();
        for page in list(self.value, "annotations") {
            let annotations = match self.page(cx, page).await {
                Ok(annotations) => annotations,
                Err(error) => {
                    warnings.push(Ok(warning(format!("captions are left out: {error}")).into()));
                    continue;
                }
            };
            for annotation in annotations.iter().filter(|it| has_motivation(it, "supplementing", false)) {
                let mut groups = Vec::new();
                choices(annotation.get("body").unwrap_or(&Value::Null), &mut groups);
                for body in groups.concat() {
                    let Some(url) = self.manifest.link(body) else { continue };
                    let media_type = media_type_of(body, &url);
                    if !matches!(media_type.as_deref(), Some("text/vtt" | "application/x-subrip")) {
                        continue;
                    }
                    let mut caption = self.file(body, url);
                    (caption.role, caption.kind) = (Role::Caption, Kind::Text);
                    caption.metadata = text_at(body, "label", "title")
                        .map(|it| ("label".into(), it.into()))
                        .into_iter()
                        .collect();
                    if captions.iter().all(|it| it.uid != caption.uid) {
                        captions.push(caption);
                    }
                }
            }
        }
        captions
    }

    /// What is told of a body that is painted from the second `from` on until `to`.
    fn known(&self, body: &Value, is_one_of_several: bool, (from, to): Time) -> Known {
        let own = text_at(self.value, "label", "title");
        let of_body = body.get("label").and_then(text).filter(|_| is_one_of_several);
        let title = match self.manifest.count() {
            1 => self.manifest.title.clone().or_else(|| own.clone()),
            _ => own.clone().or_else(|| self.manifest.title.clone()),
        };
        let title = [title, of_body].into_iter().flatten().collect::<Vec<_>>().join(": ");
        let mut metadata = self.manifest.metadata.clone();
        let of_canvas = Map::from_iter(
            pairs(self.value).into_iter().map(|(_, pairs)| ("canvasMetadata".to_owned(), pairs)),
        );
        metadata.extend(of_canvas);
        metadata.extend(renderings(self.value));
        let told = [("canvas", id(self.value).map(str::to_owned)), ("label", own)];
        metadata.extend(told.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
        let chapters = id(self.value).map(|id| ranges::of_canvas(&self.manifest.chapters, id, from, to));
        if let Some(chapters) = chapters.filter(|chapters| !chapters.is_empty()) {
            metadata.insert("chapters".into(), chapters.into());
        }
        let mut known = Known::default();
        known.title = Some(title).filter(|title| !title.is_empty());
        known.description.clone_from(&self.manifest.description);
        known.uploaded_by.clone_from(&self.manifest.provider);
        known.metadata = metadata;
        known.collection = self.manifest.collection(self.index);
        known
    }

    /// What tells `body` on this canvas from everything else.
    fn uid(&self, body: &Url) -> String {
        match self.manifest.link(self.value) {
            Some(canvas) => uid_in(&canvas, body),
            None => self.manifest.uid(body),
        }
    }
}

fn warning(message: impl AsRef<str>) -> Warning {
    Warning::new(format!("{NAME}: {}", message.as_ref()))
}

/// Whether a server does not do what it says, and no more than that.
fn is_broken(error: &Error) -> bool {
    matches!(
        error.code(),
        "not_found" | "gone" | "site_changed" | "http" | "over_limit" | "bad_reply" | "unsupported"
    )
}
