//! Whether values are what the OpenAPI document says they are: as much of JSON Schema as it uses. An object may have no field that is not
//! described, so that the document cannot fall behind the program.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use regex::Regex;
use serde_json::Value;
use uuid::Uuid;

/// The document.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&whorl::http::document().to_json().unwrap()).unwrap());

/// Asserts that an answer is one that the document promises for this method and path; of a path that it does not know, nothing.
pub fn assert_promised(method: &str, path: &str, status: u16, content_type: &str, text: &str) {
    let path = path.split('?').next().unwrap();
    let Some(operation) = operation(method, path) else { return };
    let responses = &operation["responses"];
    let exact = status.to_string();
    let class = format!("{}XX", status / 100);
    let promised = responses.get(&exact).or_else(|| responses.get(&class));
    let promised = resolved(promised.unwrap_or_else(|| panic!("{method} {path} answers {status}: {text}")));
    let media_type = content_type.split(';').next().unwrap();
    let Some(contents) = promised["content"].as_object() else {
        assert!(text.is_empty(), "{method} {path} {status} has a body");
        return;
    };
    let content = contents.iter().find(|(name, _)| name.split(';').next() == Some(media_type));
    let (_, content) =
        content.unwrap_or_else(|| panic!("{method} {path} {status} is {content_type}: {text}"));
    if media_type.ends_with("json") {
        let errors = errors(&content["schema"], &serde_json::from_str(text).unwrap());
        assert!(errors.is_empty(), "{method} {path} {status} is not as described: {errors:?}");
    }
}

/// The operation that a path is of.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let same = |pattern: &str| {
        let (of_pattern, of_path) = (pattern.split('/'), path.split('/'));
        pattern.split('/').count() == path.split('/').count()
            && of_pattern.zip(of_path).all(|(a, b)| a == b || a.starts_with('{') && !b.is_empty())
    };
    // A path without variables stands for itself, whatever else it fits.
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let found =
        paths.get(path).or_else(|| paths.iter().find(|(pattern, _)| same(pattern)).map(|(_, item)| item));
    found?.get(method.to_lowercase())
}

/// What is wrong with a value.
pub fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

/// What a reference means; anything else is itself.
pub fn resolved(value: &Value) -> &Value {
    let target = value.get("$ref").and_then(Value::as_str);
    target.map_or(value, |target| {
        DOCUMENT.pointer(&target[1..]).unwrap_or_else(|| panic!("{target} is not there"))
    })
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = resolved(schema);
    check_part(schema, value, at, found);
    if let (Some(object), Some(described)) = (value.as_object(), described(schema)) {
        let unknown = object.keys().filter(|name| !described.contains(name.as_str()));
        found.extend(unknown.map(|name| format!("{at}/{name} is not described")));
    }
}

/// The fields that a schema describes; `None` where it describes none, or leaves it to its parts.
fn described(schema: &Value) -> Option<BTreeSet<&str>> {
    let schema = resolved(schema);
    if schema.get("oneOf").is_some() || schema.get("anyOf").is_some() {
        return None;
    }
    let own = schema.get("properties").and_then(Value::as_object);
    let parts = schema.get("allOf").and_then(Value::as_array);
    let of_parts = parts.into_iter().flatten().filter_map(described).flatten();
    let all: BTreeSet<_> =
        own.into_iter().flat_map(|map| map.keys().map(String::as_str)).chain(of_parts).collect();
    (own.is_some() || !all.is_empty()).then_some(all)
}

/// All but fields that are not described: those may be described by another part.
fn check_part(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = resolved(schema);
    let list = |name: &str| schema.get(name).and_then(Value::as_array);
    for part in list("allOf").into_iter().flatten() {
        check_part(part, value, at, found);
    }
    for (name, at_most) in [("oneOf", 1), ("anyOf", usize::MAX)] {
        if let Some(parts) = list(name) {
            let of_each: Vec<_> = parts.iter().map(|part| errors(part, value)).collect();
            let fit = of_each.iter().filter(|errors| errors.is_empty()).count();
            if fit == 0 || fit > at_most {
                found.push(format!("{at}: {fit} of {name} fit: {of_each:?}"));
            }
        }
    }
    if let Some(kind) = schema.get("type") {
        let kinds = kind.as_array().map_or_else(|| vec![kind], |kinds| kinds.iter().collect());
        if !kinds.iter().any(|kind| is_a(value, kind.as_str().unwrap())) {
            found.push(format!("{at} is not {kind}: {value}"));
        }
    }
    if list("enum").is_some_and(|values| !values.contains(value)) {
        found.push(format!("{at} is none of the values: {value}"));
    }
    let bad = match value {
        Value::String(text) => check_text(schema, text),
        Value::Number(number) => check_number(schema, number.as_f64().unwrap()),
        _ => None,
    };
    found.extend(bad.map(|what| format!("{at} is against {what}: {value}")));
    if let Some(items) = value.as_array() {
        let (least, most) =
            (schema["minItems"].as_u64().unwrap_or(0), schema["maxItems"].as_u64().unwrap_or(u64::MAX));
        if !(least..=most).contains(&(items.len() as u64)) {
            found.push(format!("{at} has {} items", items.len()));
        }
        for (index, item) in items.iter().enumerate() {
            check(&schema["items"], item, &format!("{at}/{index}"), found);
        }
    }
    if let Some(object) = value.as_object() {
        let required = list("required").into_iter().flatten().filter_map(Value::as_str);
        let missing = required.filter(|name| !object.contains_key(*name));
        found.extend(missing.map(|name| format!("{at}/{name} is missing")));
        for (name, value) in object {
            if let Some(property) = schema.get("properties").and_then(|properties| properties.get(name)) {
                check(property, value, &format!("{at}/{name}"), found);
            }
        }
    }
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}

fn check_text(schema: &Value, text: &str) -> Option<String> {
    let format = schema["format"].as_str();
    let good = match format {
        None => true,
        Some("date") => text.parse::<Date>().is_ok() && text.len() == 10,
        Some("date-time") => text.parse::<Timestamp>().is_ok(),
        Some("uuid") => text.parse::<Uuid>().is_ok(),
        Some("byte") => STANDARD.decode(text).is_ok(),
        Some(other) => panic!("{other} is no format that is checked"),
    };
    let pattern = schema["pattern"].as_str();
    let length = text.chars().count() as u64;
    let (least, most) =
        (schema["minLength"].as_u64().unwrap_or(0), schema["maxLength"].as_u64().unwrap_or(u64::MAX));
    if !good {
        format.map(str::to_owned)
    } else if let Some(pattern) = pattern.filter(|pattern| !Regex::new(pattern).unwrap().is_match(text)) {
        Some(pattern.to_owned())
    } else {
        (!(least..=most).contains(&length)).then(|| format!("a length of {least} to {most}"))
    }
}

fn check_number(schema: &Value, number: f64) -> Option<String> {
    let least = schema["minimum"].as_f64().filter(|least| number < *least);
    let most = schema["maximum"].as_f64().filter(|most| number > *most);
    least.or(most).map(|bound| format!("its bound {bound}"))
}

#[test]
fn what_is_not_as_described_is_found() {
    let state = serde_json::json!({"$ref": "#/components/schemas/MemberState"});
    for (value, good) in [(Value::from("AT"), true), ("at".into(), false), (1.into(), false)] {
        assert_eq!(errors(&state, &value).is_empty(), good, "{value}");
    }
    let sent = serde_json::json!({"$ref": "#/components/schemas/Application"});
    let of = |place: &str, date: &str| serde_json::json!({"place": place, "date": date});
    assert_eq!(errors(&sent, &of("Wien", "2026-11-20")), Vec::<String>::new());
    assert_eq!(errors(&sent, &of("", "2026-11-31")).len(), 2);
    assert_eq!(errors(&sent, &serde_json::json!({"place": "Wien", "birth": 1})).len(), 2);
    assert!(
        operation("GET", "/v1/eurodac/records/1").is_some()
            && operation("GET", "/v1/eurodac/record/1").is_none()
    );
}
