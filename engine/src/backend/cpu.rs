//! The CPU back end: the twins, over all cores, on the gallery as it lies in host memory.

use rayon::prelude::*;

use super::{Backend, BackendError, BackendInfo, COMPARED, Scored};
use crate::gallery::{Change, Gallery, PARTITIONS, Partition, Scope, Slot};
use crate::minutia::FingerPosition;
use crate::stages::s1_consistency;
use crate::template::Probe;

/// Portable code on every core that rayon is given.
#[derive(Debug, Default)]
pub struct Cpu;

impl Backend for Cpu {
    fn info(&self) -> BackendInfo {
        let name = format!("portable, {} threads", rayon::current_num_threads());
        BackendInfo { kind: "cpu", name }
    }

    fn follow(&mut self, _gallery: &Gallery, _changes: &[Change]) -> Result<(), BackendError> {
        Ok(())
    }

    fn score(
        &self,
        gallery: &Gallery,
        probe: &[(FingerPosition, Probe)],
        scope: &Scope,
    ) -> Result<Scored, BackendError> {
        let mut by_slot = vec![0u32; gallery.slots()];
        let mut counts = vec![0u32; PARTITIONS];
        for (position, finger) in probe {
            for (slot, partition, score) in score_finger(gallery, *position, finger, scope) {
                let entry = &mut by_slot[slot.index()];
                if *entry & COMPARED == 0 {
                    counts[usize::from(partition.number())] += 1;
                }
                *entry = (*entry + score) | COMPARED;
            }
        }
        Ok(Scored { by_slot, compared: counted(&counts) })
    }
}

fn score_finger(
    gallery: &Gallery,
    position: FingerPosition,
    probe: &Probe,
    scope: &Scope,
) -> Vec<(Slot, Partition, u32)> {
    let sub = gallery.finger(position);
    let compare = |(row, template): (&crate::gallery::Row, &[u32; crate::template::TEMPLATE_WORDS])| {
        if row.count == 0 || probe.template().view().stage1_count() == 0 {
            return None;
        }
        let slot = Slot(row.slot);
        let label = gallery.label(slot).filter(|label| scope.allows(label))?;
        Some((slot, label.partition, s1_consistency::score(probe, template)))
    };
    sub.rows().par_iter().zip(sub.templates()).with_min_len(64).filter_map(compare).collect()
}

/// The partitions with a count, by number.
pub(crate) fn counted(counts: &[u32]) -> Vec<(Partition, u32)> {
    let partitions = (0..).map_while(Partition::new);
    partitions.zip(counts).filter(|&(_, &count)| count > 0).map(|(p, &count)| (p, count)).collect()
}
