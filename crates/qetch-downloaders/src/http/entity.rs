//! What is known of the resource behind a fragment, and whether a reply speaks of the same one.

use std::time::Duration;

use http::{HeaderMap, HeaderName, header};
use qetch_core::http_date;
use serde::{Deserialize, Serialize};

/// What is known of the resource behind a fragment. It is set by the first answer, and every later one must agree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entity {
    /// Bytes of the whole resource.
    pub(super) complete: Option<u64>,
    /// Whether parts of it may be asked for.
    #[serde(skip)]
    pub(super) has_ranges: bool,
    /// `ETag` as it was sent (RFC 9110, section 8.8.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    /// `Last-Modified` as it was sent (RFC 9110, section 8.8.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<String>,
    /// Whether `Last-Modified` was a second or more in the past when it was sent, so that it stands for these bytes
    /// alone (RFC 9110, section 8.8.2.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) dated: bool,
    /// Whether it calls itself a page.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_page: bool,
}

/// How far two replies speak of the same resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// A validator says that the bytes are the same.
    Proven,
    /// Nothing says so, and nothing says otherwise: the bytes themselves have to be compared.
    Open,
    /// Another resource, or another version of it, by what differs.
    Changed(&'static str),
}

impl Entity {
    /// What the validators of a reply tell.
    pub(super) fn validators(headers: &HeaderMap) -> Self {
        let (etag, last_modified) = (value(headers, header::ETAG), value(headers, header::LAST_MODIFIED));
        let time = |text: Option<&str>| text.and_then(http_date);
        let modified = time(last_modified.as_deref());
        let sent = time(value(headers, header::DATE).as_deref());
        let dated = modified
            .zip(sent)
            .and_then(|(modified, sent)| sent.duration_since(modified).ok())
            .is_some_and(|age| age >= Duration::from_secs(1));
        let media_type = value(headers, header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        let is_page = ["text/html", "application/xhtml+xml"].iter().any(|page| media_type.starts_with(page));
        Self { etag, last_modified, dated, is_page, ..Self::default() }
    }

    /// Whether `now` has another validator, which may be that of the same bytes on another machine.
    pub(super) fn differs(&self, now: &Self) -> bool {
        self.etag.as_ref().zip(now.etag.as_ref()).is_some_and(|(before, now)| before != now)
    }

    /// Whether `now`, what a later reply tells, is about this.
    ///
    /// An `ETag` that differs alone may belong to the machine that answered: content networks have many, and some name
    /// their copies apart.
    pub(super) fn agreement(&self, now: &Self) -> Agreement {
        if self.complete.zip(now.complete).is_some_and(|(before, now)| before != now) {
            return Agreement::Changed("its size");
        }
        let dates = self.last_modified.as_ref().zip(now.last_modified.as_ref());
        match (&self.etag, &now.etag) {
            (Some(before), Some(now)) if before == now && !before.starts_with("W/") => {
                return Agreement::Proven;
            }
            (Some(_), Some(_)) | (None, None) => (),
            // An `ETag` that comes or goes leaves the dates to tell, which are worth little beside one.
            _ if dates.is_none_or(|(before, now)| before == now) => return Agreement::Open,
            _ => (),
        }
        match dates {
            Some((before, now)) if before != now => Agreement::Changed("its Last-Modified"),
            Some(_) if self.etag.is_none() && self.dated => Agreement::Proven,
            _ => Agreement::Open,
        }
    }
}

/// A header as text, byte by byte: what is compared must not be made the same by how it is read.
fn value(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(value.as_bytes().trim_ascii().iter().copied().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
    const LATER: &str = "Thu, 22 Oct 2015 07:28:00 GMT";

    fn entity(lines: &[(HeaderName, &str)]) -> Entity {
        let headers = lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Entity { complete: Some(9), ..Entity::validators(&headers) }
    }

    fn etag(tag: &str) -> (HeaderName, &str) {
        (header::ETAG, tag)
    }

    fn modified(date: &str) -> (HeaderName, &str) {
        (header::LAST_MODIFIED, date)
    }

    fn sent(date: &str) -> (HeaderName, &str) {
        (header::DATE, date)
    }

    #[test]
    fn a_strong_validator_proves() {
        let one = entity(&[etag("\"a\"")]);
        assert_eq!(one.agreement(&one), Agreement::Proven);
        let with_dates = |date| entity(&[etag("\"a\""), modified(date)]);
        assert_eq!(
            with_dates(BEFORE).agreement(&with_dates(LATER)),
            Agreement::Proven,
            "the ETag is what counts"
        );
        let dated = entity(&[modified(BEFORE), sent(LATER)]);
        assert_eq!(dated.agreement(&dated), Agreement::Proven);
    }

    #[test]
    fn weak_ones_leave_it_open() {
        for weak in [
            entity(&[]),
            entity(&[etag("W/\"a\"")]),
            entity(&[etag("W/\"a\""), modified(BEFORE), sent(LATER)]),
            entity(&[modified(BEFORE)]),
            entity(&[modified(BEFORE), sent(BEFORE)]),
            entity(&[modified("yesterday"), sent(LATER)]),
        ] {
            assert_eq!(weak.agreement(&weak), Agreement::Open, "{weak:?}");
        }
        let (one, other) = (entity(&[etag("\"a\"")]), entity(&[etag("\"b\"")]));
        assert_eq!(one.agreement(&other), Agreement::Open);
        assert_eq!(one.agreement(&entity(&[])), Agreement::Open);
        assert_eq!(entity(&[]).agreement(&one), Agreement::Open);
        let same_date = |tag| entity(&[etag(tag), modified(BEFORE), sent(LATER)]);
        assert_eq!(same_date("\"a\"").agreement(&same_date("\"b\"")), Agreement::Open);
    }

    #[test]
    fn another_size_or_date_is_another_version() {
        let one = entity(&[modified(BEFORE), sent(LATER)]);
        let size = Entity { complete: Some(10), ..one.clone() };
        assert_eq!(one.agreement(&size), Agreement::Changed("its size"));
        assert_eq!(one.agreement(&entity(&[modified(LATER)])), Agreement::Changed("its Last-Modified"));
        let tagged = |tag, date| entity(&[etag(tag), modified(date)]);
        let (before, now) = (tagged("\"a\"", BEFORE), tagged("\"b\"", LATER));
        assert_eq!(before.agreement(&now), Agreement::Changed("its Last-Modified"));
    }

    #[test]
    fn what_no_text_can_hold_is_still_compared() {
        let with = |bytes: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ETAG, http::HeaderValue::from_bytes(bytes).unwrap());
            Entity::validators(&headers)
        };
        assert_ne!(with(b"\"\xe4\"").etag, with(b"\"\xf6\"").etag);
        assert!(with(b"\"\xe4\"").etag.is_some());
    }
}
