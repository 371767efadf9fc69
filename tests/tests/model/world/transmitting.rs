//! Transmissions, read from JSON as they come over HTTP; and one that is cut off between entry and comparison.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;
use whorl::access::Transmitter;
use whorl::central_unit::{self, Asked, Repeatable};
use whorl::database::{FingerData, FingerTemplate, FingerprintData, Idempotency, Record};
use whorl::eurodac::admission::{self, Admitted};
use whorl::eurodac::operation::Operation;
use whorl::eurodac::retention::legal_day;
use whorl::journal::{AuditRecord, Change, Entry, Event};
use whorl_engine::interchange::iso_19794_2_2005;

use super::{Outcome, Problem, World, hands};
use crate::answers::{Answer, HitSeen, Told};
use crate::operations::{Call, Defect, Key, Prints, Store, Transmission, Wait};
use crate::spec::{day, key as key_of, text};

const MINUTIAE: &str = "application/x-iso-19794-2-2005";

/// Prints, as they stand in a body.
pub fn fingerprints(prints: Prints) -> Value {
    let sent = |(position, data): (u8, Vec<u8>)| json!({"position": position, "media_type": MINUTIAE, "data": STANDARD.encode(data)});
    hands::records(prints).into_iter().map(sent).collect()
}

/// Reads a body; what is not in its closed list of fields is not read.
pub fn parse<T: serde::de::DeserializeOwned>(body: &Value) -> Result<T, Problem> {
    serde_json::from_value(body.clone()).map_err(|_| Problem::from("body-invalid"))
}

/// The body of a transmission.
fn body(call: Call, sent: &Transmission) -> Value {
    let mut body = json!({
        "category": sent.category,
        "reference_number": text(&sent.number),
        "fingerprints": fingerprints(sent.prints),
        "attestations": {"aged_14_or_over": true, "informed": true},
    });
    if let Some(state) = call.of {
        body["on_behalf_of"] = json!(state);
    }
    if sent.category < 3 {
        body["sex"] = json!(sent.sex);
        body["fingerprints_taken_on"] = json!(day(sent.taken).to_string());
        body["compare_own"] = json!(sent.compare_own);
        body["return_media"] = json!(sent.return_media);
    }
    match sent.category {
        1 => body["application"] = json!({"place": "Wien", "date": day(sent.applied).to_string()}),
        2 => body["attestations"]["not_turned_back"] = json!(true),
        _ => {}
    }
    match sent.defect {
        Some(Defect::Attestation(name)) => body["attestations"][name] = json!(false),
        Some(Defect::UnknownField(name)) if body.get(name).is_none() => {
            body[name] = if name == "ground" { json!("opposes-return") } else { json!("x") };
        }
        Some(Defect::NoFingers) => body["fingerprints"] = json!([]),
        Some(Defect::FingerTwice) => {
            // Of an unknown finger nobody can tell.
            let first = body["fingerprints"][0].clone();
            let first = if first["position"] == 0 { fingerprints_of_a_right_index(sent) } else { first };
            body["fingerprints"] = json!([first, first]);
        }
        Some(Defect::NoPlace) if sent.category == 1 => body["application"]["place"] = json!(" "),
        _ => {}
    }
    body
}

fn fingerprints_of_a_right_index(sent: &Transmission) -> Value {
    let fingers = crate::operations::Fingers::Right;
    fingerprints(Prints { fingers, ..sent.prints })[0].clone()
}

impl World {
    /// What is known of a request beside its content.
    pub(super) fn asked(&self, path: &str, body: &Value, key: Key) -> Asked {
        let digest = || format!("{path} {body}");
        let repeatable = key_of(key).map(|key| Repeatable { key: format!("key-{key}"), digest: digest() });
        Asked { at: self.now(), urgent: false, repeatable }
    }

    fn admit(&self, body: &Value, sent: &Transmission, by: &Transmitter) -> Result<Admitted, Problem> {
        let (state, today) = (by.state(), legal_day(self.now()));
        let admitted = match sent.category {
            1 => admission::applicant(parse(body)?, state, today),
            2 => admission::border_crossing(parse(body)?, state, today),
            _ => admission::illegally_present(parse(body)?, state),
        };
        Ok(admitted?)
    }

    pub(super) fn transmit(&mut self, call: Call, sent: &Transmission, key: Key) -> Outcome {
        let transmitter = self.caller(call)?.transmitter(call.of.map(|state| state.parse().unwrap()))?;
        let body = body(call, sent);
        let asked = self.asked("/v1/eurodac/transmissions", &body, key);
        let admitted = self.admit(&body, sent, &transmitter)?;
        match self.unit().transmit(admitted, &transmitter, &asked)? {
            central_unit::Answer::Entered { record, told, repeated, media } => {
                if !repeated {
                    self.sets.push(self.number, record.id);
                }
                self.learn_hits_of(record.id)?;
                let media = media.map(|media| media.iter().map(|data| hands::whose(data)).collect());
                let told = self.told(told)?;
                Ok(Answer::Entered(self.name_of_set(record.id), repeated, media, told))
            }
            central_unit::Answer::Checked(told) => {
                // Where it is not told itself, the State finds them among its hits.
                let (hits, _) = self.unit().database().hits(transmitter.state(), None, 100_000, |_| true)?;
                hits.iter().for_each(|hit| drop(self.learn(hit)));
                Ok(Answer::Checked(self.told(told)?))
            }
        }
    }

    fn learn_hits_of(&mut self, record: Uuid) -> Result<(), Problem> {
        let Some(result) = self.unit().database().result(record)? else { return Ok(()) };
        for hit in result.hits {
            if let Some(hit) = self.unit().database().hit(hit)? {
                self.learn(&hit);
            }
        }
        Ok(())
    }

    fn told(&self, told: central_unit::Told) -> Result<Told, Problem> {
        let comparison = match told {
            central_unit::Told::Result(comparison) => comparison,
            central_unit::Told::ToTheState => return Ok(Told::ToTheState),
            central_unit::Told::NotCompared => return Ok(Told::NotCompared),
        };
        if comparison.hits.iter().any(|hit| hit.found.score < comparison.threshold.score) {
            return Err("a hit below the threshold".into());
        }
        let mut hits: Vec<HitSeen> = comparison.hits.iter().map(|hit| self.hit_seen(hit)).collect();
        hits.sort_by(|a, b| a.hit.cmp(&b.hit));
        Ok(Told::Result(super::views::compared(&comparison.compared), hits))
    }

    /// What a transmission leaves that a crash cuts off when its set is entered, and not compared yet; and the next start.
    pub(super) fn cut_off(&mut self, call: Call, sent: &Transmission, key: Key, wait: &Wait) -> Outcome {
        let transmitter = self.caller(call)?.transmitter(call.of.map(|state| state.parse().unwrap()))?;
        let body = body(call, sent);
        let asked = self.asked("/v1/eurodac/transmissions", &body, key);
        let admitted = self.admit(&body, sent, &transmitter)?;
        // As an entry does it with a set that has the number, and is over.
        self.unit().erase_what_is_over()?;
        let (id, at) = (Uuid::new_v4(), self.now());
        let actor = transmitter.actor().clone();
        let request = asked.repeatable.map(|Repeatable { key, digest }| Idempotency {
            authority: actor.authority.clone().unwrap(),
            key,
            digest,
            made: id,
            at,
        });
        let entry = entry(id, admitted, at);
        let audit =
            AuditRecord { attested: true, ..AuditRecord::about(&entry.record, at, Operation::Entry, actor) };
        self.unit().database().record(Event { audit, change: Change::Entered(Box::new(entry)), request })?;
        self.sets.push(self.number, id);
        self.restart(wait, Store::Kept)?;
        self.learn_hits_of(id)?;
        Ok(Answer::Done)
    }
}

/// What is written of an entry.
fn entry(id: Uuid, admitted: Admitted, at: jiff::Timestamp) -> Entry {
    let kept = admitted.kept.unwrap();
    let (mut fingerprints, mut templates, mut prints) = (Vec::new(), Vec::new(), Vec::new());
    for finger in admitted.fingerprints {
        let record = iso_19794_2_2005::Record::decode(&finger.data).unwrap();
        let minutiae = record.minutiae_at_500_ppi(&record.views[0]);
        let position = finger.fingers[0].position;
        let found = FingerData { position, area: None, minutiae: minutiae.len(), area_mm2: 200 };
        fingerprints.push(FingerprintData {
            position: finger.position,
            media_type: finger.media_type,
            resolution_ppi: None,
            fingers: vec![found],
        });
        templates.push(FingerTemplate { position, extractor: "sent".into(), minutiae });
        prints.push(finger.data);
    }
    let record = Record {
        id,
        category: admitted.category,
        member_state: admitted.state,
        application: kept.application,
        fingerprints,
        sex: kept.sex,
        reference_number: admitted.reference_number,
        taken_on: kept.taken_on,
        transmitted_at: at,
        entered_at: at,
        disclosures: Vec::new(),
        last_day: kept.last_day,
        blocked: false,
        sequence: 0,
        compare_own: admitted.compare_own,
    };
    Entry { record, templates, prints }
}
