//! How the network is used: what the arguments say, and for proxies the environment where they say nothing.

use std::{env, fs};

use qetch::{Live, LiveBuilder, Proxy, QetchBuilder, UserHeaders};

use crate::{
    args::NetworkArguments,
    exit::{Failure, usage},
    route::Route,
    site_option::SiteOption,
};

/// The options of `--option`, which are those of an extractor that `builder` has.
pub(crate) fn options(
    arguments: &NetworkArguments,
    builder: &QetchBuilder,
) -> Result<Vec<SiteOption>, Failure> {
    let read = |text: &String| SiteOption::read(text, builder.extractors());
    arguments.options.iter().map(|text| read(text).map_err(|error| usage(&error, &"--option"))).collect()
}

/// The routes of `--route`. What is wrong is told without what was typed, which may hold a password.
pub(crate) fn routes(arguments: &NetworkArguments) -> Result<Vec<Route>, Failure> {
    arguments.routes.iter().map(|text| text.parse().map_err(|error| usage(&error, &"--route"))).collect()
}

/// The transport that the arguments ask for.
pub(crate) fn transport(arguments: &NetworkArguments, routes: &[Route]) -> Result<Live, Failure> {
    let mut live = Live::builder();
    if let Some(timeout) = arguments.timeout {
        live = live.connect_timeout(timeout.0).silence_timeout(timeout.0);
    }
    if let Some(file) = &arguments.ca_certificate {
        let pem = fs::read(file)
            .map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
        live = live.ca_certificates(&pem).map_err(|error| usage(&error, &file.display()))?;
    }
    let live = match arguments.proxy.as_deref() {
        Some("") => live,
        Some(proxy) => live.proxy(proxy.parse().map_err(|error| usage(&error, &"--proxy"))?),
        None => {
            // Whoever names another origin for a host means that origin, and not what a proxy finds there.
            let routed = routes.iter().filter_map(|route| route.origin.host_str());
            from_environment(live.no_proxy(routed), |name| env::var(name).ok())?
        }
    };
    Ok(live.build())
}

/// The proxies that the environment names, in small letters before capitals.
fn from_environment(
    live: LiveBuilder,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<LiveBuilder, Failure> {
    let find = |name: &str| {
        let capitals = name.to_ascii_uppercase();
        // A web server hands the header `Proxy` of a stranger to its programs as HTTP_PROXY (CVE-2016-5385).
        let is_strangers = capitals == "HTTP_PROXY" && variable("REQUEST_METHOD").is_some();
        let names = [name.to_owned(), capitals].into_iter().take(if is_strangers { 1 } else { 2 });
        names.filter_map(|name| Some((variable(&name)?, name))).find(|(value, _)| !value.trim().is_empty())
    };
    let proxy = |name: &str| -> Result<Option<Proxy>, Failure> {
        let Some((value, name)) = find(name).or_else(|| find("all_proxy")) else { return Ok(None) };
        value.parse().map(Some).map_err(|error| usage(&error, &name))
    };
    let mut live = live;
    if let Some(proxy) = proxy("http_proxy")? {
        live = live.http_proxy(proxy);
    }
    if let Some(proxy) = proxy("https_proxy")? {
        live = live.https_proxy(proxy);
    }
    let without = find("no_proxy").map(|(value, _)| value).unwrap_or_default();
    Ok(live.no_proxy(without.split([',', ' '])))
}

/// The headers of `-H`. What is wrong is told without the value, which may be a secret.
pub(crate) fn headers(lines: &[String]) -> Result<UserHeaders, Failure> {
    lines.iter().try_fold(UserHeaders::new(), |headers, line| {
        let (name, value) =
            line.split_once(':').ok_or_else(|| Failure::usage("-H: expected `Name: value`"))?;
        headers.with(name, value).map_err(|error| usage(&error, &"-H"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::USAGE;

    /// The proxies as the builder shows them, which is without their logins.
    fn check(variables: &[(&str, &str)], http: Option<&str>, https: Option<&str>) {
        let find = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let shown = format!("{:?}", from_environment(Live::builder(), find).unwrap());
        let of = |proxy: Option<&str>| proxy.map_or("None".to_owned(), |it| format!("Some(Proxy({it}))"));
        let expected = format!("http: {}, https: {}", of(http), of(https));
        assert!(shown.contains(&expected) && !shown.contains("hunter2"), "{variables:?}: {shown}");
    }

    #[test]
    fn the_environment_names_proxies() {
        let (a, b) = (Some("http://a:80"), Some("socks5h://b:1080"));
        check(&[], None, None);
        check(&[("http_proxy", "me:hunter2@a")], a, None);
        check(&[("HTTP_PROXY", "a"), ("https_proxy", "socks5h://b")], a, b);
        check(&[("ALL_PROXY", "a"), ("HTTPS_PROXY", "socks5h://b")], a, b);
        check(&[("http_proxy", "a"), ("HTTP_PROXY", "c")], a, None);
        check(&[("http_proxy", " "), ("all_proxy", "")], None, None);
        check(&[("HTTP_PROXY", "a"), ("REQUEST_METHOD", "GET")], None, None);
        check(&[("http_proxy", "a"), ("REQUEST_METHOD", "GET")], a, None);
        let wrong = |name: &str| (name == "https_proxy").then(|| "socks4://me:hunter2@a".to_owned());
        let failure = from_environment(Live::builder(), wrong).map(drop).unwrap_err();
        let message = failure.message.unwrap();
        assert!(message.contains("https_proxy") && message.contains("socks5h"), "{message}");
        assert!(failure.code == USAGE && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn what_is_no_header_is_told_without_its_value() {
        let check = |line: &str, expected: &str| {
            let failure = headers(&[line.to_owned()]).unwrap_err();
            let message = failure.message.unwrap();
            assert!(message.contains(expected) && !message.contains("hunter2"), "{message}");
            assert_eq!(failure.code, USAGE);
        };
        check("Cookie hunter2", "Name: value");
        check("Range: hunter2", "`Range`");
        check("A b: hunter2", "not a header name");
        assert!(headers(&["X-A: b:c".to_owned(), "x-a:".to_owned()]).is_ok());
    }
}
