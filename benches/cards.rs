//! Ten-print cards: the 60 of NIST SD 14 as ANSI/NIST-ITL files, imported over HTTP with everything on one core; beside extraction alone.
//!
//! Needs the real prints (`WHORL_DATA`, else `../shared/data` beside the checkout), and says so where they are not there. The program of
//! this bench is the program itself, when it is called with a subcommand: server, import and extraction processes are real ones.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot start says so and stops")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use serde_json::Value;
use whorl_datasets::corpus::{Corpus, SD14_REQUEST, Sd14Print};
use whorl_engine::extraction;
use whorl_engine::interchange::ansi_nist_itl::{Builder, Compression, Impression, TextField, Transaction};

/// A server process; ended with the bench.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|argument| !argument.starts_with('-')) {
        return whorl::cli::main();
    }
    let Some(corpus) = Corpus::find(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))) else {
        println!("the real prints are not here (set WHORL_DATA)");
        return ExitCode::SUCCESS;
    };
    let prints = corpus.sd14().expect("a sound manifest");
    one_core();
    let directory = tempfile::tempdir().expect("a directory");
    let cards = directory.path().join("cards");
    fs_err::create_dir(&cards).expect("a folder");
    let mut count = 0;
    for card in prints.chunk_by(|a, b| a.card == b.card) {
        count += 1;
        fs_err::write(cards.join(format!("{}.an2", card[0].card)), packed(card, count)).expect("the disk");
    }
    let start = Instant::now();
    for print in &prints {
        let bytes = fs_err::read(&print.path).expect("a print");
        // What is too poor for one is so for the other.
        let _ = extraction::extract(SD14_REQUEST, &bytes);
    }
    let alone = start.elapsed();
    let (summary, took) = imported(directory.path(), &cards);
    let each = |time: std::time::Duration| time.as_secs_f64() * 1000.0 / prints.len() as f64;
    println!("{count} cards, {} prints, one core: {summary}", prints.len());
    println!("extraction alone {:.0} ms a print", each(alone));
    println!(
        "import {:.0} ms a print, {:.1} s a card; {:.2} of extraction alone",
        each(took),
        took.as_secs_f64() / f64::from(count),
        took.as_secs_f64() / alone.as_secs_f64()
    );
    ExitCode::SUCCESS
}

/// This process and all that it starts on the first core that it may use.
fn one_core() {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let may = sched_getaffinity(None).expect("a set of cores");
    let first = (0..CpuSet::MAX_CPU).find(|core| may.is_set(*core)).expect("one core");
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).expect("a core of its own");
}

/// A card as its State would send it.
fn packed(card: &[Sd14Print], number: u32) -> Vec<u8> {
    let yesterday = jiff::Zoned::now().date().yesterday().expect("a day").strftime("%Y%m%d").to_string();
    let header = Transaction {
        version: 400,
        kind: "CAT1".into(),
        date: yesterday.clone(),
        priority: None,
        destination: "CU".into(),
        origin: "AT".into(),
        control_number: card[0].card.clone(),
        reference_number: None,
        scanned_resolution: "00.00".into(),
        transmitted_resolution: "00.00".into(),
        domain: None,
    };
    let texts = [
        (10, format!("AT1-{number}")),
        (24, "U".into()),
        (38, yesterday.clone()),
        (701, "Wien".into()),
        (702, yesterday.clone()),
        (711, "Y".into()),
        (712, "Y".into()),
    ];
    let images: Vec<_> = card.iter().map(|print| fs_err::read(&print.path).expect("a print")).collect();
    let mut file = Builder::new(header);
    file.text(0, texts.map(|(number, text)| TextField::single(number, text)).into());
    for (print, data) in card.iter().zip(&images) {
        let position = print.position.code();
        let (width, height) = extraction::wsq::size(data, extraction::image::PIXELS_MAX).expect("a WSQ file");
        let image = Impression {
            record: 0,
            record_type: 14,
            idc: position,
            positions: vec![position],
            impression: 3,
            width,
            height,
            resolution_ppi: Some((500, 500)),
            compression: Compression::Wsq20,
            bits_per_pixel: 8,
            data,
            missing: Vec::new(),
            segments: Vec::new(),
        };
        file.print(&image, "AT", &yesterday);
    }
    file.finish().expect("a card").encode().expect("a card")
}

/// Serves a new data directory, and imports the folder into it; what came of it, and how long it took.
fn imported(directory: &Path, cards: &Path) -> (Value, std::time::Duration) {
    let program = std::env::current_exe().expect("this program");
    let data = directory.join("data");
    let json = |arguments: &[&str]| -> Value {
        let output =
            Command::new(&program).args(arguments).arg("--data").arg(&data).output().expect("it ran");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    json(&["init", "--json", "--states", "AT"]);
    let added =
        json(&["authority", "add", "--json", "--state", "AT", "--role", "member-state", "--name", "bench"]);
    let mut server = Command::new(&program)
        .args(["serve", "--listen", "127.0.0.1:0", "--backend", "cpu", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a server");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let _server = Server(server);
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("an address");
    let start = Instant::now();
    let output = Command::new(&program)
        .args(["import", "--json", "--person", "bench", "--key-env", "WHORL_BENCH_KEY", "--to", url])
        .arg(cards)
        .env("WHORL_BENCH_KEY", added["key"].as_str().expect("a key"))
        .stderr(Stdio::inherit())
        .output()
        .expect("it ran");
    let took = start.elapsed();
    (serde_json::from_slice(&output.stdout).expect("a summary"), took)
}
