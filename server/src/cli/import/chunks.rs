//! A file of lines in parts that are each one request.
//!
//! *Keys.* The same file is cut in the same places, and a part's idempotency key is made of its bytes and its number: a second run sends
//! the same requests under the same keys. Lines added at the end change the key of the last part and no other's, since parts are cut by
//! what is before.

use std::io::{self, BufRead};

use crate::http::{BODY_BYTES_MAX, Reject};

/// Domain separation for keys of parts.
const KEY_CONTEXT: &str = "whorl 2026 import";
/// A part ends before it would be longer, unless it is one line. Unit: bytes.
const PART_BYTES: usize = 8 << 20;
/// A part ends with so many lines, blank ones too.
const PART_LINES: usize = 500;

/// What is sent, or cannot be.
pub enum Chunk {
    /// One request.
    Lines(Lines),
    /// A line that no request can have.
    TooLong {
        /// Unit: bytes.
        length: u64,
        /// As the service would tell of it.
        reject: Reject,
    },
}

/// Lines that are one request.
pub struct Lines {
    /// Lines of the file before the first of them.
    pub before: usize,
    /// Their `Idempotency-Key`.
    pub key: String,
    /// As they stand in the file.
    pub bytes: Vec<u8>,
}

impl Chunk {
    /// How much of the file it is. Unit: bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Lines(lines) => lines.bytes.len() as u64,
            Self::TooLong { length, .. } => *length,
        }
    }
}

/// The parts of what is read.
pub struct Chunks<R> {
    reader: R,
    /// A line that did not fit in the part before.
    next: Vec<u8>,
    /// Lines of the parts so far.
    before: usize,
    /// Parts so far.
    parts: u64,
}

impl<R: BufRead> Chunks<R> {
    /// From the first line on.
    pub fn new(reader: R) -> Self {
        Self { reader, next: Vec::new(), before: 0, parts: 0 }
    }

    fn part(&mut self) -> io::Result<Option<Chunk>> {
        let (mut bytes, mut lines) = (Vec::new(), 0);
        while lines < PART_LINES {
            if self.next.is_empty() && self.reader.read_until(b'\n', &mut self.next)? == 0 {
                break;
            }
            if lines > 0 && bytes.len() + self.next.len() > PART_BYTES {
                break;
            }
            bytes.append(&mut self.next);
            lines += 1;
        }
        if lines == 0 {
            return Ok(None);
        }
        let before = self.before;
        self.before += lines;
        if bytes.len() > BODY_BYTES_MAX {
            let detail = format!("a transmission is at most {BODY_BYTES_MAX} bytes; compress the images");
            let code = "body-too-large".to_owned();
            let reject = Reject { line: self.before, reference_number: None, code, field: None, detail };
            return Ok(Some(Chunk::TooLong { length: bytes.len() as u64, reject }));
        }
        let mut hasher = blake3::Hasher::new_derive_key(KEY_CONTEXT);
        hasher.update(&self.parts.to_le_bytes()).update(&bytes);
        self.parts += 1;
        let key = hasher.finalize().to_hex().to_string();
        Ok(Some(Chunk::Lines(Lines { before, key, bytes })))
    }
}

impl<R: BufRead> Iterator for Chunks<R> {
    type Item = io::Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        self.part().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines before, length and key of each part.
    fn cut(text: &[u8]) -> Vec<(usize, usize, String)> {
        let of = |chunk: io::Result<Chunk>| match chunk.unwrap() {
            Chunk::Lines(lines) => (lines.before, lines.bytes.len(), lines.key),
            Chunk::TooLong { length, reject } => {
                (reject.line - 1, usize::try_from(length).unwrap(), reject.code)
            }
        };
        Chunks::new(text).map(of).collect()
    }

    #[test]
    fn a_file_is_cut_by_lines_and_by_length_and_always_in_the_same_places() {
        let small = b"{}\n".repeat(1203);
        let parts = cut(&small);
        let shape = |parts: &[(usize, usize, String)]| {
            parts.iter().map(|(before, length, _)| (*before, *length)).collect::<Vec<_>>()
        };
        assert_eq!(shape(&parts), [(0, 1500), (500, 1500), (1000, 609)]);
        assert_ne!(parts[0].2, parts[1].2, "the same lines elsewhere are other lines");
        assert_eq!(cut(&small), parts);
        let longer = cut(&[&small[..], b"{}"].concat());
        assert_eq!(
            (&longer[..2], shape(&longer)[2]),
            (&parts[..2], (1000, 611)),
            "what is added is in the last part"
        );

        let long = [vec![b'x'; 5 << 20], b"\n".to_vec()].concat().repeat(3);
        assert_eq!(shape(&cut(&long)), [(0, (5 << 20) + 1), (1, (5 << 20) + 1), (2, (5 << 20) + 1)]);
        assert!(cut(b"").is_empty());
    }

    #[test]
    fn a_line_that_no_request_can_have_is_told_by_its_number() {
        let text = [b"{}\n".to_vec(), vec![b'x'; BODY_BYTES_MAX], b"\n{}\n".to_vec()].concat();
        let parts = cut(&text);
        assert_eq!((parts[0].0, parts[0].1), (0, 3));
        assert_eq!((parts[1].0, parts[1].2.as_str()), (1, "body-too-large"));
        assert_eq!((parts[2].0, parts[2].1), (2, 3));
    }
}
