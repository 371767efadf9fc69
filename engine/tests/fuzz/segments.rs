//! Files of marker segments (WSQ, JPEG): segments taken out, doubled, exchanged and changed, with lengths that are right again.

use super::mutations;
use super::random::Random;

/// A marker's second byte, and what follows its length. The last has all the rest of the file as its body, and no length.
struct Segment {
    code: u8,
    body: Vec<u8>,
    has_length: bool,
}

/// Takes a file apart up to the first marker that data follow.
fn apart(file: &[u8], data_follow: u8) -> Vec<Segment> {
    let (mut segments, mut at) = (Vec::new(), 2);
    while let Some(&[0xFF, code, high, low]) = file.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let length = usize::from(u16::from_be_bytes([high, low])).max(2);
        if code == data_follow {
            segments.push(Segment { code, body: file[at + 2..].to_vec(), has_length: false });
            break;
        }
        let end = (at + 2 + length).min(file.len());
        segments.push(Segment { code, body: file[at + 4..end].to_vec(), has_length: true });
        at = end;
    }
    segments
}

/// One or several segments changed; `data_follow` is the marker of the first block of data.
pub fn mutated(random: &mut Random, corpus: &[Vec<u8>], data_follow: u8) -> Vec<u8> {
    let file = random.pick(corpus);
    let mut segments = apart(file, data_follow);
    if file.len() < 2 || segments.is_empty() {
        return mutations::of_bytes(random, corpus);
    }
    loop {
        let at = random.below(segments.len());
        match random.below(6) {
            0 if segments.len() > 1 => drop(segments.remove(at)),
            1 => {
                let Segment { code, ref body, has_length } = segments[at];
                let twin = Segment { code, body: body.clone(), has_length };
                segments.insert(at, twin);
            }
            2 => {
                let other = random.below(segments.len());
                segments.swap(at, other);
            }
            3 => segments[at].code = random.byte(),
            _ => mutations::change(random, &mut segments[at].body, corpus),
        }
        if random.one_in(2) {
            break;
        }
    }
    let mut out = file[..2].to_vec();
    for segment in &segments {
        out.extend([0xFF, segment.code]);
        if segment.has_length {
            // One that is too long says less than it has, as a damaged one would.
            let length = u16::try_from(segment.body.len() + 2).unwrap_or(u16::MAX);
            out.extend(length.to_be_bytes());
        }
        out.extend(&segment.body);
    }
    out
}
