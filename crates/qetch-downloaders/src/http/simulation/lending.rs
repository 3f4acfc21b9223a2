//! The last fragments of several get the connections that the others need no more.

use std::{ops::Range, sync::Arc};

use qetch_core::DownloadOptions;

use super::{
    disk::SimDisk,
    origin::{Origin, Validators, Version, Weather},
    run::{Run, content},
};

/// Seconds that each of the fragments takes over one connection.
const ONE: f64 = 5.0;

/// Downloads so many fragments, and holds the seconds that it takes against those that are expected.
fn check(fragments: u64, options: &DownloadOptions, validators: Validators, expected: Range<f64>) {
    let weather = Weather::fair(validators);
    let size = (ONE * 1000.0) as u64 * weather.rate;
    let files: Vec<_> = (0..fragments).map(|seed| vec![Version::new(seed, 0, size, validators)]).collect();
    let all = files.iter().map(|versions| &versions[0].bytes[..]).collect::<Vec<_>>().concat();
    let told = vec![None; files.len()];
    let origin = Arc::new(Origin::new(7, files, weather.clone()));
    let mut run = Run::new(origin, SimDisk::new(7), content(&told));
    run.options = options.clone();
    let outcome = run.go();
    assert!(outcome.is_ok(), "{:?}", outcome.result);
    assert!(run.file().as_ref() == Some(&all), "another file");
    let (took, account) = (outcome.took.as_secs_f64(), run.origin.account().clone());
    assert!(expected.contains(&took), "{fragments} fragments took {took} s where {expected:?} are expected");
    let most = options.max_fragments * options.max_connections;
    assert!(account.most_exchanges <= most, "{} connections of {most}", account.most_exchanges);
    // What is in flight when a share is cut short comes for nothing: a chunk for each request at most.
    let sum = fragments * size;
    let allowed = sum + account.requests * weather.chunk;
    assert!(
        account.fetched <= allowed,
        "{} bytes of {sum} in {} requests",
        account.fetched,
        account.requests
    );
}

#[test]
fn the_last_fragments_get_what_the_others_need_no_more() {
    let auto = DownloadOptions::auto();
    // Eight at once: the ninth alone would take as long again, and eight connections bring an eighth of that.
    check(8, &auto, Validators::Strong, ONE * 0.98..ONE * 1.1);
    check(9, &auto, Validators::Strong, ONE * 1.1..ONE * 1.2);
    check(10, &auto, Validators::Strong, ONE * 1.2..ONE * 1.35);
    // Three have two each, and two connections are nobody's.
    check(3, &auto, Validators::Dated, ONE * 0.375..ONE * 0.42);
}

#[test]
fn nobody_gets_more_than_the_user_said() {
    let told = DownloadOptions::new().with_max_fragments(8).with_max_connections(1);
    check(9, &told, Validators::Strong, ONE * 1.96..ONE * 2.2);
}

#[test]
fn what_nothing_proves_stays_one_reply() {
    check(9, &DownloadOptions::auto(), Validators::None, ONE * 1.96..ONE * 2.2);
}
