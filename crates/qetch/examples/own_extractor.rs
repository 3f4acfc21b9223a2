//! An extractor of one's own beside those that are built in: `cargo run --example own_extractor`.
//!
//! It needs no network: the site has one page, and what is behind it is known beforehand.
#![expect(clippy::print_stdout, reason = "it is a program for a terminal")]

use qetch::{
    Content, Context, Extraction, Extractor, ExtractorInfo, Handle, Handles, Kind, Qetch, Result, Url,
    async_trait,
};

/// The frogs of a pond.
#[derive(Debug)]
struct Frogs {
    info: ExtractorInfo,
}

impl Frogs {
    fn new() -> Self {
        let frog = Handle::new("frog", ["pond.example"], r"^/p/(?P<id>\d+)$")
            .with_example("https://pond.example/p/7");
        Self { info: ExtractorInfo::new("frogs", "Frogs of pond.example").with_handles(Handles::new([frog])) }
    }
}

#[async_trait]
impl Extractor for Frogs {
    fn info(&self) -> &ExtractorInfo {
        &self.info
    }

    async fn extract(&self, _: &Context, url: &Url) -> Result<Extraction> {
        // A real site would be asked here: `cx.get_json(..)`.
        let id = self.info.handles().require(url)?["id"].to_owned();
        let file = Url::parse(&format!("https://cdn.pond.example/{id}.jpg"))?;
        let mut content = Content::of_file(format!("frogs-{id}"), Kind::Image, url, file);
        content.title = Some(format!("Frog {id}"));
        Ok(Extraction::once(content))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let qetch = Qetch::builder().extractor(Frogs::new()).build();
    let mut extraction = qetch.extract("https://pond.example/p/7").await?;
    while let Some(variants) = extraction.next_variants().await? {
        println!("{:?}", variants.best());
    }
    Ok(())
}
