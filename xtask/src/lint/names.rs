//! Lists of names that must agree.

use std::collections::BTreeSet;

/// The names on one list.
pub(crate) type Names = BTreeSet<String>;

/// A line for every name on one list alone.
pub(crate) fn differences(
    krate: &str,
    (left, lefts): (&str, &Names),
    (right, rights): (&str, &Names),
    faults: &mut Vec<String>,
) {
    for name in lefts.difference(rights) {
        faults.push(format!("{krate}: `{name}` is {left} but not {right}"));
    }
    for name in rights.difference(lefts) {
        faults.push(format!("{krate}: `{name}` is {right} but not {left}"));
    }
}
