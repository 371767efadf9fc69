//! The Central Unit: what happens to a transmission, in the order in which it happens.
//!
//! `prints` turns what was sent into minutiae and refuses what is too poor; [`CentralUnit::transmit`] enters it and compares
//! it. The law is asked at each step, and decides; here is only the order.
//!
//! *Invariant* (R-COMP-11): of any two category 1 transmissions the later was compared with the earlier. One thread gives the
//! sequences, and puts each set into the gallery before anybody is answered who came later: whoever has a higher sequence
//! finds every lower one.

mod claims;
mod comparison;
mod daily;
mod enrolled;
mod entry;
mod erasure;
mod prints;
mod timer;

pub use comparison::{Comparison, Hit};
pub use daily::CheckpointSettings;
pub use erasure::ErasureError;
pub use prints::{MEDIA_TYPES, PrintError, is_image};

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;
use whorl_engine::calibration::Calibration;
use whorl_engine::engine::{Choice, Engine, Status};
use whorl_engine::extraction::pool::{Afterwards, Pool, Settings as PoolSettings};
use whorl_engine::minutia::FingerPosition;
use whorl_engine::stack;
use whorl_engine::template::Template;

use crate::access::Transmitter;
use crate::database::{Database, Idempotency, KeySchedule, Record};
use crate::eurodac::admission::Admitted;
use crate::eurodac::disclosure;
use crate::eurodac::retention;
use crate::startup::Startup;
use crate::store::StoreError;
use claims::Claims;
use daily::Daily;
use enrolled::Enrolled;
use entry::{Entry, ToEnter, packed};
use prints::Extracted;

/// The database, the gallery that is made from it, and what finds minutiae.
pub struct CentralUnit {
    /// Before the database, so that it ends first.
    _daily: Daily,
    database: Arc<Database>,
    enrolled: Arc<Enrolled>,
    extraction: Pool,
    target_fpir: f64,
    /// Reference numbers and requests that are being entered, records that are being erased.
    entering: Claims,
    /// Records whose comparison is under way.
    comparing: Claims,
}

/// How a Central Unit is to run.
pub struct Settings<'a> {
    /// Where the matcher runs.
    pub choice: &'a Choice,
    /// What finds minutiae.
    pub extraction: PoolSettings,
    /// What scores are worth.
    pub calibration: Calibration,
    /// When checkpoints are signed.
    pub checkpoints: CheckpointSettings,
    /// When the wrapping key is rotated.
    pub keys: KeySchedule,
    /// The share of searches of people who are not enrolled that may find somebody, above 0 and at most 1.
    pub target_fpir: f64,
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
    /// The disk, after the entry.
    #[error("the set is entered, and will be compared when the service is back")]
    NotCompared(StoreError),
    /// No more slots or sequences.
    #[error("the Central Unit is full: {0}")]
    Full(String),
}

impl CentralUnit {
    /// Opens the back end and fills the gallery from the database; `startup` is told how far it is.
    pub fn open(database: Database, settings: Settings<'_>, startup: &Startup) -> anyhow::Result<Self> {
        let database = Arc::new(database);
        let unit = Self {
            _daily: Daily::start(&database, settings.checkpoints, settings.keys)?,
            database,
            enrolled: Arc::new(Enrolled::new(Engine::with_calibration(
                settings.choice,
                settings.calibration,
            )?)),
            extraction: Pool::new(settings.extraction),
            target_fpir: settings.target_fpir,
            entering: Claims::default(),
            comparing: Claims::default(),
        };
        let cut_off = unit.load(startup)?;
        unit.compare_cut_off(cut_off, startup)?;
        stack::overwrite_on_all();
        Ok(unit)
    }

    /// The least score of a hit, at the gallery's present size (R-HIT-5).
    fn threshold(&self) -> u32 {
        Calibration::threshold(self.target_fpir, self.enrolled.engine.status().records)
    }

    /// What is in service.
    pub fn status(&self) -> Status {
        self.enrolled.engine.status()
    }

    /// Everything stored.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Extracts, enters and compares what was received at that moment. Blocks; not for the threads that serve sockets.
    pub fn transmit(
        &self,
        admitted: Admitted,
        repeatable: Option<Repeatable>,
        transmitter: &Transmitter,
        received_at: Timestamp,
    ) -> Result<Answer, TransmissionError> {
        let Some(kept) = admitted.kept.clone() else {
            // Nothing of a category 3 transmission is kept, its key included: repeated, it is compared again (R-COMP-5).
            let extracted = self.extract(&admitted, Afterwards::End)?;
            return Ok(Answer::Checked(self.check(&admitted, &extracted, transmitter)?));
        };
        let authority = transmitter.actor().authority.clone().unwrap_or_default();
        let idempotency = repeatable.map(|Repeatable { key, digest }| Idempotency {
            authority,
            key,
            digest,
            record_id: Uuid::new_v4(),
            at: received_at,
        });
        if let Some(asked) = &idempotency
            && let Some(answer) = self.answered_before(asked, transmitter)?
        {
            return Ok(answer);
        }
        let extracted = self.extract(&admitted, Afterwards::Keep)?;
        let templates = extracted.iter().map(|e| (e.position, e.template.clone())).collect();
        let what =
            ToEnter { admitted, kept, extracted: &extracted, idempotency: idempotency.as_ref(), received_at };
        match self.enter(what, transmitter.actor())? {
            Entry::New(record) => self.told(record, templates, transmitter, false),
            Entry::Known(asked) => match self.answered_before(&asked, transmitter)? {
                Some(answer) => Ok(answer),
                None => Err(TransmissionError::KeyReused),
            },
        }
    }

    fn extract(
        &self,
        admitted: &Admitted,
        afterwards: Afterwards,
    ) -> Result<Vec<Extracted>, TransmissionError> {
        prints::extract(&self.extraction, &admitted.fingerprints, afterwards)
            .map_err(|(index, error)| TransmissionError::Print { index, error })
    }

    /// R-DATA-3: the same transmission again gives the first answer again, and stores nothing twice.
    fn answered_before(
        &self,
        asked: &Idempotency,
        transmitter: &Transmitter,
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
        let templates = packed(&self.database.templates(record.id)?)?;
        self.told(record, templates, transmitter, true).map(Some)
    }

    /// The answer to an entry: with the result of its comparison, where there is to be one and the caller is who is to be
    /// told (R-HIT-1).
    fn told(
        &self,
        record: Record,
        templates: Templates,
        transmitter: &Transmitter,
        repeated: bool,
    ) -> Result<Answer, TransmissionError> {
        let recipient = disclosure::recipient_of_result(record.category, record.member_state);
        let comparison = if recipient == Some(transmitter.state()) {
            let result = self.result_for(&record, templates, transmitter.actor());
            Some(result.map_err(|error| match error {
                TransmissionError::Store(error) => TransmissionError::NotCompared(error),
                other => other,
            })?)
        } else {
            None
        };
        Ok(Answer::Entered { record: Box::new(record), comparison, repeated })
    }
}

/// The day in the legal time zone, as every rule counts days (R-KEEP-3).
fn today(now: Timestamp) -> jiff::civil::Date {
    retention::legal_day(now)
}
