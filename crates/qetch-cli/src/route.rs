//! `--route HOST=URL`: one route, as typed.

use std::str::FromStr;

use qetch::{Error, Routes, Url};

/// Which origin is asked in place of which host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) host: String,
    pub(crate) origin: Url,
}

impl FromStr for Route {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (host, origin) =
            text.split_once('=').ok_or_else(|| Error::invalid("the route", "expected HOST=URL"))?;
        let origin = Url::parse(origin)?;
        // Checked here, so that it is told as an error of usage.
        Routes::new().with(host, &origin)?;
        Ok(Self { host: host.to_owned(), origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, &str)>) {
        let route = text.parse::<Route>();
        let parts = route.as_ref().ok().map(|route| (route.host.as_str(), route.origin.as_str()));
        assert_eq!(parts, expected, "{text}: {route:?}");
    }

    #[test]
    fn a_route_is_a_host_and_an_origin() {
        check("*=http://127.0.0.1:80", Some(("*", "http://127.0.0.1/")));
        check("h.example=https://l.example:8443/", Some(("h.example", "https://l.example:8443/")));
        for wrong in
            ["", "h.example", "=http://l.example", "a/b=http://l.example", "*=l.example:80", "*=http://l/x"]
        {
            check(wrong, None);
        }
    }
}
