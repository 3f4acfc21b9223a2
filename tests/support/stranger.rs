//! An extractor that finds what it is told to, as a site that means harm would.

use std::sync::{Arc, Mutex};

use qetch::{Claim, Context, Extraction, Extractor, ExtractorInfo, Found, Result, Url, async_trait};

/// Claims every URL whose path ends with `/page`, of whatever scheme.
#[derive(Clone, Debug)]
pub struct Stranger {
    info: ExtractorInfo,
    found: Vec<Found>,
    asked: Arc<Mutex<Vec<Url>>>,
}

impl Stranger {
    /// Finds this behind everything.
    pub fn finding<F: Into<Found>>(found: impl IntoIterator<Item = F>) -> Self {
        let info = ExtractorInfo::new("stranger", "Finds what it is told to");
        Self { info, found: found.into_iter().map(Into::into).collect(), asked: Arc::default() }
    }

    /// What it was asked for.
    pub fn asked(&self) -> Vec<Url> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Extractor for Stranger {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    fn can_handle(&self, url: &Url) -> Claim {
        if url.path().ends_with("/page") { Claim::Yes("page".into()) } else { Claim::No }
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        self.asked.lock().unwrap().push(url.clone());
        Ok(Extraction::of(self.found.clone()))
    }
}
