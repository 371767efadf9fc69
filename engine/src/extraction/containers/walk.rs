//! A way through the bytes of a container: reads that are bounded and name what they read, and segments behind markers, which
//! JPEG and WSQ have in common.

use super::{Beside, beside};

/// A place in a file, or in one part of it, which ends where `bytes` end; offsets are those of the file in both.
#[derive(Debug, Clone)]
pub(super) struct Walk<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// That the file cannot be walked further from here, for a part ends too early.
    pub(super) fn cut(&self, part: &str) -> Beside {
        beside(self.at.min(self.bytes.len()), format!("the rest, where {part} is cut short,"))
    }

    pub(super) fn take(&mut self, length: usize, part: &str) -> Result<&'a [u8], Beside> {
        let taken = self.rest().get(..length).ok_or_else(|| self.cut(part))?;
        self.at = self.at.saturating_add(length);
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self, part: &str) -> Result<[u8; N], Beside> {
        let taken = *self.rest().first_chunk::<N>().ok_or_else(|| self.cut(part))?;
        self.at = self.at.saturating_add(N);
        Ok(taken)
    }

    /// Big-endian.
    pub(super) fn u16(&mut self, part: &str) -> Result<u16, Beside> {
        self.array(part).map(u16::from_be_bytes)
    }

    /// Big-endian.
    pub(super) fn u32(&mut self, part: &str) -> Result<u32, Beside> {
        self.array(part).map(u32::from_be_bytes)
    }

    /// Steps over a part, and gives a walk through it.
    pub(super) fn part(&mut self, length: usize, part: &str) -> Result<Self, Beside> {
        let at = self.at;
        self.take(length, part)?;
        Ok(Self { bytes: self.bytes.get(..self.at).unwrap_or_default(), at })
    }

    /// Makes sure that nothing follows.
    pub(super) fn end(&self, of: &str) -> Result<(), Beside> {
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(beside(self.at, format!("what follows the end of {of}")))
    }

    /// The second byte of a marker, and where its first is, which is 0xff. It may be repeated, which says nothing.
    pub(super) fn marker(&mut self) -> Result<(usize, u8), Beside> {
        let at = self.at;
        if self.array("a marker")? != [0xff] {
            return Err(beside(at, "a byte between the segments"));
        }
        loop {
            match self.array("a marker")? {
                [0xff] => {}
                [code] => return Ok((at, code)),
            }
        }
    }

    /// The body of a segment, from its length on.
    pub(super) fn segment(&mut self) -> Result<Self, Beside> {
        let cut = self.cut("a segment");
        let length = usize::from(self.u16("a segment")?);
        self.part(length.checked_sub(2).ok_or(cut)?, "a segment")
    }

    /// Steps over coded data, up to a marker that is not one of the eight from `restart` on.
    pub(super) fn coded(&mut self, restart: u8) -> Result<(), Beside> {
        let ends = |pair: &[u8]| matches!(*pair, [0xff, code] if code != 0 && code & 0xf8 != restart);
        let length = self.rest().windows(2).position(ends).ok_or_else(|| self.cut("coded data"))?;
        self.at = self.at.saturating_add(length);
        Ok(())
    }
}
