//! Schemes other than http and https.
