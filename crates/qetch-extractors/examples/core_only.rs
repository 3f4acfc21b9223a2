//! A program that depends on `qetch-core` and on this crate alone: it prints what is behind a gfycat link as a line of
//! JSON.
//!
//! ```text
//! cargo run -p qetch-extractors --features gfycat --example core_only -- \
//!     https://gfycat.com/CleverSampleQuokka --route '*=http://127.0.0.1:8080'
//! ```
//!
//! A route asks an origin in place of a host (`*` is every host), here the demo site of `qetch-testkit`. Without one
//! the program fails with an error that names the feature it lacks: it compiles no TLS in, and the API is behind https.

#![expect(clippy::print_stdout, reason = "printing is what it does")]

use std::{env, error::Error};

use qetch_core::{Context, Registry, Routes, Url};
use qetch_extractors::gfycat::Gfycat;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (url, routes) = arguments(env::args().skip(1))?;
    let cx = Context::builder().routes(routes).build();
    let registry = Registry::new().with_extractor(Gfycat::new());

    let mut extraction = registry.extract(&cx, &url).await?;
    while let Some(variants) = extraction.next_variants().await? {
        println!("{}", serde_json::to_string(&variants)?);
    }
    Ok(())
}

/// Reads `URL [--route HOST=URL]…`.
fn arguments(mut arguments: impl Iterator<Item = String>) -> Result<(Url, Routes), Box<dyn Error>> {
    let (mut url, mut routes) = (None, Routes::new());
    while let Some(argument) = arguments.next() {
        if argument == "--route" {
            let route = arguments.next().unwrap_or_default();
            let (host, origin) = route.split_once('=').ok_or("a route is HOST=URL")?;
            routes = routes.with(host, &origin.parse()?)?;
        } else {
            url = Some(argument.parse()?);
        }
    }
    Ok((url.ok_or("usage: core_only URL [--route HOST=URL]...")?, routes))
}
