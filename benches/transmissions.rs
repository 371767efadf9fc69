//! Transmissions a second over HTTP, and how long each takes, from 1, 8 and 64 clients, each synced before it is answered.
//!
//! The whole way of a set of two minutiae records: parsed, admitted, packed, entered; of category 1 also compared with everything
//! that another State entered before, and the result recorded. Clients and server share the machine. What the journal costs of it
//! is in `journal.rs`, beside what stood in its place.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench that cannot start says so and stops")]

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;
use whorl::access::{Authority, AuthorityKey, Key, Role};
use whorl::ansi_nist::Mapping;
use whorl::central_unit::{CentralUnit, CheckpointSettings, Settings};
use whorl::clock::Clock;
use whorl::database::{Database, KeySchedule};
use whorl::eurodac::operation::Operation;
use whorl::eurodac::retention::legal_day;
use whorl::eurodac::start::Participant;
use whorl::http;
use whorl::journal::{Actor, AuditRecord, Change, Effect, Event};
use whorl::keyring::WrappingKey;
use whorl::report::Objectives;
use whorl::startup::Startup;
use whorl_datasets::templates::{Random, print_like};
use whorl_engine::calibration::Calibration;
use whorl_engine::engine::Choice;
use whorl_engine::extraction::pool::Settings as PoolSettings;
use whorl_engine::interchange::iso_19794_2_2005::{Record, View};

const TIME: Duration = Duration::from_secs(5);
const CLIENTS: [usize; 3] = [1, 8, 64];

/// A finger as a State sends it.
fn finger(position: u8, random: &mut Random) -> serde_json::Value {
    let minutiae = print_like(random, 40);
    let view = View { position, number: 0, impression: 0, quality: 80, minutiae, extended: vec![] };
    let record = Record {
        certification: 0,
        device_type: 0,
        width: 500,
        height: 500,
        resolution_x: 197,
        resolution_y: 197,
        views: vec![view],
    };
    let data = STANDARD.encode(record.encode().expect("a record"));
    json!({"position": position, "media_type": "application/x-iso-19794-2-2005", "data": data})
}

fn body(category: u8, number: u32) -> String {
    let random = &mut Random::new(u64::from(number));
    let yesterday = jiff::Zoned::now().date().yesterday().expect("a day").to_string();
    let mut body = json!({
        "category": category,
        "reference_number": format!("AT{category}-{number}"),
        "fingerprints": [finger(2, random), finger(7, random)],
        "attestations": {"aged_14_or_over": true, "informed": true},
        "sex": "unknown",
        "fingerprints_taken_on": yesterday,
    });
    if category == 1 {
        body["application"] = json!({"place": "Wien", "date": yesterday});
    } else {
        body["attestations"]["not_turned_back"] = json!(true);
    }
    body.to_string()
}

/// A data directory with one authority; its key.
fn prepared(directory: &std::path::Path) -> (Database, Key) {
    let database = Database::create(directory, &WrappingKey::generate().expect("a key")).expect("a database");
    let key = Key::generate("bench").expect("random bytes");
    let authority = Authority {
        id: "bench".into(),
        name: "bench".into(),
        role: Role::MemberState,
        member_state: Some("AT".parse().expect("a State")),
        keys: vec![AuthorityKey { hash: key.hash(), expires_at: None }],
        certificate: None,
        revoked_at: None,
    };
    let today = legal_day(Timestamp::now());
    let member_state = "AT".parse().expect("a State");
    let participant = Participant { member_state, participates: true, ready_since: Some(today) };
    let effects = [
        Effect::Initialised,
        Effect::Participant(participant),
        Effect::OperationsStarted(today),
        Effect::Authority(authority),
    ];
    for effect in effects {
        let audit = AuditRecord::of(
            Timestamp::now(),
            Operation::Administration,
            Actor { authority: None, person: "bench".into() },
        );
        database.record(Event::new(audit, Change::Plain(effect))).expect("the disk");
    }
    (database, key)
}

/// Serves a new data directory from a thread that goes on until the process ends; its address and the key.
fn serve(directory: &std::path::Path) -> (String, Key) {
    let (database, key) = prepared(directory);
    let settings = Settings {
        choice: &Choice::Cpu,
        // No image is sent.
        extraction: PoolSettings {
            program: "true".into(),
            arguments: Vec::new(),
            workers_max: 1,
            time_max: Duration::from_secs(1),
            wait_max: Duration::from_secs(1),
        },
        calibration: Calibration::shipped().clone(),
        checkpoints: CheckpointSettings { every: Duration::from_secs(3600), recipient: None },
        keys: KeySchedule::OnRequest,
        target_fpir: 1e-3,
        sex_is_a_criterion: false,
        clock: Clock::default(),
    };
    let unit = CentralUnit::open(database, settings, &Startup::default()).expect("a unit");
    let listener = http::bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    // As often as they like.
    let requests_a_second = NonZeroU32::MAX;
    let settings = http::Settings {
        requests_a_second,
        objectives: Objectives::default(),
        mapping: Mapping::default(),
        tls: None,
    };
    thread::spawn(move || http::serve(unit, listener, settings));
    (address, key)
}

/// Transmits from so many clients; times in order of size.
fn timed(address: &str, key: &Key, category: u8, clients: usize, number: &AtomicU32) -> Vec<Duration> {
    let (times, start) = (Mutex::new(Vec::new()), Instant::now());
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let agent = ureq::Agent::new_with_defaults();
                let mut own = Vec::new();
                while start.elapsed() < TIME {
                    let body = body(category, number.fetch_add(1, Ordering::Relaxed));
                    let begin = Instant::now();
                    let request = agent.post(format!("{address}/v1/eurodac/transmissions"));
                    let request = request.header("Authorization", format!("Bearer {}", key.reveal()));
                    let request =
                        request.header("Whorl-Person", "bench").header("Content-Type", "application/json");
                    let answer = request.send(body.as_str()).expect("an answer");
                    assert_eq!(answer.status(), 201);
                    own.push(begin.elapsed());
                }
                times.lock().expect("nobody panicked").extend(own);
            });
        }
    });
    let mut times = times.into_inner().expect("nobody panicked");
    times.sort_unstable();
    times
}

fn main() {
    println!("| category | clients | transmissions a second | p50 | p99 |\n| --- | --- | --- | --- | --- |");
    let directory = tempfile::tempdir().expect("a directory");
    // One server: its signals are set once in a process.
    let (address, key) = serve(directory.path());
    let number = AtomicU32::new(0);
    for category in [2, 1] {
        for clients in CLIENTS {
            let times = timed(&address, &key, category, clients, &number);
            let rate = f64::from(u32::try_from(times.len()).expect("not so many")) / TIME.as_secs_f64();
            let at = |per_cent: usize| times[(times.len() - 1) * per_cent / 100];
            println!("| {category} | {clients} | {rate:.0} | {:.2?} | {:.2?} |", at(50), at(99));
        }
    }
}
