//! Which `<img>` of a page are pictures of it, and the qualities of each.
//!
//! A picture counts unless
//! - it has no file: no address of http or https in it, its `srcset` or the sources of its `<picture>` (`data:` is none);
//! - it tracks: a side of it is told to be of 2 pixels or fewer; or nothing tells a size, and its link is that of a beacon, a
//!   GIF with a query or a name that has no extension of pictures;
//! - it is an ornament: a side of it is told to be of fewer than [`LEAST`] pixels, or it is a drawing or an icon (SVG, ICO);
//! - it is hidden, or stands in `<nav>`, `<aside>` or `<footer>`.
//!
//! What a page shows its size with are the attributes `width` and `height` and the widths of `srcset`.

use qetch_core::{Kind, Url, link};

use super::{
    document::{Document, Picture},
    media::{Form, file, form},
    resource::{Facts, File, Resource},
    srcset::{self, Candidate},
    text,
};

/// The fewest pixels that a side of a picture has: what is smaller is a button, an icon or a face beside a comment.
const LEAST: u32 = 64;

/// From so many pixels on a side is one of a picture, and below it is one that tracks.
const SEEN: u32 = 3;

/// The resource that an `<img>` shows; `None` where it is no picture of the page.
pub(super) fn of_picture(picture: &Picture, document: &Document, page: &Url) -> Option<Resource> {
    if picture.is_aside {
        return None;
    }
    let shown = [&picture.width, &picture.height].map(|text| text.as_deref().and_then(text::pixels));
    if has_tiny_side(picture, shown) {
        return None;
    }
    let mut files = Files { document, page, shape: shape(shown), files: Vec::new() };
    // A source may be of another shape, so what is told of the image does not hold for it.
    for source in &picture.sources {
        for candidate in srcset::parse(&source.address) {
            files.add(&candidate, source.media_type.as_deref(), None);
        }
    }
    let own_shape = files.shape;
    for candidate in picture.srcset.as_deref().map(srcset::parse).unwrap_or_default() {
        files.add(&candidate, None, own_shape);
    }
    let is_told = shown.iter().any(Option::is_some) || !files.files.is_empty();
    if let Some(address) = &picture.address {
        let url = document.link(page, address).filter(|url| is_told || has_a_name_of_pictures(url));
        files.push(url, None, (None, 1.0), None);
    }
    let files = files.files;
    let widest = files.iter().filter_map(|file| file.width).max();
    if files.is_empty() || widest.is_some_and(|width| width < LEAST) {
        return None;
    }
    let facts = Facts { description: picture.text.as_deref().and_then(text::plain), ..Facts::default() };
    let mut resource = Resource { facts, ..Resource::default() };
    for file in files {
        resource.add_file(file);
    }
    Some(resource)
}

/// Whether a side of it is told to be that of an ornament, or of nothing that is seen.
fn has_tiny_side(picture: &Picture, shown: [Option<u32>; 2]) -> bool {
    let is_nothing = |text: &Option<String>| text.as_deref().and_then(text::number) == Some(0.0);
    [&picture.width, &picture.height].into_iter().any(is_nothing)
        || shown.into_iter().flatten().any(|side| side < LEAST.max(SEEN))
}

/// Height over width, where the page tells both.
fn shape(shown: [Option<u32>; 2]) -> Option<f64> {
    match shown {
        [Some(width), Some(height)] => Some(f64::from(height) / f64::from(width)),
        _ => None,
    }
}

/// Whether the link is that of a picture by its name alone. A GIF with a query is what counts visitors.
fn has_a_name_of_pictures(url: &Url) -> bool {
    let is_picture = form(url, None) == Form::File(Kind::Image);
    is_picture && !(url.query().is_some() && link::extension(url).as_deref() == Some("gif"))
}

/// The files of a picture, as they are gathered.
struct Files<'a> {
    document: &'a Document,
    page: &'a Url,
    shape: Option<f64>,
    files: Vec<File>,
}

impl Files<'_> {
    fn add(&mut self, candidate: &Candidate<'_>, declared: Option<&str>, shape: Option<f64>) {
        self.push(
            self.document.link(self.page, candidate.url),
            declared,
            (candidate.width, candidate.density),
            shape,
        );
    }

    fn push(
        &mut self,
        url: Option<Url>,
        declared: Option<&str>,
        (width, density): (Option<u32>, f64),
        shape: Option<f64>,
    ) {
        let Some(url) = url.filter(|url| !is_drawing(url)) else { return };
        let mut file = file(url, Kind::Image, declared.filter(|name| name.trim().starts_with("image/")));
        if matches!(
            file.media_type.as_deref(),
            Some("image/svg+xml" | "image/vnd.microsoft.icon" | "image/x-icon")
        ) {
            return;
        }
        file.width = width;
        // The candidates of one `srcset` are one picture at several sizes.
        file.height = width.zip(shape).map(|(width, shape)| (f64::from(width) * shape).round() as u32);
        file.density = Some(density);
        self.files.push(file);
    }
}

/// Whether the link is that of a drawing or an icon by its name.
pub(super) fn is_drawing(url: &Url) -> bool {
    matches!(link::extension(url).as_deref(), Some("svg" | "svgz" | "ico" | "cur"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Url {
        Url::parse("https://h.example/a/").unwrap()
    }

    /// A file as its link, its width and its height.
    type Told = (String, Option<u32>, Option<u32>);

    /// The pictures of a page, each as its files.
    fn found(html: &str) -> Vec<Vec<Told>> {
        let document = Document::read(html.as_bytes(), || true);
        let pictures = document.pictures.iter().filter_map(|it| of_picture(it, &document, &page()));
        let files = |it: Resource| {
            let name = |url: &Url| url.as_str().replace("https://h.example", "");
            it.files.into_iter().map(|it| (name(&it.url), it.width, it.height)).collect()
        };
        pictures.map(files).collect()
    }

    #[track_caller]
    fn check_left_out(html: &str) {
        assert_eq!(found(html), Vec::<Vec<_>>::new(), "{html}");
    }

    #[track_caller]
    fn check_taken(html: &str, expected: &str) {
        let found = found(html);
        assert_eq!((found.len(), found[0][0].0.as_str()), (1, expected), "{html}");
    }

    #[test]
    fn what_tracks_is_left_out() {
        check_left_out("<img src=p.png width=1 height=1>");
        check_left_out("<img src=p.jpg height=2px>");
        check_left_out("<img src=p.jpg width=0>");
        check_left_out("<img src='https://t.example/pixel?id=7&r=0.3'>");
        check_left_out("<img src='https://t.example/__utm.gif?id=7'>");
        check_left_out("<img src='https://t.example/count.php'>");
    }

    #[test]
    fn what_has_no_file_is_left_out() {
        check_left_out("<img alt=x><img src=''><img src='data:image/gif;base64,R0lGOD'>");
        check_left_out("<img srcset='data:image/png;base64,AA== 1x'><img src='blob:https://h.example/1'>");
    }

    #[test]
    fn ornaments_are_left_out() {
        check_left_out("<img src=logo.svg width=400><img src=favicon.ico><img src='sprites.svg#home'>");
        check_left_out("<img src=face.jpg width=48 height=48><img srcset='face.jpg 48w'>");
        check_left_out("<picture><source type=image/svg+xml srcset=a></picture>");
        check_left_out("<nav><img src=a.jpg></nav><img hidden src=a.jpg>");
    }

    #[test]
    fn pictures_are_taken() {
        check_taken("<img src=a.jpg>", "/a/a.jpg");
        check_taken("<img src='a.jpg?w=800'>", "/a/a.jpg?w=800");
        check_taken("<img src=a.gif>", "/a/a.gif");
        check_taken("<img src='/image/7' width=800 height=600>", "/image/7");
        check_taken("<img src='data:,x' data-src=a.jpg width=100%>", "/a/a.jpg");
        check_taken("<img srcset='/image/7 2x'>", "/image/7");
    }

    #[test]
    fn every_candidate_is_a_quality_once() {
        let html = "<picture><source type=image/avif srcset='a.avif 800w, b.avif 400w'>
            <img width=400 height=300 src=b.jpg srcset='a.jpg 800w, b.jpg 400w'></picture>";
        let expected = [
            ("/a/a.avif", Some(800), None),
            ("/a/b.avif", Some(400), None),
            ("/a/a.jpg", Some(800), Some(600)),
            ("/a/b.jpg", Some(400), Some(300)),
        ];
        let expected: Vec<_> = expected.map(|(name, width, height)| (name.to_owned(), width, height)).into();
        assert_eq!(found(html), [expected]);
    }
}
