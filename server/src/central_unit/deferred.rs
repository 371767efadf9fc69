//! Answers that are fetched later: what they are made from, in memory only.
//!
//! *Why not the answer itself.* Before somebody comes for it, a set that was found may be erased or blocked, or an expert may say that
//! it is another person's. So the answer is made when it is fetched, from what may be told then (R-ERASE-3, R-BLOCK-2, R-HIT-4), it
//! is on record that it was told, and nobody's prints wait in memory meanwhile, but a medium that a State wants back.

use parking_lot::Mutex;
use uuid::Uuid;

use super::comparison::Subject;
use super::entry::packed;
use super::{Answer, Asked, CentralUnit, Told, TransmissionError, told};
use crate::access::Transmitter;
use crate::database::{ProbeOf, ResultOfComparison};
use crate::eurodac::admission::Admitted;

/// A transmission that was carried out, and whose answer has yet to be told.
pub struct Deferred {
    what: What,
    transmitter: Transmitter,
    asked: Asked,
}

enum What {
    Entered {
        id: Uuid,
        repeated: bool,
        /// R-DATA-5: until it is given back, once.
        media: Mutex<Option<Vec<Vec<u8>>>>,
    },
    /// Category 3, whose prints are gone (R-COMP-5). The result, where it is told to whoever asked.
    Checked(ProbeOf, Option<ResultOfComparison>),
}

impl Deferred {
    /// R-COMP-5: nothing of it stays behind its first telling.
    pub fn is_told_once(&self) -> bool {
        matches!(self.what, What::Checked(..))
    }

    /// Whether a medium waits to be given back.
    pub fn has_media(&self) -> bool {
        matches!(&self.what, What::Entered { media, .. } if media.lock().is_some())
    }
}

impl CentralUnit {
    /// [`Self::transmit`], for an answer that is fetched later.
    pub fn transmit_for_later(
        &self,
        admitted: Admitted,
        transmitter: Transmitter,
        asked: Asked,
    ) -> Result<Deferred, TransmissionError> {
        let of = ProbeOf {
            category: admitted.category,
            reference_number: admitted.reference_number.clone(),
            record_id: None,
        };
        let what = match self.transmit(admitted, &transmitter, &asked)? {
            Answer::Entered { record, repeated, media, .. } => {
                What::Entered { id: record.id, repeated, media: Mutex::new(media) }
            }
            Answer::Checked(Told::Result(comparison)) => {
                let hits = comparison.hits.iter().map(|hit| hit.found.hit_id).collect();
                let (compared, threshold) = (comparison.compared, comparison.threshold);
                What::Checked(of, Some(ResultOfComparison { at: self.now(), compared, threshold, hits }))
            }
            Answer::Checked(_) => What::Checked(of, None),
        };
        Ok(Deferred { what, transmitter, asked })
    }

    /// The answer; `None` where the set that was entered is erased.
    pub fn tell(&self, deferred: &Deferred) -> Result<Option<Answer>, TransmissionError> {
        let Deferred { what, transmitter, asked } = deferred;
        match what {
            What::Entered { id, repeated, media: kept } => {
                let Some(record) = self.still_kept(*id)? else {
                    // R-ERASE-2: nor does what was to be given back wait any longer.
                    drop(kept.lock().take());
                    return Ok(None);
                };
                let templates = packed(&self.database.templates(*id)?)?;
                let mut answer = self.entered(record, templates, transmitter, asked, (*repeated, None))?;
                if let Answer::Entered { media, .. } = &mut answer {
                    *media = kept.lock().take();
                }
                Ok(Some(answer))
            }
            What::Checked(_, None) => Ok(Some(Answer::Checked(Told::ToTheState))),
            What::Checked(of, Some(result)) => {
                let (state, actor) = (transmitter.state(), transmitter.actor());
                let subject = Subject { state, of: of.clone(), actor, asked };
                let result = self.told_again(result.clone(), &subject)?;
                Ok(Some(Answer::Checked(told(result, transmitter))))
            }
        }
    }
}
