//! The Central Unit: what happens to a transmission, in the order in which it happens.
//!
//! [`prints`] turns what was sent into minutiae and refuses what is too poor; [`CentralUnit::transmit`] enters it and compares
//! it. The law is asked at each step, and decides; here is only the order.
//!
//! *Invariant* (R-COMP-11): of any two category 1 transmissions the later was compared with the earlier. Entry is one lock
//! long: sequence, store, gallery. Whoever gets a higher sequence finds every lower one in the gallery already.

mod comparison;
mod entry;
mod prints;

pub use comparison::{Comparison, Hit};
pub use prints::{MEDIA_TYPES, PrintError, is_image};

use std::sync::{Mutex, RwLock};

use jiff::Timestamp;
use uuid::Uuid;
use whorl_engine::calibration;
use whorl_engine::engine::{Choice, Engine, Status, Thresholds};
use whorl_engine::extraction::pool::{Pool, Settings as PoolSettings};
use whorl_engine::minutia::FingerPosition;
use whorl_engine::template::Template;

use crate::access::Transmitter;
use crate::database::{Database, Idempotency, Record};
use crate::eurodac::admission::Admitted;
use crate::eurodac::disclosure;
use crate::eurodac::retention;
use crate::store::StoreError;
use comparison::Claims;
use entry::{Entry, packed};

/// The database, the gallery that is made from it, and what finds minutiae.
pub struct CentralUnit {
    database: Database,
    engine: Engine,
    extraction: Pool,
    thresholds: Thresholds,
    /// The sequence of the next entry. Held while a set is entered.
    next_sequence: Mutex<u32>,
    /// Record of each slot. Written before a slot can be found.
    record_of_slot: RwLock<Vec<Option<Uuid>>>,
    /// Records whose comparison is under way.
    comparing: Claims,
}

/// Who asks, and when.
pub struct Call<'a> {
    /// The right to transmit for a State.
    pub transmitter: &'a Transmitter,
    /// The moment that every rule of this request goes by.
    pub now: Timestamp,
}

/// One template a finger.
type Templates = Vec<(FingerPosition, Template)>;

/// A request that can be repeated: the key, and a digest of its body.
pub struct Repeatable {
    /// `Idempotency-Key`.
    pub key: String,
    /// Digest of the body.
    pub digest: String,
}

/// What a State is told.
pub enum Answer {
    /// Category 1 and 2. `repeated`: it was entered by an earlier request with the same key.
    Entered {
        /// As it is stored.
        record: Box<Record>,
        /// Category 1.
        comparison: Option<Comparison>,
        /// Told again.
        repeated: bool,
    },
    /// Category 3.
    Checked(Comparison),
}

/// Why a transmission was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum TransmissionError {
    /// A print that cannot be used.
    #[error("fingerprint {index}: {error}")]
    Print {
        /// Its place in the transmission.
        index: usize,
        /// What is wrong.
        error: PrintError,
    },
    /// R-DATA-3: unique within State and category.
    #[error("a set with this reference number is stored already")]
    ReferenceNumberTaken,
    /// The key was used for something else.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No more slots or sequences.
    #[error("the Central Unit is full: {0}")]
    Full(String),
}

impl CentralUnit {
    /// Opens the back end and fills the gallery from the database.
    pub fn open(database: Database, choice: &Choice, extraction: PoolSettings) -> anyhow::Result<Self> {
        let unit = Self {
            database,
            engine: Engine::new(choice)?,
            extraction: Pool::new(extraction),
            thresholds: calibration::thresholds(calibration::TARGET_FALSE_MATCH_RATE),
            next_sequence: Mutex::new(0),
            record_of_slot: RwLock::default(),
            comparing: Claims::default(),
        };
        unit.load()?;
        Ok(unit)
    }

    /// What is in service.
    pub fn status(&self) -> Status {
        self.engine.status()
    }

    /// Everything stored.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Extracts, enters and compares. Blocks; not for the threads that serve sockets.
    pub fn transmit(
        &self,
        admitted: Admitted,
        repeatable: Option<Repeatable>,
        call: &Call<'_>,
    ) -> Result<Answer, TransmissionError> {
        let authority = call.transmitter.actor().authority.clone().unwrap_or_default();
        let keep = admitted.kept.is_some();
        // Nothing of a category 3 transmission is kept, its key included: repeated, it is compared again (R-COMP-5).
        let idempotency = repeatable.filter(|_| keep).map(|Repeatable { key, digest }| Idempotency {
            authority,
            key,
            digest,
            record_id: Uuid::new_v4(),
        });
        if let Some(known) = &idempotency
            && let Some(answer) = self.answered_before(known, call)?
        {
            return Ok(answer);
        }
        let extracted = prints::extract(&self.extraction, &admitted.fingerprints)
            .map_err(|(index, error)| TransmissionError::Print { index, error })?;
        let Some(kept) = admitted.kept.clone() else {
            return Ok(Answer::Checked(self.check(&admitted, &extracted, call)?));
        };
        let templates = extracted.iter().map(|e| (e.position, e.template.clone())).collect();
        match self.enter(admitted, kept, &extracted, idempotency.as_ref(), call)? {
            Entry::New(record) => self.told(record, templates, call, false),
            Entry::Known(known) => match self.answered_before(&known, call)? {
                Some(answer) => Ok(answer),
                None => Err(TransmissionError::KeyReused),
            },
        }
    }

    /// R-DATA-3: the same transmission again gives the first answer again, and stores nothing twice.
    fn answered_before(
        &self,
        asked: &Idempotency,
        call: &Call<'_>,
    ) -> Result<Option<Answer>, TransmissionError> {
        let Some(first) = self.database.idempotency(&asked.authority, &asked.key)? else {
            return Ok(None);
        };
        if first.digest != asked.digest {
            return Err(TransmissionError::KeyReused);
        }
        let Some(record) = self.database.find(first.record_id)? else {
            return Err(TransmissionError::KeyReused);
        };
        let templates = packed(&self.database.templates(record.id)?);
        self.told(record, templates, call, true).map(Some)
    }

    /// The answer to an entry: with the result of its comparison where there is to be one (R-HIT-1). A comparison that a
    /// crash cut off is made now, as it was asked.
    fn told(
        &self,
        record: Record,
        templates: Templates,
        call: &Call<'_>,
        repeated: bool,
    ) -> Result<Answer, TransmissionError> {
        let recipient = disclosure::recipient_of_result(record.category, record.member_state);
        let comparison = match recipient {
            Some(_) => Some(self.result_for(&record, templates, call)?),
            None => None,
        };
        Ok(Answer::Entered { record: Box::new(record), comparison, repeated })
    }
}

/// The day in the legal time zone, as every rule counts days (R-KEEP-3).
fn today(now: Timestamp) -> jiff::civil::Date {
    retention::legal_day(now)
}
