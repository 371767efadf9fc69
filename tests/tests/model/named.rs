//! A list whose lines have names that are not their places: what one operation made keeps its name when another is left out.

use std::ops::{Index, IndexMut};

/// Lines in the order in which they were made, each under the number of the operation that made it.
#[derive(Debug, Clone)]
pub struct Named<T>(Vec<(usize, T)>);

impl<T> Named<T> {
    pub fn new() -> Self {
        Self(Vec::new())
    }

    pub fn push(&mut self, name: usize, line: T) {
        self.0.push((name, line));
    }

    pub fn get(&self, name: usize) -> Option<&T> {
        self.iter().find(|(known, _)| *known == name).map(|(_, line)| line)
    }

    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.0.iter().map(|(name, line)| (*name, line))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, line)| line)
    }

    /// Names of those that fit.
    pub fn which(&self, fits: impl Fn(&T) -> bool) -> Vec<usize> {
        self.iter().filter(|(_, line)| fits(line)).map(|(name, _)| name).collect()
    }
}

impl<T: PartialEq> Named<T> {
    /// The name of a line.
    pub fn name_of(&self, line: &T) -> Option<usize> {
        self.iter().find(|(_, known)| *known == line).map(|(name, _)| name)
    }
}

impl<T> Index<usize> for Named<T> {
    type Output = T;

    fn index(&self, name: usize) -> &T {
        self.get(name).unwrap()
    }
}

impl<T> IndexMut<usize> for Named<T> {
    fn index_mut(&mut self, name: usize) -> &mut T {
        self.0.iter_mut().find(|(known, _)| *known == name).map(|(_, line)| line).unwrap()
    }
}
