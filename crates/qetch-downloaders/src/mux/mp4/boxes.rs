//! Boxes (ISO/IEC 14496-12, 4.2): read with every size checked, and written.

use crate::mux::{
    source::Source,
    stop::{Done, Stop},
};

/// The four letters of a box.
pub(crate) type Letters = [u8; 4];

/// A box of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) letters: Letters,
    /// Where it begins, where its body does, and where it ends.
    pub(crate) start: u64,
    pub(crate) body: u64,
    pub(crate) end: u64,
}

impl Head {
    /// The box at `at`, which ends before `limit`.
    pub(crate) fn read(source: &mut Source, at: u64, limit: u64) -> Done<Self> {
        let mut bytes = [0; 16];
        let there = usize::try_from(limit.saturating_sub(at)).map_or(16, |left| left.min(16));
        source.read_at(at, &mut bytes[..there])?;
        let (letters, header, size) = measure(&bytes[..there])?;
        let end = match size {
            Some(size) => at.checked_add(size).filter(|end| *end <= limit),
            None => Some(limit),
        };
        let end = end.ok_or(Stop::Bad("a box is longer than what it is in"))?;
        Ok(Self { letters, start: at, body: at + header, end })
    }
}

/// A box in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Child<'a> {
    pub(crate) letters: Letters,
    /// Where it begins in what it is in.
    pub(crate) at: usize,
    /// With its header.
    pub(crate) whole: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl<'a> Child<'a> {
    /// It, with a header of eight bytes: its body begins there.
    pub(crate) fn whole_of_short(&self) -> Done<&'a [u8]> {
        let is_short = self.whole.len() == self.body.len() + 8;
        is_short.then_some(self.whole).ok_or(Stop::Bad("a long header on a short box"))
    }
}

/// The boxes in the body of another.
pub(crate) fn children(body: &[u8]) -> impl Iterator<Item = Done<Child<'_>>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = body.get(at..).filter(|rest| !rest.is_empty())?;
        let child = first(rest).map(|child| Child { at, ..child });
        at = child.as_ref().map_or(body.len(), |child| at + child.whole.len());
        Some(child)
    })
}

/// The first child of these letters.
pub(crate) fn child<'a>(body: &'a [u8], letters: &Letters) -> Done<Option<&'a [u8]>> {
    for child in children(body) {
        let child = child?;
        if child.letters == *letters {
            return Ok(Some(child.body));
        }
    }
    Ok(None)
}

/// The first child of these letters, without which nothing can be done.
pub(crate) fn need<'a>(body: &'a [u8], letters: &Letters) -> Done<&'a [u8]> {
    child(body, letters)?.ok_or(Stop::Bad("a box that must be there is not"))
}

fn first(bytes: &[u8]) -> Done<Child<'_>> {
    let (letters, header, size) = measure(bytes)?;
    let len = match size {
        Some(size) => usize::try_from(size).ok().filter(|size| *size <= bytes.len()),
        // Only the last box of a file may go on to its end.
        None => None,
    };
    let whole =
        len.and_then(|len| bytes.get(..len)).ok_or(Stop::Bad("a box is longer than what it is in"))?;
    let body = usize::try_from(header).ok().and_then(|header| whole.get(header..));
    Ok(Child { letters, at: 0, whole, body: body.unwrap_or_default() })
}

/// The letters, the length of the header, and the size with it; no size where the box goes on to the end.
fn measure(bytes: &[u8]) -> Done<(Letters, u64, Option<u64>)> {
    let letters = array_at(bytes, 4)?;
    let (header, size) = match u32_at(bytes, 0)? {
        0 => (8, None),
        1 => (16, Some(u64_at(bytes, 8)?)),
        size => (8, Some(u64::from(size))),
    };
    if size.is_some_and(|size| size < header) {
        return Err(Stop::Bad("a box is shorter than its header"));
    }
    Ok((letters, header, size))
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Done<[u8; N]> {
    let there = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    there.copied().ok_or(Stop::Bad("a box ends early"))
}

pub(crate) fn letters_at(bytes: &[u8], at: usize) -> Done<Letters> {
    array_at(bytes, at)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Done<u32> {
    Ok(u32::from_be_bytes(array_at(bytes, at)?))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Done<u64> {
    Ok(u64::from_be_bytes(array_at(bytes, at)?))
}

/// The version and the flags that a full box begins with.
pub(crate) fn version_at(bytes: &[u8]) -> Done<(u8, u32)> {
    let word = u32_at(bytes, 0)?;
    let [version, ..] = word.to_be_bytes();
    Ok((version, word & 0x00ff_ffff))
}

/// Puts `value` over what stands at `at`.
pub(crate) fn put(bytes: &mut [u8], at: usize, value: &[u8]) -> Done<()> {
    let end = at.checked_add(value.len());
    let place = end.and_then(|end| bytes.get_mut(at..end)).ok_or(Stop::Bad("a box ends early"))?;
    place.copy_from_slice(value);
    Ok(())
}

/// Adds a box of what `fill` adds.
pub(crate) fn add(
    to: &mut Vec<u8>,
    letters: &Letters,
    fill: impl FnOnce(&mut Vec<u8>) -> Done<()>,
) -> Done<()> {
    let start = to.len();
    to.extend([0; 4]);
    to.extend(letters);
    fill(to)?;
    let size = u32::try_from(to.len() - start).map_err(|_| Stop::Bad("a box of more than 4 GiB"))?;
    put(to, start, &size.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<&[(&[u8; 4], usize)]>) {
        let found: Done<Vec<_>> =
            children(bytes).map(|child| child.map(|it| (it.letters, it.body.len()))).collect();
        let expected = expected.map(|list| list.iter().map(|(letters, len)| (**letters, *len)).collect());
        assert_eq!(found.ok(), expected);
    }

    #[test]
    fn sizes_are_read_in_each_of_their_forms() {
        check(b"", Some(&[]));
        check(b"\0\0\0\x09freeX\0\0\0\x08mdat", Some(&[(b"free", 1), (b"mdat", 0)]));
        check(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x12XY", Some(&[(b"mdat", 2)]));
    }

    #[test]
    fn sizes_that_cannot_be_are_found() {
        check(b"\0\0\0\x07free", None);
        check(b"\0\0\0\0mdatXYZ", None);
        check(b"\0\0\0\x09free", None);
        check(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0f", None);
        check(b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff", None);
        check(b"\0\0\0\x01mda", None);
        check(b"\0\0\0\x08freeXYZ", None);
    }
}
