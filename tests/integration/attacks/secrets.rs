//! Credentials, cookies and headers that are for one host alone.
