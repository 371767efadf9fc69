//! Files made to be slow or to swell: eight times the file may take eight times the work, and not its square.
//!
//! Work is counted in allocations and in bytes allocated, which are the same in every run, and the time has a generous limit:
//! a square shows at these sizes, where it would take minutes.

use std::time::{Duration, Instant};

use whorl_engine::extraction::ImageFormat;
use whorl_engine::extraction::image::{HEADER_MEMORY_MAX, check};
use whorl_engine::interchange::Standard;

use super::driver::within;
use super::png_chunks::{apart, chunk, together};
use super::transactions_mutated::{Record, together as transaction};

/// What is repeated so often, and eight times as often.
const FEW: usize = 1 << 12;
const TIME_MAX: Duration = Duration::from_secs(10);

/// Allocations and bytes of the larger file, against twice what eight times the smaller would take.
fn scales(name: &str, make: &dyn Fn(usize) -> Vec<u8>, read: &dyn Fn(&[u8]) -> bool) {
    let work = |n: usize| {
        let file = make(n);
        let start = Instant::now();
        let mut accepted = false;
        let taken = allocation_counter::measure(|| accepted = read(&file));
        let took = start.elapsed();
        assert!(took < TIME_MAX, "{name}: {took:?} for {} bytes", file.len());
        (file.len(), taken.count_total, taken.bytes_total, took, accepted)
    };
    let (few, many) = (work(FEW), work(8 * FEW));
    println!(
        "{name}: {} bytes in {:?}, {} accepted {}; {} bytes in {:?}",
        few.0, few.3, few.2, few.4, many.0, many.3
    );
    assert_eq!(few.4, many.4, "{name}: one is accepted, and the other not");
    assert!(
        many.1 <= 16 * few.1 + 64,
        "{name}: {} allocations, and {} for eight times as much",
        few.1,
        many.1
    );
    assert!(
        many.2 <= 16 * few.2 + (1 << 16),
        "{name}: {} bytes, and {} for eight times as much",
        few.2,
        many.2
    );
}

fn header() -> Record {
    let texts = [
        (2, "0400"),
        (3, ""),
        (4, "CAR"),
        (5, "20240229"),
        (7, "THERE"),
        (8, "HERE"),
        (9, "1"),
        (11, "19.69"),
        (12, "19.69"),
    ];
    Record::Tagged(1, texts.map(|(number, text)| (number, text.into())).into())
}

fn with(kind: u8, fields: Vec<(u16, Vec<u8>)>) -> Vec<u8> {
    let idc = (2, b"00".to_vec());
    transaction(&[header(), Record::Tagged(kind, std::iter::once(idc).chain(fields).collect())], true)
}

#[test]
fn transactions() {
    let itl = |name, make: &dyn Fn(usize) -> Vec<u8>| scales(name, make, &super::transactions::check);
    let minutiae = |n: usize| {
        let texts = [(3, "0"), (4, "S"), (6, "08"), (7, "T"), (10, "9999")]
            .map(|(number, text)| (number, text.into()));
        let point = b"001\x1F01000005090\x1F00\x1FA\x1E".repeat(n / 4);
        with(9, texts.into_iter().chain([(12, point)]).collect())
    };
    let efs = |n: usize| {
        let texts = [(3, "0"), (4, "U")].map(|(number, text)| (number, text.into()));
        with(9, texts.into_iter().chain([(331, vec![0x1E; n])]).collect())
    };
    let print = |value: Vec<u8>| {
        let texts = [
            (3, "0"),
            (4, "A"),
            (5, "20240229"),
            (6, "4"),
            (7, "3"),
            (8, "1"),
            (9, "500"),
            (10, "500"),
            (11, "NONE"),
            (12, "8"),
        ];
        let texts = texts.map(|(number, text)| (number, text.into()));
        with(14, texts.into_iter().chain([(13, value), (999, vec![0x1D; 12])]).collect())
    };
    itl("fields of nothing", &|n| with(2, vec![(3, Vec::new()); n]));
    itl("fields of many numbers", &|n| with(99, (3..).map(|i| (i, Vec::new())).take(n).collect()));
    itl("items of nothing", &|n| with(2, vec![(3, vec![0x1F; n])]));
    itl("subfields of nothing", &|n| with(2, vec![(3, vec![0x1E; n])]));
    itl("positions", &|n| print(b"1\x1E".repeat(n)));
    itl("items of a position", &|n| print(b"1\x1F".repeat(n)));
    itl("data of separators", &|n| with(99, vec![(999, vec![0x1D; n])]));
    itl("minutiae", &minutiae);
    itl("extended features", &efs);
    itl("text of two bytes each", &|n| with(2, vec![(3, "\u{fc}".repeat(n).into())]));
    let mut listed = header();
    if let Record::Tagged(_, fields) = &mut listed {
        fields[1].1 = b"1\x1F9".to_vec();
    }
    itl("contents", &|n| {
        let mut listed = listed.clone();
        if let Record::Tagged(_, fields) = &mut listed {
            fields[1].1.extend(b"\x1E9\x1F1".repeat(n));
        }
        transaction(&[listed], false)
    });
    itl("records", &|n| {
        let record = Record::Binary(7, vec![0; 5]);
        let records = vec![record; n / 64];
        transaction(&[vec![header()], records].concat(), true)
    });
}

#[test]
fn minutiae_records() {
    for standard in Standard::ALL {
        let beginning = standard.write(&[]).unwrap_or_else(|_| b"FMR\x00030\0".to_vec());
        let make = |n: usize| [&beginning[..], &vec![1; n]].concat();
        let read = |bytes: &[u8]| super::minutiae_records::check(standard, bytes);
        scales(standard.name(), &make, &read);
    }
}

#[test]
fn wsq_headers() {
    let segments = |segment: &[u8], n: usize| [&[0xFF, 0xA0], &segment.repeat(n)[..], &[0xFF, 0xA1]].concat();
    let read = |bytes: &[u8]| super::wsq::check(bytes);
    let table = [&[0xFF, 0xA6, 0, 20, 0, 0, 1][..], &[0; 14], &[9]].concat();
    scales("wsq, comments", &|n| segments(&[0xFF, 0xA8, 0, 2], n), &read);
    scales("wsq, tables", &|n| segments(&table, n), &read);
    scales("wsq, fill bytes", &|n| segments(&[0xFF], n), &read);
    scales(
        "wsq, lines of a comment",
        &|n| [&b"\xFF\xA0\xFF\xA8\xFF\xFFNIST_COM"[..], &vec![b'\n'; n]].concat(),
        &read,
    );
}

fn png(n: usize, extra: &[u8]) -> Vec<u8> {
    let mut file = super::images::small_png();
    let after_header = 8 + 25;
    drop(file.splice(after_header..after_header, extra.repeat(n)));
    file
}

#[test]
fn headers_of_images() {
    let is_read = |format| move |bytes: &[u8]| super::images::check_header(format, bytes).is_some();
    let of = |name, format, make: &dyn Fn(usize) -> Vec<u8>| scales(name, make, &is_read(format));
    of("png, texts", ImageFormat::Png, &|n| png(n, &chunk(b"tEXt", b"a\0b")));
    of("png, unknown chunks", ImageFormat::Png, &|n| png(n, &chunk(b"aaAa", b"")));
    of("jpeg, segments", ImageFormat::Jpeg, &|n| [&[0xFF, 0xD8], &[0xFF, 0xE5, 0, 2].repeat(n)[..]].concat());
    of("jpeg, fill bytes", ImageFormat::Jpeg, &|n| [&[0xFF, 0xD8][..], &vec![0xFF; n]].concat());
    of("jp2, boxes", ImageFormat::Jp2, &|n| b"\0\0\0\x08jP  ".repeat(n));
    of("tiff, values", ImageFormat::Tiff, &|n| tiff_of_many_values(&vec![0xAA; 16 * n]));
    of("tiff, entries", ImageFormat::Tiff, &|n| {
        let count = u16::try_from(n).unwrap();
        let entry = |tag: u16| [&tag.to_le_bytes()[..], &[3, 0, 1, 0, 0, 0, 1, 0, 0, 0]].concat();
        [
            &b"II*\0\x08\0\0\0"[..],
            &count.to_le_bytes(),
            &(0..count).flat_map(entry).collect::<Vec<_>>(),
            &[0; 4],
        ]
        .concat()
    });
}

/// 72 x 64 pixels of 8 bits, and as the sample format (339) all of these.
fn tiff_of_many_values(values: &[u8]) -> Vec<u8> {
    let (count, entries) = (u32::try_from(values.len() / 2).unwrap(), 9_u16);
    let behind = 8 + 2 + 12 * u32::from(entries) + 4;
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let mut file = [&b"II*\0\x08\0\0\0"[..], &entries.to_le_bytes()].concat();
    for (tag, value) in [(256, 72), (257, 64), (258, 8), (259, 1), (262, 1), (273, 8), (278, 64), (279, 4608)]
    {
        file.extend(entry(tag, 4, 1, value));
    }
    file.extend(entry(339, 3, count, behind));
    [&file[..], &[0; 4], values].concat()
}

/// Bits of a deflate stream; codes of Huffman come from their upper end, all else from the lower.
#[derive(Default)]
struct Bits(Vec<u8>, u32);

impl Bits {
    fn code(&mut self, bits: &[u8]) {
        for bit in bits {
            if self.1.is_multiple_of(8) {
                self.0.push(0);
            }
            *self.0.last_mut().unwrap() |= (bit - b'0') << (self.1 % 8);
            self.1 += 1;
        }
    }
}

/// A zlib stream of a zero and so many times 258 more: one last block with fixed codes, each match in 13 bits.
fn bomb(matches: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.code(b"11000110000");
    for _ in 0..matches {
        bits.code(b"1100010100000");
    }
    bits.code(b"0000000");
    // Adler-32 of zeros: 1, and the number of bytes modulo 65521.
    let sum = u32::try_from((matches * 258 + 1) % 65_521).unwrap() << 16 | 1;
    [&[0x78, 0x01], &bits.0[..], &sum.to_be_bytes()].concat()
}

/// A colour profile of 64 MiB of zeros in a file of half a megabyte: the server looks at the header itself.
#[test]
fn a_png_that_swells_is_not_unpacked() {
    let body = [&b"a\0\0"[..], &bomb((64 << 20) / 258)].concat();
    let mut chunks = apart(&super::images::small_png());
    chunks.insert(1, (b"iCCP".to_vec(), body));
    let file = together(&chunks);
    assert!(file.len() < 1 << 19, "{}", file.len());
    within("check", file.len(), HEADER_MEMORY_MAX, || check(ImageFormat::Png, &file, 500)).unwrap();
}
