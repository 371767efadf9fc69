//! What is compared with what: like fingers, and those of unknown position with all.
//!
//! Like fingers (R-COMP-9) are one question to a back end, which adds up what it finds of them: whoever has both index fingers is
//! compared by both. A finger of unknown position is one question for each sub-gallery that has anything, and a known finger of the
//! probe is one more for each sub-gallery of unknown positions. What is found of those cannot be added up, because no more than one of
//! the fingers tried can be the one: the best counts, less what trying several is worth. And no finger of a record counts for two of the
//! probe: one print sent twice would be twice the evidence.

use core::cmp::Reverse;

use crate::backend::Fingers;
use crate::gallery::{Gallery, Slot};
use crate::minutia::FingerPosition;
use crate::template::Probe;

/// Natural logarithms of 1 to 20. Unit: 1/4096 nat.
const LN: [i32; FingerPosition::SUB_GALLERIES] = [
    0, 2839, 4500, 5678, 6592, 7339, 7970, 8517, 9000, 9431, 9822, 10178, 10506, 10810, 11092, 11357, 11605,
    11839, 12060, 12271,
];

/// A finger of the probe, and the sub-gallery in which it is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The finger's place in the probe.
    pub(crate) finger: usize,
    pub(crate) reference: FingerPosition,
}

/// A finger of the probe, and the one of a record that it is taken for.
pub(crate) struct Found {
    /// The finger's place in the probe.
    pub(crate) finger: usize,
    pub(crate) reference: FingerPosition,
    /// Less what trying several is worth. Unit: 1/4096 nat.
    pub(crate) log_odds: i32,
}

/// All pairs of a search, and the questions that they make.
pub(crate) struct Pairing {
    /// In the order of the questions.
    pub(crate) pairs: Vec<Pair>,
    /// The probe once more, by pair: a finger that is looked for in several sub-galleries stands here several times.
    pub(crate) fingers: Vec<(FingerPosition, Probe)>,
    /// How many of the pairs are like fingers, and the first question; each of the others is a question of its own.
    like: usize,
    /// Sub-galleries that any finger with minutiae is looked for in, as bits.
    anywhere: u32,
}

impl Pairing {
    /// For a probe and a gallery in which these sub-galleries have any rows.
    pub(crate) fn new(probe: &Fingers, occupied: &[FingerPosition]) -> Self {
        let known = (0..).zip(probe).filter(|(_, (position, _))| position.is_known());
        let mut pairs: Vec<_> =
            known.map(|(finger, (position, _))| Pair { finger, reference: *position }).collect();
        let like = pairs.len();
        for (finger, (position, _)) in probe.iter().enumerate() {
            let others = occupied.iter().filter(|other| !(position.is_known() && other.is_known()));
            pairs.extend(others.map(|&reference| Pair { finger, reference }));
        }
        let fingers: Vec<_> =
            pairs.iter().map(|pair| (pair.reference, probe[pair.finger].1.clone())).collect();
        let with_minutiae = fingers.iter().filter(|(_, probe)| probe.template().view().count() > 0);
        let anywhere = with_minutiae.fold(0, |bits, (position, _)| bits | 1 << position.index());
        Self { pairs, fingers, like, anywhere }
    }

    /// The questions: like fingers first, though there be none of them.
    pub(crate) fn questions(&self) -> impl Iterator<Item = &Fingers> {
        let (like, others) = self.fingers.split_at(self.like);
        core::iter::once(like).chain(others.chunks(1))
    }

    /// Which finger of the probe is which of a record that has these sub-galleries, as bits: the best pair first, of equals like fingers,
    /// then the next best of the fingers that are left. In the order of the probe.
    pub(crate) fn assign(&self, there: u32, log_odds: &[i32]) -> Vec<Found> {
        let comparable = |((pair, (_, probe)), _): &((&Pair, &(FingerPosition, Probe)), &i32)| {
            there >> pair.reference.index() & 1 == 1 && probe.template().view().count() > 0
        };
        let tried: Vec<(Pair, bool, i32)> = (0..)
            .zip(self.pairs.iter().zip(&self.fingers).zip(log_odds))
            .filter(|(_, tried)| comparable(tried))
            .map(|(at, ((pair, _), &log_odds))| (*pair, at < self.like, log_odds))
            .collect();
        let mut best = tried.clone();
        best.sort_by_key(|&(pair, like, log_odds)| {
            (Reverse(log_odds), !like, pair.finger, pair.reference.index())
        });
        let mut found: Vec<Found> = Vec::new();
        for (Pair { finger, reference }, _, log_odds) in best {
            if found.iter().all(|other| other.finger != finger && other.reference != reference) {
                let number = tried.iter().filter(|(pair, ..)| pair.finger == finger).count();
                found.push(Found { finger, reference, log_odds: best_of(number, log_odds) });
            }
        }
        found.sort_by_key(|found| found.finger);
        found
    }

    /// Whether anything of a slot can be compared.
    pub(crate) fn compares(&self, gallery: &Gallery, slot: Slot) -> bool {
        gallery.fingers_of(slot) & self.anywhere != 0
    }
}

/// What the best of several log-odds is worth, of which no more than one can be of the same finger: each was as likely to be it.
fn best_of(tried: usize, best: i32) -> i32 {
    best - LN[tried.clamp(1, LN.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    fn position(code: u8) -> FingerPosition {
        FingerPosition::try_from(code).unwrap()
    }

    fn pairs(probe: &[u8], occupied: &[FingerPosition]) -> Vec<(usize, u8)> {
        let probe: Vec<_> =
            probe.iter().map(|&code| (position(code), Probe::new(Template::new(&[]).unwrap()))).collect();
        let pairing = Pairing::new(&probe, occupied);
        let in_questions = pairing.questions().map(<[_]>::len).sum::<usize>();
        assert_eq!((pairing.fingers.len(), in_questions), (pairing.pairs.len(), pairing.pairs.len()));
        pairing.pairs.iter().map(|pair| (pair.finger, pair.reference.code())).collect()
    }

    #[test]
    fn r_comp_9_like_fingers_are_compared_and_unknown_ones_with_all() {
        let known = [position(2), position(7)];
        let mixed = [position(2), FingerPosition::UNKNOWN, FingerPosition::unknown(1)];
        assert_eq!(pairs(&[2, 7], &known), [(0, 2), (1, 7)]);
        assert_eq!(pairs(&[3], &known), [(0, 3)], "a finger that nobody has is still asked for");
        assert_eq!(pairs(&[0], &known), [(0, 2), (0, 7)]);
        assert_eq!(pairs(&[2, 7], &mixed), [(0, 2), (1, 7), (0, 0), (0, 0), (1, 0), (1, 0)]);
        assert_eq!(pairs(&[0, 2], &mixed), [(1, 2), (0, 2), (0, 0), (0, 0), (1, 0), (1, 0)]);
        assert_eq!(pairs(&[0], &[]), []);
    }

    #[test]
    fn trying_several_is_worth_the_logarithm_of_their_number() {
        for (n, entry) in (1u32..).zip(LN) {
            let exact = 4096.0 * f64::from(n).ln();
            assert!((f64::from(entry) - exact).abs() <= 0.5, "{n}");
        }
        assert_eq!((best_of(1, 7), best_of(10, 10_000)), (7, 569));
    }
}
