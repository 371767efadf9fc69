//! Stage 2 on the device: the shortlisted rows of each page are aligned, and their log-odds read back.
#![expect(
    clippy::cast_possible_truncation,
    reason = "page rows are 32-bit by construction, and layouts a few thousand words"
)]

use std::time::Instant;

use super::Gpu;
use super::mirror::Page;
use super::stage::{Parameters, layout};
use super::transfer::storage;
use crate::backend::{BackendError, Fingers};
use crate::gallery::{Slot, Watch};
use crate::stages::s2_alignment::NO_EVIDENCE;
use crate::template::{LINK_TOLERANCES, Probe, TEMPLATE_WORDS};
use crate::tunables as t;

/// Layout of `Search` in the shader. Unit: words.
const LINK_TOLERANCES_AT: usize = TEMPLATE_WORDS;
const SEARCH_WORDS: usize = LINK_TOLERANCES_AT + LINK_TOLERANCES;
/// Words of `Parameters` in the shader.
const PARAMETER_WORDS: usize = 24;

/// What stands where the device has still to write; no log-odds come near it.
const UNWRITTEN: i32 = i32::MIN;

/// The candidates of one page: row in the page, and place in the results.
type Candidates = Vec<[u32; 2]>;

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
    let staging =
        opened.staging(&probe.iter().flat_map(|(_, finger)| search_words(finger)).collect::<Vec<_>>())?;
    let results_bytes = (slots.len() * probe.len()) as u64 * 4;
    let results = storage(opened, "log-odds", results_bytes);
    let (searches, aligned) = hand_over(gpu, gallery, (probe, &staging), (slots, &results))?;
    let read_back = opened.read_back(results_bytes);
    let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(&results, 0, &read_back, 0, results_bytes);
    // R-COMP-5: the probe and what was computed with it do not outlive the search in device memory.
    for buffer in searches.iter().chain([&results]) {
        encoder.clear_buffer(buffer, 0, None);
    }
    let submission = opened.queue.submit([encoder.finish()]);
    let words = opened.read(&read_back, submission);
    let wiped = opened.wipe(&staging, &read_back);
    let words = words?;
    wiped?;
    gpu.alignments.saw(aligned as u32, started.elapsed());
    let left_out = words.iter().filter(|word| word.cast_signed() == UNWRITTEN).count();
    if left_out > 0 {
        return Err(BackendError::Incomplete(format!("{left_out} alignments were left out")));
    }
    Ok(words.chunks(probe.len()).map(|row| row.iter().map(|word| word.cast_signed()).collect()).collect())
}

/// Gives the device its work; the buffers returned hold the probe, and the number is that of the alignments. A row that is given to
/// another slot after it was looked up is aligned for nobody: both slots changed.
fn hand_over(
    gpu: &Gpu,
    gallery: &Watch<'_>,
    (probe, staging): (&Fingers, &wgpu::Buffer),
    (slots, results): (&[Slot], &wgpu::Buffer),
) -> Result<(Vec<wgpu::Buffer>, usize), BackendError> {
    let opened = &gpu.opened;
    let rows = rows(gallery, probe, slots);
    let before: Vec<_> = rows.iter().map(|row| row.map_or(NO_EVIDENCE, |_| UNWRITTEN)).collect();
    opened.queue.write_buffer(results, 0, bytemuck::cast_slice(&before));
    let page_rows = gpu.mirror()?.page_rows();
    let mut searches = Vec::new();
    for (at, (position, _)) in probe.iter().enumerate() {
        let search = storage(opened, "search", SEARCH_WORDS as u64 * 4);
        let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let bytes = SEARCH_WORDS as u64 * 4;
        encoder.copy_buffer_to_buffer(staging, at as u64 * bytes, &search, 0, bytes);
        opened.queue.submit([encoder.finish()]);
        let of_finger = rows.iter().skip(at).step_by(probe.len()).copied();
        let by_page = by_page(page_rows, of_finger, |index| index * probe.len() + at);
        for (page, candidates) in by_page.iter().enumerate() {
            for some in candidates.chunks(gpu.alignments.at_a_time(1) as usize) {
                let mirror = gpu.mirror()?;
                // Missing where the engine has given up this back end meanwhile, and does not tell it of changes any more.
                let Some(page) = mirror.pages(*position).get(page) else {
                    return Err(BackendError::Incomplete("a page is not on the device".into()));
                };
                dispatch(gpu, page, &search, some, results);
            }
        }
        searches.push(search);
    }
    Ok((searches, rows.iter().flatten().count()))
}

/// Where the fingers of the probe are found of each slot, slot after slot.
fn rows(gallery: &Watch<'_>, probe: &Fingers, slots: &[Slot]) -> Vec<Option<usize>> {
    let gallery = gallery.read();
    let of_slot = |&slot: &Slot| probe.iter().map(move |(position, _)| (slot, *position));
    slots.iter().flat_map(of_slot).map(|(slot, position)| gallery.row(slot, position)).collect()
}

fn by_page(
    page_rows: usize,
    rows: impl Iterator<Item = Option<usize>>,
    place: impl Fn(usize) -> usize,
) -> Vec<Candidates> {
    let mut pages: Vec<Candidates> = Vec::new();
    for (index, row) in rows.enumerate() {
        let Some(row) = row else { continue };
        let page = row / page_rows;
        if pages.len() <= page {
            pages.resize(page + 1, Vec::new());
        }
        pages[page].push([(row % page_rows) as u32, place(index) as u32]);
    }
    pages
}

fn dispatch(gpu: &Gpu, page: &Page, search: &wgpu::Buffer, candidates: &[[u32; 2]], results: &wgpu::Buffer) {
    let opened = &gpu.opened;
    let rows = storage(opened, "candidates", candidates.len() as u64 * 8);
    opened.queue.write_buffer(&rows, 0, bytemuck::cast_slice(candidates));
    let count = candidates.len() as u32;
    let uniforms = opened.uniforms(&[parameters(count, layout(opened, count).0)]);
    let parameters = Parameters { buffer: &uniforms, block: 0, size: PARAMETER_WORDS as u64 * 4 };
    let mut encoder = opened.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let storages =
        [search, &gpu.tables, &rows, &page.templates, results].map(wgpu::Buffer::as_entire_buffer_binding);
    gpu.stages.alignment.dispatch(opened, &mut encoder, parameters, &storages, count);
    opened.queue.submit([encoder.finish()]);
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
        assert_eq!(stage.field("Search.link_tolerances"), Some(LINK_TOLERANCES_AT as u32 * 4));
        assert_eq!(stage.field("Search"), Some(SEARCH_WORDS as u32 * 4));
        let tables = p::RECIPROCALS + 2 * p::ANGLES;
        let constants = [
            ("K2", t::STAGE2_MINUTIAE),
            ("LINKS", 2 * t::STAGE2_MINUTIAE),
            ("SEEDS", t::ALIGNMENT_SEEDS),
            ("DESCRIPTOR_WORDS", p::DESCRIPTOR_WORDS),
            ("GEOMETRY_AT", p::GEOMETRY_AT),
            ("POPCOUNTS_AT", p::POPCOUNTS_AT),
            ("COUNTS_AT", p::COUNTS_AT),
            ("TEMPLATE_WORDS", TEMPLATE_WORDS),
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
    }
}
