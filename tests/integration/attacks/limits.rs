//! Answers, playlists and chains without an end.
