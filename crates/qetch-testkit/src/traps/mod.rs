//! The list of traps: one misbehaving resource each, with what a client should make of it.

mod bodies;
mod links;
mod ranges;
mod refusals;
mod versions;

use bytes::Bytes;

use crate::{Behaviour, Origin, Resource, pattern};

/// A resource to try a client on, and what is right to come of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trap {
    /// What it is called, in words with hyphens.
    pub name: &'static str,
    /// What the origin does, in a sentence.
    pub what: &'static str,
    /// The files that are right, the last one being what is there in the end. If there are none, nothing but
    /// an error is right.
    pub files: Vec<Bytes>,
    /// Whether an error is as right as a file.
    pub may_fail: bool,
    /// The resource, which belongs at [`path`](Self::path).
    pub resource: Resource,
}

/// What a client made of a [`Trap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has a right file, or an error where that is right.
    Right,
    /// It has an error where a file could be had.
    Failed,
    /// It has a file that is not right, and believes in it.
    Wrong,
}

impl Trap {
    /// The path that the trap is for.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/{}", self.name)
    }

    /// The path where [`serve`](Self::serve) has a right file, counted from 1.
    #[must_use]
    pub fn right_path(&self, number: usize) -> String {
        format!("/right/{}/{number}", self.name)
    }

    /// Serves the trap at its path, and the right files, without any fault, at theirs. A trap that was sprung
    /// is set again by this.
    pub fn serve(&self, origin: &Origin) {
        origin.serve(&self.path(), self.resource.clone());
        for (number, file) in (1..).zip(&self.files) {
            origin.serve(&self.right_path(number), Resource::new(file.clone()));
        }
    }

    /// Judges what a client has after it was done: the file that it gave out as whole, or none if it told of
    /// an error.
    #[must_use]
    pub fn judge(&self, file: Option<&[u8]>) -> Verdict {
        match file {
            Some(file) if self.files.iter().any(|right| right == file) => Verdict::Right,
            Some(_) => Verdict::Wrong,
            None if self.may_fail || self.files.is_empty() => Verdict::Right,
            None => Verdict::Failed,
        }
    }

    /// A trap with one right file.
    fn new(name: &'static str, what: &'static str, file: &Bytes, resource: Resource) -> Self {
        Self { name, what, files: vec![file.clone()], may_fail: false, resource }
    }

    /// As right an end is an error.
    fn or_error(mut self) -> Self {
        self.may_fail = true;
        self
    }

    /// Only an error is right.
    fn error_alone(mut self) -> Self {
        self.files.clear();
        self.or_error()
    }

    /// Another version is as right.
    fn or(mut self, file: &Bytes) -> Self {
        self.files.push(file.clone());
        self
    }
}

/// All traps, with files of `size` bytes where the trap does not ask for another size.
///
/// A size below 1,000 bytes leaves no room for some of them; clients split files from some size on, and 4 MiB
/// is enough for most. Files are limited to twice their size a
/// second on each connection where several connections at once matter.
///
/// ```
/// use qetch_testkit::{Origin, Verdict, traps};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let origin = Origin::start().await?;
/// for trap in traps(100_000) {
///     trap.serve(&origin);
///     let file = fetch(&origin.url(&trap.path())).await;
///     assert_ne!(trap.judge(file.as_deref()), Verdict::Wrong, "{}: {}", trap.name, trap.what);
/// }
/// # Ok(())
/// # }
/// # async fn fetch(_url: &str) -> Option<Vec<u8>> { None }
/// ```
#[must_use]
pub fn traps(size: usize) -> Vec<Trap> {
    let file = File::new(size);
    [
        ranges::traps(&file),
        bodies::traps(&file),
        refusals::traps(&file),
        versions::traps(&file),
        links::traps(&file),
    ]
    .concat()
}

/// The file that the traps have, and parts of its size.
struct File {
    body: Bytes,
    size: u64,
}

impl File {
    fn new(size: usize) -> Self {
        Self { body: pattern(size, 1).into(), size: size as u64 }
    }

    /// The file with an entity tag.
    fn resource(&self) -> Resource {
        Resource::new(self.body.clone()).with_etag("one")
    }

    /// The same at a pace at which bodies overlap.
    fn paced(&self) -> Resource {
        self.resource().with_throttle(self.size.saturating_mul(2))
    }

    /// A trap with one fault from which the whole file is to be had.
    fn trap(&self, name: &'static str, what: &'static str, behaviour: Behaviour) -> Trap {
        Trap::new(name, what, &self.body, self.resource().with_behaviour(behaviour))
    }

    /// The same at a pace at which bodies overlap.
    fn paced_trap(&self, name: &'static str, what: &'static str, behaviour: Behaviour) -> Trap {
        Trap::new(name, what, &self.body, self.paced().with_behaviour(behaviour))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Verdict, traps};
    use crate::{Origin, raw_client::exchange};

    #[test]
    fn names_differ_and_sentences_end() {
        let all = traps(1000);
        let names: BTreeSet<_> = all.iter().map(|trap| trap.name).collect();
        assert_eq!(names.len(), all.len());
        for trap in all {
            let name =
                trap.name.bytes().all(|byte| byte.is_ascii_lowercase() || b"-0123456789".contains(&byte));
            assert!(name, "{}", trap.name);
            assert!(trap.what.ends_with('.') && !trap.what.contains(['\t', '\n']), "{}", trap.what);
        }
    }

    #[test]
    fn ends_are_judged() {
        let all = traps(1000);
        let check = |name: &str, file: Option<&[u8]>, expected| {
            let trap = all.iter().find(|trap| trap.name == name).unwrap();
            assert_eq!(trap.judge(file), expected, "{name}");
        };
        let right = crate::pattern(1000, 1);
        check("cut-once", Some(&right), Verdict::Right);
        check("cut-once", Some(&right[..999]), Verdict::Wrong);
        check("cut-once", None, Verdict::Failed);
        check("gzip", Some(&right), Verdict::Right);
        check("gzip", Some(b""), Verdict::Wrong);
        check("gzip", None, Verdict::Right);
        check("redirect-loop", Some(b""), Verdict::Wrong);
        check("redirect-loop", None, Verdict::Right);
        check("changes", Some(&crate::pattern(1000, 2)), Verdict::Right);
        check("empty", Some(b""), Verdict::Right);
    }

    /// Each is there, and what is right is there beside it.
    #[tokio::test]
    async fn traps_are_served() {
        let origin = Origin::start().await.unwrap();
        let get = |path: String| {
            let ask = format!("HEAD {path} HTTP/1.1\r\nConnection: close\r\n\r\n");
            let origin = &origin;
            async move { String::from_utf8(exchange(origin, &ask).await).unwrap() }
        };
        for trap in traps(1000) {
            trap.serve(&origin);
            assert!(!get(trap.path()).await.starts_with("HTTP/1.1 404 "), "{}", trap.name);
            for (number, file) in (1..).zip(&trap.files) {
                let head = get(trap.right_path(number)).await;
                assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", file.len())), "{head}");
            }
        }
    }
}
