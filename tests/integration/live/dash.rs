//! Dynamic manifests.
