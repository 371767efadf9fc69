//! Pixels a second through the WSQ codec, on one core.
//!
//! The print is a real one, `conformance/wsq` and `NIST_SD14` of the folder `WHORL_DATA`, or else of `../shared/data`; without
//! it, a generated one. Beside it, in the same run: its pixels as PNG, which is what a print would be sent as without loss, and
//! the ceiling, a copy of the pixels in memory.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot start says so and stops")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use whorl_datasets::population::{Population, Sensor, Skin};
use whorl_engine::extraction::image::{PIXELS_MAX, decode, png_of};
use whorl_engine::extraction::wsq::{self, WSQ_RATE, Wsq};
use whorl_engine::extraction::{ImageFormat, Request};
use whorl_engine::minutia::FingerPosition;

const SEED: u64 = 1;

/// A file of the data folder, if it is there.
fn data(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("WHORL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    fs_err::read(folder.join(name)).ok()
}

/// A print as WSQ, from a generated finger.
fn generated() -> Vec<u8> {
    let position = FingerPosition::try_from(2).expect("the right index");
    let skin = Skin::new(Population::new(SEED).person(0).finger(position), &Sensor::PLAIN);
    let png = skin.image(1).to_png().expect("a PNG");
    let request = Request { format: ImageFormat::Png, resolution_ppi: 500, segment: None };
    let grey = decode(request, &png).expect("what was written");
    wsq::encode(grey.width(), grey.height(), grey.as_raw(), Some(500), WSQ_RATE).expect("a print")
}

fn codec(criterion: &mut Criterion) {
    let prints = [
        ("plain, 500 x 500", data("conformance/wsq/finger.wsq")),
        ("rolled, 568 x 600, 2.25 bits a pixel", data("conformance/wsq/a011r_02.wsq")),
    ];
    let real = prints.into_iter().filter_map(|(name, file)| Some((name, file?)));
    let mut prints: Vec<(&str, Vec<u8>)> = real.collect();
    if prints.is_empty() {
        println!("no real data: a generated print");
        prints.push(("generated", generated()));
    }
    for (name, file) in prints {
        let Wsq { width, height, pixels, .. } = wsq::decode(&file, PIXELS_MAX).expect("a print");
        let png = png_of(width, height, &pixels).expect("as many pixels");
        println!("{name}: {width} x {height}, {} bytes as WSQ, {} as PNG", file.len(), png.len());
        let mut group = criterion.benchmark_group(format!("wsq, {name}"));
        group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
        group.throughput(Throughput::Bytes(pixels.len() as u64));
        group.bench_function("decode", |bencher| {
            bencher.iter(|| wsq::decode(black_box(&file), PIXELS_MAX).expect("a print"));
        });
        group.bench_function("encode at 0.75 bits a pixel", |bencher| {
            bencher.iter(|| wsq::encode(width, height, black_box(&pixels), None, WSQ_RATE).expect("a print"));
        });
        let request = Request { format: ImageFormat::Png, resolution_ppi: 500, segment: None };
        group.bench_function("peer: decode PNG", |bencher| {
            bencher.iter(|| decode(request, black_box(&png)).expect("a print"));
        });
        group.bench_function("ceiling: copy", |bencher| bencher.iter(|| black_box(&pixels).clone()));
        group.finish();
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
