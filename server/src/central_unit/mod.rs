//! The Central Unit: what happens to a transmission, in the order in which it happens.
//!
//! `prints` turns what was sent into minutiae and refuses what is too poor; [`CentralUnit::transmit`] enters it and compares
//! it. The law is asked at each step, and decides; here is only the order.
//!
//! *Invariant* (R-COMP-11): of any two category 1 transmissions the later was compared with the earlier. One thread gives the
//! sequences, and puts each set into the gallery before anybody is answered who came later: whoever has a higher sequence
//! finds every lower one.

mod amendment;
mod blocking;
mod claims;
mod comparison;
mod daily;
mod deferred;
mod enrolled;
mod entry;
mod erasure;
mod error;
mod hits;
mod notices;
mod prints;
mod reading;
mod registers;
mod rights;
#[cfg(test)]
mod tests;
mod timer;

pub use comparison::Comparison;
pub use daily::CheckpointSettings;
pub use deferred::Deferred;
pub use error::{OperationError, TransmissionError};
pub use hits::Hit;
pub use notices::About;
pub use prints::{Kind as PrintKind, PrintError, media_types};
pub use reading::Wanted;
pub use registers::NewAuthority;
pub use rights::Opened;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use whorl_engine::calibration::Calibration;
use whorl_engine::engine::{Choice, Engine, Status};
use whorl_engine::extraction::pool::{Afterwards, Pool, Settings as PoolSettings};
use whorl_engine::minutia::FingerPosition;
use whorl_engine::stack;
use whorl_engine::template::Template;

use crate::access::Transmitter;
use crate::clock::Clock;
use crate::database::{Database, Idempotency, KeySchedule, Record};
use crate::eurodac::admission::Admitted;
use crate::eurodac::disclosure::{may_see, recipient_of_result};
use crate::eurodac::model::MemberState;
use crate::eurodac::operation::Operation;
use crate::eurodac::retention;
use crate::eurodac::start::{is_in_operation, takes_part};
use crate::journal::{Actor, AuditRecord, Change, Effect, Event};
use crate::startup::Startup;
use crate::store::StoreError;
use claims::{Claim, Claims};
use daily::Daily;
use enrolled::Enrolled;
use entry::{Entry, ToEnter, packed};
use erasure::Eraser;
use prints::Extracted;

/// The database, the gallery that is made from it, and what finds minutiae.
pub struct CentralUnit {
    /// Before the database, so that it ends first.
    _daily: Option<Daily>,
    database: Arc<Database>,
    enrolled: Arc<Enrolled>,
    eraser: Arc<Eraser>,
    extraction: Pool,
    target_fpir: f64,
    sex_is_a_criterion: bool,
    clock: Clock,
    /// Reference numbers and requests that are being entered, records that are being changed or erased.
    claims: Arc<Claims>,
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
    /// R-COMP-8: sets of the other sex are not compared.
    pub sex_is_a_criterion: bool,
    /// What time it is.
    pub clock: Clock,
}

/// One template a finger.
type Templates = Vec<(FingerPosition, Template)>;

/// A request that can be repeated: the key, and a digest of its path and body.
#[derive(Debug, Clone)]
pub struct Repeatable {
    /// `Idempotency-Key`.
    pub key: String,
    /// Digest of path and body.
    pub digest: String,
}

/// What is known of a request beside its content.
#[derive(Debug, Clone)]
pub struct Asked {
    /// When it arrived.
    pub at: Timestamp,
    /// R-OPS-4: to be answered before others.
    pub urgent: bool,
    /// Where it can be repeated.
    pub repeatable: Option<Repeatable>,
}

impl Asked {
    /// From its arrival to this moment; nothing where the clock went back.
    fn milliseconds_until(&self, now: Timestamp) -> Option<u32> {
        u32::try_from(now.duration_since(self.at).as_millis()).ok()
    }
}

/// What a State is told of the comparison of its set.
pub enum Told {
    /// The result.
    Result(Comparison),
    /// R-HIT-1: it was compared on the State's behalf, and the State finds the result among its hits.
    ToTheState,
    /// R-COMP-3: it is not compared.
    NotCompared,
}

/// What the answer to a transmission is.
pub enum Answer {
    /// Category 1 and 2.
    Entered {
        /// As it is stored.
        record: Box<Record>,
        /// Category 1.
        told: Told,
        /// It was entered by an earlier request with the same key.
        repeated: bool,
        /// R-DATA-5: the medium, where its return was asked for: the prints as they were sent. Once.
        media: Option<Vec<Vec<u8>>>,
    },
    /// Category 3.
    Checked(Told),
}

/// Whether a request was carried out before.
enum Once<'a> {
    /// It was; what it made.
    Before(Uuid),
    /// It was not; what is recorded of it, where it can be repeated, and its claim until that is done.
    Now(Option<Idempotency>, Option<Claim<'a>>),
}

impl CentralUnit {
    /// Opens the back end and fills the gallery from the database; `startup` is told how far it is.
    pub fn open(database: Database, settings: Settings<'_>, startup: &Startup) -> anyhow::Result<Self> {
        let (database, clock) = (Arc::new(database), settings.clock);
        let engine = Engine::with_calibration(settings.choice, settings.calibration)?;
        let (enrolled, claims) = (Arc::new(Enrolled::new(engine)), Arc::<Claims>::default());
        let eraser = Arc::new(Eraser {
            database: database.clone(),
            enrolled: enrolled.clone(),
            claims: claims.clone(),
            clock: clock.clone(),
        });
        let mut unit = Self {
            _daily: None,
            database,
            enrolled,
            eraser,
            extraction: Pool::new(settings.extraction),
            target_fpir: settings.target_fpir,
            sex_is_a_criterion: settings.sex_is_a_criterion,
            clock,
            claims,
            comparing: Claims::default(),
        };
        unit.tell_of_the_start()?;
        let cut_off = unit.load(startup)?;
        unit.erase_what_is_over()?;
        unit.compare_cut_off(cut_off, startup)?;
        // Not before everything is in its place: what it erases must be found in the gallery.
        unit._daily = Some(Daily::start(&unit.database, &unit.eraser, settings.checkpoints, settings.keys)?);
        stack::overwrite_on_all();
        Ok(unit)
    }

    /// R-STAT-2: that the service starts, and since when it was down.
    fn tell_of_the_start(&self) -> Result<(), OperationError> {
        let now = self.now();
        let down_since = self.database.last_alive()?.map(|at| at.min(now));
        let audit = AuditRecord::of(now, Operation::Started, erasure::unit());
        Ok(self.database.record(Event::new(audit, Change::Plain(Effect::Started { down_since })))?)
    }

    /// The time, as every rule has it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
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

    /// R-OPS-1: whether a State transmits today.
    fn in_operation(&self, state: MemberState) -> Result<(), TransmissionError> {
        let started = self.database.started()?;
        if !is_in_operation(started, today(self.now())) {
            return Err(TransmissionError::NotStarted(started));
        }
        if !takes_part(&self.database.participants()?, state) {
            return Err(TransmissionError::TakesNoPart(state));
        }
        Ok(())
    }

    /// R-ACCESS-1, R-ACCESS-2: that it is one of the State's own records. Of any other nothing is read, and nobody waits for it.
    fn is_own(&self, id: Uuid, state: MemberState) -> Result<(), OperationError> {
        let today = today(self.now());
        let stored = self.enrolled.stored(id).filter(|stored| may_see(state, stored, today));
        stored.map(drop).ok_or(OperationError::RecordNotFound)
    }

    /// The record, if it is the State's own.
    pub fn own(&self, id: Uuid, state: MemberState) -> Result<Record, OperationError> {
        self.is_own(id, state)?;
        self.database.find(id)?.ok_or(OperationError::RecordNotFound)
    }

    /// The same, and nobody else changes it until the claim is dropped. Twice at once, one finds what the other has left.
    fn claim_own(&self, id: Uuid, state: MemberState) -> Result<(Record, Claim<'_>), OperationError> {
        self.is_own(id, state)?;
        let claim = self.claims.claim(format!("record {id}"));
        Ok((self.own(id, state)?, claim))
    }

    /// A record, whosever it is; not one that is past its retention, which is as if erased, even if the eraser has not run yet (R-COMP-7).
    fn still_kept(&self, id: Uuid) -> Result<Option<Record>, StoreError> {
        let today = today(self.now());
        Ok(self.database.find(id)?.filter(|record| !retention::is_over(record.last_day, today)))
    }

    /// R-DATA-3: whether a request was carried out before; if not, nobody else carries it out meanwhile.
    fn once(&self, actor: &Actor, asked: &Asked, made: Uuid) -> Result<Once<'_>, TransmissionError> {
        let Some(Repeatable { key, digest }) = &asked.repeatable else { return Ok(Once::Now(None, None)) };
        let authority = actor.authority.clone().unwrap_or_default();
        let claim = self.claims.claim(format!("request {authority} {key}"));
        match self.database.idempotency(&authority, key, self.now())? {
            Some(first) if first.digest == *digest => Ok(Once::Before(first.made)),
            Some(_) => Err(TransmissionError::KeyReused),
            None => {
                let (key, digest) = (key.clone(), digest.clone());
                Ok(Once::Now(Some(Idempotency { authority, key, digest, made, at: asked.at }), Some(claim)))
            }
        }
    }

    /// Extracts, enters and compares what was received. Blocks; not for the threads that serve sockets.
    pub fn transmit(
        &self,
        admitted: Admitted,
        transmitter: &Transmitter,
        asked: &Asked,
    ) -> Result<Answer, TransmissionError> {
        self.in_operation(admitted.state)?;
        let Some(kept) = admitted.kept.clone() else {
            // Nothing of a category 3 transmission is kept, its key included: repeated, it is compared again (R-COMP-5).
            let extracted = self.extract(&admitted, Afterwards::End)?;
            let result = self.check(&admitted, &extracted, transmitter, asked)?;
            return Ok(Answer::Checked(told(result, transmitter)));
        };
        // Before minutiae are looked for; the claim is taken again where it is entered.
        if let Once::Before(made) = self.once(transmitter.actor(), asked, Uuid::nil())? {
            return self.answered_before(made, transmitter, asked);
        }
        let extracted = self.extract(&admitted, Afterwards::Keep)?;
        let templates = extracted.iter().map(|e| (e.position, e.template.clone())).collect();
        let media =
            admitted.return_media.then(|| admitted.fingerprints.iter().map(|f| f.data.clone()).collect());
        match self.enter(ToEnter { admitted, kept, extracted: &extracted }, transmitter.actor(), asked)? {
            Entry::New(record) => self.entered(record, templates, transmitter, asked, (false, media)),
            Entry::Known(made) => self.answered_before(made, transmitter, asked),
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
        made: Uuid,
        transmitter: &Transmitter,
        asked: &Asked,
    ) -> Result<Answer, TransmissionError> {
        let record = self.still_kept(made)?.ok_or(TransmissionError::KeyReused)?;
        let templates = packed(&self.database.templates(record.id)?)?;
        self.entered(record, templates, transmitter, asked, (true, None))
    }

    /// The answer to an entry, with the result of its comparison, where there is to be one.
    fn entered(
        &self,
        record: Record,
        templates: Templates,
        transmitter: &Transmitter,
        asked: &Asked,
        (repeated, media): (bool, Option<Vec<Vec<u8>>>),
    ) -> Result<Answer, TransmissionError> {
        let told = match recipient_of_result(record.category, record.member_state) {
            None => {
                if repeated {
                    let audit = AuditRecord::about(
                        &record,
                        self.now(),
                        Operation::Repetition,
                        transmitter.actor().clone(),
                    );
                    self.database.record(Event::of(audit))?;
                }
                Told::NotCompared
            }
            Some(_) => {
                let result = self.result_for(&record, templates, transmitter.actor(), asked);
                let result = result.map_err(|error| match error {
                    TransmissionError::Store(StoreError::Erased(_)) => TransmissionError::ErasedMeanwhile,
                    TransmissionError::Store(error) => TransmissionError::NotCompared(error),
                    other => other,
                });
                told(result?, transmitter)
            }
        };
        Ok(Answer::Entered { record: Box::new(record), told, repeated, media })
    }
}

/// R-HIT-1: the result, to the State itself.
fn told(result: Comparison, transmitter: &Transmitter) -> Told {
    if transmitter.is_the_state() { Told::Result(result) } else { Told::ToTheState }
}

/// The day in the legal time zone, as every rule counts days (R-KEEP-3).
fn today(now: Timestamp) -> Date {
    retention::legal_day(now)
}
