//! `--record` and `--replay`: what is asked and answered, in a folder.

use std::{fs, path::Path, sync::Arc};

use qetch::{Error, Replay, Result, Tape, Transport};

use crate::{
    args::NetworkArguments,
    exit::{Failure, usage},
    link::Link,
};

/// What a recording is called in its folder.
const RECORDING: &str = "recording.cassette";

/// The tape that `--record` asks for, in a folder that is created where it is missing. It is entered by these links.
pub(crate) fn tape(arguments: &NetworkArguments, links: &[Link]) -> Result<Option<Tape>, Failure> {
    let Some(folder) = &arguments.record else { return Ok(None) };
    let tape = begin(folder).map_err(|error| usage(&error, &"--record"))?;
    links.iter().for_each(|link| tape.asks(link.url()));
    Ok(Some(tape))
}

fn begin(folder: &Path) -> Result<Tape> {
    fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, error))?;
    Tape::create(folder.join(RECORDING))
}

/// What `--replay` answers from, in place of the network. It knows requests without the secrets of the user, those in the
/// links among them.
pub(crate) fn replay(
    arguments: &NetworkArguments,
    links: &[Link],
    secrets: &[String],
) -> Result<Option<Arc<dyn Transport>>, Failure> {
    let Some(folder) = &arguments.replay else { return Ok(None) };
    let replay = Replay::read(folder).map_err(|error| usage(&error, &"--replay"))?;
    let replay = links.iter().fold(replay, |replay, link| replay.asks(link.url()));
    Ok(Some(replay.redacting(secrets).into()))
}
