//! Downloads what is behind a link: `cargo run --example download -- URL [DIRECTORY]`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

use std::{env, error::Error, path::PathBuf};

use qetch::{DownloadOptions, Progress, Qetch, naming};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().ok_or("usage: download URL [DIRECTORY]")?;
    let directory = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));

    let options = DownloadOptions::auto()
        .with_hook(|progress: Progress| eprint!("\r{} of {:?} bytes", progress.done, progress.total));
    let qetch = Qetch::new();
    let mut extraction = qetch.extract(&url).await?;
    while let Some(variants) = extraction.next_variants().await? {
        let path = directory.join(naming::file_name(variants.best()));
        let report = qetch.download(variants.best(), &path, &options).await?;
        println!("\n{}: {} bytes over {} connections", path.display(), report.bytes, report.connections);
    }
    Ok(())
}
