//! `/openapi.json`, made from the types that are really parsed and sent.

use actix_web::HttpResponse;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{Modify, OpenApi, PartialSchema, ToSchema};

use super::{
    audit, audit_records, authorities, health, hits, imports, jobs, member_states, metrics, notices, problem,
    procedures, records, reports, rights_requests, statistics, transmissions, views,
};
use crate::eurodac::transmission as t;

/// One of the three, by `category`.
#[derive(ToSchema)]
#[schema(as = Transmission)]
#[expect(dead_code, reason = "only its schema is used: the category is read before the type is chosen")]
#[serde(untagged)]
pub enum TransmissionBody {
    /// Applicant for asylum.
    One(t::ApplicantTransmission),
    /// Irregular crossing of an external border.
    Two(t::BorderCrossingTransmission),
    /// Found illegally present.
    Three(t::IllegallyPresentTransmission),
}

/// What every operation has that somebody has to be authenticated for: credentials, the person, problems.
struct Common;

impl Modify for Common {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("key", scheme);
        for item in openapi.paths.paths.values_mut() {
            let operations =
                [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().filter_map(Option::as_mut) {
                if operation.security.is_some() {
                    add_common(operation);
                }
            }
        }
    }
}

fn add_common(operation: &mut Operation) {
    let person = ParameterBuilder::new()
        .name(super::caller::PERSON)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("Responsible person (Art. 16): 1 to 128 characters"))
        .schema(Some(String::schema()))
        .build();
    operation.parameters.get_or_insert_default().push(person);
    let answers = [
        ("4XX", "Refused, which is on record: the problem's code says why. Nothing was changed"),
        ("503", "It cannot be done now; what was sent may have been carried out only where this is said"),
    ];
    for (status, description) in answers {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response =
            ResponseBuilder::new().description(description).content("application/problem+json", content);
        let missing = !operation.responses.responses.contains_key(status);
        if missing {
            operation.responses.responses.insert(status.into(), RefOr::T(response.build()));
        }
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Whorl Central Unit",
        description = "Fingerprints of three categories of people, compared with exactly what the law allows. \
            Errors are RFC 9457 problems; their `code` is stable.",
        license(name = "Apache-2.0 OR MIT")
    ),
    paths(
        transmissions::transmit,
        records::list,
        records::get,
        records::amend,
        records::erase,
        records::block,
        hits::list,
        hits::get,
        hits::verify,
        notices::give,
        notices::list,
        notices::answer,
        rights_requests::open,
        rights_requests::list,
        rights_requests::answer,
        member_states::list,
        member_states::get,
        member_states::put,
        member_states::start,
        member_states::decide,
        authorities::list,
        authorities::designate,
        authorities::revoke,
        authorities::rotate,
        audit_records::list,
        audit::list,
        audit::sign,
        procedures::open,
        procedures::list,
        procedures::close,
        statistics::get,
        reports::annual,
        imports::import,
        jobs::get,
        health::live,
        health::ready,
        metrics::metrics
    ),
    components(schemas(TransmissionBody, problem::Problem, views::TransmissionAnswer, records::RecordList)),
    modifiers(&Common)
)]
struct Document;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let codes = problem::Code::ALL.iter().map(|code| {
        let (code, status, title) = code.parts();
        format!("\n| `{code}` | {} | {title} |", status.as_u16())
    });
    let table: String = codes.collect();
    let text = document.info.description.take().unwrap_or_default();
    document.info.description =
        Some(format!("{text}\n\n| code | status | meaning |\n| --- | --- | --- |{table}"));
    document
}

/// Serves it.
pub async fn serve() -> HttpResponse {
    HttpResponse::Ok().json(document())
}
