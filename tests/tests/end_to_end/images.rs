//! Images: each format enters, the extractor's answers are the image's own, and hostile ones cost their request only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use whorl_datasets::population::RidgeImage;

use crate::harness::{Installation, PROGRAM};
use crate::people::{skin, transmission};

fn encoded(print: &RidgeImage, format: image::ImageFormat, scale: u32) -> String {
    let grey = image::GrayImage::from_raw(print.width, print.height, print.pixels.clone()).unwrap();
    let (width, height) = (grey.width() * scale, grey.height() * scale);
    let grey = image::imageops::resize(&grey, width, height, image::imageops::FilterType::Triangle);
    let mut file = std::io::Cursor::new(Vec::new());
    image::DynamicImage::ImageLuma8(grey).write_to(&mut file, format).unwrap();
    STANDARD.encode(file.into_inner())
}

fn with_image(mut body: Value, media_type: &str, ppi: u16, data: &str) -> Value {
    body["fingerprints"] =
        json!([{"position": 2, "media_type": media_type, "resolution_ppi": ppi, "data": data}]);
    body
}

#[test]
fn png_bmp_and_tiff_at_500_and_1000_ppi_find_each_other() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let print = skin(12);
    let first = encoded(&print.image(1), image::ImageFormat::Png, 1);
    let body = with_image(transmission("AT", 1, 1, 0, 0), "image/png", 500, &first);
    assert_eq!(server.transmit(&at, &body).status, 201);
    let sent = [
        ("image/png", 500, image::ImageFormat::Png, 1),
        ("image/bmp", 500, image::ImageFormat::Bmp, 1),
        ("image/tiff", 500, image::ImageFormat::Tiff, 1),
        ("image/png", 1000, image::ImageFormat::Png, 2),
    ];
    let mut scores = Vec::new();
    for (number, (media_type, ppi, format, scale)) in (1..).zip(sent) {
        let data = encoded(&print.image(2), format, scale);
        let body = with_image(transmission("DE", 3, number, 0, 0), media_type, ppi, &data);
        let answer = server.transmit(&de, &body);
        assert_eq!(answer.hits(), ["AT1-1"], "{media_type} at {ppi} ppi: {}", answer.text);
        scores.push(answer.json()["comparison"]["hits"][0]["score"].clone());
    }
    assert!(scores[0] == scores[1] && scores[1] == scores[2], "the same pixels, the same score: {scores:?}");
}

#[test]
fn hostile_images_cost_their_request_only() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let good = encoded(&skin(3).image(1), image::ImageFormat::Png, 1);
    let bytes = STANDARD.decode(&good).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 0xFF;
    // A PNG header that promises 60 000 x 60 000 pixels.
    let mut huge = bytes.clone();
    huge[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let hostile: [(&str, &[u8]); 6] = [
        ("image/png", &[]),
        ("image/png", &bytes[..bytes.len() / 2]),
        ("image/png", &flipped),
        ("image/png", &huge),
        ("image/bmp", &bytes),
        ("image/wsq", &bytes),
    ];
    for (media_type, data) in hostile {
        let body = with_image(transmission("AT", 1, 1, 0, 0), media_type, 500, &STANDARD.encode(data));
        let answer = server.transmit(&at, &body);
        assert_eq!(
            answer.problem(422, "image-invalid").as_deref(),
            Some("fingerprints[0].data"),
            "{}",
            answer.text
        );
    }
    for ppi in [100, 60_000] {
        let body = with_image(transmission("AT", 1, 1, 0, 0), "image/png", ppi, &good);
        server.transmit(&at, &body).problem(422, "resolution-invalid");
    }
    let body = with_image(transmission("AT", 1, 1, 0, 0), "image/png", 500, &good);
    assert_eq!(server.transmit(&at, &body).status, 201);
}

/// The soft limit of a process, as /proc tells it.
fn limit(limits: &str, name: &str) -> String {
    let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
    line[name.len()..].split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_worker_is_fenced_in() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut worker = Command::new(PROGRAM)
        .args(["extraction-worker", "1073741824"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", worker.id());
    // It sets its limits before it reads; that it has read all of this shows that they are set.
    let mut input = worker.stdin.take().unwrap();
    input.write_all(&100u32.to_le_bytes()).unwrap();
    let (mut text, mut tries) = (String::new(), 0);
    while !text.contains("1073741824") && tries < 100 {
        std::thread::sleep(std::time::Duration::from_millis(50));
        (text, tries) = (fs_err::read_to_string(&limits).unwrap(), tries + 1);
    }
    assert_eq!(limit(&text, "Max address space"), "1073741824");
    assert_eq!((limit(&text, "Max file size"), limit(&text, "Max core file size")), ("0".into(), "0".into()));
    drop(input);
    assert!(!worker.wait().unwrap().success(), "an input that breaks off is an error, and ends it");
}

#[test]
fn an_image_that_needs_more_memory_than_a_worker_has_costs_its_request_only() {
    use whorl_engine::extraction::pool::{Afterwards, Pool, Settings};
    use whorl_engine::extraction::{ExtractionError, ImageFormat, Request};
    let pool = |memory_bytes: u64| {
        Pool::new(Settings {
            program: PROGRAM.into(),
            arguments: vec!["extraction-worker".into(), memory_bytes.to_string()],
            workers_max: 1,
            time_max: std::time::Duration::from_secs(30),
            wait_max: std::time::Duration::from_secs(30),
        })
    };
    let image = STANDARD.decode(encoded(&skin(3).image(1), image::ImageFormat::Png, 1)).unwrap();
    let request = Request { format: ImageFormat::Png, resolution_ppi: 500, segment: None };
    let ask = |pool: &Pool| pool.extract(request, image.clone(), Afterwards::Keep);
    assert_eq!(ask(&pool(1 << 20)), Err(ExtractionError::Died));
    assert!(ask(&pool(1 << 30)).is_ok());
}
