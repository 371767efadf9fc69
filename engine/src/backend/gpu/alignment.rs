//! Stage 2 on the device: the shortlisted templates are fetched from their pages and aligned, and their log-odds read back.
//!
//! *Why fetched.* A page is a binding, and dispatches that write to one buffer wait for each other: aligned page by page, a thousand
//! candidates of a million records were sixteen dispatches that each left most of the device idle.
#![expect(
    clippy::cast_possible_truncation,
    reason = "page rows are 32-bit by construction, and layouts a few thousand words"
)]

use std::time::Instant;

use super::Gpu;
use super::stage::{Parameters, layout};
use super::transfer::storage;
use crate::backend::{BackendError, Fingers};
use crate::gallery::{Slot, Watch};
use crate::minutia::FingerPosition;
use crate::stages::s2_alignment::NO_EVIDENCE;
use crate::template::{Probe, TEMPLATE_WORDS};
use crate::tunables as t;

/// Words of `Candidate` in the shaders.
const CANDIDATE_WORDS: usize = 3;
/// Words of `Parameters` in either shader.
const PARAMETER_WORDS: usize = 24;
const GATHER_WORDS: usize = 3;

/// What stands where the device has still to write; no log-odds come near it.
const UNWRITTEN: i32 = i32::MIN;

// The shader looks for pairs among what is near.
const _: () = assert!(t::PAIR_DISTANCE <= t::OVERLAP_REACH, "pairs lie where both prints do");

/// A finger of a candidate: where it is on the device, the finger of the probe, and the place in the results.
struct Candidate {
    position: FingerPosition,
    page: usize,
    /// As in the shaders.
    words: [u32; CANDIDATE_WORDS],
}

/// What a search uses on the device.
struct Buffers {
    searches: wgpu::Buffer,
    /// Templates of the candidates of one dispatch.
    gathered: wgpu::Buffer,
    results: wgpu::Buffer,
}

/// Log-odds by slot and finger.
pub(super) fn run(
    gpu: &Gpu,
    gallery: &Watch<'_>,
    probe: &Fingers,
    slots: &[Slot],
) -> Result<Vec<Vec<i32>>, BackendError> {
    if slots.is_empty() || probe.is_empty() {
        return Ok(vec![Vec::new(); slots.len()]);
    }
    let (opened, started) = (&gpu.opened, Instant::now());
    let rows = rows(gallery, probe, slots);
    let page_rows = gpu.mirror()?.page_rows();
    let candidates = candidates(page_rows, probe, &rows);
    let at_a_time = at_a_time(gpu, candidates.len());
    let staging =
        opened.staging(&probe.iter().flat_map(|(_, finger)| search_words(finger)).collect::<Vec<_>>())?;
    let buffers = Buffers {
        searches: storage(opened, "searches", staging.size()),
        gathered: storage(opened, "gathered", (at_a_time * TEMPLATE_WORDS) as u64 * 4),
        results: storage(opened, "log-odds", rows.len() as u64 * 4),
    };
    let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(&staging, 0, &buffers.searches, 0, staging.size());
    opened.queue.submit([encoder.finish()]);
    let before: Vec<_> = rows.iter().map(|row| row.map_or(NO_EVIDENCE, |_| UNWRITTEN)).collect();
    opened.queue.write_buffer(&buffers.results, 0, bytemuck::cast_slice(&before));
    let aligned = candidates.chunks(at_a_time).try_for_each(|some| align(gpu, &buffers, some));
    let read_back = opened.read_back(buffers.results.size());
    let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(&buffers.results, 0, &read_back, 0, read_back.size());
    // R-COMP-5, R-ERASE-1: the probe, what was computed with it, and copies of what may be erased meanwhile do not outlive the search in
    // device memory.
    for buffer in [&buffers.searches, &buffers.gathered, &buffers.results] {
        encoder.clear_buffer(buffer, 0, None);
    }
    let submission = opened.queue.submit([encoder.finish()]);
    // Wiped whatever became of the work.
    let words = opened.read_and_wipe((&staging, &read_back), submission)?;
    aligned?;
    gpu.alignments.saw(candidates.len() as u32, started.elapsed());
    let left_out = words.iter().filter(|word| word.cast_signed() == UNWRITTEN).count();
    if left_out > 0 {
        return Err(BackendError::Incomplete(format!("{left_out} alignments were left out")));
    }
    Ok(words.chunks(probe.len()).map(|row| row.iter().map(|word| word.cast_signed()).collect()).collect())
}

/// How many of so many candidates a dispatch takes: their templates are one binding.
fn at_a_time(gpu: &Gpu, candidates: usize) -> usize {
    let binding_max = gpu.opened.device.limits().max_storage_buffer_binding_size;
    let fitting = usize::try_from(binding_max / (TEMPLATE_WORDS as u64 * 4)).unwrap_or(usize::MAX);
    (gpu.alignments.at_a_time(1) as usize).min(fitting).min(candidates).max(1)
}

/// Where the fingers of the probe are found of each slot, slot after slot.
fn rows(gallery: &Watch<'_>, probe: &Fingers, slots: &[Slot]) -> Vec<Option<usize>> {
    let gallery = gallery.read();
    let of_slot = |&slot: &Slot| probe.iter().map(move |(position, _)| (slot, *position));
    slots.iter().flat_map(of_slot).map(|(slot, position)| gallery.row(slot, position)).collect()
}

/// What there is to align, page by page.
fn candidates(page_rows: usize, probe: &Fingers, rows: &[Option<usize>]) -> Vec<Candidate> {
    let candidate = |(result, row): (usize, &Option<usize>)| {
        let (row, finger) = ((*row)?, result % probe.len());
        let words = [row % page_rows, finger, result].map(|word| word as u32);
        Some(Candidate { position: probe[finger].0, page: row / page_rows, words })
    };
    let mut all: Vec<_> = rows.iter().enumerate().filter_map(candidate).collect();
    all.sort_by_key(Candidate::place);
    all
}

impl Candidate {
    fn place(&self) -> (usize, usize) {
        (self.position.index(), self.page)
    }
}

/// Gathers these templates from their pages, and aligns them. A row that is given to another slot after it was looked up is aligned for
/// nobody: both slots changed.
fn align(gpu: &Gpu, buffers: &Buffers, some: &[Candidate]) -> Result<(), BackendError> {
    let opened = &gpu.opened;
    let candidates = storage(opened, "candidates", (some.len() * CANDIDATE_WORDS) as u64 * 4);
    let words: Vec<_> = some.iter().flat_map(|candidate| candidate.words).collect();
    opened.queue.write_buffer(&candidates, 0, bytemuck::cast_slice(&words));
    let encoder = || opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let runs: Vec<_> = some.chunk_by(|a, b| a.place() == b.place()).collect();
    let mut first = 0;
    let block = |run: &&[Candidate]| {
        let count = run.len() as u32;
        first += count;
        vec![first - count, count, layout(opened, count).0]
    };
    let blocks: Vec<_> = runs.iter().map(block).collect();
    let uniforms = opened.uniforms(&blocks);
    let mut gathering = encoder();
    // Locked until they are fetched, and no longer, because some devices do their work while it is submitted.
    let mirror = gpu.mirror()?;
    for (number, run) in (0..).zip(runs) {
        // Missing where the engine has given up this back end meanwhile, and does not tell it of changes any more.
        let Some(page) = mirror.pages(run[0].position).get(run[0].page) else {
            return Err(BackendError::Incomplete("a page is not on the device".into()));
        };
        let parameters = Parameters { buffer: &uniforms, block: number, size: GATHER_WORDS as u64 * 4 };
        let storages =
            [&candidates, &page.templates, &buffers.gathered].map(wgpu::Buffer::as_entire_buffer_binding);
        gpu.stages.gathering.dispatch(opened, &mut gathering, parameters, &storages, run.len() as u32);
    }
    opened.queue.submit([gathering.finish()]);
    drop(mirror);
    let count = some.len() as u32;
    let uniforms = opened.uniforms(&[parameters(count, layout(opened, count).0)]);
    let parameters = Parameters { buffer: &uniforms, block: 0, size: PARAMETER_WORDS as u64 * 4 };
    let storages = [&buffers.searches, &gpu.tables, &candidates, &buffers.gathered, &buffers.results]
        .map(wgpu::Buffer::as_entire_buffer_binding);
    let mut aligning = encoder();
    gpu.stages.alignment.dispatch(opened, &mut aligning, parameters, &storages, count);
    aligning.clear_buffer(&candidates, 0, None);
    opened.queue.submit([aligning.finish()]);
    Ok(())
}

fn parameters(candidates: u32, workgroups_x: u32) -> Vec<u32> {
    let signed = i32::cast_unsigned;
    let mut words = vec![
        candidates,
        workgroups_x,
        t::DIRECTION_GATE,
        t::LINK_SIMILARITY_FLOOR,
        signed(t::LINK_TURN_TOLERANCE),
        signed(t::LINK_TURN_SQUARED),
        t::SEED_NEIGHBOUR,
        signed(t::PAIR_DISTANCE_FIRST),
        signed(t::PAIR_DISTANCE),
        signed(t::PAIR_TURN_TOLERANCE),
        signed(t::PAIR_TURN_SQUARED),
        signed(t::OVERLAP_REACH),
        signed(t::EDGE_LENGTH_MAX),
        t::EDGE_TURN_RECIPROCAL,
        t::CHANCE_PAIRS_DIVISOR,
        signed(t::LOG_ODDS_OFFSET),
    ];
    words.extend(t::LOG_ODDS_WEIGHTS.iter().map(|&(_, weight)| signed(weight)));
    words
}

fn search_words(probe: &Probe) -> impl Iterator<Item = u32> {
    probe.template().words().iter().chain(probe.link_tolerances()).copied()
}

#[cfg(test)]
mod tests {
    use super::super::stage::tests::layout_is;
    use super::*;
    use crate::stages::arithmetic as a;
    use crate::template as p;

    #[test]
    fn rust_and_wgsl_lay_everything_out_alike() {
        let stage = whorl_shaders::S2_ALIGNMENT;
        let names = [
            "candidates",
            "workgroups_x",
            "direction_gate",
            "link_similarity_floor",
            "link_turn_tolerance",
            "link_turn_squared",
            "seed_neighbour",
            "pair_distance_first",
            "pair_distance",
            "pair_turn_tolerance",
            "pair_turn_squared",
            "overlap_reach",
            "edge_length_max",
            "edge_turn_reciprocal",
            "chance_pairs_divisor",
            "log_odds_offset",
            "log_odds_weights",
        ];
        for (word, name) in names.iter().enumerate() {
            assert_eq!(stage.field(&format!("Parameters.{name}")), Some(word as u32 * 4), "{name}");
        }
        assert_eq!(stage.field("Parameters"), Some(PARAMETER_WORDS as u32 * 4));
        assert_eq!(parameters(0, 0).len(), PARAMETER_WORDS);
        layout_is(stage, &[("Search.link_tolerances", TEMPLATE_WORDS)], &[]);
        layout_is(stage, &[("Search", TEMPLATE_WORDS + p::LINK_TOLERANCES)], &[]);
        let tables = p::RECIPROCALS + 2 * p::ANGLES;
        let constants = [
            ("K2", t::STAGE2_MINUTIAE),
            ("LINKS", 2 * t::STAGE2_MINUTIAE),
            ("SEEDS", t::ALIGNMENT_SEEDS),
            ("GEOMETRY_AT", p::GEOMETRY_AT),
            ("POPCOUNTS_AT", p::POPCOUNTS_AT),
            ("COUNTS_AT", p::COUNTS_AT),
            ("TEMPLATE_VECTORS", TEMPLATE_WORDS / 4),
            ("RECIPROCALS_AT", 0),
            ("COS_AT", tables),
            ("SIN_AT", tables + a::HALF_UNITS),
            ("LN_AT", tables + 2 * a::HALF_UNITS),
            ("ATAN_AT", tables + 2 * a::HALF_UNITS + a::LN_STEPS + 1),
            ("EXP_AT", tables + 2 * a::HALF_UNITS + a::LN_STEPS + 1 + a::ATAN_STEPS + 1),
            ("EXP_STEPS", a::EXP_STEPS),
            ("ROTATION_BITS", a::ROTATION_BITS as usize),
        ];
        for (name, value) in constants {
            assert_eq!(stage.constant(name), Some(value as u32), "{name}");
        }
        assert_eq!(stage.bindings, 6);
        let gathering = whorl_shaders::S2_GATHER;
        let fields = [("Parameters.first", 0), ("Parameters.count", 1), ("Parameters.workgroups_x", 2)];
        layout_is(gathering, &fields, &[("TEMPLATE_VECTORS", TEMPLATE_WORDS / 4)]);
        assert_eq!(gathering.field("Parameters"), Some(GATHER_WORDS as u32 * 4));
        for stage in [stage, gathering] {
            let words = ["row", "search", "result"].map(|name| stage.field(&format!("Candidate.{name}")));
            assert_eq!(words, [Some(0), Some(4), Some(8)]);
            assert_eq!(stage.field("Candidate"), Some(CANDIDATE_WORDS as u32 * 4));
        }
    }
}
