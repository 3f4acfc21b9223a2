//! What became of one attempt: a verdict, from how the tool ended and what it left.

/// What the tool did in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It ended with 0.
    Success,
    /// It ended with anything else, or by a signal that was not ours.
    Error,
    /// It had not ended when its time was over, and was stopped.
    Stopped,
}

/// What stands under the final name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    /// One of the right files.
    Right,
    /// Anything else.
    Wrong,
    /// Anything else, with a file of the tool beside it that says that it is unfinished.
    Marked,
}

/// What is right to come of a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    File,
    Error,
    Either,
}

/// What is said of an attempt, the best first. Where rounds differ the last in this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Good,
    ClearError,
    Unfinished,
    Hang,
    NothingAsSuccess,
    WrongFileLeft,
    WrongFileAsSuccess,
}

impl Verdict {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 7] = [
        Self::Good,
        Self::ClearError,
        Self::Unfinished,
        Self::Hang,
        Self::NothingAsSuccess,
        Self::WrongFileLeft,
        Self::WrongFileAsSuccess,
    ];

    /// The word that stands in a cell.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::ClearError => "error",
            Self::Unfinished => "unfinished",
            Self::Hang => "hang",
            Self::NothingAsSuccess => "nothing",
            Self::WrongFileLeft => "left",
            Self::WrongFileAsSuccess => "WRONG",
        }
    }

    /// What it means, in a sentence.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Good => {
                "It ends with 0 and has a right file; or it ends with an error, has no wrong file, and an error is right."
            }
            Self::ClearError => {
                "It ends with an error where the file could be had, and leaves nothing wrong under the final name."
            }
            Self::Unfinished => {
                "It ends with an error and leaves what it has under the final name, with a control file of its own beside it \
                 that says so. Its next run goes on from there; other programs see a file like any other."
            }
            Self::Hang => "It has not ended when its time is over, and is stopped.",
            Self::NothingAsSuccess => "It ends with 0 and there is no file.",
            Self::WrongFileLeft => {
                "It ends with an error and leaves something else than a right file under the final name, with nothing \
                 that tells it from a whole one."
            }
            Self::WrongFileAsSuccess => {
                "It ends with 0, and the file under the final name is not a right one."
            }
        }
    }
}

/// Judges an attempt.
pub(crate) fn judge(right: Right, end: End, left: Left) -> Verdict {
    match (end, left) {
        (End::Stopped, _) => Verdict::Hang,
        (End::Success, Left::Right) => Verdict::Good,
        (End::Success, Left::Nothing) => Verdict::NothingAsSuccess,
        (End::Success, Left::Wrong | Left::Marked) => Verdict::WrongFileAsSuccess,
        (End::Error, Left::Wrong) => Verdict::WrongFileLeft,
        (End::Error, Left::Marked) => Verdict::Unfinished,
        (End::Error, Left::Nothing | Left::Right) if right == Right::File => Verdict::ClearError,
        (End::Error, Left::Nothing | Left::Right) => Verdict::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_its_verdict() {
        let check = |end, left, expected| {
            assert_eq!(judge(Right::File, end, left), expected, "{end:?}, {left:?}");
        };
        check(End::Success, Left::Right, Verdict::Good);
        check(End::Success, Left::Wrong, Verdict::WrongFileAsSuccess);
        check(End::Success, Left::Marked, Verdict::WrongFileAsSuccess);
        check(End::Success, Left::Nothing, Verdict::NothingAsSuccess);
        check(End::Error, Left::Nothing, Verdict::ClearError);
        check(End::Error, Left::Right, Verdict::ClearError);
        check(End::Error, Left::Wrong, Verdict::WrongFileLeft);
        check(End::Error, Left::Marked, Verdict::Unfinished);
        for left in [Left::Nothing, Left::Right, Left::Wrong, Left::Marked] {
            check(End::Stopped, left, Verdict::Hang);
        }
    }

    #[test]
    fn an_error_is_good_where_it_is_right() {
        for right in [Right::Error, Right::Either] {
            assert_eq!(judge(right, End::Error, Left::Nothing), Verdict::Good);
            assert_eq!(judge(right, End::Error, Left::Wrong), Verdict::WrongFileLeft);
            assert_eq!(judge(right, End::Success, Left::Nothing), Verdict::NothingAsSuccess);
            assert_eq!(judge(right, End::Success, Left::Wrong), Verdict::WrongFileAsSuccess);
        }
        assert_eq!(judge(Right::Either, End::Success, Left::Right), Verdict::Good);
    }

    #[test]
    fn the_list_has_the_order_of_badness() {
        assert!(Verdict::ALL.is_sorted());
        assert_eq!(Verdict::ALL.iter().max(), Some(&Verdict::WrongFileAsSuccess));
    }
}
