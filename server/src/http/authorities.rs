//! `/v1/registers/authorities`: the designated authorities and their keys (R-ACCESS-3, Art. 15(2)).

use actix_web::web;
use actix_web::{HttpRequest, HttpResponse};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::blocking::blocking;
use super::body;
use super::caller::Authenticated;
use super::problem::{Code, Problem};
use crate::access::{Authority, CertificateHash, Key, Role};
use crate::central_unit::{CentralUnit, NewAuthority};
use crate::eurodac::model::MemberState;

/// Longest that a key may stay one beside its successor. Unit: hours.
const OVERLAP_MAX: u32 = 31 * 24;

/// An authority, without its keys.
#[derive(Serialize, ToSchema)]
pub struct AuthorityView {
    /// Identifier: part of its keys, and its name in the audit.
    id: String,
    /// Its name.
    name: String,
    /// What it is.
    role: Role,
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    member_state: Option<MemberState>,
    /// When its newest key ends; absent: not by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    key_expires_at: Option<Timestamp>,
    /// SHA-256 of the client certificate that it may show.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_sha256: Option<CertificateHash>,
    /// Since when it has no access any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl From<&Authority> for AuthorityView {
    fn from(authority: &Authority) -> Self {
        Self {
            id: authority.id.clone(),
            name: authority.name.clone(),
            role: authority.role,
            member_state: authority.member_state,
            key_expires_at: authority.keys.last().and_then(|key| key.expires_at),
            certificate_sha256: authority.certificate.clone(),
            revoked_at: authority.revoked_at,
        }
    }
}

/// The register.
#[derive(Serialize, ToSchema)]
pub struct AuthorityList {
    /// In no order; those that were revoked, too.
    authorities: Vec<AuthorityView>,
}

/// An authority with its key.
#[derive(Serialize, ToSchema)]
pub struct WithKey {
    #[serde(flatten)]
    authority: AuthorityView,
    /// Its key. It is not shown again; only its hash is stored.
    key: String,
}

impl WithKey {
    fn new((authority, key): &(Authority, Key)) -> Self {
        Self { authority: authority.into(), key: key.reveal().to_owned() }
    }
}

/// An authority that is to be designated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Designation {
    /// Its name: 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What it is.
    role: Role,
    /// Whose: of the roles `member-state` and `national-supervisor`.
    member_state: Option<MemberState>,
    /// When its key ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// SHA-256 of the client certificate that it may show instead of the key, where TLS is on.
    certificate_sha256: Option<CertificateHash>,
}

/// List the designated authorities. For the Central Unit's administration, the Commission and the joint supervisor.
#[utoipa::path(
    get, path = "/v1/registers/authorities", tag = "registers",
    responses((status = 200, description = "The register", body = AuthorityList)),
    security(("key" = []))
)]
pub async fn list(caller: Authenticated, unit: web::Data<CentralUnit>) -> Result<HttpResponse, Problem> {
    let reader = caller.0.register_reader()?;
    let list = blocking(move || {
        unit.read_register(&reader)?;
        let authorities = unit.database().authorities()?;
        Ok::<_, Problem>(AuthorityList { authorities: authorities.iter().map(Into::into).collect() })
    });
    Ok(HttpResponse::Ok().json(list.await?))
}

/// Designate an authority. The answer has its key, once. For the Central Unit's administration.
#[utoipa::path(
    post, path = "/v1/registers/authorities", tag = "registers", request_body = Designation,
    responses((status = 201, description = "Designated", body = WithKey)),
    security(("key" = []))
)]
pub async fn designate(
    caller: Authenticated,
    request: HttpRequest,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let administrator = caller.0.administrator()?;
    let new: Designation = body::parse(&body::json(&request, payload).await?)?;
    let Designation { name, role, member_state, expires_at, certificate_sha256: certificate } = new;
    let new = NewAuthority { name, role, member_state, expires_at, certificate };
    let made = blocking(move || unit.designate(new, &administrator)).await?;
    Ok(HttpResponse::Created().json(WithKey::new(&made)))
}

/// Take an authority off the list: it has no access from now on. For the Central Unit's administration.
#[utoipa::path(
    delete, path = "/v1/registers/authorities/{id}", tag = "registers",
    params(("id" = String, Path, description = "Authority id")),
    responses((status = 204, description = "Revoked, now or before")),
    security(("key" = []))
)]
pub async fn revoke(
    caller: Authenticated,
    id: web::Path<String>,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let administrator = caller.0.administrator()?;
    blocking(move || unit.revoke(&id, &administrator)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How the next key follows the one before.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Rotation {
    /// How long the key before stays one beside it, so that a national system can be told of the new one. Unit: hours.
    #[schema(maximum = 744)]
    overlap_hours: u32,
    /// When the new key ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Give an authority another key. The answer has it, once. For the Central Unit's administration.
#[utoipa::path(
    post, path = "/v1/registers/authorities/{id}/keys", tag = "registers",
    params(("id" = String, Path, description = "Authority id")),
    request_body = Rotation,
    responses((status = 201, description = "The authority with its new key", body = WithKey)),
    security(("key" = []))
)]
pub async fn rotate(
    caller: Authenticated,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
    unit: web::Data<CentralUnit>,
) -> Result<HttpResponse, Problem> {
    let administrator = caller.0.administrator()?;
    let Rotation { overlap_hours, expires_at } = body::parse(&body::json(&request, payload).await?)?;
    if overlap_hours > OVERLAP_MAX {
        return Err(Problem::new(Code::FieldInvalid, "must be at most 744").at("overlap_hours"));
    }
    if expires_at.is_some_and(|at| at <= unit.now()) {
        return Err(Problem::new(Code::FieldInvalid, "has passed").at("expires_at"));
    }
    let made = blocking(move || {
        let until = unit.now().saturating_add(SignedDuration::from_hours(overlap_hours.into()));
        unit.rotate_key(&id, expires_at, until.unwrap_or(unit.now()), &administrator)
    });
    Ok(HttpResponse::Created().json(WithKey::new(&made.await?)))
}
