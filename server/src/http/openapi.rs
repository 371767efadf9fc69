//! `/openapi.json`, made from the types that are really parsed and sent.

use actix_web::HttpResponse;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

use super::{audit, health, metrics, problem, procedures, records, transmissions, views};
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

struct Keys;

impl Modify for Keys {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("key", scheme);
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
        records::erase,
        audit::list,
        audit::sign,
        procedures::open,
        procedures::list,
        procedures::close,
        health::live,
        health::ready,
        metrics::metrics
    ),
    components(schemas(TransmissionBody, problem::Problem, views::TransmissionAnswer, records::RecordList)),
    modifiers(&Keys)
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
