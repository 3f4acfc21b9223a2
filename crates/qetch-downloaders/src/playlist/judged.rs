//! `Judged`: what a playlist lists is judged before any of it is asked for, and reading it has an end.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use qetch_core::{Context, Error, Result, Url, shown};
use qetch_manifest::Listing;
use tokio::time::timeout;

use super::{Opener, Template};

/// Reads the list of segments as another opener does, and refuses what leads out of http and https. A list with one such
/// link is refused as a whole: a part of it is nothing that anybody asked for.
#[derive(Debug)]
pub(super) struct Judged {
    opener: Arc<dyn Opener>,
    /// How long one reading may take, with all playlists that lead there.
    longest: Duration,
}

impl Judged {
    /// One that keeps the limits of `cx`.
    pub(super) fn new(opener: Arc<dyn Opener>, cx: &Context) -> Self {
        Self { opener, longest: cx.limits().longest_reading() }
    }
}

#[async_trait]
impl Opener for Judged {
    async fn open(&self, afresh: bool) -> Result<Listing> {
        let opened = timeout(self.longest, self.opener.open(afresh)).await;
        let listing = opened.map_err(|_| {
            let seconds = self.longest.as_secs_f32();
            Error::over_limit("the time of reading a playlist", format!("{seconds} s"))
        })??;
        judge(&listing)?;
        Ok(listing)
    }

    async fn template(&self) -> Template {
        self.opener.template().await
    }
}

/// Refuses a list that leads to another scheme. The link of a segment that is said to be missing is never asked for, and
/// may be anything.
fn judge(listing: &Listing) -> Result<()> {
    let asked = listing.segments.iter().filter(|segment| !segment.is_gap);
    let keys = asked.clone().filter_map(|segment| segment.key.as_ref()).map(|key| &key.url);
    let mut links = asked.map(|segment| &segment.url).chain(keys).chain(&listing.location);
    match links.find(|url| !is_http(url)) {
        None => Ok(()),
        Some(url) => {
            let reason = format!("a playlist leads to http and https alone, not to `{}`", url.scheme());
            Err(Error::unsupported(shown(url), reason))
        }
    }
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use qetch_core::{Fragment, Limits};
    use qetch_manifest::{Key, Segment};

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn segment(at: &str) -> Segment {
        Segment::new(url(at), 0)
    }

    #[track_caller]
    fn check(segments: Vec<Segment>, location: Option<&str>, expected: Option<&str>) {
        let mut listing = Listing::default();
        listing.segments.push(segment("https://h.example/0.ts"));
        listing.segments.extend(segments);
        listing.location = location.map(url);
        let error = judge(&listing).err().map(|error| error.to_string());
        let is_as_expected = match (&error, expected) {
            (None, None) => true,
            (Some(error), Some(scheme)) => {
                error.contains(&format!("`{scheme}`")) && !error.contains("s3cret")
            }
            _ => false,
        };
        assert!(is_as_expected, "{error:?}");
    }

    #[test]
    fn one_link_of_another_scheme_refuses_the_list() {
        check(vec![segment("http://h.example/1.ts")], Some("https://h.example/m.mpd"), None);
        check(vec![segment("file:///etc/s3cret")], None, Some("file"));
        check(vec![segment("data:video/mp2t;base64,s3cret")], None, Some("data"));
        check(Vec::new(), Some("ftp://h.example/m.mpd?s3cret"), Some("ftp"));
        let mut locked = segment("http://h.example/1.ts");
        locked.key = Some(Box::new(Key::new(url("data:,s3cret"), [0; 16])));
        check(vec![locked], None, Some("data"));
        let mut gap = segment("data:,");
        gap.is_gap = true;
        check(vec![gap], None, None);
    }

    #[derive(Debug)]
    struct Endless;

    #[async_trait]
    impl Opener for Endless {
        async fn open(&self, _: bool) -> Result<Listing> {
            pending().await
        }

        async fn template(&self) -> Template {
            Template::new(&Fragment::new(url("https://h.example/")))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reading_that_goes_on_for_ever_ends() {
        let cx = Context::builder().limits(Limits::new().extraction_time(Duration::from_secs(9))).build();
        let error = Judged::new(Arc::new(Endless), &cx).open(false).await.unwrap_err();
        assert_eq!(error.code(), "over_limit");
        assert!(error.to_string().contains("9 s"), "{error}");
    }
}
