//! Selections: several tracks that are fetched at the same time and become one file, and captions beside it.

mod beside;
mod counting;
mod names;
mod noted;
#[cfg(test)]
mod tests;

use std::{
    convert::Infallible,
    fs,
    future::pending,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::join_all;

use self::{
    counting::Counting,
    names::{Names, Way},
    noted::{note, note_of, noted},
};
use super::{Registry, gaps, merge::finish};
use crate::{
    Apart, Content, Context, Delivery, DownloadOptions, Error, Kind, Mux, Muxer, Phase, Report, Result,
    Selection, Stop, Target, TargetKind, Track, blocking::blocking, files, naming, progress::heard,
    select::is_caption, staging::Staging,
};

impl Registry {
    /// Brings `selection` to `to`, as one file where that can be made.
    ///
    /// With no companions it is [`download`](Registry::download). Captions become files beside the result, its name with their
    /// language in place of its extension, unless `options` want them within. The other companions are tracks, as the
    /// content is: they are fetched at the same time, each with these `options`, into files beside the target whose names begin with
    /// its own, and muxed into one. A run that was interrupted is gone on with, and tracks that are there whole are not
    /// fetched again. Where [`Mux::Never`] is said, no [muxer](Registry::with_muxer) is there, or it cannot, the tracks get names
    /// of their own, the target's with `.video-…` and `.audio-…` in place of its extension, and [`Report::apart`] says why.
    ///
    /// One progress is told of all tracks together. Of a report that is made of several, `bytes` are those of the result
    /// (of all tracks where they stay apart), without captions. An extension that is a
    /// [guess](Target::with_fitting_extension) becomes `mp4` where there is a video among several tracks, else `m4a`.
    ///
    /// # Errors
    /// [`Conflict`](Error::Conflict) where something has the name of the result, and may not be replaced, or the name of a track,
    /// and nothing shows that it is whole; [`Unsupported`](Error::Unsupported) for a checksum of several tracks and for a
    /// target that is no file; those of [`download`](Registry::download), of which the first ends the other tracks in order; and
    /// those of the muxer. What is there stays for the next run.
    pub async fn download_selection(
        &self,
        cx: &Context,
        selection: &Selection,
        to: &Target,
        options: &DownloadOptions,
    ) -> Result<Report> {
        if selection.companions.is_empty() {
            return self.download(cx, &selection.content, to, options).await;
        }
        let TargetKind::File(path) = to.kind() else {
            return Err(Error::unsupported("the target", "several tracks become a file, and nothing else"));
        };
        let muxer = self.muxer().filter(|_| options.mux != Mux::Never);
        let are_tracks = options.mux_captions && muxer.is_some();
        let is_beside = |companion: &&Content| is_caption(companion) && !are_tracks;
        let (captions, companions): (Vec<_>, Vec<_>) = selection.companions.iter().partition(is_beside);
        let contents: Vec<_> = [&selection.content].into_iter().chain(companions).collect();
        if contents.len() > 1 && !options.checksums.is_empty() {
            let reason = "the file is made here, of several tracks; choose one of them by its uid";
            return Err(Error::unsupported(format!("a checksum for {}", selection.content.uid), reason));
        }
        let mut names = Names::new(path);
        let counting = Arc::new(Counting::new(contents.len()));
        let work = Work { registry: self, cx, to, path, options, counting: &counting };
        let beside: Vec<_> = captions.iter().map(|caption| names.of_caption(caption)).collect();
        let work = async {
            let main = async {
                match (contents.as_slice(), muxer) {
                    (&[content], _) => work.fetch(content, to, options, 0).await,
                    (_, None) => work.apart(&contents, &mut names).await,
                    (_, Some(muxer)) => work.muxed(&contents, &mut names, muxer).await,
                }
            };
            let report = work.beside(main, work.captions(&captions, &beside)).await?;
            counting.set_phase(Phase::Done);
            Ok(report)
        };
        heard(options.hook.clone(), options.update_delay, || counting.read(), Box::pin(work)).await
    }
}

/// What is the same for all tracks.
struct Work<'a> {
    registry: &'a Registry,
    cx: &'a Context,
    to: &'a Target,
    path: &'a Path,
    options: &'a DownloadOptions,
    counting: &'a Arc<Counting>,
}

impl Work<'_> {
    /// Fetches a content that counts as the track of this number.
    async fn fetch(
        &self,
        content: &Content,
        to: &Target,
        options: &DownloadOptions,
        number: usize,
    ) -> Result<Report> {
        let mut options = options.clone();
        options.hook = self.options.hook.is_some().then(|| self.counting.hook(number));
        self.registry.download(self.cx, content, to, &options).await
    }

    /// Fetches tracks that stay files of their own.
    async fn apart(&self, contents: &[&Content], names: &mut Names) -> Result<Report> {
        let targets: Vec<_> = contents
            .iter()
            .map(|content| Target::file(names.of_track(content)).with_fitting_extension())
            .collect();
        let fetch = |number: usize, stop: &Stop| {
            let options = self.options.clone().with_stop(stop.clone());
            let (content, target) = (contents[number], &targets[number]);
            async move { self.fetch(content, target, &options, number).await }
        };
        let reports = self.side_by_side(contents.len(), fetch).await?;
        let reason = match self.options.mux {
            Mux::Never => "it was asked for",
            _ => "there is nothing that muxes them",
        };
        let (paths, bytes) = whole(&reports);
        let gaps_list = reports.iter().find_map(|report| report.gaps_list.clone());
        let report = Report { paths, bytes, gaps_list, ..sum(&reports) };
        Ok(report.with_apart(Apart::new(reason, None)))
    }

    /// Fetches tracks and makes one file of them.
    async fn muxed(
        &self,
        contents: &[&Content],
        names: &mut Names,
        muxer: &Arc<dyn Muxer>,
    ) -> Result<Report> {
        let overwrite = self.options.overwrite;
        let result = self.result(contents);
        files::check_free(&result, overwrite)?;
        let ways: Vec<_> = contents.iter().map(|content| names.way(content, overwrite)).collect();
        let fetch = |number: usize, stop: &Stop| {
            let options = self.options.clone().with_stop(stop.clone());
            let (content, way) = (contents[number], &ways[number]);
            async move { self.track(content, way, options, number).await }
        };
        let reports = self.side_by_side(contents.len(), fetch).await?;
        self.check_size(&reports)?;

        self.counting.set_phase(Phase::Merging);
        let tracks: Vec<_> = contents
            .iter()
            .zip(&ways)
            .zip(&reports)
            .map(|((content, way), report)| {
                let path = report.paths.first().unwrap_or(&way.path);
                let track = Track::new(path, content.kind).with_language(content.language.clone());
                track.with_parts(report.parts.clone())
            })
            .collect();
        let staging = Staging::beside(&result)?;
        let staged = staged(&staging, &result);
        let apart = self.unless_stopped(muxer.mux(&tracks, &staged, &self.options.mux)).await?;
        self.counting.set_phase(Phase::Finishing);
        let report = sum(&reports);
        if let Some(apart) = apart {
            drop(staging);
            let paths = name_tracks(contents, ways, overwrite).await?;
            let named =
                tracks.into_iter().zip(&paths).map(|(track, path)| Track { path: path.clone(), ..track });
            let command = muxer.command(&named.collect::<Vec<_>>(), &result).await?;
            let apart = Apart::new(apart.reason, command);
            let (_, bytes) = whole(&reports);
            let existed = reports.iter().all(|report| report.existed);
            let report = Report { paths, bytes, existed, ..report };
            return self.listed(report, contents, &reports).await.map(|report| report.with_apart(apart));
        }
        let ours: Vec<_> = ways.into_iter().filter(|way| !way.is_named).map(|way| way.path).collect();
        let bytes = finish(staged, &result, None, overwrite, move || ours.iter().for_each(remove)).await?;
        let report = Report { paths: vec![result], bytes, existed: false, ..report };
        self.listed(report, contents, &reports).await
    }

    /// The name of the one file.
    fn result(&self, contents: &[&Content]) -> PathBuf {
        if !self.to.fits_extension() {
            return self.path.to_owned();
        }
        let is_video = contents.iter().any(|content| content.kind == Kind::Video);
        naming::with_extension(self.path, if is_video { "mp4" } else { "m4a" })
    }

    /// Fetches a track, unless it is there whole, by the word of its downloader or, where that cannot tell, by a note. One of which that cannot be told
    /// may be a recording that nobody can make again, so it is replaced only where files may be.
    async fn track(
        &self,
        content: &Content,
        way: &Way,
        options: DownloadOptions,
        number: usize,
    ) -> Result<Report> {
        let to = Target::track(&way.path);
        // Who reads a playlist notes what the track was made of, and knows better than its uid and size.
        let is_ours = content.delivery == Delivery::Fragments;
        let afresh = !options.resume && !way.is_named;
        let (may_replace, options) = (options.overwrite, options.with_overwrite(afresh));
        let report = match self.fetch(content, &to, &options, number).await {
            Err(Error::Conflict { path, problem }) if path == way.path && path.is_file() => {
                if is_ours && let Some(report) = noted(&way.path, &content.uid).await? {
                    self.counting.there(number, report.bytes);
                    return Ok(report);
                }
                if !may_replace {
                    let problem =
                        format!("is a track of an earlier run, and cannot be gone on with: it {problem}");
                    return Err(Error::conflict(path, problem));
                }
                self.fetch(content, &to, &options.with_overwrite(true), number).await?
            }
            done => done?,
        };
        if is_ours && !way.is_named && !report.existed {
            note(&way.path, &content.uid, &report).await?;
        }
        Ok(report)
    }

    /// Fetches so many at the same time. The first failure ends the others in order, and so does being asked to stop; what
    /// is live finishes its file then.
    async fn side_by_side<F: Future<Output = Result<Report>>>(
        &self,
        count: usize,
        fetch: impl Fn(usize, &Stop) -> F,
    ) -> Result<Vec<Report>> {
        let stop = Stop::new();
        let each = (0..count).map(|number| {
            let (fetched, stop) = (fetch(number, &stop), stop.clone());
            // They are large, and would be moved with the list of them.
            Box::pin(async move {
                let done = fetched.await;
                if done.is_err() {
                    stop.ask();
                }
                done
            })
        });
        let pass_on = async {
            self.options.stop.asked().await;
            stop.ask();
            pending::<Infallible>().await
        };
        let all = tokio::select! {
            biased;
            all = join_all(each) => all,
            never = pass_on => match never {},
        };
        let (reports, mut errors): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
        // Those that were ended because of another one say less than that one.
        let cause = errors.iter().position(|error| !matches!(error, Err(Error::Interrupted)));
        match errors.is_empty() {
            true => reports.into_iter().collect(),
            false => errors.swap_remove(cause.unwrap_or(0)).map(|_| Vec::new()),
        }
    }

    /// Does `work` until it is asked to stop. Where it was asked before, the tracks were finished nevertheless, so they are live
    /// and their file is to be made.
    async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        if self.options.stop.is_asked() {
            return work.await;
        }
        tokio::select! {
            biased;
            done = work => done,
            () = self.options.stop.asked() => Err(Error::Interrupted),
        }
    }

    /// Refuses what would be larger than a file may be. Muxing neither adds nor takes away much.
    fn check_size(&self, reports: &[Report]) -> Result<()> {
        let (_, bytes) = whole(reports);
        match self.options.max_size {
            Some(most) if bytes > most => {
                Err(Error::over_limit("the size of the tracks together", format!("{most} bytes")))
            }
            _ => Ok(()),
        }
    }

    /// Lists what is missing of the tracks beside the first file of `report`.
    async fn listed(&self, report: Report, contents: &[&Content], reports: &[Report]) -> Result<Report> {
        let of_each = |(content, report): (&&'_ Content, &Report)| {
            report.gaps.iter().map(|gap| (content.uid.clone(), gap.clone())).collect::<Vec<_>>()
        };
        let gaps: Vec<_> = contents.iter().zip(reports).flat_map(of_each).collect();
        let gaps: Vec<_> = gaps.iter().map(|(uid, gap)| (uid.as_str(), gap)).collect();
        gaps::write(report, gaps::json(&gaps), self.options.overwrite).await
    }
}

/// All files of `reports`, and their bytes.
fn whole(reports: &[Report]) -> (Vec<PathBuf>, u64) {
    let bytes = reports.iter().fold(0_u64, |sum, report| sum.saturating_add(report.bytes));
    (reports.iter().flat_map(|report| report.paths.clone()).collect(), bytes)
}

/// What tracks that were fetched side by side have in common, without their files.
fn sum(reports: &[Report]) -> Report {
    let mut sum = Report { complete: true, existed: true, ..Report::default() };
    for report in reports {
        let resumed = if report.existed { report.bytes } else { report.resumed };
        sum.resumed = sum.resumed.saturating_add(resumed);
        sum.bytes_fetched_twice = sum.bytes_fetched_twice.saturating_add(report.bytes_fetched_twice);
        sum.connections = sum.connections.saturating_add(report.connections);
        sum.complete &= report.complete;
        sum.gaps.extend(report.gaps.iter().cloned());
        sum.existed &= report.existed;
    }
    sum
}

/// Where the result is made until it is whole. It bears the extension of the result, which tells muxers its form.
fn staged(staging: &Staging, result: &Path) -> PathBuf {
    let path = staging.path().join("muxed");
    result.extension().map_or(path.clone(), |extension| path.with_extension(extension))
}

/// Gives tracks that cannot be muxed names of their own.
async fn name_tracks(contents: &[&Content], ways: Vec<Way>, overwrite: bool) -> Result<Vec<PathBuf>> {
    let kinds: Vec<_> = contents.iter().map(|content| content.kind).collect();
    blocking(move |wanted| {
        let mut names = Vec::with_capacity(ways.len());
        for (way, kind) in ways.iter().zip(kinds) {
            let name = if way.is_named { way.path.clone() } else { way.fitting_name(kind) };
            if !way.is_named {
                files::check_free(&name, overwrite)?;
            }
            names.push(name);
        }
        wanted.unless_dropped(|| -> Result<()> {
            for (way, name) in ways.iter().zip(&names).filter(|(way, _)| !way.is_named) {
                match overwrite {
                    true => files::publish_over(&way.path, name),
                    false => files::publish(&way.path, name),
                }?;
                let _ = fs::remove_file(note_of(&way.path));
            }
            Ok(())
        })??;
        Ok(names)
    })
    .await
}

/// Removes a track, and what is noted of it.
fn remove(track: &PathBuf) {
    if let Err(error) = fs::remove_file(track) {
        tracing::warn!(path = %track.display(), %error, "a track is left behind");
    }
    let _ = fs::remove_file(note_of(track));
}
