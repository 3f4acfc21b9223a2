//! Merging files that are made by hand.
