//! What a link asks for of an item.

use qetch_core::{Error, Result, link};

use super::{
    groups::Group,
    item::{File, Item},
    names::stem,
};

/// What a link asks for of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it.
    All,
    /// The resource that a file belongs to, or a place in a book.
    Entry(String),
    /// A file and nothing else, or the resources in a folder.
    File(String),
}

impl Asked {
    pub(super) fn entry(path: &str) -> Self {
        Self::Entry(link::decoded(path))
    }

    pub(super) fn file(path: &str) -> Self {
        Self::File(link::decoded(path))
    }
}

/// A resource with its place and how many there are.
type Placed = ((usize, usize), Group);

impl Item {
    /// Every resource.
    ///
    /// # Errors
    /// [`Private`](Error::Private) where all are for some readers alone, and [`NotFound`](Error::NotFound) where there are none.
    pub(super) fn all(&self) -> Result<Vec<Placed>> {
        let groups = self.groups();
        if groups.is_empty() {
            return Err(self.nothing());
        }
        let count = groups.len();
        Ok(groups.into_iter().enumerate().map(|(place, group)| ((place, count), group)).collect())
    }

    /// The file of this name, if there is one.
    ///
    /// # Errors
    /// [`Private`](Error::Private) and [`Drm`](Error::Drm) for a file that is for some readers alone, and
    /// [`Unsupported`](Error::Unsupported) for one within an archive.
    pub(super) fn asked_file(&self, name: &str) -> Result<Option<usize>> {
        const ARCHIVES: [&str; 6] = [".zip", ".tar", ".7z", ".rar", ".iso", ".cbz"];
        if let Some(at) = self.find(name) {
            return self.open(&self.files[at]).map(|()| Some(at));
        }
        let is_within = |archive: &&File| {
            let behind = name.strip_prefix(archive.name.as_str());
            let is_archive = || {
                let name = archive.name.to_ascii_lowercase();
                ARCHIVES.iter().any(|end| name.ends_with(end))
            };
            behind.is_some_and(|behind| behind.starts_with('/')) && is_archive()
        };
        match self.files.iter().find(is_within) {
            None => Ok(None),
            Some(archive) => {
                let form = format!("a file within {} of {}", archive.name, self.what());
                Err(Error::unsupported(form, "download the archive itself"))
            }
        }
    }

    /// The resources in a folder.
    ///
    /// # Errors
    /// [`NotFound`](Error::NotFound) where there is no such folder, and those of [`all`](Item::all).
    pub(super) fn folder(&self, name: &str) -> Result<Vec<Placed>> {
        let folder = format!("{name}/");
        let is_here = |file: &File| file.name.starts_with(&folder);
        if !self.files.iter().any(is_here) {
            return Err(self.no_file(name));
        }
        self.those(|group| group.files.iter().any(|&at| is_here(&self.files[at])))
    }

    /// The resource that the file at the end of a page's link belongs to. Pages write blanks as `+`, name the place in a
    /// book (`page/n5/mode/2up`), and call a book of several by its stem.
    ///
    /// # Errors
    /// Those of [`asked_file`](Item::asked_file) and [`folder`](Item::folder).
    pub(super) fn entry(&self, path: &str) -> Result<Vec<Placed>> {
        let with_blanks = path.replace('+', " ");
        for name in [path, with_blanks.as_str()] {
            if let Some(at) = self.asked_file(name)? {
                let groups = self.those(|group| group.files.contains(&at) || group.captions.contains(&at));
                // What belongs to no resource is one by itself.
                return groups.or_else(|_| Ok(vec![((0, 1), self.alone(at))]));
            }
        }
        // A folder may be called as a place in a book is.
        let is_beside = |file: &File| {
            let folder = with_blanks.rsplit_once('/').map(|(folder, _)| folder);
            folder.is_some_and(|folder| file.name.strip_prefix(folder).is_some_and(|it| it.starts_with('/')))
        };
        if self.files.iter().any(is_beside) {
            return self.folder(&with_blanks);
        }
        let book = before_place(&with_blanks);
        if book.is_empty() {
            return self.all();
        }
        let is_named =
            |group: &Group| stem(&group.root) == book || group.root.strip_suffix("_images.zip") == Some(book);
        let named = self.all()?.into_iter().filter(|(_, group)| is_named(group)).collect::<Vec<_>>();
        if named.is_empty() { self.folder(book) } else { Ok(named) }
    }

    /// The resources that `is_asked` picks.
    fn those(&self, is_asked: impl Fn(&Group) -> bool) -> Result<Vec<Placed>> {
        let those: Vec<_> = self.all()?.into_iter().filter(|(_, group)| is_asked(group)).collect();
        if those.is_empty() { Err(self.nothing()) } else { Ok(those) }
    }

    /// Whether a file may be had.
    fn open(&self, file: &File) -> Result<()> {
        let what = || format!("{} of {}", file.name, self.what());
        match file.protection() {
            _ if file.private => Err(Error::private(what())),
            Some(system) => Err(Error::drm(what(), system)),
            None => Ok(()),
        }
    }

    /// Why there is no resource.
    fn nothing(&self) -> Error {
        if self.is_restricted() {
            return Error::private(format!("{}, which is lent or kept to some readers,", self.what()));
        }
        if self.withheld() > 0 {
            return Error::private(format!("every file of {}", self.what()));
        }
        Error::not_found(format!("a file of {}", self.what()))
    }

    fn no_file(&self, name: &str) -> Error {
        Error::not_found(format!("{name} of {}", self.what()))
    }
}

/// What stands before the place in a book: `ITEM/STEM/page/n5/mode/2up`.
fn before_place(path: &str) -> &str {
    let parts = path.split('/').scan(0, |at, part| {
        let begin = *at;
        *at += part.len() + 1;
        Some((begin, part))
    });
    let place = parts.into_iter().find(|(_, part)| matches!(*part, "page" | "mode" | "search"));
    place.map_or(path, |(begin, _)| path[..begin].trim_end_matches('/'))
}
