//! `Link`: the links of captures, `/web/MOMENT[FLAG]/URL`.

use qetch_core::{Url, link::is_http};

use super::HOST;

/// What a link of a capture names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The digits of the moment, one to fourteen of them; empty for the latest capture.
    pub(crate) digits: String,
    /// The captured URL, without user information and fragment.
    pub(crate) original: Url,
}

impl Link {
    /// Reads the links that people copy and that mementos answer from; `None` for what names no URL of http or https. What
    /// the captured URL has of a query is the link's.
    pub(crate) fn read(url: &Url) -> Option<Self> {
        let path = url.path();
        let path = path.strip_prefix("/web/").or_else(|| path.strip_prefix('/'))?;
        let (digits, rest) = path.split_at(path.bytes().take_while(u8::is_ascii_digit).count());
        let is_flag = |flag: &str| {
            flag.len() == 3 && flag.ends_with('_') && flag.bytes().take(2).all(|it| it.is_ascii_lowercase())
        };
        let (digits, original) = match rest.split_once('/') {
            _ if digits.is_empty() => ("", path),
            Some((flag, original)) if digits.len() <= 14 && (flag.is_empty() || is_flag(flag)) => {
                (digits, original)
            }
            // A host may begin with digits.
            _ if rest.contains('.') => ("", path),
            _ => return None,
        };
        let original = original_url(original, url.query())?;
        Some(Self { digits: digits.to_owned(), original })
    }
}

/// The link of the capture of `original` at `digits`: raw for the flag `id_`, as a browser shows it for none. A URL that
/// makes no link of it does not come from [`Link::read`].
pub(crate) fn memento(digits: &str, flag: &str, original: &Url) -> Option<Url> {
    Url::parse(&format!("https://{HOST}/web/{digits}{flag}/{original}")).ok()
}

/// The captured URL as it stands in a link. Its scheme may be missing, which is http, and of the slashes behind it some
/// get lost where links are written down.
fn original_url(text: &str, query: Option<&str>) -> Option<Url> {
    let scheme = |name: &str| {
        let (start, rest) = text.split_at_checked(name.len())?;
        let rest = rest.trim_start_matches('/');
        (start.eq_ignore_ascii_case(name) && !rest.is_empty()).then(|| format!("{name}//{rest}"))
    };
    let mut whole = scheme("https:").or_else(|| scheme("http:")).unwrap_or_else(|| format!("http://{text}"));
    if let Some(query) = query {
        whole.push('?');
        whole.push_str(query);
    }
    let mut original = Url::parse(&whole).ok()?;
    original.set_fragment(None);
    is_web(&original).then_some(original)
}

/// Whether it is what a crawler can have asked for: of http or https, with a host that looks like one, and without user
/// information. The index has addresses of mail and pictures with `http://` before them.
pub(crate) fn is_web(original: &Url) -> bool {
    let is_host = original.host_str().is_some_and(|host| host.contains(['.', ':']));
    is_http(original) && is_host && original.username().is_empty() && original.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(link: &str) -> Option<(String, String)> {
        let link = Link::read(&Url::parse(link).unwrap())?;
        Some((link.digits, link.original.to_string()))
    }

    #[track_caller]
    fn check(link: &str, digits: &str, original: &str) {
        assert_eq!(read(link), Some((digits.to_owned(), original.to_owned())), "{link}");
    }

    #[test]
    fn links_are_read_as_people_copy_them() {
        let file = "http://h.example/a.jpg";
        check("https://web.archive.org/web/20160102030405/http://h.example/a.jpg", "20160102030405", file);
        check("http://web.archive.org/web/20160102030405id_/http://h.example/a.jpg", "20160102030405", file);
        check("https://web.archive.org/web/2016im_/http://h.example/a.jpg#top", "2016", file);
        check("https://web.archive.org/web/2/h.example/a.jpg", "2", file);
        check("https://web.archive.org/web/2016/http:/h.example/a.jpg", "2016", file);
        check("https://web.archive.org/web/2016/HTTP://H.example:80/a.jpg", "2016", file);
        check("https://web.archive.org/20160102030405/http://h.example/a.jpg", "20160102030405", file);
        check("https://web.archive.org/web/http://h.example/a.jpg", "", file);
        check("https://web.archive.org/http://h.example/a.jpg", "", file);
        check(
            "https://web.archive.org/web/2016/https://h.example/a?b=c&d",
            "2016",
            "https://h.example/a?b=c&d",
        );
        check("https://web.archive.org/web/2016/https://h.example", "2016", "https://h.example/");
        check("https://web.archive.org/web/4frogs.example", "", "http://4frogs.example/");
        check("https://web.archive.org/web/4frogs.example/a.jpg", "", "http://4frogs.example/a.jpg");
        let within = "http://h.example/go/http://i.example/";
        check("https://web.archive.org/web/2016/http://h.example/go/http://i.example/", "2016", within);
    }

    #[test]
    fn what_names_no_capture_is_none() {
        for link in [
            "https://web.archive.org/",
            "https://web.archive.org/web/",
            "https://web.archive.org/web/2016",
            "https://web.archive.org/web/2016/",
            "https://web.archive.org/web/2016*/http://h.example/",
            "https://web.archive.org/web/2016xyz_/http://h.example/",
            "https://web.archive.org/web/201601020304056/http://h.example/",
            "https://web.archive.org/web/2016/http://",
            "https://web.archive.org/web/2016/ftp://h.example/a",
            "https://web.archive.org/web/2016/http://me:pw@h.example/",
            "https://web.archive.org/web/2016/mailto:me@h.example",
        ] {
            assert_eq!(read(link), None, "{link}");
        }
    }

    #[test]
    fn a_link_is_made_of_what_was_read() {
        let link =
            Link::read(&Url::parse("https://web.archive.org/web/2016if_/http://h.example/a?b").unwrap())
                .unwrap();
        let raw = memento(&link.digits, "id_", &link.original).unwrap();
        assert_eq!(raw.as_str(), "https://web.archive.org/web/2016id_/http://h.example/a?b");
        assert_eq!(Link::read(&raw), Some(link));
    }
}
