//! The OpenAPI document: that it is whole, that it says what is so, and that the copy in `docs/` is it. And the health paths.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use whorl::http::DECLARED;

use crate::harness::Installation;
use crate::schema::{DOCUMENT, errors, resolved};
use crate::tidy::{root, sources};

/// The copy, for programs that are made from it and for those who look at what a change does to it.
const COPY: &str = "docs/openapi.json";

#[test]
fn the_copy_in_the_repository_is_the_document() {
    let path = root().join(COPY);
    let made = whorl::http::document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("WHORL_WRITE_OPENAPI").is_some_and(|value| value == "1") {
        fs_err::write(&path, &made).unwrap();
    } else {
        let there = fs_err::read_to_string(&path).unwrap();
        assert!(there == made, "{COPY} is not up to date: run this test with WHORL_WRITE_OPENAPI=1");
    }
}

/// Method, path and operation.
fn operations() -> Vec<(String, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let of_item = |(path, item): (&'static String, &'static Value)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    };
    paths.iter().flat_map(of_item).collect()
}

#[test]
fn r_access_5_what_needs_a_key_is_declared_and_what_is_declared_is_in_the_document() {
    let with_key: BTreeSet<_> = operations()
        .into_iter()
        .filter(|(_, _, operation)| operation.get("security").is_some())
        .map(|(method, path, _)| (method, path))
        .collect();
    let declared: BTreeSet<_> =
        DECLARED.iter().map(|(method, path, _)| ((*method).to_owned(), *path)).collect();
    assert_eq!(with_key, declared);
    let open: Vec<_> = operations()
        .into_iter()
        .filter(|(_, _, operation)| operation.get("security").is_none())
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(
        open,
        ["GET /health/live", "GET /health/ready", "GET /metrics"],
        "the only ones that need no key"
    );
}

#[test]
fn every_operation_has_a_name_a_summary_its_parameters_and_its_answers() {
    let tags: Vec<_> = DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations() {
        let it = format!("{method} {path}");
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{it} has another one's name");
        assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 10), "{it} is not described");
        assert!(
            operation["tags"].as_array().unwrap().iter().all(|tag| tags.contains(&tag)),
            "{it} has a tag of its own"
        );
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let of_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let of_path: Vec<_> = of_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        let variables: Vec<_> = path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        assert_eq!(of_path, variables, "{it}");
        for parameter in &parameters {
            let described = parameter["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(!parameter["schema"]["type"].is_array(), "{it}: {} can be null", parameter["name"]);
            assert!(described && parameter["schema"].is_object(), "{it}: {}", parameter["name"]);
            assert!(
                parameter["in"] != "path" || parameter["required"] == true,
                "{it}: {}",
                parameter["name"]
            );
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{it} never succeeds");
        if operation.get("security").is_some() {
            for status in ["401", "429", "4XX", "503"] {
                assert!(responses.contains_key(status), "{it} has no {status}");
            }
            assert!(parameters.iter().any(|parameter| parameter["name"] == "Whorl-Person"), "{it}");
        }
        for (status, response) in responses {
            check_answer(&format!("{it} {status}"), status, resolved(response));
        }
    }
}

fn check_answer(it: &str, status: &str, response: &Value) {
    assert!(response["description"].is_string(), "{it}");
    let content = response["content"].as_object().cloned().unwrap_or_default();
    assert_eq!(content.is_empty(), status == "204", "{it} has content: {content:?}");
    let says_where = response["description"].as_str().unwrap().contains("`Location`");
    assert!(!says_where || response["headers"]["Location"].is_object(), "{it} does not say its Location");
    if status.starts_with(['4', '5']) {
        assert_eq!(content.keys().collect::<Vec<_>>(), ["application/problem+json"], "{it}");
        let header = match status {
            "401" => Some("WWW-Authenticate"),
            "429" | "503" => Some("Retry-After"),
            _ => None,
        };
        let headers = header.into_iter().all(|name| response["headers"][name]["schema"].is_object());
        assert!(headers, "{it} does not say its headers");
    }
}

#[test]
fn every_code_of_a_problem_is_listed_and_can_be_made_an_enum_of() {
    let source = fs_err::read_to_string(root().join("server/src/http/codes.rs")).unwrap();
    let code = |line: &'static str| line.split_once(" = \"")?.1.split_once("\", ").map(|(code, _)| code);
    let codes: Vec<&str> = source.leak().lines().filter_map(code).collect();
    assert!(codes.len() > 40, "{codes:?}");
    let listed = &DOCUMENT["components"]["schemas"]["ProblemCode"]["enum"];
    assert_eq!(listed, &Value::from(codes.clone()));
    let field = &DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"];
    assert_eq!(resolved(field)["enum"], *listed);
    let description = DOCUMENT["info"]["description"].as_str().unwrap();
    for code in codes {
        assert!(description.contains(&format!("| `{code}` |")), "{code} is not in the table");
    }
}

#[test]
fn every_example_is_valid_and_every_reference_leads_somewhere() {
    let mut examples = 0;
    each(&DOCUMENT, "", &mut |at, map| {
        if let Some(target) = map.get("$ref").and_then(Value::as_str) {
            assert!(DOCUMENT.pointer(&target[1..]).is_some(), "{at} refers to {target}");
        }
        let is_schema = ["type", "$ref", "oneOf", "allOf"].iter().any(|word| map.contains_key(*word));
        let itself = Value::Object(map.clone());
        let schema = map.get("schema").or_else(|| is_schema.then_some(&itself));
        let Some(schema) = schema else { return };
        let several = map.get("examples").and_then(Value::as_object).into_iter().flatten();
        let all =
            several.map(|(_, example)| &example["value"]).chain(map.get("example")).chain(map.get("default"));
        for example in all {
            examples += 1;
            assert_eq!(errors(schema, example), Vec::<String>::new(), "{at}: {example}");
        }
    });
    assert!(examples > 30, "{examples}");
}

/// Every object of the document, with its place.
fn each(value: &Value, at: &str, visit: &mut dyn FnMut(&str, &serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            visit(at, map);
            map.iter().for_each(|(name, value)| each(value, &format!("{at}/{name}"), visit));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| each(item, &format!("{at}/{index}"), visit));
        }
        _ => {}
    }
}

#[test]
fn the_page_for_people_needs_no_key_and_no_script_and_its_bodies_are_valid() {
    let installation = Installation::new();
    let server = installation.serve();
    let response = server.http.get(format!("{}/docs", server.url)).call().unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    let page = server.get_plain("/docs/");
    assert_eq!((page.status, page.content_type.as_str()), (200, "text/html; charset=utf-8"));
    let mut bodies = 0;
    for (method, path, operation) in operations() {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let opening = format!("<pre class=\"{}\">", operation["operationId"].as_str().unwrap());
        let shown = page.text.split(&opening).skip(1).map(|rest| rest.split("</pre>").next().unwrap());
        for body in shown.map(|body| body.replace("&quot;", "\"")) {
            bodies += 1;
            let found = errors(schema, &serde_json::from_str(&body).unwrap());
            assert!(found.is_empty(), "{method} {path}: {found:?}: {body}");
        }
    }
    assert!(bodies >= 15, "{bodies}");
}

/// Of two types with one name the document has one, and says it of both.
#[test]
fn no_two_types_have_one_name_in_the_document() {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (file, text) in sources().into_iter().filter(|(name, _)| name.starts_with("server/src/")) {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if !(line.trim_start().starts_with("#[derive(") && line.contains("ToSchema")) {
                continue;
            }
            let mut name = None;
            for line in lines.by_ref() {
                let given =
                    line.split_once("schema(as = ").map(|(_, rest)| rest.split([',', ')']).next().unwrap());
                name = name.or(given.map(str::to_owned));
                let declared = line.trim_start().trim_start_matches("pub ").split_once(' ');
                if let Some(("struct" | "enum", rest)) = declared {
                    name = name.or(rest.split([' ', '(', '<', '{', ';']).next().map(str::to_owned));
                    break;
                }
            }
            let name = name.unwrap();
            if let Some(before) = names.insert(name.clone(), file.clone()).filter(|_| !name.starts_with('$'))
            {
                panic!("{before} and {file} both have a {name}: say #[schema(as = …)]");
            }
        }
    }
    assert!(names.len() > 60, "{}", names.len());
}

#[test]
fn the_lists_of_fields_are_closed_and_the_server_is_ready() {
    let installation = Installation::new();
    let server = installation.serve();
    assert!(server.get_plain("/openapi.json").json() == *DOCUMENT);
    let schemas = &DOCUMENT["components"]["schemas"];
    for name in ["TransmissionCategory1", "TransmissionCategory2", "TransmissionCategory3"] {
        assert_eq!(
            schemas[name]["additionalProperties"],
            Value::Bool(false),
            "R-DATA-1: {name} is a closed list"
        );
    }
    let metrics = server.get_plain("/metrics");
    assert!(metrics.content_type.starts_with("text/plain") && metrics.text.contains("\nwhorl_failed 0\n"));
    assert_eq!(server.get_plain("/health/live").json()["status"], "live");
    let head = server.http.head(format!("{}/health/ready", server.url)).call().unwrap();
    assert_eq!(head.status().as_u16(), 200, "as some probes ask");
    let ready = server.get_plain("/health/ready").json();
    assert_eq!((ready["status"].as_str(), ready["backend"].as_str()), (Some("ready"), Some("cpu")));
}
