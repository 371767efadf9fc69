//! The operations of the Central Unit: there is none but these (R-ACCESS-5), and each is recorded (R-AUDIT-1).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What was done, or asked for and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// The data directory was made, or an authority added, at the command line.
    Administration,
    /// A transmission that was refused (Art. 4, 8, 11).
    Transmission,
    /// A category 1 or 2 set was entered (Art. 4(2)).
    Entry,
    /// A set was compared (Art. 4(3), 4(4), 9(1), 11(2)); its result is in the audit.
    Comparison,
    /// The result of an earlier comparison was told again.
    Repetition,
    /// A State's own records were listed (Art. 15(1)).
    RecordsListed,
    /// One of them was read, with its prints (Art. 15(1)).
    RecordRead,
    /// One was rectified or completed (Art. 15(3)).
    Amendment,
    /// A set was erased before its time (R-ERASE-1).
    Erasure,
    /// A set was erased at the end of its period (Art. 6, 10(1)).
    Expiry,
    /// A set was blocked or unblocked (Art. 12(1)).
    Blocking,
    /// The decision of Art. 12(2).
    Article12Decision,
    /// A State's hits were listed (Art. 4(5)).
    HitsListed,
    /// A hit was read, with the prints (Art. 4(5)).
    HitRead,
    /// A hit was verified (Art. 4(6)).
    Verification,
    /// A notice was given (Art. 15(4)).
    NoticeGiven,
    /// Notices were listed.
    NoticesListed,
    /// A notice was answered (Art. 15(4)).
    NoticeAnswered,
    /// A request of a data subject, and the search for it (Art. 18).
    RightsRequestOpened,
    /// Requests were listed.
    RightsRequestsListed,
    /// A State of origin decided on one (Art. 18(5), 18(6)).
    RightsRequestAnswered,
    /// A register was read (Art. 15(2)).
    RegisterRead,
    /// A register was changed: States, authorities, their keys (Art. 15(2), 26(2)).
    RegisterChanged,
    /// Operations were started (Art. 26(2)).
    OperationsStarted,
    /// Records of operations were read (Art. 16(2), 19, 20).
    AuditRead,
    /// Checkpoints of the journal were read.
    CheckpointsRead,
    /// One was signed on request.
    CheckpointSigned,
    /// Monitoring procedures were listed.
    ProceduresListed,
    /// A monitoring procedure was begun (R-AUDIT-5).
    ProcedureOpened,
    /// A monitoring procedure was closed.
    ProcedureClosed,
    /// Statistics were read (Art. 3(3)).
    StatisticsRead,
    /// The annual report was read (Art. 23(1)).
    ReportRead,
    /// Sets were sent together.
    Import,
    /// How far something is that was asked for earlier.
    JobRead,
    /// The service was started.
    Started,
    /// Records older than a year were destroyed (R-AUDIT-4).
    Retention,
    /// The journal was put back from a backup, and what had been erased since was forgotten again (R-OPS-2, R-ERASE-2).
    Restoration,
    /// Something that is no operation was asked for.
    None,
}

/// Why data are processed: for nothing else than these (R-ACCESS-5, Art. 1(3)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To determine the State responsible for an application for asylum (Dublin Convention).
    Dublin,
    /// That a person exercises a right (Art. 18).
    RightsOfTheDataSubject,
    /// To see that the processing is lawful (Art. 16(2), 19, 20).
    Supervision,
    /// Statistics and reports (Art. 3(3), 23).
    Statistics,
    /// To run the Central Unit (Art. 3, 13, 15(2)).
    Administration,
}

impl Operation {
    /// R-AUDIT-1, R-ACCESS-5: the purpose that the operation serves.
    pub fn purpose(self) -> Purpose {
        use Operation as O;
        match self {
            O::Transmission | O::Entry | O::Comparison | O::Repetition | O::Import | O::JobRead => {
                Purpose::Dublin
            }
            O::RecordsListed | O::RecordRead | O::Amendment | O::Erasure | O::Expiry => Purpose::Dublin,
            O::Blocking | O::Article12Decision | O::HitsListed | O::HitRead | O::Verification => {
                Purpose::Dublin
            }
            O::NoticeGiven | O::NoticesListed | O::NoticeAnswered => Purpose::Dublin,
            O::RightsRequestOpened | O::RightsRequestsListed | O::RightsRequestAnswered => {
                Purpose::RightsOfTheDataSubject
            }
            O::AuditRead | O::CheckpointsRead | O::CheckpointSigned => Purpose::Supervision,
            O::ProceduresListed | O::ProcedureOpened | O::ProcedureClosed => Purpose::Supervision,
            O::StatisticsRead | O::ReportRead => Purpose::Statistics,
            O::Administration | O::RegisterRead | O::RegisterChanged | O::OperationsStarted => {
                Purpose::Administration
            }
            O::Started | O::Retention | O::Restoration | O::None => Purpose::Administration,
        }
    }
}
