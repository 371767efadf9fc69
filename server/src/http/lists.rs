//! Lists in pages: how many, and from where on.

use actix_web::web::Query;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::problem::{Code, Problem};
use crate::eurodac::model::MemberState;

/// Lines of a page, unless asked otherwise.
pub const LIMIT_DEFAULT: usize = 50;
/// Lines of a page at most.
pub const LIMIT_MAX: usize = 200;

/// Whose list, and which page of it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Lines of a page, 1 to 200; 50 unless given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next` of the page before.
    pub after: Option<String>,
    /// Only a joint supervisor gives it: whose list.
    #[param(value_type = Option<String>, pattern = "^[A-Z]{2}$")]
    pub member_state: Option<MemberState>,
}

impl PageQuery {
    /// How many.
    pub fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }
}

/// How many lines.
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT_DEFAULT);
    let good = (1..=LIMIT_MAX).contains(&limit);
    if good { Ok(limit) } else { Err(Problem::new(Code::QueryInvalid, "must be 1 to 200").at("limit")) }
}

/// The query, or what it should be.
pub fn query<T: DeserializeOwned>(
    query: Result<Query<T>, actix_web::Error>,
    detail: &str,
) -> Result<T, Problem> {
    query.map(Query::into_inner).map_err(|_| Problem::new(Code::QueryInvalid, detail))
}
