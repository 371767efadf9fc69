//! What calls leave on the stacks of threads that live on.
//!
//! Freed memory of the heap can be overwritten by an allocator; an array that a function had on its stack stays there until a deeper
//! call happens to come by. Templates and probes are such arrays while they are made and moved, so a thread that has had one
//! overwrites what lies below it when it is done.

/// More than the deepest call that has a template goes, and less than the stack of any thread. Unit: bytes.
const DEPTH_BYTES: usize = 128 << 10;

/// Overwrites what earlier calls of this thread left on its stack, below the caller.
#[inline(never)]
pub fn overwrite() {
    let mut below = [0u8; DEPTH_BYTES];
    core::hint::black_box(&mut below);
}

/// Does this, and overwrites what it left on the stack. Its result should have nothing in it that must be overwritten.
pub fn overwritten_after<T>(work: impl FnOnce() -> T) -> T {
    let outcome = in_a_frame_below(work);
    overwrite();
    outcome
}

/// Not inlined: what is in the caller's frame is not below it.
#[inline(never)]
fn in_a_frame_below<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// [`overwrite`] on every thread of rayon, each as soon as it is free. Does not wait.
pub fn overwrite_on_all() {
    rayon::spawn_broadcast(|_| overwrite());
}
