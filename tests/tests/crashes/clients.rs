//! A national system: sends what it likes until nobody answers, and keeps a ledger of what it was told.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::Dice;
use crate::harness::{Answer, Server};
use crate::people::transmission;

/// People of whom a round's transmissions are: few, so that most comparisons find somebody.
const PEOPLE: u64 = 8;

/// One State's system.
pub struct Client {
    pub state: &'static str,
    /// The key of its authority.
    pub key: String,
    pub ledger: Vec<Sent>,
    /// The first of the people that it meets now.
    pub people: u64,
    /// Reference numbers, of all clients, whose erasure was asked for: whoever repeats a request may not be told of them again.
    erasing: Arc<Mutex<HashSet<String>>>,
    number: u64,
    name: usize,
    dice: Dice,
}

/// A transmission that was sent.
pub struct Sent {
    pub category: u8,
    pub reference: String,
    /// `Idempotency-Key`.
    pub repeatable: Option<String>,
    pub body: Value,
    /// What came back; `None`: nothing.
    pub answer: Option<Value>,
    pub erasure: Erasure,
}

/// What is known of a set's erasure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    No,
    /// And nothing came back.
    Asked,
    Done,
}

impl Client {
    pub fn new(
        name: usize,
        state: &'static str,
        key: String,
        erasing: &Arc<Mutex<HashSet<String>>>,
        seed: u64,
    ) -> Self {
        let dice = Dice(seed ^ ((name as u64) << 32));
        Self {
            state,
            key,
            ledger: Vec::new(),
            people: 0,
            erasing: Arc::clone(erasing),
            number: 0,
            name,
            dice,
        }
    }

    /// How many of its sets were erased.
    pub fn erased(&self) -> usize {
        self.ledger.iter().filter(|sent| sent.erasure == Erasure::Done).count()
    }

    /// Until nobody answers any more.
    pub fn work(&mut self, server: &Server) {
        while self.step(server).is_ok() {}
    }

    fn step(&mut self, server: &Server) -> Result<(), ureq::Error> {
        match self.dice.below(13) {
            0..4 => self.transmit(server, 1, true),
            4 => self.transmit(server, 1, false),
            5 | 6 => self.transmit(server, 2, true),
            7 => self.transmit(server, 2, false),
            8 => self.transmit(server, 3, false),
            9 | 10 => self.repeat(server),
            11 => self.erase(server),
            _ => self.read(server),
        }
    }

    fn transmit(&mut self, server: &Server, category: u8, repeatable: bool) -> Result<(), ureq::Error> {
        self.number += 1;
        let person = self.people + self.dice.below(PEOPLE);
        let mut body = transmission(self.state, category, 0, person, 1);
        let reference = format!("{}{category}-{person}.{}.{}", self.state, self.name, self.number);
        body["reference_number"] = reference.as_str().into();
        let repeatable = repeatable.then(|| format!("key-{}-{}", self.name, self.number));
        let sent = Sent { category, reference, repeatable, body, answer: None, erasure: Erasure::No };
        let answer = server.try_transmit(&self.key, sent.repeatable.as_deref(), &sent.body);
        self.ledger.push(sent);
        let answer = answer?;
        assert_eq!(answer.status, if category == 3 { 200 } else { 201 }, "{}", answer.text);
        self.ledger.last_mut().unwrap().answer = Some(answer.json());
        Ok(())
    }

    /// Something that is stored for all this client knows.
    fn stored(&mut self) -> Option<usize> {
        let is_stored =
            |sent: &Sent| sent.category < 3 && sent.answer.is_some() && sent.erasure == Erasure::No;
        let ledger = self.ledger.iter().enumerate().filter(|(_, sent)| is_stored(sent));
        let stored: Vec<_> = ledger.map(|(place, _)| place).collect();
        stored.get(self.dice.below(stored.len().max(1) as u64) as usize).copied()
    }

    fn repeat(&mut self, server: &Server) -> Result<(), ureq::Error> {
        let Some(place) = self.stored() else { return Ok(()) };
        let sent = &self.ledger[place];
        let again = server.try_transmit(&self.key, sent.repeatable.as_deref(), &sent.body)?;
        self.is_told_again(sent, &again);
        Ok(())
    }

    fn erase(&mut self, server: &Server) -> Result<(), ureq::Error> {
        let Some(place) = self.stored() else { return Ok(()) };
        let sent = &mut self.ledger[place];
        self.erasing.lock().unwrap().insert(sent.reference.clone());
        sent.erasure = Erasure::Asked;
        let answer = server.try_erase(&self.key, sent.id(), "factually-inaccurate")?;
        assert_eq!(answer.status, 204, "{}", answer.text);
        sent.erasure = Erasure::Done;
        Ok(())
    }

    /// The record with its prints: they are what was sent, whatever was killed in between.
    fn read(&mut self, server: &Server) -> Result<(), ureq::Error> {
        let Some(place) = self.stored() else { return Ok(()) };
        let sent = &self.ledger[place];
        let answer = server.try_get(&self.key, &format!("/v1/eurodac/records/{}", sent.id()))?;
        assert_eq!(answer.status, 200, "{}: {}", sent.reference, answer.text);
        let record = answer.json();
        assert_eq!(record["reference_number"], sent.body["reference_number"]);
        for (place, print) in sent.body["fingerprints"].as_array().unwrap().iter().enumerate() {
            assert_eq!(record["fingerprints"][place]["data"], print["data"], "{}", sent.reference);
        }
        Ok(())
    }

    /// Asserts that the answer to a repetition is the first answer, without what is being erased; or that the reference number is in
    /// use.
    pub fn is_told_again(&self, sent: &Sent, again: &Answer) {
        let Some(first) = sent.answer.as_ref().filter(|_| sent.repeatable.is_some()) else {
            again.problem(409, "reference-number-taken");
            return;
        };
        let (mut first, mut again_json) = (first.clone(), again.json());
        if let Some(hits) = first.pointer_mut("/comparison/hits").and_then(Value::as_array_mut) {
            let told: Vec<_> = hits_of(&again_json).map(|hit| hit["hit_id"].clone()).collect();
            let erasing = self.erasing.lock().unwrap();
            hits.retain(|hit| told.contains(&hit["hit_id"]) || !erasing.contains(matched(hit)));
        }
        // To whom else a record was disclosed in the same moment may be told or not.
        for answer in [&mut first, &mut again_json] {
            let hits = answer.pointer_mut("/comparison/hits").and_then(Value::as_array_mut);
            for hit in hits.into_iter().flatten() {
                hit["record"]["disclosures"].take();
            }
        }
        assert!(
            again.status == 200 && again_json == first,
            "{}: {} {again_json:#}\nis not the first answer, {first:#}",
            sent.reference,
            again.status
        );
    }
}

impl Sent {
    /// What the record is called.
    pub fn id(&self) -> &str {
        self.answer.as_ref().unwrap()["record_id"].as_str().unwrap()
    }
}

/// The hits of an answer.
pub fn hits_of(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["comparison"]["hits"].as_array().into_iter().flatten()
}

/// The reference number of the record that a hit is of.
pub fn matched(hit: &Value) -> &str {
    hit["record"]["reference_number"].as_str().unwrap()
}
