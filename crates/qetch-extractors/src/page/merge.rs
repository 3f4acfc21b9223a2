//! Which of what a page tells is about the same thing.
//!
//! Two that share a file, a playlist or a player are one, however their links are signed. Besides:
//! - the video of the card is the one that JSON-LD describes under the same title, or the only one that it describes;
//! - the only player of a page that is no ornament plays the only video (or sound) that is described, unless what is
//!   described is played by a site that is known: then it is another one.
//!
//! The only one is meant where one of the two names no file, or their files are called the same but for sizes and formats,
//! or the same picture stands for both. Files of which nothing says that they are of one thing are never its qualities.
//!
//! What is told of one fills what is missing of the other, and its files are further qualities.

use std::collections::HashMap;

use qetch_core::Url;

use super::{
    open_graph::Card,
    rendition::Called,
    resource::{File, Resource},
};
use crate::common_link;

/// The videos and sounds of a page: those that are described, those of its card, those that it plays.
///
/// Those that nothing leads to are left out, and so are ornaments where there is another video.
pub(super) fn media(
    described: Vec<Resource>,
    card: &mut Card,
    players: Vec<Resource>,
    is_known: &dyn Fn(&Url) -> bool,
) -> Vec<Resource> {
    let mut merged = Merged::default();
    for resource in described {
        let same = merged.same(&resource);
        merged.put(resource, same);
    }
    let mut of_card = Vec::new();
    for resource in [card.video.take(), card.audio.take()].into_iter().flatten() {
        let same = merged.same(&resource).or_else(|| merged.titled(&resource)).or_else(|| {
            merged
                .only(resource.is_video)
                .filter(|&at| is_one(&merged.resources[at], &resource, &card.pictures))
        });
        of_card.push(merged.put(resource, same));
    }
    let plays = |is_video: bool| {
        let one = |it: &&Resource| it.is_video == is_video && it.leads_anywhere() && !it.is_ornament;
        players.iter().filter(one).count()
    };
    let count = [false, true].map(plays);
    let only = [false, true].map(|is_video| {
        let only = merged.only(is_video).filter(|_| count[usize::from(is_video)] == 1);
        only.filter(|&at| !merged.resources[at].links().any(is_known))
    });
    for resource in players.into_iter().filter(Resource::leads_anywhere) {
        let only = only[usize::from(resource.is_video)].filter(|_| !resource.is_ornament);
        let same = merged.same(&resource).or_else(|| {
            only.filter(|at| {
                let pictures = if of_card.contains(at) { &card.pictures[..] } else { &[] };
                is_one(&resource, &merged.resources[*at], pictures)
            })
        });
        merged.put(resource, same);
    }
    let mut resources = merged.resources;
    resources.retain(Resource::leads_anywhere);
    if resources.iter().any(|it| it.is_video && !it.is_ornament) {
        resources.retain(|it| !it.is_ornament);
    }
    resources
}

/// Resources of which those that share a file are one.
pub(super) fn pictures(pictures: impl IntoIterator<Item = Resource>) -> Vec<Resource> {
    let mut merged = Merged::default();
    for picture in pictures {
        let same = merged.same(&picture);
        merged.put(picture, same);
    }
    merged.resources
}

/// Whether nothing stands against `one` and `other`, for which `pictures` stand too, being the same.
fn is_one(one: &Resource, other: &Resource, pictures: &[File]) -> bool {
    let links = |it: &Resource| it.files.iter().map(|file| &file.url).chain(&it.playlists).count();
    let called = |it: &Resource| -> Vec<Called> {
        it.files.iter().map(|file| &file.url).chain(&it.playlists).filter_map(Called::of).collect()
    };
    let (ones, others) = (called(one), called(other));
    links(one) == 0
        || links(other) == 0
        || ones.iter().any(|it| others.iter().any(|other| it.is_like(other)))
        || one.posters.iter().any(|it| other.posters.iter().chain(pictures).any(|other| it.key == other.key))
}

/// Resources, and where each of their links is.
#[derive(Default)]
struct Merged {
    resources: Vec<Resource>,
    by_key: HashMap<String, usize>,
}

impl Merged {
    /// The one that shares a link with `resource`.
    fn same(&self, resource: &Resource) -> Option<usize> {
        keys(resource).find_map(|key| self.by_key.get(&key).copied())
    }

    /// The one of the same title.
    fn titled(&self, resource: &Resource) -> Option<usize> {
        let title = resource.facts.title.as_ref()?;
        let is_same =
            |it: &Resource| it.is_video == resource.is_video && it.facts.title.as_ref() == Some(title);
        self.resources.iter().position(is_same)
    }

    /// The only video, or the only sound.
    fn only(&self, is_video: bool) -> Option<usize> {
        let mut found = self.resources.iter().enumerate().filter(|(_, it)| it.is_video == is_video);
        found.next().filter(|_| found.next().is_none()).map(|(at, _)| at)
    }

    /// Adds `resource`, to the one that is the same where there is one, and says where. A file is in one resource alone.
    fn put(&mut self, mut resource: Resource, same: Option<usize>) -> usize {
        let at = same.unwrap_or(self.resources.len());
        resource.files.retain(|file| self.by_key.get(&file.key).is_none_or(|&of| of == at));
        for key in keys(&resource) {
            self.by_key.entry(key).or_insert(at);
        }
        match self.resources.get_mut(at) {
            Some(known) => known.absorb(resource),
            None => self.resources.push(resource),
        }
        at
    }
}

fn keys(resource: &Resource) -> impl Iterator<Item = String> {
    let others = resource.players.iter().chain(&resource.playlists).map(common_link::uid);
    resource.files.iter().map(|file| file.key.clone()).chain(others)
}

#[cfg(test)]
mod tests {
    use qetch_core::Kind;

    use super::*;
    use crate::page::resource::{Facts, File};

    fn video(title: &str, files: &[&str], players: &[&str]) -> Resource {
        let url = |name: &&str| Url::parse("https://h.example/").unwrap().join(name).unwrap();
        let title = Some(title.to_owned()).filter(|it| !it.is_empty());
        Resource {
            is_video: true,
            facts: Facts { title, ..Facts::default() },
            files: files.iter().map(|name| File::new(url(name), Kind::Video, None)).collect(),
            players: players.iter().map(url).collect(),
            ..Resource::default()
        }
    }

    fn ornament(file: &str) -> Resource {
        Resource { is_ornament: true, ..video("", &[file], &[]) }
    }

    #[track_caller]
    fn check(
        described: Vec<Resource>,
        card: Option<Resource>,
        players: Vec<Resource>,
        expected: &[(&str, &[&str])],
    ) {
        let mut card = Card { video: card, ..Card::default() };
        let found = media(described, &mut card, players, &|url| url.path().starts_with("/known/"));
        let found: Vec<_> = found
            .iter()
            .map(|it| {
                let files: Vec<_> =
                    it.files.iter().map(|file| file.url.path().trim_start_matches('/')).collect();
                (it.facts.title.as_deref().unwrap_or_default(), files)
            })
            .collect();
        let expected: Vec<_> = expected.iter().map(|(title, files)| (*title, files.to_vec())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn those_that_share_a_file_are_one() {
        check(
            vec![video("A", &["a.mp4?token=1&expires=2"], &[]), video("B", &["b.mp4"], &[])],
            Some(video("Page", &["b.mp4", "b.webm"], &[])),
            vec![video("", &["a.mp4?token=7&expires=8", "a.webm"], &[]), video("", &["c.mp4"], &[])],
            &[("A", &["a.mp4", "a.webm"]), ("B", &["b.mp4", "b.webm"]), ("", &["c.mp4"])],
        );
        check(
            vec![video("A", &["a.mp4"], &["e/1"]), video("B", &[], &["e/2"])],
            Some(video("X", &["b.mp4"], &["e/2"])),
            vec![],
            &[("A", &["a.mp4"]), ("B", &["b.mp4"])],
        );
    }

    #[test]
    fn a_card_is_of_the_same_title_or_of_the_only_one_described() {
        let two = || vec![video("A", &["a.mp4"], &[]), video("B", &["b.mp4"], &[])];
        check(
            two(),
            Some(video("B", &["c.mp4"], &[])),
            vec![],
            &[("A", &["a.mp4"]), ("B", &["b.mp4", "c.mp4"])],
        );
        check(
            two(),
            Some(video("C", &["c.mp4"], &[])),
            vec![],
            &[("A", &["a.mp4"]), ("B", &["b.mp4"]), ("C", &["c.mp4"])],
        );
        check(vec![video("A", &[], &[])], Some(video("C", &["c.mp4"], &[])), vec![], &[("A", &["c.mp4"])]);
    }

    #[test]
    fn the_only_player_plays_what_is_described() {
        let one = || vec![video("A", &["a.mp4"], &[])];
        check(one(), None, vec![video("", &["a.webm"], &[])], &[("A", &["a.mp4", "a.webm"])]);
        let nowhere = || vec![video("A", &[], &["player"])];
        check(nowhere(), None, vec![video("", &["p.mp4"], &[])], &[("A", &["p.mp4"])]);
        let two = vec![video("", &["p.mp4"], &[]), video("", &["q.mp4"], &[])];
        check(one(), None, two, &[("A", &["a.mp4"]), ("", &["p.mp4"]), ("", &["q.mp4"])]);
        let elsewhere = vec![video("A", &[], &["known/1"])];
        check(elsewhere, None, vec![video("", &["p.mp4"], &[])], &[("A", &[]), ("", &["p.mp4"])]);
    }

    #[test]
    fn files_of_which_nothing_says_so_are_no_qualities_of_another() {
        let one = || vec![video("A", &["a.mp4"], &[])];
        check(one(), None, vec![video("", &["p.mp4"], &[])], &[("A", &["a.mp4"]), ("", &["p.mp4"])]);
        check(one(), Some(video("C", &["c.mp4"], &[])), vec![], &[("A", &["a.mp4"]), ("C", &["c.mp4"])]);
        let card = Some(video("C", &["c.mp4"], &[]));
        check(vec![], card, vec![video("", &["p.mp4"], &[])], &[("C", &["c.mp4"]), ("", &["p.mp4"])]);
        let list = Url::parse("https://h.example/l/list.m3u8").unwrap();
        let listed = vec![Resource { playlists: vec![list], ..video("A", &[], &[]) }];
        check(listed, None, vec![video("", &["p.mp4"], &[])], &[("A", &[]), ("", &["p.mp4"])]);
    }

    #[test]
    fn a_picture_that_stands_for_both_says_that_they_are_one() {
        let picture = |name: &str| {
            let url = Url::parse("https://h.example/").unwrap().join(name).unwrap();
            File::new(url, Kind::Image, None)
        };
        let shown = |name: &str, it: Resource| Resource { posters: vec![picture(name)], ..it };
        let one = || vec![shown("a.jpg", video("A", &["a.mp4"], &[]))];
        let player = || vec![shown("a.jpg", video("", &["p.mp4"], &[]))];
        check(one(), None, player(), &[("A", &["a.mp4", "p.mp4"])]);
        let other = vec![shown("b.jpg", video("", &["p.mp4"], &[]))];
        check(one(), None, other, &[("A", &["a.mp4"]), ("", &["p.mp4"])]);
        // The picture of a card is that of its video, and of no other.
        for (of_card, expected) in [(true, 1), (false, 2)] {
            let resource = video("A", &["c.mp4"], &[]);
            let (video, described) = if of_card { (Some(resource), vec![]) } else { (None, vec![resource]) };
            let mut card = Card { video, pictures: vec![picture("a.jpg")], ..Card::default() };
            assert_eq!(media(described, &mut card, player(), &|_| false).len(), expected);
        }
    }

    #[test]
    fn an_ornament_is_for_want_of_another_video() {
        check(vec![], None, vec![ornament("o.mp4")], &[("", &["o.mp4"])]);
        check(vec![], None, vec![ornament("o.mp4"), video("", &["p.mp4"], &[])], &[("", &["p.mp4"])]);
        check(vec![video("A", &["a.mp4"], &[])], None, vec![ornament("o.mp4")], &[("A", &["a.mp4"])]);
    }

    #[test]
    fn a_sound_is_no_video() {
        let sound = Resource { is_video: false, ..video("S", &["s.mp3"], &[]) };
        check(vec![video("A", &["a.mp4"], &[])], None, vec![sound], &[("A", &["a.mp4"]), ("S", &["s.mp3"])]);
    }

    #[test]
    fn a_file_is_in_one_resource_alone() {
        let files: Vec<_> = (0..3).map(|number| format!("{number}.jpg")).collect();
        let [a, b, c] = &files[..] else { unreachable!() };
        let found = pictures([
            video("", &[a], &[]),
            video("", &[b], &[]),
            video("", &[a, b, c], &[]),
            video("", &[c], &[]),
        ]);
        let found: Vec<Vec<_>> =
            found.iter().map(|it| it.files.iter().map(|file| file.url.path()).collect()).collect();
        assert_eq!(found, [vec!["/0.jpg", "/2.jpg"], vec!["/1.jpg"]]);
    }
}
