//! Looking for what is left of a print: under a directory, and in the memory of a process.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::FileExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use whorl::database::FingerTemplate;
use whorl_engine::interchange::iso_19794_2_2005::Record;
use whorl_engine::template::Template;

const FRAGMENT: usize = 16;

/// Every 16-byte piece of these bytes, but those that are all one value.
pub fn fragments(bytes: &[u8]) -> HashSet<Vec<u8>> {
    let telling = |window: &&[u8]| window.iter().collect::<HashSet<_>>().len() > 6;
    bytes.windows(FRAGMENT).step_by(FRAGMENT / 2).filter(telling).map(<[u8]>::to_vec).collect()
}

/// Files below a directory that hold one of the pieces.
pub fn holding(directory: &Path, wanted: &HashSet<Vec<u8>>) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, wanted));
        } else if fs_err::read(&path).unwrap().windows(FRAGMENT).any(|window| wanted.contains(window)) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// A minutiae record as sent, in base64, and as the store has its minutiae; each by itself.
pub fn forms(record: &[u8], position: u8) -> [HashSet<Vec<u8>>; 3] {
    let decoded = Record::decode(record).unwrap();
    let minutiae = decoded.minutiae_at_500_ppi(&decoded.views[0]);
    let stored =
        FingerTemplate { position: position.try_into().unwrap(), extractor: String::new(), minutiae };
    let stored = postcard::to_stdvec(&stored).unwrap();
    [fragments(record), fragments(STANDARD.encode(record).as_bytes()), fragments(&stored[4..])]
}

/// The packed template, which nothing stores.
pub fn packed(record: &[u8]) -> HashSet<Vec<u8>> {
    let decoded = Record::decode(record).unwrap();
    let template = Template::new(&decoded.minutiae_at_500_ppi(&decoded.views[0])).unwrap();
    let words: Vec<u8> = template.words().iter().flat_map(|word| word.to_le_bytes()).collect();
    fragments(&words)
}

/// Pieces that one wide register holds when it is spilled to a stack: no print and no template.
const PIECES_OF_A_REGISTER: usize = 7;

/// Stretches of 128 bytes of the writable memory of a process that hold more of the pieces than a register does: address, and the
/// mapping that it is in.
pub fn in_memory(process: u32, wanted: &HashSet<Vec<u8>>) -> Vec<String> {
    let mut begins = vec![false; 1 << 16];
    for piece in wanted {
        begins[usize::from(u16::from_le_bytes([piece[0], piece[1]]))] = true;
    }
    let maps = fs_err::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = std::fs::File::open(format!("/proc/{process}/mem")).unwrap();
    let mut stretches: HashMap<u64, (usize, &str)> = HashMap::new();
    for line in
        maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw")))
    {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        for at in (from..to).step_by(16 << 20) {
            let mut bytes = vec![0; (to - at).min(16 << 20) as usize];
            // Pages that a device or the kernel keeps to itself.
            if memory.read_exact_at(&mut bytes, at).is_err() {
                continue;
            }
            for (place, window) in (at..).zip(bytes.windows(FRAGMENT)) {
                let may = begins[usize::from(u16::from_le_bytes([window[0], window[1]]))];
                if may && wanted.contains(window) {
                    stretches.entry(place / 128).or_insert((0, line)).0 += 1;
                }
            }
        }
    }
    let telling = stretches.into_iter().filter(|(_, (pieces, _))| *pieces > PIECES_OF_A_REGISTER);
    telling.map(|(stretch, (_, mapping))| format!("{:x} in {mapping}", stretch * 128)).collect()
}
