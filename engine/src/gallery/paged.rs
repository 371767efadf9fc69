//! A vector in pages: it grows without moving what is in it.
//!
//! A gallery is gigabytes; a `Vec` that doubles would copy them all, once in a while, under a write that everybody waits for.

use core::ops::{Index, IndexMut};

/// Entries of a page.
const PAGE: usize = 1024;

/// Pages of [`PAGE`] entries, all full but the last.
#[derive(Debug, Clone)]
pub(crate) struct Paged<T>(Vec<Vec<T>>);

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Paged<T> {
    pub(crate) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * PAGE + last.len())
    }

    pub(crate) fn push(&mut self, entry: T) {
        match self.0.last_mut().filter(|last| last.len() < PAGE) {
            Some(last) => last.push(entry),
            None => {
                let mut page = Vec::with_capacity(PAGE);
                page.push(entry);
                self.0.push(page);
            }
        }
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index / PAGE)?.get(index % PAGE)
    }

    /// Up to `most` entries from `first` on, as many as lie on one page; none beyond the last.
    pub(crate) fn some(&self, first: usize, most: usize) -> &[T] {
        let page = self.0.get(first / PAGE).map_or(&[][..], |page| page);
        let rest = page.get(first % PAGE..).unwrap_or_default();
        &rest[..rest.len().min(most)]
    }
}

impl<T> Index<usize> for Paged<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.0[index / PAGE][index % PAGE]
    }
}

impl<T> IndexMut<usize> for Paged<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.0[index / PAGE][index % PAGE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_where_they_are_as_pages_are_added() {
        let mut paged = Paged::default();
        assert_eq!((paged.len(), paged.get(0)), (0, None));
        paged.push(0);
        let first: *const usize = &raw const paged[0];
        for entry in 1..3 * PAGE + 5 {
            paged.push(entry);
        }
        assert_eq!(first, &raw const paged[0]);
        assert_eq!((paged.len(), paged.0.len()), (3 * PAGE + 5, 4));
        assert!((0..paged.len()).all(|index| paged[index] == index));
        paged[PAGE] = 7;
        assert_eq!((paged.some(PAGE - 2, 9).len(), paged.some(PAGE, 9).len()), (2, 9));
        assert_eq!((paged.some(3 * PAGE, 9).len(), paged.some(3 * PAGE + 5, 9).len()), (5, 0));
        assert!(paged.some(9 * PAGE, 1).is_empty());
        assert_eq!((paged.get(PAGE), paged.get(3 * PAGE + 5)), (Some(&7), None));
    }
}
