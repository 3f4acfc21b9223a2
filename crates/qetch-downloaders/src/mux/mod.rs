//! The muxer: several tracks, and the parts of each, become one file, and nothing is encoded again.
//!
//! Fragmented MP4s are merged here, and so are the parts of an MPEG-TS, of packed audio and of WebVTT. Everything else is
//! done by an ffmpeg, where one is given; it sees no file whose bytes are not known to be media.

mod command;
mod ffmpeg;
mod join;
mod language;
mod mp4;
mod sink;
pub(crate) mod sniff;
mod source;
mod stop;
mod ts;

use std::path::Path;

use qetch_core::{Apart, Error, Kind, Mux, Muxer, PartStart, Result, Track, async_trait, blocking, files};

use self::{
    command::Plan,
    sink::{Made, Sink, make},
    sniff::Format,
    source::Source,
    stop::{Done, Stop},
};

/// Makes one file of several tracks, by itself or with ffmpeg.
///
/// The file that it makes is whole, and not yet synced to the disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrackMuxer(());

impl TrackMuxer {
    /// The muxer.
    pub fn new() -> Self {
        Self(())
    }
}

#[async_trait]
impl Muxer for TrackMuxer {
    async fn mux(&self, tracks: &[Track], to: &Path, mux: &Mux) -> Result<Option<Apart>> {
        check(tracks)?;
        let formats = formats(tracks).await?;
        let outcome = match mux {
            Mux::Never => Err(Stop::apart("nothing is to be muxed")),
            Mux::Native => natively(tracks, &formats, to).await,
            Mux::Ffmpeg(program) => match natively(tracks, &formats, to).await {
                Err(Stop::Apart(reason)) => {
                    tracing::debug!(reason, "muxing with ffmpeg");
                    with_ffmpeg(tracks, &formats, to, program).await
                }
                outcome => outcome,
            },
            _ => Err(Stop::apart("this way of muxing is not known")),
        };
        match outcome {
            Ok(()) => Ok(None),
            Err(Stop::Apart(reason)) => Ok(Some(Apart::new(reason, None))),
            Err(Stop::Error(error)) => Err(error),
            // Who meets these names the file.
            Err(stop @ (Stop::Bad(_) | Stop::Encrypted(_))) => {
                Err(Error::unexpected(format!("muxing that ended with {stop:?}"), None))
            }
        }
    }

    async fn command(&self, tracks: &[Track], to: &Path) -> Result<Option<String>> {
        let formats = formats(tracks).await?;
        Ok(Plan::of(tracks, &formats).ok().and_then(|plan| plan.shown(tracks, to)))
    }
}

/// What the files of `tracks` are.
pub(crate) async fn formats(tracks: &[Track]) -> Result<Vec<(Format, Kind)>> {
    let tracks: Vec<_> = tracks.iter().map(|track| (track.path.clone(), track.kind)).collect();
    blocking(move |_| {
        let sniffed = tracks.into_iter().map(|(path, kind)| {
            let mut source = Source::open(&path)?;
            match sniff::sniff(&mut source).map_err(|stop| stop.of(&path)) {
                Ok(format) => Ok((format, kind)),
                Err(Stop::Error(error)) => Err(error),
                Err(_) => Ok((Format::Other, kind)),
            }
        });
        sniffed.collect()
    })
    .await
}

/// Tracks that a muxer can be asked for.
fn check(tracks: &[Track]) -> Result<()> {
    if tracks.is_empty() {
        return Err(Error::invalid("the list of tracks", "it is empty"));
    }
    let in_order = |parts: &[PartStart]| parts.windows(2).all(|pair| pair[0].offset <= pair[1].offset);
    if tracks.iter().all(|track| in_order(&track.parts)) {
        return Ok(());
    }
    Err(Error::invalid("the list of tracks", "the parts of a track are not in their order"))
}

/// Makes `to` without any other program.
async fn natively(tracks: &[Track], formats: &[(Format, Kind)], to: &Path) -> Done<()> {
    let (tracks, to) = (tracks.to_vec(), to.to_owned());
    let formats: Vec<Format> = formats.iter().map(|(format, _)| *format).collect();
    let done = blocking(move |wanted| {
        let made = make(&to, &wanted, |sink| fill(&tracks, &formats, sink));
        Ok(made.and_then(|made| Ok(wanted.unless_dropped(|| made.keep())?)))
    });
    done.await?
}

/// Writes the one file of all `tracks`.
fn fill(tracks: &[Track], formats: &[Format], sink: &mut Sink) -> Done<()> {
    if let Some(at) = formats.iter().position(|format| *format == Format::Other) {
        return Err(Stop::apart("what it is is not known").of(&tracks[at].path));
    }
    if formats.iter().all(|format| *format == Format::Fragmented) {
        let inputs = tracks.iter().map(|track| {
            let (language, parts) = (track.language.clone(), track.parts.clone());
            Ok(mp4::Input { source: Source::open(&track.path)?, language, parts })
        });
        return mp4::merge(inputs.collect::<Result<_>>()?, sink);
    }
    let ([track], [format]) = (tracks, formats) else {
        let other = formats.iter().find(|format| **format != Format::Fragmented);
        let name = other.map_or("nothing", |format| format.name());
        return Err(Stop::apart(format!("{name} is muxed by ffmpeg alone")));
    };
    let mut source = Source::open(&track.path)?;
    let joined = match format {
        Format::Ts => ts::join(&mut source, &track.parts, sink),
        Format::Vtt => join::text(&mut source, &track.parts, sink),
        _ if format.is_packed_audio() => join::packed(&mut source, &track.parts, sink),
        _ if track.parts.len() < 2 => source.copy(0..source.len(), sink),
        _ => Err(Stop::apart(format!("parts of {} are not joined", format.name()))),
    };
    joined.map_err(|stop| stop.of(&track.path))
}

/// Makes `to` by the ffmpeg `program`; what has several parts is joined first, into files beside it.
async fn with_ffmpeg(tracks: &[Track], formats: &[(Format, Kind)], to: &Path, program: &Path) -> Done<()> {
    let mut plan = Plan::of(tracks, formats)?;
    let mut joined = Vec::new();
    for (index, track) in tracks.iter().enumerate().filter(|(_, track)| track.parts.len() > 1) {
        let path = files::with_suffix(to, &format!(".{index}-joined"));
        natively(std::slice::from_ref(track), &formats[index..=index], &path).await?;
        joined.push(Made::by_another(&path));
        plan.replace(index, path);
    }
    ffmpeg::run(program, &plan, to).await
}
