//! Sites that answer from cassettes: the *derived* and *synthetic* ones of this repository, and with `QETCH_FIXTURES` set
//! the recorded ones.

use std::path::{Path, PathBuf};

use qetch::{Cassette, Qetch, QetchBuilder, Replay};

/// The folder with the cassettes of the sites.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/qetch-extractors/fixtures")
}

/// The cassette of this name, such as `gfycat/item`. Bodies that are files stand beside it.
pub fn read(name: &str) -> Cassette {
    let path = folder().join(format!("{name}.cassette"));
    let beside = path.parent().map(Path::to_owned).unwrap_or_default();
    Cassette::read(&path).and_then(|cassette| cassette.with_files(beside)).unwrap()
}

/// The cassette of this name that nobody enters without a key, such as `imgur/api`: it stands apart from those that are fuzzed
/// without one.
pub fn keyed(name: &str) -> Cassette {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sites/keyed");
    Cassette::read(folder.join(format!("{name}.cassette"))).unwrap()
}

/// A builder of the facade that asks the cassette of this name for everything, and nothing else.
pub fn replay(name: &str) -> QetchBuilder {
    of(read(name))
}

/// The cassette of this name whose bodies are files beneath `QETCH_FIXTURES`.
#[cfg(recorded)]
pub fn read_recorded(name: &str) -> Cassette {
    let path = folder().join(format!("{name}.cassette"));
    Cassette::read(path).and_then(|cassette| cassette.with_files(env!("QETCH_FIXTURES"))).unwrap()
}

/// [`replay`] of a cassette whose bodies are files beneath `QETCH_FIXTURES`.
#[cfg(recorded)]
pub fn recorded(name: &str) -> QetchBuilder {
    of(read_recorded(name))
}

/// A builder of the facade that asks `cassette` for everything, and nothing else.
pub fn of(cassette: Cassette) -> QetchBuilder {
    Qetch::builder().transport(Replay::of(cassette).into())
}
