//! `/v1/registers/member-states`: who takes part, and who is ready (Art. 26(2)); and `/v1/operations/start`.

use actix_web::web;
use actix_web::{HttpRequest, HttpResponse};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::blocking::blocking;
use super::body;
use super::caller::Authenticated;
use super::problem::{Code, Problem};
use crate::central_unit::CentralUnit;
use crate::eurodac::blocking::Decision;
use crate::eurodac::model::MemberState;
use crate::eurodac::operation::Operation;
use crate::eurodac::start::Participant;

/// The register, and whether operations have started.
#[derive(Serialize, ToSchema)]
pub struct StateList {
    /// By their letters.
    member_states: Vec<Participant>,
    /// The day on which operations started, or will; absent: it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    operations_start_on: Option<Date>,
}

/// List the Member States. For every authority.
#[utoipa::path(
    get, path = "/v1/registers/member-states", tag = "registers",
    responses((status = 200, description = "The register", body = StateList)),
    security(("key" = []))
)]
pub async fn list(caller: Authenticated, unit: web::Data<CentralUnit>) -> Result<HttpResponse, Problem> {
    let list = blocking(move || {
        unit.read(Operation::RegisterRead, caller.0.member_state(), &caller.0.actor())?;
        let (member_states, started) = (unit.database().participants()?, unit.database().started()?);
        Ok::<_, Problem>(StateList { member_states, operations_start_on: started })
    });
    Ok(HttpResponse::Ok().json(list.await?))
}

/// One Member State. For every authority.
#[utoipa::path(
    get, path = "/v1/registers/member-states/{code}", tag = "registers",
    params(("code" = String, Path, pattern = "^[A-Z]{2}$", description = "Two letters, ISO 3166-1 alpha-2")),
    responses((status = 200, description = "Its line", body = Participant)),
    security(("key" = []))
)]
pub async fn get(
    caller: Authenticated,
    code: web::Path<String>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let line = blocking(move || {
        unit.read(Operation::RegisterRead, caller.0.member_state(), &caller.0.actor())?;
        let of_it = |line: &Participant| line.member_state.to_string() == *code;
        let found = unit.database().participants()?.into_iter().find(of_it);
        found.ok_or_else(|| Problem::new(Code::StateNotFound, "it is not in the register"))
    });
    Ok(HttpResponse::Ok().json(line.await?))
}

/// A State's line, as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// Whether it takes part. One that does not any more keeps its data, and transmits none.
    participates: bool,
    /// Whether it has notified that it is ready (Art. 26(2)(a)).
    ready: bool,
}

/// Put a Member State into the register, or change its line. For the Central Unit's administration.
#[utoipa::path(
    put, path = "/v1/registers/member-states/{code}", tag = "registers",
    params(("code" = String, Path, pattern = "^[A-Z]{2}$", description = "Two letters, ISO 3166-1 alpha-2")),
    request_body = NewLine,
    responses((status = 200, description = "The line", body = Participant)),
    security(("key" = []))
)]
pub async fn put(
    caller: Authenticated,
    request: HttpRequest,
    code: web::Path<String>,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let administrator = caller.0.administrator()?;
    let new: NewLine = body::parse(&body::json(&request, payload).await?)?;
    let member_state: MemberState =
        code.parse().map_err(|detail: String| Problem::new(Code::FieldInvalid, detail).at("code"))?;
    let line = blocking(move || unit.register(member_state, new.participates, new.ready, &administrator));
    Ok(HttpResponse::Ok().json(line.await?))
}

/// When operations start.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Today, or a day ahead.
    #[schema(value_type = String, format = Date, example = "2026-12-01")]
    on: Date,
}

/// Set the day on which operations start (Art. 26(2)). Once, when every State that takes part has notified that it is ready. For the
/// Central Unit's administration.
#[utoipa::path(
    post, path = "/v1/operations/start", tag = "registers", request_body = Start,
    responses((status = 200, description = "The register", body = StateList)),
    security(("key" = []))
)]
pub async fn start(
    caller: Authenticated,
    request: HttpRequest,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let administrator = caller.0.administrator()?;
    let Start { on } = body::parse(&body::json(&request, payload).await?)?;
    let list = blocking(move || {
        unit.start_operations(on, &administrator)?;
        let member_states = unit.database().participants()?;
        Ok::<_, Problem>(StateList { member_states, operations_start_on: Some(on) })
    });
    Ok(HttpResponse::Ok().json(list.await?))
}

/// The decision.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Article12 {
    /// What is decided.
    decision: Decision,
}

/// Record the decision on blocked data (Art. 12(2)), and carry it out. Once, and not before five years after operations started. For the
/// Central Unit's administration.
#[utoipa::path(
    post, path = "/v1/operations/article-12-decision", tag = "registers", request_body = Article12,
    responses((status = 200, description = "It is carried out", body = Article12)),
    security(("key" = []))
)]
pub async fn decide(
    caller: Authenticated,
    request: HttpRequest,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let administrator = caller.0.administrator()?;
    let Article12 { decision } = body::parse(&body::json(&request, payload).await?)?;
    blocking(move || unit.decide(decision, &administrator)).await?;
    Ok(HttpResponse::Ok().json(Article12 { decision }))
}
