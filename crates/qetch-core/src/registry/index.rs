//! `Index`: which extractors are asked about a URL, by its host.

use std::collections::HashMap;

use url::Url;

use crate::{ExtractorInfo, Handle, handles};

/// The extractors by the hosts that their handles name, as positions in the registry.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Those that name this host.
    at: HashMap<String, Vec<usize>>,
    /// Those that name the hosts beneath this one.
    beneath: HashMap<String, Vec<usize>>,
    /// Those with handles for any host.
    anywhere: Vec<usize>,
    /// Those without handles, which are asked about everything.
    silent: Vec<usize>,
}

impl Index {
    /// Adds the extractor at `position`, which is more than all before it.
    pub(super) fn add(&mut self, position: usize, info: &ExtractorInfo) {
        let mut hosts = info.handles().iter().flat_map(Handle::hosts).peekable();
        if hosts.peek().is_none() {
            return self.silent.push(position);
        }
        for host in hosts {
            let positions = match (host.is_any(), host.is_beneath()) {
                (true, _) => &mut self.anywhere,
                (_, true) => self.beneath.entry(host.name().to_owned()).or_default(),
                (_, false) => self.at.entry(host.name().to_owned()).or_default(),
            };
            if positions.last() != Some(&position) {
                positions.push(position);
            }
        }
    }

    /// Those that may say yes to `url`: an extractor may be named more than once.
    pub(super) fn named(&self, url: &Url) -> impl Iterator<Item = usize> {
        let host = handles::host(url).unwrap_or_default();
        let dots = host.bytes().enumerate().filter(|(_, byte)| *byte == b'.').map(|(dot, _)| dot);
        let beneath = dots.filter_map(|dot| self.beneath.get(&host[dot + 1..]));
        self.at.get(host).into_iter().chain(beneath).chain([&self.silent]).flatten().copied()
    }

    /// Those that may say perhaps by a handle for any host.
    pub(super) fn anywhere(&self) -> impl Iterator<Item = usize> {
        self.anywhere.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Handles;

    #[test]
    fn an_extractor_is_asked_about_the_hosts_it_names() {
        let mut index = Index::default();
        let hosts: [&[&str]; 4] =
            [&["a.example", "*.a.example"], &["*.b.a.example"], &["*", "c.example"], &[]];
        for (position, hosts) in hosts.into_iter().enumerate() {
            let handles = Handles::new((!hosts.is_empty()).then(|| Handle::new("any", hosts.to_vec(), "")));
            index.add(position, &ExtractorInfo::new("", "").with_handles(handles));
        }
        let check = |url: &str, expected: &[usize]| {
            let found: Vec<_> = index.named(&Url::parse(url).unwrap()).collect();
            assert_eq!(found, expected, "{url}");
        };
        check("https://a.example/", &[0, 3]);
        check("https://A.example./", &[0, 3]);
        check("https://x.a.example/", &[0, 3]);
        check("https://x.b.a.example/", &[1, 0, 3]);
        check("https://c.example/", &[2, 3]);
        check("https://a.example.evil.test/", &[3]);
        check("https://a.example:81/", &[3]);
        check("http://127.0.0.1/", &[3]);
        check("data:text/plain,a.example", &[3]);
        assert_eq!(index.anywhere().collect::<Vec<_>>(), [2]);
    }
}
