//! What a set of prints may be: single fingers, and slaps; and which finger each print is compared as.
//!
//! A slap shows several fingers at once. It is stored, since an expert reads it (Art. 4(5)), and as a whole it is compared with
//! nothing: only the fingers that its sender marked in it are, and only those of which the set has no print of their own
//! (R-COMP-9: each finger once).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use whorl_engine::extraction::ImageFormat;
use whorl_engine::extraction::containers::without_notes;
use whorl_engine::minutia::FingerPosition;

use super::admission::{Reason, Refusal, refuse};
use super::transmission::{FingerprintSent, SegmentSent};

/// Ten fingers, and the slaps of both hands and of the thumbs, together or each.
const PRINTS_MAX: usize = 15;

/// The fingers that a slap shows, by its code: ANSI/NIST-ITL, table of finger positions.
const SLAPS: [(u8, &[u8]); 14] = [
    (13, &[2, 3, 4, 5]),
    (14, &[7, 8, 9, 10]),
    (15, &[1, 6]),
    (40, &[2, 3]),
    (41, &[3, 4]),
    (42, &[4, 5]),
    (43, &[7, 8]),
    (44, &[8, 9]),
    (45, &[9, 10]),
    (46, &[2, 7]),
    (47, &[2, 3, 4]),
    (48, &[3, 4, 5]),
    (49, &[7, 8, 9]),
    (50, &[8, 9, 10]),
];

/// What a print shows: a code of ANSI/NIST-ITL, 0 to 12 for one finger and those of the slaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Position(u8);

impl Position {
    /// The finger that it is of: 0 to 10; and a plain right (11) or left (12) thumb. A slap is of none.
    pub fn finger(self) -> Option<FingerPosition> {
        let code = match self.0 {
            11 => 1,
            12 => 6,
            13.. => return None,
            code => code,
        };
        FingerPosition::try_from(code).ok()
    }

    /// Whether a finger can be marked in it.
    fn shows(self, finger: FingerPosition) -> bool {
        SLAPS.iter().any(|(slap, fingers)| *slap == self.0 && fingers.contains(&finger.code()))
    }

    /// 0-15 or 40-50.
    pub fn code(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Position {
    type Error = String;

    fn try_from(code: u8) -> Result<Self, String> {
        match code {
            0..=12 => Ok(Self(code)),
            slap if SLAPS.iter().any(|(known, _)| *known == slap) => Ok(Self(code)),
            _ => Err(format!(
                "position {code} is neither 0 (unknown), nor a finger from 1 (right thumb) to 10 (left little), nor \
                 11 to 15 or 40 to 50 (plain thumbs, slaps)"
            )),
        }
    }
}

impl From<Position> for u8 {
    fn from(position: Position) -> u8 {
        position.0
    }
}

impl From<FingerPosition> for Position {
    fn from(finger: FingerPosition) -> Self {
        Self(finger.code())
    }
}

/// Where in a slap a finger is. Unit: pixels of the image as it was sent; right and bottom are the first that are not of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// From the left edge.
    pub left: u32,
    /// From the top edge.
    pub top: u32,
    /// From the left edge, more than `left`.
    pub right: u32,
    /// From the top edge, more than `top`.
    pub bottom: u32,
}

/// A finger that is compared, and where in its print it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finger {
    /// Which.
    pub position: FingerPosition,
    /// Of a slap; else it is the whole print.
    pub area: Option<Area>,
}

/// A print, as sent.
pub struct Fingerprint {
    /// What it shows.
    pub position: Position,
    /// As sent; what is accepted is decided where it is read.
    pub media_type: String,
    /// Of an image.
    pub resolution_ppi: Option<u16>,
    /// The file.
    pub data: Vec<u8>,
    /// What of it is compared; nothing of a slap in which no finger is marked.
    pub fingers: Vec<Finger>,
}

/// One to ten fingers to compare, no known one twice, and slaps; base64 sound.
pub(super) fn fingerprints(sent: Vec<FingerprintSent>) -> Result<Vec<Fingerprint>, Refusal> {
    if sent.is_empty() || sent.len() > PRINTS_MAX {
        return refuse(Reason::FieldInvalid, "fingerprints", "one to ten fingers are needed");
    }
    let mut prints: Vec<(Fingerprint, Vec<SegmentSent>)> = Vec::with_capacity(sent.len());
    for (index, print) in sent.into_iter().enumerate() {
        let field = |name: &str| format!("fingerprints[{index}].{name}");
        let invalid = |d: String| refuse(Reason::FieldInvalid, &field("position"), &d);
        let position = Position::try_from(print.position).or_else(invalid)?;
        // Nobody can tell of two unknown ones that they are the same.
        if position.code() > 0 && prints.iter().any(|(print, _)| print.position == position) {
            return refuse(Reason::FieldInvalid, &field("position"), "this print was sent already");
        }
        let data = print.data.0.or_else(|d| refuse(Reason::Base64Invalid, &field("data"), &d))?;
        let (media_type, resolution_ppi) = (print.media_type, print.resolution_ppi);
        // R-DATA-1: a WSQ brings notes that its sender does not see; no pixel needs them.
        let data = if media_type == "image/wsq" { without_notes(ImageFormat::Wsq, data) } else { data };
        let print_ = Fingerprint { position, media_type, resolution_ppi, data, fingers: Vec::new() };
        prints.push((print_, print.segments));
    }
    compared(prints)
}

/// Which finger of which print is compared: one of its own before a plain thumb, and both before one that is marked in a slap.
fn compared(mut prints: Vec<(Fingerprint, Vec<SegmentSent>)>) -> Result<Vec<Fingerprint>, Refusal> {
    let mut taken = BTreeSet::new();
    for thumbs in [false, true] {
        let of_kind = |print: &Fingerprint| (print.position.code() > 10) == thumbs;
        for (print, _) in prints.iter_mut().filter(|(print, _)| of_kind(print)) {
            let free = |finger: &FingerPosition| !finger.is_known() || taken.insert(*finger);
            let finger = print.position.finger().filter(free);
            print.fingers.extend(finger.map(|position| Finger { position, area: None }));
        }
    }
    for (index, (print, segments)) in prints.iter_mut().enumerate() {
        let mut marked = BTreeSet::new();
        for (number, segment) in segments.iter().enumerate() {
            let field = |name: &str| format!("fingerprints[{index}].segments[{number}]{name}");
            let finger = segment_of(print.position, segment)
                .or_else(|(name, detail)| refuse(Reason::FieldInvalid, &field(name), &detail))?;
            if !marked.insert(finger.position) {
                return refuse(Reason::FieldInvalid, &field(".position"), "this finger is marked already");
            }
            if taken.insert(finger.position) {
                print.fingers.push(finger);
            }
        }
    }
    let prints: Vec<_> = prints.into_iter().map(|(print, _)| print).collect();
    match prints.iter().map(|print| print.fingers.len()).sum() {
        1..=FingerPosition::COUNT => Ok(prints),
        0 => refuse(
            Reason::FieldInvalid,
            "fingerprints",
            "a slap is compared only where its fingers are marked in `segments`",
        ),
        _ => refuse(Reason::FieldInvalid, "fingerprints", "one to ten fingers are needed"),
    }
}

fn segment_of(slap: Position, sent: &SegmentSent) -> Result<Finger, (&'static str, String)> {
    let position = FingerPosition::known(sent.position).map_err(|problem| (".position", problem))?;
    if !slap.shows(position) {
        return Err((".position", "a print at this position does not show this finger".into()));
    }
    let SegmentSent { left, top, right, bottom, .. } = *sent;
    if left >= right || top >= bottom {
        return Err(("", "has no area: left must be less than right, and top less than bottom".into()));
    }
    Ok(Finger { position, area: Some(Area { left, top, right, bottom }) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eurodac::transmission::Data;

    fn print(position: u8, segments: &[u8]) -> FingerprintSent {
        let segment =
            |position: &u8| SegmentSent { position: *position, left: 10, top: 20, right: 300, bottom: 400 };
        FingerprintSent {
            position,
            media_type: "image/wsq".into(),
            resolution_ppi: Some(500),
            data: Data(Ok(vec![])),
            segments: segments.iter().map(segment).collect(),
        }
    }

    /// Positions of the fingers of a print that are compared, and whether they are marked in it.
    type Compared = Vec<(u8, bool)>;

    /// Of each print.
    fn of(sent: Vec<FingerprintSent>) -> Result<Vec<Compared>, (String, String)> {
        let fingers = |print: &Fingerprint| {
            print.fingers.iter().map(|finger| (finger.position.code(), finger.area.is_some())).collect()
        };
        let prints = fingerprints(sent).map_err(|refusal| (refusal.field, refusal.detail))?;
        Ok(prints.iter().map(fingers).collect())
    }

    #[test]
    fn r_comp_9_each_finger_is_compared_once_and_its_own_print_goes_first() {
        let card: Vec<_> = (1..=10).map(|position| print(position, &[])).collect();
        let slaps = [print(13, &[2, 3, 4, 5]), print(14, &[]), print(11, &[]), print(12, &[])];
        let all = of(card.into_iter().chain(slaps).collect()).unwrap();
        assert!(all[..10].iter().zip(1..).all(|(fingers, position)| *fingers == [(position, false)]));
        assert!(all[10..].iter().all(Vec::is_empty));

        let slaps = vec![print(11, &[]), print(13, &[2, 3]), print(15, &[1, 6]), print(2, &[])];
        let compared = of(slaps).unwrap();
        assert_eq!(compared, [vec![(1, false)], vec![(3, true)], vec![(6, true)], vec![(2, false)]]);
    }

    #[test]
    fn a_slap_alone_is_refused_unless_its_fingers_are_marked() {
        assert_eq!(of(vec![print(13, &[])]).unwrap_err().0, "fingerprints");
        assert_eq!(of(vec![print(13, &[2])]).unwrap(), [[(2, true)]]);
    }

    #[test]
    fn each_of_the_fourteen_slaps_shows_its_own_fingers() {
        for (slap, fingers) in SLAPS {
            let compared = of(vec![print(slap, fingers)]).unwrap();
            assert_eq!(compared, [fingers.iter().map(|finger| (*finger, true)).collect::<Vec<_>>()]);
            let other = (1..=10).find(|finger| !fingers.contains(finger)).unwrap();
            assert_eq!(
                of(vec![print(slap, &[other])]).unwrap_err().0,
                "fingerprints[0].segments[0].position"
            );
            assert_eq!(Position::try_from(slap).unwrap().finger(), None);
        }
        assert!((0..=u8::MAX).filter(|code| Position::try_from(*code).is_ok()).count() == 13 + SLAPS.len());
    }

    #[test]
    fn what_cannot_be_marked_is_refused_by_its_place() {
        let field = |prints| of(prints).unwrap_err().0;
        assert_eq!(field(vec![print(2, &[2])]), "fingerprints[0].segments[0].position");
        assert_eq!(field(vec![print(13, &[2, 7])]), "fingerprints[0].segments[1].position");
        assert_eq!(field(vec![print(13, &[2, 2])]), "fingerprints[0].segments[1].position");
        assert_eq!(field(vec![print(13, &[11])]), "fingerprints[0].segments[0].position");
        let mut flat = print(13, &[2]);
        flat.segments[0].right = 10;
        assert_eq!(field(vec![flat]), "fingerprints[0].segments[0]");
        assert_eq!(field(vec![print(16, &[])]), "fingerprints[0].position");
        assert_eq!(field(vec![print(11, &[]), print(11, &[])]), "fingerprints[1].position");
        assert_eq!(field((0..11).map(|_| print(0, &[])).collect()), "fingerprints");
        assert_eq!(field((0..16).map(|_| print(0, &[])).collect()), "fingerprints");
    }
}
