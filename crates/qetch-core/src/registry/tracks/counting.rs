//! One progress of several tracks.

use std::sync::{Arc, Mutex};

use crate::{Phase, Progress, ProgressHook, lock::lock};

/// How far several tracks are, together.
#[derive(Debug)]
pub(super) struct Counting(Mutex<State>);

#[derive(Debug)]
struct State {
    /// What each said last.
    tracks: Vec<Option<Progress>>,
    /// What is done with all of them, once they are there.
    phase: Option<Phase>,
}

impl Counting {
    /// Of so many tracks.
    pub(super) fn new(tracks: usize) -> Self {
        Self(Mutex::new(State { tracks: vec![None; tracks], phase: None }))
    }

    /// What hears of the track of this number.
    pub(super) fn hook(self: &Arc<Self>, number: usize) -> Arc<dyn ProgressHook> {
        let counting = self.clone();
        Arc::new(move |progress| {
            if let Some(track) = lock(&counting.0).tracks.get_mut(number) {
                *track = Some(progress);
            }
        })
    }

    /// Says that so many bytes of the track of this number, all that it has, were there already.
    pub(super) fn there(&self, number: usize, bytes: u64) {
        if let Some(track) = lock(&self.0).tracks.get_mut(number) {
            let fragments = track.map_or((1, 1), |track| (track.fragments.1, track.fragments.1));
            let (total, phase) = (Some(bytes), Phase::Done);
            *track =
                Some(Progress { done: bytes, resumed: bytes, total, phase, fragments, ..Progress::new(1) });
        }
    }

    /// Sets what is done with all of them.
    pub(super) fn set_phase(&self, phase: Phase) {
        lock(&self.0).phase = Some(phase);
    }

    /// How far they are. Bytes and fragments are sums; a total is known once each is; the phase is that of the track that
    /// is furthest behind, and no track is done before the file is.
    pub(super) fn read(&self) -> Progress {
        let state = lock(&self.0);
        let mut all = Progress { total: Some(0), phase: Phase::Merging, ..Progress::new(0) };
        for track in &state.tracks {
            let track = track.unwrap_or_else(|| Progress::new(1));
            all.done = all.done.saturating_add(track.done);
            all.resumed = all.resumed.saturating_add(track.resumed);
            all.total = all.total.zip(track.total).and_then(|(all, track)| all.checked_add(track));
            all.is_estimate |= track.is_estimate;
            all.attempt = all.attempt.saturating_add(track.attempt.saturating_sub(1));
            all.fragments.0 = all.fragments.0.saturating_add(track.fragments.0);
            all.fragments.1 = all.fragments.1.saturating_add(track.fragments.1);
            if rank(track.phase) < rank(all.phase) {
                all.phase = track.phase;
            }
        }
        all.phase = state.phase.unwrap_or(all.phase);
        all
    }
}

fn rank(phase: Phase) -> u8 {
    match phase {
        Phase::Connecting => 0,
        Phase::Fetching => 1,
        Phase::Merging => 2,
        Phase::Finishing => 3,
        Phase::Done => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_of_the_tracks_and_as_far_as_the_last_of_them() {
        let counting = Arc::new(Counting::new(2));
        let hooks = [counting.hook(0), counting.hook(1)];
        let check = |expected: (u64, Option<u64>, Phase, (usize, usize), u32)| {
            let it = counting.read();
            assert_eq!((it.done, it.total, it.phase, it.fragments, it.attempt), expected);
        };
        let tell = |track: usize, done, total, phase, attempt| {
            let (fragments, resumed) = ((1, 3), done / 2);
            let progress = Progress { done, resumed, total, attempt, phase, fragments, ..Progress::new(3) };
            hooks[track].update(progress);
        };
        check((0, None, Phase::Connecting, (0, 2), 1));
        tell(0, 10, Some(100), Phase::Fetching, 1);
        check((10, None, Phase::Connecting, (1, 4), 1));
        tell(1, 6, Some(u64::MAX), Phase::Fetching, 3);
        check((16, None, Phase::Fetching, (2, 6), 3));
        assert_eq!(counting.read().resumed, 8);
        tell(1, 50, Some(50), Phase::Done, 3);
        check((60, Some(150), Phase::Fetching, (2, 6), 3));
        tell(0, 100, Some(100), Phase::Finishing, 2);
        check((150, Some(150), Phase::Merging, (2, 6), 4));
        counting.set_phase(Phase::Done);
        check((150, Some(150), Phase::Done, (2, 6), 4));
    }
}
