//! Random lives of a Central Unit, against a naive reading of the rules.
//!
//! Several States, supervisors and administrators do everything that can be done, in any order; the clock moves over the ends of periods,
//! leap days and changes of summer time; the machine goes down, and sometimes loses its store, or a comparison that was under way. After
//! each operation [`spec::Spec`] says what is answered, and [`world::World`], a real unit over a real database, must answer that. A life
//! that goes wrong is made as short as it can be, and printed.
//!
//! `WHORL_MODEL_OPERATIONS` says how many operations there are in all; `WHORL_MODEL_SEED` is the seed of the first life, and each life has
//! the next one, so that one can be lived again alone.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    reason = "helpers of tests: what cannot be done fails the test, and figures are printed"
)]

mod answers;
mod drawing;
mod named;
mod operations;
#[path = "../end_to_end/people.rs"]
#[expect(dead_code, reason = "shared with end_to_end, which uses the rest")]
mod people;
mod settling;
mod shortening;
mod spec;
mod world;

use std::fmt::Debug;
use std::mem::{Discriminant, discriminant};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use jiff::SignedDuration;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use answers::{Answer, AuditSeen};
use operations::{Act, By, Life, NoticeName, Operation, STATES, Step, Store, Wait};
use spec::Spec;
use world::{Problem, World, hands};

/// Operations in all, unless said otherwise.
const OPERATIONS: u64 = 100_000;
/// Operations of a life at most; half as many on average.
const LIFE: usize = 600;

fn asked_for(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn r_comp_1_r_hit_4_r_keep_3_r_erase_1_4_r_block_1_2_3_r_edit_1_2_r_access_1_2_r_right_1_3_4_5_as_the_rules_are_read()
 {
    let seed = asked_for("WHORL_MODEL_SEED", 1);
    let wanted = asked_for("WHORL_MODEL_OPERATIONS", OPERATIONS);
    let lives = wanted.div_ceil(LIFE as u64 / 2);
    println!("seed {seed}, about {wanted} operations in {lives} lives");
    let start = Instant::now();
    hands::check();
    println!("whose prints are whose was looked at in {:.1?}", start.elapsed());
    let (next, done, failed) = (AtomicU64::new(0), AtomicU64::new(0), Mutex::new(Vec::<String>::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while failed.lock().unwrap().is_empty() {
                    let life = next.fetch_add(1, Ordering::Relaxed);
                    if life >= lives {
                        return;
                    }
                    if let Err(report) = lived(seed + life, &done) {
                        failed.lock().unwrap().push(report);
                    }
                }
            });
        }
    });
    println!("{} operations in {:.1?}", done.load(Ordering::Relaxed), start.elapsed());
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

/// One life from its seed; what went wrong, in its shortest form.
fn lived(seed: u64, done: &AtomicU64) -> Result<(), String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let life = drawing::life(LIFE).new_tree(&mut runner).unwrap().current();
    let Err(first) = live(&life, done) else { return Ok(()) };
    println!("seed {seed} went wrong; its life is made shorter");
    let ignored = AtomicU64::new(0);
    let still = |life: &Life| live(life, &ignored).is_err_and(|failure| failure.kind == first.kind);
    let life = shortening::shortened(shortening::named(&life, first.steps), still);
    let last = live(&life, &ignored).err().map_or(first.text, |failure| failure.text);
    let steps = life.operations.iter().map(|operation| {
        let Operation { number, by, act } = operation;
        format!("  {number}: {by:?} {act:?}\n")
    });
    Err(format!(
        "WHORL_MODEL_SEED={seed} WHORL_MODEL_OPERATIONS=1 repeats it; this is enough of it:\n\
         sex matters: {}, started: {}\n{}{last}",
        life.sex_matters,
        life.started,
        steps.collect::<String>(),
    ))
}

/// Where rules and unit disagree.
struct Failure {
    /// Of what kind: on what operation, and who refuses it.
    kind: (Discriminant<Act>, bool, bool),
    text: String,
    /// All up to there.
    steps: Vec<Step>,
}

/// Lives it to its end, looks at everything, loses the store, and looks again.
fn live(life: &Life, done: &AtomicU64) -> Result<(), Failure> {
    let mut spec = Spec::new(life, world::beginning());
    let mut world = World::new(life, &spec);
    let all = life
        .operations
        .iter()
        .cloned()
        .chain(look_at_everything(Store::Kept))
        .chain(look_at_everything(Store::Lost));
    let mut steps = Vec::new();
    for operation in all {
        let step = settling::settle(&mut spec, &operation);
        steps.push(step.clone());
        let (at, expected) = (spec.now, spec.apply(&step));
        let found = catch_unwind(AssertUnwindSafe(|| world.apply(&step)));
        let found = found.unwrap_or_else(|_| Err(Problem::from("it panicked")));
        done.fetch_add(1, Ordering::Relaxed);
        let agree = match (&expected, &found) {
            (Ok(expected), Ok(found)) => same(expected.clone(), found.clone(), &spec),
            (Err(codes), Err(problem)) => codes.contains(&problem.0.as_str()),
            _ => false,
        };
        if found == Ok(Answer::Retained(true)) {
            spec.forget_old(spec::calendar::year_before(at));
        }
        if !agree {
            let kind = (discriminant(&step.act), expected.is_ok(), found.is_ok());
            let text = format!("{at}: {step:?}\n{}", difference(&expected, &found));
            return Err(Failure { kind, text, steps });
        }
        // So that no two operations happen at one time.
        let next = spec.now + SignedDuration::from_secs(1);
        spec.wait_until(next);
        world.wait_until(next);
    }
    Ok(())
}

/// Where two answers differ: what only one of them has.
fn difference<A: Debug, B: Debug>(expected: &Result<Answer, A>, found: &Result<Answer, B>) -> String {
    let (rules, unit) = match (expected, found) {
        (Ok(expected), Ok(found)) => (expected.parts(), found.parts()),
        _ => (vec![format!("{expected:?}")], vec![format!("{found:?}")]),
    };
    let only = |these: &[String], others: &[String], who: &str| {
        let some = these.iter().filter(|part| !others.contains(part));
        some.map(|part| format!("  only the {who}: {part}\n")).collect::<String>()
    };
    only(&rules, &unit, "rules") + &only(&unit, &rules, "unit")
}

fn same(expected: Answer, found: Answer, spec: &Spec) -> bool {
    match (expected, found) {
        (Answer::Audit(expected), Answer::Audit(mut found)) => {
            let from = spec.surely_kept_from();
            found.retain(|record| record.at >= from);
            in_order(expected) == in_order(found)
        }
        (Answer::Retained(_), Answer::Retained(_)) => true,
        (Answer::Notices(expected), Answer::Notices(mut found)) => {
            let perhaps = |name: &NoticeName| matches!(name, NoticeName::Erased(hit) if spec.perhaps_told.contains(hit));
            found.retain(|notice| !perhaps(&notice.notice));
            expected == found
        }
        (expected, found) => expected == found,
    }
}

/// A list is recorded once a page; and what decision (b) erases is erased in an order of its own.
fn in_order(mut records: Vec<AuditSeen>) -> Vec<AuditSeen> {
    records.dedup();
    for run in records.chunk_by_mut(|a, b| a.at == b.at && a.authority.is_none() && b.authority.is_none()) {
        run.sort();
    }
    records
}

/// What every State sees, what was counted, and what was recorded; after a restart.
fn look_at_everything(store: Store) -> Vec<Operation> {
    let mut all = vec![(By::Administrator, Act::Restart(Wait::Seconds(9), store))];
    for state in 0..STATES.len() {
        let lists = [
            Act::ListSets(None, None, 200),
            Act::ListHits(200),
            Act::ListNotices(200),
            Act::ListRequests(200),
        ];
        all.extend(lists.map(|act| (By::Joint(state), act)));
    }
    all.extend([(By::Commission, Act::Statistics(60_000)), (By::Joint(0), Act::Audit)]);
    let numbered = (LIFE..).zip(all);
    numbered.map(|(number, (by, act))| Operation { number, by, act }).collect()
}
