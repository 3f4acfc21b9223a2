//! DASH manifests.

use qetch_core::{Answer, Context, Delivery, Kind, Result, Variants};
use qetch_manifest::dash;

use super::{Source, renditions::Offer};

pub(super) fn read(_: &Context, source: &Source, answer: &Answer) -> Result<Variants> {
    let manifest = dash::read(&answer.text(), answer.url())?;
    let offer =
        Offer { source, url: answer.url(), deliver: |id| Delivery::dash(id), is_live: manifest.is_live };
    let (contents, companions) = manifest.renditions.iter().partition(|it| it.kind == Kind::Video);
    offer.variants(contents, companions)
}
