//! The one call into C, and what makes it sound.
#![expect(unsafe_code, reason = "bozorth3 is C")]

use core::ffi::c_int;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Rows of the C struct.
const ROWS: usize = 200;

/// `struct xyt_struct` of NIST's `bozorth.h`.
#[repr(C)]
struct XytStruct {
    rows: c_int,
    x: [c_int; ROWS],
    y: [c_int; ROWS],
    theta: [c_int; ROWS],
}

// `nbis-rs` links the library that has these.
unsafe extern "C" {
    /// Reads both structs, and writes globals of the library only.
    fn bozorth_main(probe: *const XytStruct, gallery: *const XytStruct) -> c_int;
    /// Writes into `order` where the largest, the next largest, and so on, of `num` values stand.
    fn sort_order_decreasing(values: *mut c_int, num: c_int, order: *mut c_int) -> c_int;
    /// Fewest minutiae that are compared at all. The crate sets 15, NIST's program 10.
    static mut min_computable_minutiae: c_int;
}

/// Held during each call. Making it sets the library's globals.
static ONE_AT_A_TIME: LazyLock<Mutex<()>> = LazyLock::new(|| {
    let nothing = b"FMR\0 20\0\0\0\0\x1e\0\0\0\x01\0\x01\0\xc5\0\xc5\x01\0\0\0\0\0\0\0";
    if let Ok(nothing) = nbis::load_iso_19794_2_2005(nothing) {
        // The first comparison through the crate gives the C a stream for its warnings; without one it would crash.
        nothing.compare(&nothing);
    }
    // SAFETY: a plain int, which the C reads only while `ONE_AT_A_TIME` is held, and so not before this is done.
    unsafe { min_computable_minutiae = 10 };
    Mutex::new(())
});

/// Compares rows of x, y, theta; rows after the first [`ROWS`] are left out.
pub fn score(probe: &[[i32; 3]], reference: &[[i32; 3]]) -> u32 {
    let (probe, reference) = (filled(probe), filled(reference));
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: both point to structs of the C's layout that live through the call and have at most `ROWS` rows; the C changes
    // neither, and keeps no pointer to them. Its globals are touched by one thread at a time: `guard` is held, and nothing
    // else in the program calls bozorth3.
    let score = unsafe { bozorth_main(&raw const probe, &raw const reference) };
    drop(guard);
    score.max(0).cast_unsigned()
}

/// Indices of the values from the largest to the smallest. Equals stand in NIST's order, which is that of its own quicksort and
/// no simple one; where minutiae of one quality compete for the last places, it decides which are compared.
/// `None` if memory is short.
pub fn order_decreasing(qualities: &[u8]) -> Option<Vec<usize>> {
    let mut values: Vec<c_int> = qualities.iter().map(|&quality| quality.into()).collect();
    let mut order: Vec<c_int> = vec![0; values.len()];
    let count = c_int::try_from(values.len()).ok()?;
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: both vectors have `count` values, and the C keeps no pointer to them. Its globals are touched by one thread at a
    // time, as above; its stack has 1 000 places and
    // needs four for each halving of the values.
    let failed = unsafe { sort_order_decreasing(values.as_mut_ptr(), count, order.as_mut_ptr()) };
    drop(guard);
    let order: Vec<usize> = order.into_iter().map(|at| usize::try_from(at).ok()).collect::<Option<_>>()?;
    (failed == 0).then_some(order)
}

fn filled(rows: &[[i32; 3]]) -> XytStruct {
    let mut filled = XytStruct { rows: 0, x: [0; ROWS], y: [0; ROWS], theta: [0; ROWS] };
    for (at, &[x, y, theta]) in rows.iter().take(ROWS).enumerate() {
        (filled.x[at], filled.y[at], filled.theta[at]) = (x, y, theta);
        filled.rows += 1;
    }
    filled
}
