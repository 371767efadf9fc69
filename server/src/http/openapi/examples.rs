//! Bodies to begin with, where fields taken one by one make none that would be accepted.

use serde_json::{Value, json};
use utoipa::Modify;
use utoipa::openapi::RefOr;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;

/// Adds them.
pub struct Examples;

impl Modify for Examples {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let paths = &mut openapi.paths.paths;
        let mut post = |path: &str, examples: Vec<(&str, Value)>| {
            if let Some(operation) = paths.get_mut(path).and_then(|item| item.post.as_mut()) {
                add(operation, &examples);
            }
        };
        post("/v1/eurodac/transmissions", transmissions());
        post("/v1/eurodac/notices", notices());
        post("/v1/eurodac/rights-requests/{id}/answer", answers());
        post("/v1/registers/authorities", designations());
    }
}

fn add(operation: &mut Operation, examples: &[(&str, Value)]) {
    let content = operation.request_body.as_mut().and_then(|body| body.content.get_mut("application/json"));
    if let Some(content) = content {
        for (name, value) in examples {
            let example = ExampleBuilder::new().summary(*name).value(Some(value.clone())).build();
            content.examples.insert((*name).to_owned(), RefOr::T(example));
        }
    }
}

/// One finger; a file begins like this, and goes on.
fn finger(position: u8) -> Value {
    json!({"position": position, "media_type": "image/png", "resolution_ppi": 500, "data": "iVBORw0KGgo="})
}

fn transmissions() -> Vec<(&'static str, Value)> {
    let fingerprints = [finger(2), finger(7)];
    vec![
        (
            "1: applicant for asylum",
            json!({
                "category": 1, "reference_number": "AT1-000123", "sex": "female",
                "fingerprints_taken_on": "2026-11-20", "application": {"place": "Wien", "date": "2026-11-20"},
                "fingerprints": fingerprints, "attestations": {"aged_14_or_over": true, "informed": true},
            }),
        ),
        (
            "2: irregular crossing of an external border",
            json!({
                "category": 2, "reference_number": "AT2-000077", "sex": "male",
                "fingerprints_taken_on": "2026-11-20", "fingerprints": fingerprints,
                "attestations": {"aged_14_or_over": true, "informed": true, "not_turned_back": true},
            }),
        ),
        (
            "3: found illegally present",
            json!({
                "category": 3, "reference_number": "AT3-000005", "fingerprints": fingerprints,
                "attestations": {"aged_14_or_over": true, "informed": true}, "ground": "opposes-return",
            }),
        ),
    ]
}

fn notices() -> Vec<(&'static str, Value)> {
    let (concern, hit) = ("factually-inaccurate", "6f9619ff-8b86-4d01-b42d-00cf4fc964ff");
    vec![
        ("about a hit", json!({"concern": concern, "hit_id": hit})),
        ("about a set", json!({"concern": concern, "member_state": "DE", "reference_number": "DE1-000044"})),
    ]
}

fn answers() -> Vec<(&'static str, Value)> {
    vec![
        ("done", json!({"outcome": "done", "told_in_writing": true})),
        (
            "refused",
            json!({
                "outcome": "refused", "told_in_writing": true,
                "reasons": ["data-accurate"], "appeals": ["court"],
            }),
        ),
    ]
}

fn designations() -> Vec<(&'static str, Value)> {
    vec![
        ("a State's", json!({"name": "Bundesasylamt", "role": "member-state", "member_state": "AT"})),
        ("the Commission's", json!({"name": "European Commission", "role": "commission"})),
    ]
}
