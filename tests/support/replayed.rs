//! What the tests of a site do again and again: read all that is behind a link, and bring some of it.

use qetch::{Content, DownloadOptions, Error, Extraction, Found, Qetch, Report, Result, Variants};

use crate::Folder;

/// All that is found: each resource, or the code of the error in its place.
pub async fn all(mut extraction: Extraction) -> Vec<Result<Variants, &'static str>> {
    let mut found = Vec::new();
    loop {
        match extraction.next_variants().await {
            Ok(Some(variants)) => found.push(Ok(variants)),
            Ok(None) => return found,
            Err(error) => found.push(Err(error.code())),
        }
    }
}

/// The resources behind `link`, of which none fails, and the warnings among them.
pub async fn told(qetch: &Qetch, link: &str) -> (Vec<Variants>, Vec<String>) {
    let mut extraction = qetch.extract(link).await.unwrap();
    let (mut resources, mut warnings) = (Vec::new(), Vec::new());
    while let Some(found) = extraction.next().await {
        match found.unwrap() {
            Found::Variants(variants) => resources.push(variants),
            Found::Warning(warning) => warnings.push(warning.message),
            other => panic!("{other:?}"),
        }
    }
    (resources, warnings)
}

/// The resources behind `link`, of which none fails.
pub async fn resources(qetch: &Qetch, link: &str) -> Vec<Variants> {
    told(qetch, link).await.0
}

/// The one resource behind `link`.
pub async fn one(qetch: &Qetch, link: &str) -> Variants {
    let mut found = resources(qetch, link).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// What `link` fails with, at once.
pub async fn fails(qetch: &Qetch, link: &str) -> Error {
    let Err(error) = qetch.extract(link).await else { panic!("{link} does not fail") };
    error
}

/// Downloads `content`: the report, and the bytes.
///
/// # Errors
/// Those of the download.
pub async fn bring(qetch: &Qetch, content: &Content) -> Result<(Report, Vec<u8>)> {
    let folder = Folder::new();
    let report = qetch.download(content, folder.path("f"), &DownloadOptions::new()).await?;
    Ok((report, std::fs::read(folder.path("f")).unwrap()))
}

/// The uids of `contents`, in order.
pub fn uids(contents: &[Content]) -> Vec<&str> {
    contents.iter().map(|content| content.uid.as_str()).collect()
}
