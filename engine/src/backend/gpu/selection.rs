//! The best scores of a search, selected on the device: three shaders that follow one branch of a radix sort.
#![expect(clippy::cast_possible_truncation, reason = "slots are 32-bit by construction")]

use super::Gpu;
use super::stage::{Parameters, layout};
use super::transfer::storage;

/// Scores that a workgroup of the selection looks at.
const SCORES_A_WORKGROUP: u32 = 4096;
/// Values of a digit, and how many digits the order of a score has.
const DIGIT_VALUES: u64 = 2048;
const DIGITS: u32 = 5;
/// Words of `State` in the shaders.
pub(super) const STATE_WORDS: u64 = 4;
/// The word of it that says how many were collected.
pub(super) const COLLECTED: usize = 3;

/// Words of a selection of `length`: the state; slots and keys in any order.
pub(super) fn words(length: u32) -> u64 {
    STATE_WORDS + 2 * u64::from(length)
}

/// Encodes the selection of the best `length` of `slots` scores into `result`, from word `at` on.
pub(super) fn encode(
    gpu: &Gpu,
    encoder: &mut wgpu::CommandEncoder,
    (scores, slots): (wgpu::BufferBinding<'_>, usize),
    length: u32,
    (result, at): (&wgpu::Buffer, u64),
) {
    let (opened, stages) = (&gpu.opened, &gpu.stages);
    let slots = slots as u32;
    let groups = slots.div_ceil(SCORES_A_WORKGROUP);
    let (x, _) = layout(opened, groups);
    let blocks: Vec<_> = (0..DIGITS).map(|digit| vec![slots, x, digit, length]).collect();
    let uniforms = opened.uniforms(&blocks);
    let state = storage(opened, "state", STATE_WORDS * 4);
    let histogram = storage(opened, "histogram", DIGIT_VALUES * 4);
    let best = storage(opened, "best", u64::from(length.max(1)) * 8);
    let whole = wgpu::Buffer::as_entire_buffer_binding;
    for digit in 0..DIGITS {
        let parameters = Parameters { buffer: &uniforms, block: digit.into(), size: 16 };
        let counting = [scores.clone(), whole(&state), whole(&histogram)];
        stages.histogram.dispatch(opened, encoder, parameters, &counting, groups);
        stages.digit.dispatch(opened, encoder, parameters, &counting[1..], 1);
    }
    let parameters = Parameters { buffer: &uniforms, block: 0, size: 16 };
    stages.collect.dispatch(opened, encoder, parameters, &[scores, whole(&state), whole(&best)], groups);
    encoder.copy_buffer_to_buffer(&state, 0, result, at * 4, STATE_WORDS * 4);
    encoder.copy_buffer_to_buffer(&best, 0, result, (at + STATE_WORDS) * 4, u64::from(length) * 8);
    encoder.clear_buffer(&best, 0, None);
}

#[cfg(test)]
mod tests {
    use super::super::stage::tests::layout_is;
    use super::*;

    #[test]
    fn rust_and_wgsl_lay_the_selection_out_alike() {
        let parameters = [
            ("Parameters.slots", 0),
            ("Parameters.workgroups_x", 1),
            ("Parameters.digit", 2),
            ("Parameters.wanted", 3),
            ("Parameters", 4),
            ("State.remaining", 0),
            ("State.collected", COLLECTED),
            ("State", STATE_WORDS as usize),
        ];
        let counted = [("SCORES_A_WORKGROUP", SCORES_A_WORKGROUP as usize), ("COMPARED", 1 << 31)];
        let digits = [("DIGITS", DIGIT_VALUES as usize)];
        layout_is(whorl_shaders::S1_HISTOGRAM, &parameters, &[counted[0], counted[1], digits[0]]);
        layout_is(whorl_shaders::S1_DIGIT, &parameters, &digits);
        layout_is(whorl_shaders::S1_COLLECT, &parameters, &counted);
    }
}
