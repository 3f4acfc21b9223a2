//! Saved contents: what a stranger hands over as JSON, to be downloaded.

use http::header;
use qetch_core::{Content, Downloader as _, Quality, Variants, naming};
use qetch_downloaders::http::Http;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    canned::{Canned, Reply, now},
    names::is_plain,
    redirect::is_public,
};

/// Headers that a saved content may not set.
const REFUSED: [header::HeaderName; 6] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::TRANSFER_ENCODING,
    header::HOST,
];

/// What is read back is what was written; its name is plain; its requests carry no credential, and go to no address
/// within. The input is a content or the variants of one.
pub fn saved(data: &[u8]) {
    if let Ok(content) = serde_json::from_slice::<Content>(data) {
        reads_back(&content);
        holds(&content);
    }
    let Ok(variants) = serde_json::from_slice::<Variants>(data) else { return };
    reads_back(&variants);
    let (best, worst) = (variants.best(), variants.worst());
    assert!(best.role == worst.role && best.kind == worst.kind);
    for content in variants.contents().iter().chain(&variants.companions) {
        assert!(variants.find(&content.uid).is_some());
        holds(content);
    }
}

/// Holds that `value` is itself again once it is written and read.
pub(crate) fn reads_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let written = serde_json::to_string(value).unwrap();
    assert!(serde_json::from_str::<T>(&written).unwrap() == *value, "read back it is another: {written}");
}

fn holds(content: &Content) {
    is_plain(&naming::file_name(content));
    assert!((0.0..=Quality::BEST.value()).contains(&content.quality.value()));
    let takes = Http::new().can_handle(content);
    for fragment in content.fragments.iter().take(8) {
        assert!(!takes || matches!(fragment.url.scheme(), "http" | "https"));
        let Ok(request) = fragment.request() else { continue };
        let (site, cx) = Canned::start([Reply::new(200, b"")]);
        let cx = cx.build();
        let sent = now(async { cx.for_content(content).await.open(request).await.map(drop) });
        let asked = site.asked();
        assert_eq!(sent.is_ok(), asked.len() == 1);
        for request in asked {
            let url = qetch_core::Url::parse(&request.uri().to_string()).unwrap();
            assert!(is_public(&url), "{url} is not public");
            assert_eq!(url.host_str(), request.uri().host(), "one host is judged, and another asked");
            let refused = REFUSED.iter().find(|name| request.headers().contains_key(*name));
            assert_eq!(refused, None, "a header that is not a stranger's to set");
        }
    }
}
