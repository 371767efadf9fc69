//! What can be wrong with a journal: a closed list, each with a code that stays. docs/src/audit.md explains them to people.

use core::fmt;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The disk or its permissions: nothing is known of the rest.
    Unreadable,
    /// There is no segment at all.
    NoSegments,
    /// A checkpoint is not signed with the key that was given.
    CheckpointSignature,
    /// A segment does not begin with a header that is whole.
    SegmentHeader,
    /// A segment of a version that this program does not know.
    SegmentVersion,
    /// A segment's header is that of another segment than its name says.
    SegmentName,
    /// Records are missing before a segment.
    SegmentGap,
    /// A segment begins with records that were there before.
    SegmentOverlap,
    /// A segment does not go on from the record before it.
    SegmentChain,
    /// A segment ends within a frame.
    FrameCut,
    /// There is something else where a frame must begin.
    FrameMagic,
    /// A frame says that it is longer than any can be.
    FrameLength,
    /// A frame is not what was written.
    FrameChecksum,
    /// There is something where nothing must be.
    FramePadding,
    /// A record does not have the number after that of the one before it.
    RecordNumber,
    /// A record is not the one that followed the one before it.
    RecordChain,
    /// A record knew of a sync that cannot have been.
    RecordSynced,
    /// A segment is hollow though one before it is not.
    HollowLate,
    /// A record is destroyed though it is younger than a year.
    DestroyedEarly,
    /// The journal is shorter than it was when a checkpoint was signed.
    ShorterThanCheckpoint,
    /// The journal is another than the one whose checkpoint was signed: the last record's hash differs.
    CheckpointChain,
    /// The same, where only the root of the tree differs.
    CheckpointRoot,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Unreadable,
        Self::NoSegments,
        Self::CheckpointSignature,
        Self::SegmentHeader,
        Self::SegmentVersion,
        Self::SegmentName,
        Self::SegmentGap,
        Self::SegmentOverlap,
        Self::SegmentChain,
        Self::FrameCut,
        Self::FrameMagic,
        Self::FrameLength,
        Self::FrameChecksum,
        Self::FramePadding,
        Self::RecordNumber,
        Self::RecordChain,
        Self::RecordSynced,
        Self::HollowLate,
        Self::DestroyedEarly,
        Self::ShorterThanCheckpoint,
        Self::CheckpointChain,
        Self::CheckpointRoot,
    ];

    /// Its code, for programs. It never changes.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreadable => ("unreadable", "it cannot be read"),
            Self::NoSegments => ("no-segments", "there is no segment of a journal here"),
            Self::CheckpointSignature => {
                ("checkpoint-signature", "the checkpoint is not signed with the key given")
            }
            Self::SegmentHeader => ("segment-header", "the segment does not begin with a whole header"),
            Self::SegmentVersion => {
                ("segment-version", "the segment is of a version that this program does not know")
            }
            Self::SegmentName => ("segment-name", "the segment has the name of another"),
            Self::SegmentGap => ("segment-gap", "records are missing before this segment"),
            Self::SegmentOverlap => {
                ("segment-overlap", "the segment begins with a record that was there before")
            }
            Self::SegmentChain => ("segment-chain", "the segment does not go on from the record before it"),
            Self::FrameCut => ("frame-cut", "the segment ends within a record"),
            Self::FrameMagic => ("frame-magic", "no record begins where one must"),
            Self::FrameLength => ("frame-length", "the record says that it is longer than any can be"),
            Self::FrameChecksum => ("frame-checksum", "the record's checksum is wrong"),
            Self::FramePadding => ("frame-padding", "what fills up the record is not zero"),
            Self::RecordNumber => {
                ("record-number", "the record has the number of another: one is missing, or too many")
            }
            Self::RecordChain => {
                ("record-chain", "the record is not the one that was written after the one before it")
            }
            Self::RecordSynced => ("record-synced", "the record knew of a sync that cannot have been"),
            Self::HollowLate => ("hollow-late", "the segment is hollow, and one before it is not"),
            Self::DestroyedEarly => (
                "destroyed-early",
                "the record is destroyed, though its year is not over: a checkpoint shows it, or no record says that it is",
            ),
            Self::ShorterThanCheckpoint => (
                "shorter-than-checkpoint",
                "the journal ends before the checkpoint: it was cut off, or is an old copy",
            ),
            Self::CheckpointChain => (
                "checkpoint-chain",
                "this is not the journal that the checkpoint was signed for: it was written anew",
            ),
            Self::CheckpointRoot => {
                ("checkpoint-root", "the tree over the records has another root than the checkpoint")
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().1)
    }
}

/// The first thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub reason: Reason,
    /// Number of the first record that is bad or missing. With a checkpoint that does not agree, the last record that it
    /// commits to: some record up to this one is not as it was, from [`Self::agreed`] on.
    pub record: Option<u64>,
    /// File name of its segment.
    pub segment: Option<String>,
    /// Where in the segment. Unit: bytes.
    pub offset: Option<u64>,
    /// The checkpoint that does not agree, by its size.
    pub checkpoint: Option<u64>,
    /// Records that the last checkpoint that agreed commits to; all of those below are as they were.
    pub agreed: u64,
    /// What the system said, where it was the disk.
    pub system: Option<String>,
}

impl Finding {
    /// Something wrong, nowhere yet.
    pub(super) fn of(reason: Reason) -> Self {
        Self { reason, record: None, segment: None, offset: None, checkpoint: None, agreed: 0, system: None }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let anew = matches!(self.reason, Reason::CheckpointChain | Reason::CheckpointRoot);
        if let Some(record) = self.record {
            let from = Some(self.agreed).filter(|&agreed| anew && agreed != record);
            let range = from.map_or(format!("record {record}"), |from| format!("records {from} to {record}"));
            f.write_str(&range)?;
        }
        if let Some(segment) = &self.segment {
            write!(f, ", segment {segment}, byte {}", self.offset.unwrap_or_default())?;
        }
        if let Some(checkpoint) = self.checkpoint {
            write!(f, "{}checkpoint of {checkpoint} records", if self.record.is_some() { ", " } else { "" })?;
        }
        let colon = if self.record.is_some() || self.checkpoint.is_some() { ": " } else { "" };
        write!(f, "{colon}{} ({})", self.reason, self.reason.code())?;
        self.system.as_ref().map_or(Ok(()), |system| write!(f, ": {system}"))
    }
}
