//! A life that goes wrong, made short: what is not needed for it to go wrong in the same way is left out.

use std::time::{Duration, Instant};

use crate::operations::{By, Life, Operation, Step};

/// How long it may take.
const TIME: Duration = Duration::from_secs(120);

/// The life of these steps, in which everything has the name that it had: leaving out one changes nothing for those that have nothing to do
/// with it.
pub fn named(life: &Life, steps: Vec<Step>) -> Life {
    let operation = |Step { number, call, act }| Operation { number, by: By::Is(call), act };
    Life { operations: steps.into_iter().map(operation).collect(), ..*life }
}

/// Leaves out what can be left out, many operations at once and then fewer, as long as it still goes wrong.
pub fn shortened(mut life: Life, still: impl Fn(&Life) -> bool) -> Life {
    let start = Instant::now();
    let mut many = life.operations.len();
    while many > 0 {
        let mut from = 0;
        while from < life.operations.len() && start.elapsed() < TIME {
            let to = (from + many).min(life.operations.len());
            let left: Vec<_> = [&life.operations[..from], &life.operations[to..]].concat();
            let without = Life { operations: left, ..life };
            if still(&without) {
                life = without;
            } else {
                from = to;
            }
        }
        many /= 2;
    }
    life
}
