//! What operations have in common, added to the document in one place: their names, credentials, the responsible person, what they answer
//! when they refuse.

use utoipa::Modify;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Header, Ref, RefOr, Required, Response, ResponseBuilder};

use crate::access::Caller;
use crate::http::caller::PERSON;

/// Adds it.
pub struct Common;

/// Answers of every operation that somebody has to be authenticated for: status, name, meaning.
const ANSWERS: [(&str, &str, &str); 4] = [
    ("401", "Unauthenticated", "No credentials, or none that are valid"),
    ("429", "TooMany", "Too many requests of this authority, or too many in vain from this address"),
    ("4XX", "Refused", "Refused, which is on record: the problem's code says why. Nothing was changed"),
    (
        "503",
        "Unavailable",
        "It cannot be done now; what was sent may have been carried out only where this is said",
    ),
];

impl Modify for Common {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        for (status, name, description) in ANSWERS {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let response =
                ResponseBuilder::new().description(description).content("application/problem+json", content);
            components.responses.insert(name.into(), RefOr::T(with_headers(status, response.build())));
        }
        for (path, item) in &mut openapi.paths.paths {
            let operations = [
                ("get", &mut item.get),
                ("post", &mut item.post),
                ("put", &mut item.put),
                ("patch", &mut item.patch),
                ("delete", &mut item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    operation.operation_id = Some(name(method, path));
                    complete(operation);
                }
            }
        }
    }
}

/// Of a method on a path, and of no other: programs that are made from the document name their functions after it.
fn name(method: &str, path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != "v1");
    let parts = parts.map(|part| part.trim_matches(['{', '}']).replace('-', "_"));
    [method.to_owned()].into_iter().chain(parts).collect::<Vec<_>>().join("_")
}

fn complete(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            *response = with_headers(status, core::mem::take(response));
        }
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        // It is there or not; null is a word of bodies.
        if let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
            && let SchemaType::Array(kinds) = &object.schema_type
            && let Some(kind) = kinds.iter().find(|kind| **kind != Type::Null)
        {
            object.schema_type = SchemaType::Type(kind.clone());
        }
    }
    if operation.security.is_none() {
        return;
    }
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(Caller::PERSON_MAX));
    let person = ParameterBuilder::new()
        .name(PERSON)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("Responsible person (Art. 16): 1 to 128 characters"))
        .schema(Some(name));
    operation.parameters.get_or_insert_default().push(person.build());
    for (status, name, _) in ANSWERS {
        let response = RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.entry(status.into()).or_insert(response);
    }
}

/// The headers that a problem of this status has.
fn with_headers(status: &str, mut response: Response) -> Response {
    let header = |kind, description| -> Header {
        let schema = ObjectBuilder::new().schema_type(kind);
        HeaderBuilder::new().schema(schema).description(Some(description)).build()
    };
    let (name, header) = match status {
        "401" => ("WWW-Authenticate", header(Type::String, "`Bearer`")),
        "429" | "503" => ("Retry-After", header(Type::Integer, "Seconds after which to try again")),
        _ => return response,
    };
    response.headers.insert(name.into(), header);
    response
}
