//! Which operation a path and a method are (R-ACCESS-5): for the audit of what is refused, and so that there is no operation beside these.

use actix_web::http::Method;

use crate::eurodac::operation::Operation as O;

/// Every operation of the HTTP surface that somebody has to be authenticated for.
pub const DECLARED: [(&str, &str, O); 34] = [
    ("POST", "/v1/eurodac/transmissions", O::Transmission),
    ("GET", "/v1/eurodac/records", O::RecordsListed),
    ("GET", "/v1/eurodac/records/{id}", O::RecordRead),
    ("PATCH", "/v1/eurodac/records/{id}", O::Amendment),
    ("DELETE", "/v1/eurodac/records/{id}", O::Erasure),
    ("PUT", "/v1/eurodac/records/{id}/blocking", O::Blocking),
    ("GET", "/v1/eurodac/hits", O::HitsListed),
    ("GET", "/v1/eurodac/hits/{id}", O::HitRead),
    ("POST", "/v1/eurodac/hits/{id}/verification", O::Verification),
    ("POST", "/v1/eurodac/notices", O::NoticeGiven),
    ("GET", "/v1/eurodac/notices", O::NoticesListed),
    ("POST", "/v1/eurodac/notices/{id}/answer", O::NoticeAnswered),
    ("POST", "/v1/eurodac/rights-requests", O::RightsRequestOpened),
    ("GET", "/v1/eurodac/rights-requests", O::RightsRequestsListed),
    ("POST", "/v1/eurodac/rights-requests/{id}/answer", O::RightsRequestAnswered),
    ("GET", "/v1/registers/member-states", O::RegisterRead),
    ("GET", "/v1/registers/member-states/{code}", O::RegisterRead),
    ("PUT", "/v1/registers/member-states/{code}", O::RegisterChanged),
    ("GET", "/v1/registers/authorities", O::RegisterRead),
    ("POST", "/v1/registers/authorities", O::RegisterChanged),
    ("DELETE", "/v1/registers/authorities/{id}", O::RegisterChanged),
    ("POST", "/v1/registers/authorities/{id}/keys", O::RegisterChanged),
    ("POST", "/v1/operations/start", O::OperationsStarted),
    ("POST", "/v1/operations/article-12-decision", O::Article12Decision),
    ("GET", "/v1/audit/records", O::AuditRead),
    ("GET", "/v1/audit/checkpoints", O::CheckpointsRead),
    ("POST", "/v1/audit/checkpoints", O::CheckpointSigned),
    ("GET", "/v1/audit/procedures", O::ProceduresListed),
    ("POST", "/v1/audit/procedures", O::ProcedureOpened),
    ("DELETE", "/v1/audit/procedures/{id}", O::ProcedureClosed),
    ("GET", "/v1/statistics", O::StatisticsRead),
    ("GET", "/v1/reports/annual/{year}", O::ReportRead),
    ("POST", "/v1/imports", O::Import),
    ("GET", "/v1/jobs/{id}", O::JobRead),
];

/// The operation of a method on a path, as it is declared; [`O::None`] where there is none.
pub fn operation(method: &Method, pattern: Option<&str>) -> O {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let same = |(m, p, _): &&(&str, &str, O)| *m == method && Some(*p) == pattern;
    DECLARED.iter().find(same).map_or(O::None, |(_, _, operation)| *operation)
}
