//! What is stored: the closed list of Art. 5(1) and 8(2), the prints, and the result of a comparison.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use whorl_engine::calibration;
use whorl_engine::minutia::{FingerPosition, Minutia};

use crate::eurodac::admission::Application;
use crate::eurodac::comparison::Stored;
use crate::eurodac::hits::Verdict;
use crate::eurodac::model::{Category, MemberState, ReferenceNumber, Sex};
use crate::eurodac::prints::{Area, Position};
use crate::eurodac::retention::legal_day;
use crate::eurodac::statistics::{DELAY_CLASSES, class};
use crate::journal::Compared;

/// One set of data of category 1 or 2. Art. 5(1), in its order; (b), the prints, lie beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Opaque; says nothing of the State, the category or the time.
    pub id: Uuid,
    /// 1 or 2.
    pub category: Category,
    /// (a) Member State of origin.
    pub member_state: MemberState,
    /// (a) Place and date of the application: category 1.
    pub application: Option<Application>,
    /// (b) Data about the fingerprints.
    pub fingerprints: Vec<FingerprintData>,
    /// (c) Sex.
    pub sex: Sex,
    /// (d) Reference number of the State of origin.
    pub reference_number: ReferenceNumber,
    /// (e) Day on which the prints were taken.
    pub taken_on: Date,
    /// (f) When the State transmitted them.
    pub transmitted_at: Timestamp,
    /// (g) When they were entered.
    pub entered_at: Timestamp,
    /// (h) To whom they were disclosed, and when. Grows; so it lies beside what is sealed once.
    #[serde(skip)]
    pub disclosures: Vec<Disclosure>,
    /// Last day of retention (R-KEEP-1, R-KEEP-2).
    pub last_day: Date,
    /// Blocked under Art. 12(1). Lies beside what is sealed.
    #[serde(skip)]
    pub blocked: bool,
    /// Order of entry. Given when the entry is written to the journal.
    #[serde(skip)]
    pub sequence: u32,
    /// R-COMP-2: compare with own data too, so that a comparison cut short can be made again as it was asked.
    pub compare_own: bool,
}

impl Record {
    /// The class of the days from taking to transmission (R-STAT-1).
    pub fn delay(&self) -> Option<u16> {
        let days = legal_day(self.transmitted_at).duration_since(self.taken_on).as_hours() / 24;
        class(&DELAY_CLASSES, u16::try_from(days).unwrap_or(u16::MAX))
    }

    /// The fingers that are compared, in the order of the templates.
    pub fn fingers(&self) -> impl Iterator<Item = &FingerData> {
        self.fingerprints.iter().flat_map(|data| &data.fingers)
    }

    /// What decides whether it may be compared.
    pub fn stored(&self) -> Stored {
        Stored {
            category: self.category,
            state: self.member_state,
            sex: self.sex,
            blocked: self.blocked,
            last_day: self.last_day,
            sequence: self.sequence,
        }
    }
}

/// Data about one print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FingerprintData {
    /// What it shows.
    pub position: Position,
    /// Media type of the print as sent.
    pub media_type: String,
    /// Resolution of an image. Unit: pixels per inch.
    pub resolution_ppi: Option<u16>,
    /// What of it is compared: one finger; of a slap those that are marked in it and have no print of their own.
    pub fingers: Vec<FingerData>,
}

/// Data about a finger that is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FingerData {
    /// Which.
    pub position: FingerPosition,
    /// Where in a slap it is.
    pub area: Option<Area>,
    /// How many minutiae it has.
    pub minutiae: usize,
    /// Area of their convex hull. Unit: square millimetres.
    pub area_mm2: u32,
}

/// (h) of Art. 5(1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disclosure {
    /// The State that got the data.
    pub recipient: MemberState,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// The minutiae of one finger, from which the packed template is made at start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FingerTemplate {
    /// Which finger.
    pub position: FingerPosition,
    /// What found the minutiae, with its version.
    pub extractor: String,
    /// All of them, at 500 ppi.
    pub minutiae: Vec<Minutia>,
}

/// (b) of Art. 5(1): the print itself, the file as sent.
pub type Print = Vec<u8>;

/// A record, and its prints in the order of its fingerprints.
pub type WithPrints = (Record, Vec<Print>);

/// What came of a comparison. Prints of others are not in it: they are read from their records when it is told again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultOfComparison {
    /// When.
    pub at: Timestamp,
    /// R-COMP-10.
    pub compared: Vec<Compared>,
    /// R-HIT-5: in force then.
    pub threshold: Threshold,
    /// Ids of the hits, best first.
    pub hits: Vec<Uuid>,
}

/// From where on a pair is a hit (R-HIT-5).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Threshold {
    /// The least score: -10 log10 of the rate, rounded up.
    pub score: u32,
    /// The rate at which two different people reach it.
    pub false_match_rate: f64,
}

impl Threshold {
    /// The one of this score.
    pub fn new(score: u32) -> Self {
        Self { score, false_match_rate: calibration::false_match_rate(score) }
    }
}

/// A hit: who is told, of what, and what an expert said of it. It has no print and no data of either: those are read from the
/// matched record when it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredHit {
    /// Opaque.
    pub hit_id: Uuid,
    /// The State of origin of the probe (R-HIT-1).
    pub recipient: MemberState,
    /// What was compared.
    pub probe: ProbeOf,
    /// The record that was found.
    pub record_id: Uuid,
    /// Its State of origin.
    pub member_state: MemberState,
    /// Its category.
    pub category: Category,
    /// When.
    pub at: Timestamp,
    /// R-HIT-4.
    pub verdict: Option<(Verdict, Timestamp)>,
    /// -10 log10 of the rate at which two different people reach it with as many like fingers.
    pub score: u32,
    /// By finger of the probe; none when the prints of the set that was found were replaced since.
    pub fingers: Vec<FingerFound>,
    /// R-EDIT-1: they were: what the expert compares is not what was compared.
    pub prints_replaced: bool,
}

/// Whose set was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeOf {
    /// Its category.
    pub category: Category,
    /// Its reference number.
    pub reference_number: ReferenceNumber,
    /// Its record; none for category 3, of which nothing is stored (R-COMP-5).
    pub record_id: Option<Uuid>,
}

impl StoredHit {
    /// (h) of Art. 5(1), on the record that was found.
    pub fn disclosure(&self) -> Disclosure {
        Disclosure { recipient: self.recipient, at: self.at }
    }
}

/// What one finger of the probe found in a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FingerFound {
    /// Which finger of the probe.
    pub position: FingerPosition,
    /// Which of the record's fingers ([`Record::fingers`]) it was compared with, or fits best, where a position is unknown; from 0.
    pub finger: usize,
    /// What it would score alone.
    pub score: u32,
}

/// What an idempotency key stands for (R-DATA-3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The authority that used it.
    pub authority: String,
    /// The key.
    pub key: String,
    /// Digest of the request's body: the same key with another body is a mistake.
    pub digest: String,
    /// What was made: the id of a record, a notice, a request, a procedure, an authority.
    pub made: Uuid,
    /// When it was used.
    pub at: Timestamp,
}

impl Idempotency {
    /// How long a key is remembered. A repetition comes within minutes, or after the outage of a national system.
    pub const KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

    /// Whether it is forgotten by now.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) > Self::KEPT
    }
}
