//! Runs a target: draws inputs, checks each, and says what came of it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use super::random::Random;

/// Where nothing else is said, so that every run has the same inputs.
const SEED: u64 = 20_260_722;
/// Longest that one input may take, a debug build on a busy machine. Usual are a few milliseconds.
const CALL_MAX: Duration = Duration::from_secs(10);
/// Longest input that a failure prints. Unit: bytes.
const PRINTED_MAX: usize = 400;
/// What a reader may take besides a multiple of its input: its structures of fixed size. Unit: bytes.
pub const MEMORY_BASE: u64 = 64 << 10;
/// How many times its input a reader may take.
pub const MEMORY_FACTOR: u64 = 8;

thread_local! {
    /// Most memory that a call of this thread took. Unit: bytes.
    static MOST: Cell<u64> = const { Cell::new(0) };
}

/// Makes an input from numbers and a corpus.
pub type Mutate<'a> = &'a dyn Fn(&mut Random, &[Vec<u8>]) -> Vec<u8>;

/// Something that reads files.
pub struct Target<'a> {
    /// As it is printed, and chosen by.
    pub name: &'a str,
    /// How many inputs it usually has.
    pub iterations: u64,
    /// Files that are changed. Each is also tried as it is.
    pub corpus: &'a [Vec<u8>],
    /// Makes an input.
    pub mutate: Mutate<'a>,
    /// Reads an input, and panics where something is wrong. Whether it was accepted.
    pub check: &'a dyn Fn(&[u8]) -> bool,
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

impl Target<'_> {
    /// Runs it, and panics at the first input that fails, having said how to repeat it.
    pub fn run(&self) {
        if std::env::var("WHORL_FUZZ_TARGET").is_ok_and(|only| only != self.name) {
            return;
        }
        let seed = variable("WHORL_FUZZ_SEED").unwrap_or(SEED);
        let iterations = self.iterations * variable("WHORL_FUZZ_ITERATIONS").unwrap_or(1);
        MOST.set(0);
        let start = Instant::now();
        let (mut accepted, mut longest) = (0, Duration::ZERO);
        let range = variable("WHORL_FUZZ_ITERATION").map_or(0..iterations, |one| one..one + 1);
        let inputs = range.end - range.start;
        for iteration in range {
            // The corpus as it is comes first.
            let input = match usize::try_from(iteration).ok().and_then(|i| self.corpus.get(i)) {
                Some(file) => file.clone(),
                None => (self.mutate)(&mut Random::new(seed, self.name, iteration), self.corpus),
            };
            let begun = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| (self.check)(&input)));
            let took = begun.elapsed();
            longest = longest.max(took);
            match outcome {
                Ok(was_read) => accepted += u64::from(was_read),
                Err(panic) => {
                    self.say_how_to_repeat(seed, iteration, &input);
                    resume_unwind(panic);
                }
            }
            if took > CALL_MAX {
                self.say_how_to_repeat(seed, iteration, &input);
                panic!("{}: {took:?} for {} bytes", self.name, input.len());
            }
        }
        println!(
            "{}: {inputs} inputs from {} files in {:.1} s, seed {seed}: {accepted} accepted, {} refused; \
             longest {} ms, most memory {} KiB",
            self.name,
            self.corpus.len(),
            start.elapsed().as_secs_f32(),
            inputs - accepted,
            longest.as_millis(),
            MOST.get() >> 10,
        );
    }

    fn say_how_to_repeat(&self, seed: u64, iteration: u64, input: &[u8]) {
        let name = self.name;
        println!(
            "WHORL_FUZZ_SEED={seed} WHORL_FUZZ_TARGET='{name}' WHORL_FUZZ_ITERATION={iteration} repeats this:"
        );
        if input.len() <= PRINTED_MAX {
            println!("{}", input.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        } else {
            println!("{} bytes, not printed", input.len());
        }
    }
}

/// Makes a call, and fails where it holds more memory at once than its input of so many bytes allows, and `besides`.
pub fn within<T>(what: &str, input: usize, besides: u64, call: impl FnOnce() -> T) -> T {
    let limit = u64::try_from(input).unwrap() * MEMORY_FACTOR + MEMORY_BASE + besides;
    let mut result = None;
    let taken = allocation_counter::measure(|| result = Some(call()));
    MOST.set(MOST.get().max(taken.bytes_max));
    assert!(
        taken.bytes_max <= limit,
        "{what}: {} bytes of memory for {input} of input, {limit} are allowed",
        taken.bytes_max
    );
    result.unwrap()
}

/// An error can be shown: it is one short line of text.
pub fn can_be_shown(error: &impl std::fmt::Display) {
    let text = error.to_string();
    assert!(!text.is_empty() && text.len() < 400 && !text.contains('\n'), "{text:?}");
}
