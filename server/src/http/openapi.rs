//! `/openapi.json`, made from the types that are really parsed and sent.

mod common;
mod examples;

use actix_web::HttpResponse;
use utoipa::{OpenApi, ToSchema};

use super::{
    audit, audit_records, authorities, health, hits, imports, jobs, member_states, metrics, notices, problem,
    procedures, records, reports, rights_requests, statistics, transmissions, views,
};
use crate::eurodac::transmission as t;
use common::Common;
use examples::Examples;

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

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Whorl Central Unit",
        description = "Fingerprints of three categories of people, compared with exactly what the law allows. \
            Errors are RFC 9457 problems; their `code` is stable.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT")
    ),
    tags(
        (name = "eurodac", description = "Sets of fingerprints, what they are compared with, and what follows from it"),
        (name = "jobs", description = "Bulk loads, and answers that come later"),
        (name = "registers", description = "Who takes part, who has access, and since when the Central Unit works"),
        (name = "audit", description = "Records of operations, for whoever supervises them"),
        (name = "statistics", description = "Counts, without anybody's data"),
        (name = "operation", description = "Whether it works; needs no key"),
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
    modifiers(&Common, &Examples)
)]
struct Document;

/// An ANSI/NIST-ITL transaction in the traditional encoding (2000 to 2015), whose fields are those of the table in the guide on formats.
#[derive(ToSchema)]
#[schema(as = AnsiNistFile, value_type = String, format = Binary)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct File(Vec<u8>);

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
