//! Stage 2 compiled to the instructions of each path: the body is the twin's, which has loops of known lengths over lanes of 32
//! bits, and the compiler makes registers of them.

use crate::stages::s2_alignment::score_inlined;
use crate::template::{Probe, TemplateRef};

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
pub(super) fn avx512(probe: &Probe, reference: TemplateRef<'_>) -> i32 {
    score_inlined(probe, reference)
}

#[target_feature(enable = "avx2")]
pub(super) fn avx2(probe: &Probe, reference: TemplateRef<'_>) -> i32 {
    score_inlined(probe, reference)
}
