//! `/openapi.json` and the health paths.

use std::collections::BTreeSet;

use serde_json::Value;
use whorl::http::DECLARED;

use crate::harness::Installation;

#[test]
fn the_document_has_every_path_and_every_problem_and_the_server_is_ready() {
    let installation = Installation::new();
    let server = installation.serve();
    let document = server.get_plain("/openapi.json").json();
    let declared: BTreeSet<_> = DECLARED.iter().map(|(_, path, _)| *path).collect();
    let paths: BTreeSet<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let open: Vec<_> = paths.difference(&declared).copied().collect();
    assert_eq!(open, ["/health/live", "/health/ready", "/metrics"], "the only ones that need no key");
    assert_eq!(declared.difference(&paths).next(), None);
    let description = document["info"]["description"].as_str().unwrap();
    for code in ["field-unknown", "fingerprint-too-poor", "record-not-found", "reference-number-taken"] {
        assert!(description.contains(code), "{code}");
    }
    let schemas = &document["components"]["schemas"];
    for name in ["TransmissionCategory1", "TransmissionCategory2", "TransmissionCategory3"] {
        assert_eq!(
            schemas[name]["additionalProperties"],
            Value::Bool(false),
            "R-DATA-1: {name} is a closed list"
        );
    }
    assert_eq!(references(&document).into_iter().find(|r| document.pointer(&r[1..]).is_none()), None);

    let metrics = server.get_plain("/metrics");
    assert!(metrics.content_type.starts_with("text/plain") && metrics.text.contains("\nwhorl_failed 0\n"));
    assert_eq!(server.get_plain("/health/live").json()["status"], "live");
    let head = server.http.head(format!("{}/health/ready", server.url)).call().unwrap();
    assert_eq!(head.status().as_u16(), 200, "as some probes ask");
    let ready = server.get_plain("/health/ready").json();
    assert_eq!((ready["status"].as_str(), ready["backend"].as_str()), (Some("ready"), Some("cpu")));
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(map.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
