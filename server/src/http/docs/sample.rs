//! Bodies and command lines to begin with.

use serde_json::{Map, Value, json};

use super::model::{Content, Document, Operation, Schema};

/// Names of bodies, and bodies: the examples of the document, or one that is made of its fields.
pub fn bodies(document: &Document, content: &Content) -> Vec<(String, Value)> {
    if content.examples.0.is_empty() {
        return vec![(String::new(), value(document, &content.schema))];
    }
    content.examples.0.iter().map(|(name, example)| (name.clone(), example.value.clone())).collect()
}

/// A value of a type: its example, the first that it can have, or one of its kind.
fn value(document: &Document, schema: &Schema) -> Value {
    let schema = document.resolved(schema);
    if let Some(known) = schema.example.as_ref().or_else(|| schema.values.first()) {
        return known.clone();
    }
    if let Some(one) = schema.one_of.iter().find(|one| one.reference.is_some() || one.kind.name().is_some()) {
        return value(document, one);
    }
    match schema.kind.name() {
        Some("string") => text(schema).into(),
        Some("integer") => schema.minimum.clone().map_or(json!(1), Value::Number),
        Some("number") => json!(0.5),
        Some("boolean") => json!(true),
        Some("array") => schema.items.iter().map(|item| value(document, item)).collect(),
        _ => Value::Object(fields(document, schema)),
    }
}

/// The fields that are needed; where none is, those that have an example.
fn fields(document: &Document, schema: &Schema) -> Map<String, Value> {
    let mut all: Map<_, _> =
        schema.all_of.iter().flat_map(|part| fields(document, document.resolved(part))).collect();
    for (name, property) in &schema.properties.0 {
        let shown = if schema.required.is_empty() {
            document.resolved(property).example.is_some()
        } else {
            schema.required.contains(name)
        };
        if shown {
            all.insert(name.clone(), value(document, property));
        }
    }
    all
}

fn text(schema: &Schema) -> &'static str {
    match schema.format.as_deref() {
        Some("date") => "2026-11-20",
        Some("date-time") => "2026-11-20T10:00:00Z",
        Some("uuid") => "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        Some("byte") => "iVBORw0KGgo=",
        _ => "text",
    }
}

/// A line for a shell in which `WHORL`, `KEY` and `PERSON` are set.
pub fn command(document: &Document, method: &str, path: &str, operation: &Operation) -> String {
    let mut address = path.to_owned();
    let mut separator = '?';
    for parameter in &operation.parameters {
        let (name, place) = (parameter.name.as_str(), parameter.place.as_str());
        if place == "path" {
            address = address.replace(&format!("{{{name}}}"), &format!("${}", name.to_uppercase()));
        } else if place == "query" && parameter.required {
            let sample = value(document, &parameter.schema);
            let sample = sample.as_str().map_or_else(|| sample.to_string(), str::to_owned);
            address.push_str(&format!("{separator}{name}={sample}"));
            separator = '&';
        }
    }
    let method = method.to_uppercase();
    let mut line = match method.as_str() {
        "GET" => "curl".to_owned(),
        _ => format!("curl -X {method}"),
    };
    line.push_str(&format!(" \"$WHORL{address}\""));
    if operation.security.is_some() {
        line.push_str(" \\\n  -H \"Authorization: Bearer $KEY\" -H \"Whorl-Person: $PERSON\"");
    }
    if operation.parameters.iter().any(|parameter| parameter.name == "Idempotency-Key") {
        line.push_str(" \\\n  -H \"Idempotency-Key: $(uuidgen)\"");
    }
    if let Some((media_type, _)) = operation.request_body.as_ref().and_then(|body| body.content.0.first()) {
        line.push_str(&format!(" \\\n  -H \"Content-Type: {media_type}\" --data-binary @body"));
    }
    line
}
