//! Captions that become files beside the result.

use std::path::PathBuf;

use futures_util::future::{Either, join_all, select};

use super::Work;
use crate::{Content, Error, Report, Result, Target};

impl Work<'_> {
    /// Fetches captions to files with these names.
    pub(super) async fn captions(&self, captions: &[&Content], names: &[PathBuf]) -> Vec<Result<Report>> {
        let mut options = self.options.clone();
        (options.hook, options.checksums) = (None, Vec::new());
        let each = captions.iter().zip(names).map(|(caption, name)| {
            let (options, to) = (&options, Target::file(name).with_fitting_extension());
            Box::pin(async move { self.registry.download(self.cx, caption, &to, options).await })
        });
        join_all(each).await
    }

    /// What `main` reports, with the captions that are fetched at the same time: what is live is not there any more when the
    /// tracks are. Captions end where the tracks fail, and not the other way round.
    pub(super) async fn beside(
        &self,
        main: impl Future<Output = Result<Report>>,
        captions: impl Future<Output = Vec<Result<Report>>>,
    ) -> Result<Report> {
        let main = async {
            let report = main.await;
            (report, self.options.stop.is_asked())
        };
        let (main, captions) = (Box::pin(main), Box::pin(captions));
        let ((report, was_asked), captions) = match select(main, captions).await {
            Either::Left(((report, was_asked), captions)) => ((Ok(report?), was_asked), captions.await),
            Either::Right((captions, main)) => (main.await, captions),
        };
        let mut report: Report = report?;
        for done in captions {
            let done = match done {
                // A recording was asked to end, and it is whole.
                Err(Error::Interrupted) if was_asked => {
                    tracing::warn!("captions are left out of what was asked to end");
                    continue;
                }
                done => done?,
            };
            report.paths.extend(done.paths);
            report.bytes_fetched_twice = report.bytes_fetched_twice.saturating_add(done.bytes_fetched_twice);
            report.complete &= done.complete;
            report.gaps.extend(done.gaps);
            report.gaps_list = report.gaps_list.or(done.gaps_list);
        }
        Ok(report)
    }
}
