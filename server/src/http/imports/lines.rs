//! The lines of an import, worked on many at a time: while one waits for an extraction process, others are compared or written, and what is
//! written together becomes durable together.
//!
//! *Which of two lines of the same person is later* is for the Central Unit to say, as with any two transmissions (R-COMP-11).

use std::sync::Arc;

use actix_web::web;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Deserialize;
use whorl_engine::stack;
use zeroize::Zeroize;

use super::{ImportAnswer, Reject};
use crate::access::Caller;
use crate::ansi_nist::Mapping;
use crate::central_unit::{Answer, Asked, CentralUnit, Told};
use crate::eurodac::model::{Category, MemberState, ReferenceNumber};
use crate::eurodac::operation::Operation;
use crate::http::ansi_nist::Sent;
use crate::http::asked::Headers;
use crate::http::body::parse;
use crate::http::jobs::Job;
use crate::http::problem::{Code, Problem};
use crate::http::recorded;
use crate::http::transmissions::admit;

/// Lines at once, for each core.
const LINES_PER_CORE: usize = 2;
/// Lines of an import. Each is a record of the journal, also where it is refused.
const LINES_MAX: usize = 50_000;
/// Rejected lines that are listed; the rest is counted.
const REJECTS_MAX: usize = 1000;
/// How often a line is tried that finds no extraction process; each time it waits for one.
const TRIES: usize = 5;

/// An import, and for whom.
pub struct Import {
    /// Where it goes.
    pub unit: web::Data<CentralUnit>,
    /// Who sent it.
    pub caller: Caller,
    /// With its key.
    pub headers: Headers,
    /// When it arrived.
    pub at: Timestamp,
    /// Of files in its lines.
    pub mapping: web::Data<Mapping>,
    /// Who is told how far it is.
    pub job: Option<Arc<Job>>,
}

/// What has become of the lines so far, and why no more are begun.
#[derive(Default)]
struct Tally {
    answer: ImportAnswer,
    stopped: Option<Problem>,
}

impl Import {
    /// Works on every line; each is overwritten as soon as it is settled (R-DATA-5). Blocks.
    ///
    /// # Errors
    /// What a line cannot help, such as a disk that fails: the lines before it may be entered.
    pub fn carry_out(&self, body: &mut [u8]) -> Result<ImportAnswer, Problem> {
        let total = body.split(is_end).filter(|line| !is_blank(line)).count();
        if total > LINES_MAX {
            let detail = format!("an import has {LINES_MAX} lines at most; send it in parts");
            return Err(Problem::new(Code::BodyTooLarge, detail));
        }
        // R-AUDIT-2: that somebody imports, before anything is entered.
        self.unit.read(Operation::Import, self.caller.member_state(), &self.caller.actor())?;
        if let Some(job) = &self.job {
            job.count(total);
        }
        let numbered = (1..).zip(body.split_mut(is_end));
        let lines = Mutex::new(numbered.filter(|(_, line)| !is_blank(line)));
        let tally = Mutex::new(Tally::default());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..(cores * LINES_PER_CORE).min(total) {
                scope.spawn(|| self.work(&lines, &tally));
            }
        });
        stack::overwrite_on_all();
        let Tally { mut answer, stopped } = tally.into_inner();
        answer.rejects.sort_unstable_by_key(|reject| reject.line);
        answer.rejects.truncate(REJECTS_MAX);
        stopped.map_or(Ok(answer), Err)
    }

    /// One line after the other, as long as there are any.
    fn work<'a>(&self, lines: &Mutex<impl Iterator<Item = (usize, &'a mut [u8])>>, tally: &Mutex<Tally>) {
        while tally.lock().stopped.is_none() {
            let Some((number, line)) = lines.lock().next() else { break };
            let settled = stack::overwritten_after(|| self.settle(number, line));
            line.zeroize();
            self.count(settled, tally);
        }
    }

    /// Enters and compares a line, or says why not; whether it had been entered before, and how many hits it has.
    ///
    /// # Errors
    /// What the line cannot help.
    fn settle(&self, number: usize, line: &[u8]) -> Result<Result<(bool, usize), Reject>, Problem> {
        let mut outcome = self.enter(number, line);
        for _ in 1..TRIES {
            let is_busy = |problem: &Problem| problem.parts().0 == Code::Busy.parts().0;
            if !outcome.as_ref().is_err_and(is_busy) {
                break;
            }
            outcome = self.enter(number, line);
        }
        match outcome {
            Ok(entered) => Ok(Ok(entered)),
            Err(problem) if problem.is_refusal() => {
                recorded::refused(&self.unit, &self.caller, Operation::Transmission, &problem)?;
                Ok(Err(self.reject(number, line, &problem)))
            }
            Err(problem) => Err(problem),
        }
    }

    fn enter(&self, number: usize, line: &[u8]) -> Result<(bool, usize), Problem> {
        let asked = self.headers.line(number, line, self.at);
        let sent = Sent::of_line(line, &self.mapping)?;
        self.enter_sent(&sent.json, &asked).map_err(|problem| sent.names.told(problem))
    }

    fn enter_sent(&self, json: &[u8], asked: &Asked) -> Result<(bool, usize), Problem> {
        let category_3 = || {
            let detail = "nothing of category 3 is entered: send it to /v1/eurodac/transmissions";
            Problem::new(Code::CategoryNotImported, detail).at("category")
        };
        let (admitted, transmitter) = admit(json, &self.caller, self.unit.now())?;
        if admitted.kept.is_none() {
            return Err(category_3());
        }
        if admitted.return_media {
            let detail = "an import gives no medium back; send this set to /v1/eurodac/transmissions";
            return Err(Problem::new(Code::FieldInvalid, detail).at("return_media"));
        }
        match self.unit.transmit(admitted, &transmitter, asked)? {
            Answer::Entered { repeated, told: Told::Result(found), .. } => Ok((repeated, found.hits.len())),
            Answer::Entered { repeated, .. } => Ok((repeated, 0)),
            Answer::Checked(_) => Err(category_3()),
        }
    }

    /// A reference number is told back only where it is of the State's own form: anything else may be anything.
    fn reject(&self, number: usize, line: &[u8], problem: &Problem) -> Reject {
        #[derive(Deserialize)]
        struct Named {
            category: Category,
            on_behalf_of: Option<MemberState>,
            reference_number: String,
        }
        let sent = Sent::of_line(line, &self.mapping).ok();
        let named: Option<Named> = sent.and_then(|sent| parse(&sent.json).ok());
        let reference_number = named.and_then(|named| {
            let state = self.caller.transmitter(named.on_behalf_of).ok()?.state();
            ReferenceNumber::new(&named.reference_number, state, named.category).ok()
        });
        let (code, detail, field) = problem.parts();
        Reject {
            line: number,
            reference_number: reference_number.map(|number| number.as_str().to_owned()),
            code: code.to_owned(),
            field: field.map(str::to_owned),
            detail: detail.to_owned(),
        }
    }

    fn count(&self, settled: Result<Result<(bool, usize), Reject>, Problem>, tally: &Mutex<Tally>) {
        let mut tally = tally.lock();
        let answer = &mut tally.answer;
        let rejected = match settled {
            Ok(Ok((repeated, hits))) => {
                answer.repeated += usize::from(repeated);
                answer.entered += usize::from(!repeated);
                answer.hits += hits;
                false
            }
            Ok(Err(reject)) => {
                answer.rejected += 1;
                answer.rejects.push(reject);
                true
            }
            Err(problem) => {
                tally.stopped.get_or_insert(problem);
                return;
            }
        };
        drop(tally);
        if let Some(job) = &self.job {
            job.settled(rejected);
        }
    }
}

fn is_end(byte: &u8) -> bool {
    *byte == b'\n'
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}
