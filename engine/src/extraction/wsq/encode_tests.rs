//! Tests of the encoder on images that need no data: what comes back, what is refused, and the extremes.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes in tests")]

use super::coding::{Code, tokens};
use super::*;

/// Ridges of nine pixels that bend, with some noise.
fn ridges(width: u32, height: u32) -> Vec<u8> {
    let level = |x: u32, y: u32| {
        let noise = f64::from((x * 7919 + y * 104_729) % 17);
        let (x, y) = (f64::from(x) - 20.0, f64::from(y));
        120.0 + 80.0 * libm::sin(libm::sqrt(x * x + y * y) * 0.7) + noise
    };
    (0..width * height).map(|n| level(n % width, n / width) as u8).collect()
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(&a, &b)| f64::from(a.abs_diff(b)).powi(2)).sum();
    10.0 * libm::log10(255.0 * 255.0 * a.len() as f64 / squares)
}

#[test]
fn images_of_every_parity_come_back() {
    for (width, height) in [(32, 32), (33, 47), (64, 95), (150, 101), (127, 256)] {
        let pixels = ridges(width, height);
        let mut last = 0.0;
        for rate in [0.75, 2.25, 5.0] {
            let file = encode(width, height, &pixels, Some(1000), rate).expect("an image");
            let image = decode(&file, 1 << 20).expect("what we wrote");
            assert_eq!((image.width, image.height, image.ppi), (width, height, Some(1000)));
            let quality = psnr(&image.pixels, &pixels);
            assert!(quality > last, "{width} x {height} at {rate}: {quality} dB after {last}");
            last = quality;
        }
        assert!(last > 33.0, "{width} x {height}: {last} dB");
        // There bins would be more than 16 bits can number, were they not kept wider.
        let file = encode(width, height, &pixels, None, *RATES.end()).expect("an image");
        let most = psnr(&decode(&file, 1 << 20).expect("what we wrote").pixels, &pixels);
        assert!(most > last - 0.5, "{width} x {height}: {most} dB after {last}");
    }
}

#[test]
fn a_higher_rate_makes_a_larger_file_near_that_rate() {
    let pixels = ridges(256, 256);
    for rate in [0.75_f32, 1.5, 3.0] {
        let file = encode(256, 256, &pixels, None, rate).expect("an image");
        let found = file.len() as f32 * 8.0 / 65536.0;
        assert!((0.4 * rate..1.5 * rate + 0.2).contains(&found), "{found} bits a pixel, not {rate}");
        assert_eq!(decode(&file, 65536).expect("what we wrote").ppi, None);
    }
}

#[test]
fn extreme_images_come_back() {
    for level in [0, 1, 128, 255] {
        let file = encode(40, 50, &[level; 2000], None, WSQ_RATE).expect("an image");
        assert_eq!(decode(&file, 2000).expect("what we wrote").pixels, [level; 2000]);
    }
    let chequered: Vec<u8> = (0..64 * 64).map(|n| if (n / 64 + n) % 2 == 0 { 0 } else { 255 }).collect();
    let single: Vec<u8> = (0..64 * 64).map(|n| if n == 2000 { 255 } else { 0 }).collect();
    for pixels in [chequered, single] {
        for rate in [*RATES.start(), WSQ_RATE, *RATES.end()] {
            let file = encode(64, 64, &pixels, None, rate).expect("an image");
            decode(&file, 4096).expect("what we wrote");
        }
    }
}

#[test]
fn what_cannot_be_encoded_is_refused() {
    let of = |width, height, count, rate| encode(width, height, &vec![9; count], None, rate).unwrap_err();
    assert_eq!(of(31, 32, 992, 0.75), EncodeError::Size { width: 31, height: 32 });
    assert_eq!(of(65536, 32, 0, 0.75), EncodeError::Size { width: 65536, height: 32 });
    assert_eq!(of(32, 32, 1023, 0.75), EncodeError::Pixels { found: 1023, expected: 1024 });
    assert_eq!(of(32, 32, 1024, 0.05), EncodeError::Rate(0.05));
    assert!(matches!(of(32, 32, 1024, f32::NAN), EncodeError::Rate(_)));
}

#[test]
fn runs_and_large_values_come_back_from_their_codes() {
    let mut values = vec![0, 74, -73, 75, -74, 255, -255, 256, -256, 65535, -70000, 1];
    for zeros in [1, 100, 101, 255, 256, 65535, 65536] {
        values.extend(vec![0; zeros]);
        values.push(-1);
    }
    values.extend([0; 300]);
    let tokens = tokens(&values);
    let code = Code::new(&tokens);
    let mut data = Vec::new();
    code.write(&tokens, &mut data);
    data.extend([0xff, END_OF_IMAGE]);
    let bytes = code.table();
    let table = huffman::HuffmanTable::read(&mut Reader::new(&bytes)).expect("a prefix code");
    let mut read = Coefficients::new(values.len(), 0).expect("memory");
    read.read_block(&mut Reader::new(&data), (0, &table)).expect("what we wrote");
    values[10] = -65535;
    let expected: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    assert_eq!(read.finish(0), Ok(expected));
}

#[test]
fn codes_stay_within_16_bits() {
    // Frequencies like Fibonacci's numbers make the longest codes; the first 1 is the symbol that is never written.
    let (mut a, mut b, mut values) = (1, 2, Vec::new());
    for value in 1..=24 {
        values.extend(vec![value; a]);
        (a, b) = (b, a + b);
    }
    let tokens = tokens(&values);
    let code = Code::new(&tokens);
    let table = code.table();
    assert_eq!(table[..16].iter().map(|&n| usize::from(n)).sum::<usize>(), 24);
    assert!(table[15] > 0);
    let room: u32 = (1..=16_u32).zip(&table).map(|(length, &n)| u32::from(n) << (16 - length)).sum();
    assert_eq!(room, (1 << 16) - 1, "one code of all ones is left free");
    let mut data = Vec::new();
    code.write(&tokens, &mut data);
    data.extend([0xff, END_OF_IMAGE]);
    let table = huffman::HuffmanTable::read(&mut Reader::new(&table)).expect("a prefix code");
    let mut read = Coefficients::new(values.len(), 0).expect("memory");
    read.read_block(&mut Reader::new(&data), (0, &table)).expect("what we wrote");
    assert_eq!(read.finish(0).map(|read| read.len()), Ok(values.len()));
}
