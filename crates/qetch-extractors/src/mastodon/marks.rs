//! What the answers of each kind of server carry that no other's do.

use qetch_core::{Answer, http::header};

/// The software of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Software {
    /// Mastodon, and what is made of it: glitch-soc, Hometown, and others.
    Mastodon,
    /// Pleroma, Akkoma, and what is made of them, with any of their front ends.
    Pleroma,
    GoToSocial,
    Pixelfed,
}

impl Software {
    /// The software whose answer this is, where its marks are there. Pure: nothing is asked.
    ///
    /// | software | mark |
    /// |---|---|
    /// | Mastodon | the header `Server: Mastodon`; the script `initial-state` with `streaming_api_base_url` in it; the logo of the pages of 2.0 to 3.5; the page between an instance and another |
    /// | Pleroma | what its front ends say where scripts are off; the script `initial-results` with the address of its configuration |
    /// | GoToSocial | the header `Server: gotosocial`; the link to its source at the foot of a page, with its own style sheets |
    /// | Pixelfed | `og:site_name` beside its own configuration |
    /// | any | `<meta name="generator">` that begins with its name |
    ///
    /// A page that merely quotes them has them escaped.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        let media_type = answer.media_type();
        let media_type = media_type.as_deref().unwrap_or("text/html");
        // A feed and a file of an instance have its headers too, and are read by others.
        let is_page = matches!(media_type, "text/html" | "application/xhtml+xml");
        let is_object = matches!(media_type, "application/activity+json" | "application/ld+json");
        if !is_page && !is_object {
            return None;
        }
        match answer.header(header::SERVER) {
            Some(server) if server.eq_ignore_ascii_case("mastodon") => return Some(Self::Mastodon),
            Some(server) if server.eq_ignore_ascii_case("gotosocial") => return Some(Self::GoToSocial),
            _ => (),
        }
        if is_page { Self::of_page(&answer.text(), answer.url().path()) } else { None }
    }

    /// Whether its API answers nobody without a token, not even for what is public.
    pub(super) fn answers_nobody(self) -> bool {
        matches!(self, Self::GoToSocial | Self::Pixelfed)
    }

    fn of_page(page: &str, path: &str) -> Option<Self> {
        let has = |mark: &str| page.contains(mark);
        let has_script = |id: &str| {
            has(&format!(r#"<script id="{id}" type="application/json""#))
                || has(&format!("<script id='{id}' type='application/json'"))
        };
        let is_between = path.starts_with("/redirect/")
            && (has(r#"class="redirect__logo""#) || has("class='redirect__logo'"));
        let says = |software: &str| has(&format!("<noscript>To use {software}, please enable JavaScript."));
        match () {
            () if has_script("initial-state") && has(r#""streaming_api_base_url":"#) => Some(Self::Mastodon),
            () if has(r##"href="#mastodon-svg-logo"##) || is_between => Some(Self::Mastodon),
            () if ["Pleroma", "Akkoma", "Soapbox"].iter().any(|it| says(it)) => Some(Self::Pleroma),
            () if has_script("initial-results") && has("/api/pleroma/frontend_configurations") => {
                Some(Self::Pleroma)
            }
            () if has(r#"superseriousbusiness/gotosocial""#) && has(r#"href="/assets/dist/"#) => {
                Some(Self::GoToSocial)
            }
            () if has(r#"<meta property="og:site_name" content="Pixelfed">"#)
                && has("window.App = {config:") =>
            {
                Some(Self::Pixelfed)
            }
            () => Self::of_generator(page),
        }
    }

    /// The software that the page says it is made by.
    fn of_generator(page: &str) -> Option<Self> {
        let (_, name) = ["<meta name=\"generator\" content=\"", "<meta name='generator' content='"]
            .iter()
            .find_map(|before| page.split_once(before))?;
        let begins = |with: &str| name.get(..with.len()).is_some_and(|it| it.eq_ignore_ascii_case(with));
        let known = [
            ("mastodon", Self::Mastodon),
            ("pleroma", Self::Pleroma),
            ("akkoma", Self::Pleroma),
            ("gotosocial", Self::GoToSocial),
            ("pixelfed", Self::Pixelfed),
        ];
        known.into_iter().find(|(name, _)| begins(name)).map(|(_, software)| software)
    }
}

#[cfg(test)]
mod tests {
    use qetch_core::{
        Url,
        http::{HeaderMap, StatusCode},
    };

    use super::*;

    fn answer(server: &str, media_type: &str, url: &str, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(header::SERVER, server.parse().unwrap());
        headers.insert(header::CONTENT_TYPE, media_type.parse().unwrap());
        Answer::new(StatusCode::OK, headers, Url::parse(url).unwrap(), body.to_owned())
    }

    fn page(body: &str) -> Option<Software> {
        Software::of(&answer("cloudflare", "text/html; charset=utf-8", "https://a.example/@b", body))
    }

    #[test]
    fn a_header_tells_where_no_proxy_hides_it() {
        let check = |server: &str, media_type: &str, expected: Option<Software>| {
            let answer = answer(server, media_type, "https://a.example/@b", "");
            assert_eq!(Software::of(&answer), expected, "{server} {media_type}");
        };
        check("Mastodon", "text/html; charset=utf-8", Some(Software::Mastodon));
        check("gotosocial", "application/activity+json", Some(Software::GoToSocial));
        check("Mastodon", "application/rss+xml", None);
        check("Mastodon", "image/png", None);
        check("nginx", "text/html", None);
        check("Mastodon-like", "text/html", None);
    }

    #[test]
    fn a_page_tells_its_software_by_its_own_markup() {
        let check = |body: &str, expected| assert_eq!(page(body), Some(expected), "{body}");
        check(
            r#"<script id="initial-state" type="application/json">{"meta":{"streaming_api_base_url":"wss://a.example"}}</script>"#,
            Software::Mastodon,
        );
        check(
            r#"<script id='initial-state' type='application/json'>{"meta":{"streaming_api_base_url":""#,
            Software::Mastodon,
        );
        check(r##"<svg><use xlink:href="#mastodon-svg-logo-full"></use></svg>"##, Software::Mastodon);
        check("<noscript>To use Pleroma, please enable JavaScript.</noscript>", Software::Pleroma);
        check("<noscript>To use Akkoma, please enable JavaScript.</noscript>", Software::Pleroma);
        check(
            r#"<script id="initial-results" type="application/json">{"/api/pleroma/frontend_configurations":"e30="}</script>"#,
            Software::Pleroma,
        );
        check(
            r#"<link rel="stylesheet" href="/assets/dist/thread.css"><a href="https://codeberg.org/superseriousbusiness/gotosocial" class="nounderline">"#,
            Software::GoToSocial,
        );
        check(
            r#"<meta property="og:site_name" content="Pixelfed"><script>window._sharedData = {}; window.App = {config:{}};</script>"#,
            Software::Pixelfed,
        );
        check(r#"<meta name="generator" content="Pixelfed v0.12">"#, Software::Pixelfed);
        check(r#"<meta name='generator' content='Mastodon 4.4'>"#, Software::Mastodon);
    }

    #[test]
    fn the_page_between_two_instances_is_told_by_its_path_and_its_logo() {
        let at = |url: &str| {
            let body = "<div class='redirect'><div class='redirect__logo'>";
            Software::of(&answer("nginx", "text/html", url, body))
        };
        assert_eq!(at("https://a.example/redirect/statuses/1"), Some(Software::Mastodon));
        assert_eq!(at("https://a.example/@b/1"), None);
    }

    #[test]
    fn other_sites_are_not_taken_for_an_instance() {
        for body in [
            "",
            "<html><title>@channel - Videos</title>",
            r#"<meta name="generator" content="WordPress 6.8"><link rel="alternate" type="application/activity+json" href="/?author=1">"#,
            r#"<meta name="application-name" content="Misskey">"#,
            r#"<script id="initial-state" type="application/json">{"resourceResponses":[]}</script>"#,
            r#"<script id="initial-results" type="application/json">[1,2]</script>"#,
            r#"<pre>&lt;script id="initial-state" type="application/json"&gt; "streaming_api_base_url":</pre>"#,
            r#"<a href="https://codeberg.org/superseriousbusiness/gotosocial">a review of GoToSocial</a>"#,
            r#"<meta property="og:site_name" content="Pixelfed">"#,
            "To use Mastodon, please enable JavaScript.",
            "<meta name=\"generator\" content=\"äää",
        ] {
            assert_eq!(page(body), None, "{body}");
        }
    }
}
