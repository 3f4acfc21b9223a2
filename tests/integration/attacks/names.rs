//! Titles, headers and links that are no names of files.
