//! What one request at a time may work on: a reference number, a request that can be repeated, a comparison.

use std::collections::HashSet;

use parking_lot::{Condvar, Mutex};

/// Names that are taken for the moment.
#[derive(Default)]
pub(super) struct Claims {
    taken: Mutex<HashSet<String>>,
    freed: Condvar,
}

/// A name that is ours until this is dropped.
pub(super) struct Claim<'a>(&'a Claims, String);

impl Claims {
    /// Waits until nobody else has the name, and takes it.
    pub(super) fn claim(&self, name: String) -> Claim<'_> {
        let mut taken = self.taken.lock();
        self.freed.wait_while(&mut taken, |taken| taken.contains(&name));
        taken.insert(name.clone());
        Claim(self, name)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.taken.lock().remove(&self.1);
        self.0.freed.notify_all();
    }
}
