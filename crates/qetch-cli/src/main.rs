//! The `qetch` command: a link in, its media as a file.

mod args;
mod at_once;
mod auth;
mod bar;
mod cassettes;
mod chosen;
mod console;
mod download;
mod exit;
mod extract;
mod extractors;
mod ffmpeg;
mod finished;
mod input;
mod link;
mod logs;
mod network;
mod plain;
mod printer;
mod route;
mod seconds;
mod session;
mod signals;
mod site_option;
mod size;
mod table;
mod wrap;

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;
use tokio::runtime;

use crate::{
    args::{
        Arguments, Command, DownloadArguments, ExtractArguments, NetworkArguments, ProgressMode,
        VoiceArguments,
    },
    console::Console,
    exit::{FAILED, Failure, USAGE},
    input::Input,
    link::Link,
    session::Session,
};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are errors to clap as well, with a code of 0; a closed output is nobody's concern.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    let speaking = Console::new(false);
    let done = match arguments.command {
        None => download(&arguments.download),
        Some(Command::Download(download_arguments)) => download(&download_arguments),
        Some(Command::Extract(arguments)) => extract(&arguments),
        Some(Command::Extractors(arguments)) => extractors::run(&arguments, &speaking).map(|()| 0),
        Some(Command::Auth(command)) => auth::run(&command, &speaking).map(|()| 0),
    };
    let code = done.unwrap_or_else(|failure| {
        if let Some(message) = failure.message {
            speaking.error(&message);
        }
        failure.code
    });
    ExitCode::from(code)
}

fn download(arguments: &DownloadArguments) -> Result<u8, Failure> {
    let inputs = input::read(arguments)?;
    download::check(arguments, &inputs)?;
    // There may be very many of them, which only a cassette wants to know.
    let links = inputs.iter().filter(|_| arguments.network.has_cassette()).filter_map(Input::link);
    let links: Vec<_> = links.cloned().collect();
    let bars = arguments.progress == ProgressMode::Auto;
    online(arguments.voice, &arguments.network, &links, arguments.retries, bars, async |session| {
        download::run(session, arguments, inputs).await
    })
}

fn extract(arguments: &ExtractArguments) -> Result<u8, Failure> {
    link::refuse_commands(&arguments.urls)?;
    let links: Vec<_> = arguments.urls.iter().filter_map(|url| Link::parse(url).ok()).collect();
    online(arguments.voice, &arguments.network, &links, None, true, async |session| {
        extract::run(session, arguments).await
    })
}

/// Runs what needs a network, and asks for these links.
fn online(
    voice: VoiceArguments,
    network: &NetworkArguments,
    links: &[Link],
    retries: Option<u32>,
    bars: bool,
    work: impl AsyncFnOnce(&Session) -> u8,
) -> Result<u8, Failure> {
    let mut console = Console::new(voice.quiet);
    if bars {
        console.draw_bars();
    }
    logs::begin(voice, &console);
    let session = Session::new(network, links, retries, console)?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::new(FAILED, format!("no threads to work with: {error}")))?;
    let code = runtime.block_on(async {
        signals::listen(session.stop.clone(), session.console.clone());
        work(&session).await;
        session.finish()
    });
    // A look-up of a name cannot be cancelled, and may take longer than anyone waits.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(code)
}
