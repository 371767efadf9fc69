//! Who calls: `Authorization: Bearer <key>` and `Whorl-Person`, before a byte of the body is read.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use std::future::{Ready, ready};

use super::problem::{Code, Problem};
use crate::access::{Caller, Key};
use crate::central_unit::CentralUnit;

/// The header that names the responsible person (Art. 16).
pub const PERSON: &str = "Whorl-Person";

/// An authenticated caller, as an argument of a handler.
pub struct Authenticated(pub Caller);

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authenticate(request))
    }
}

fn authenticate(request: &HttpRequest) -> Result<Authenticated, Problem> {
    let header = request.headers().get(header::AUTHORIZATION).ok_or_else(|| {
        Problem::new(
            Code::AuthenticationRequired,
            "send `Authorization: Bearer <key>` with the key of your authority",
        )
    })?;
    let failed = || Problem::new(Code::AuthenticationFailed, "the key is not known, or not a key");
    let text = header.to_str().map_err(|_| failed())?;
    let key = text
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, key)| Key::parse(key))
        .ok_or_else(failed)?;
    let unit = request.app_data::<web::Data<CentralUnit>>().ok_or_else(failed)?;
    let authority = unit.database().authority(key.authority_id())?.ok_or_else(failed)?;
    // The key first: whoever has none is told nothing of the other headers.
    let identified = Caller::authenticated(authority, &key).ok_or_else(failed)?;
    Ok(Authenticated(identified.in_the_name_of(person(request)?)))
}

fn person(request: &HttpRequest) -> Result<String, Problem> {
    let missing = || {
        let detail = format!(
            "name the responsible person in `{PERSON}`: 1 to {} characters, UTF-8",
            Caller::PERSON_MAX
        );
        Problem::new(Code::PersonMissing, detail)
    };
    let value = request.headers().get(PERSON).ok_or_else(missing)?;
    let name = core::str::from_utf8(value.as_bytes()).map_err(|_| missing())?.trim();
    let good =
        !name.is_empty() && name.chars().count() <= Caller::PERSON_MAX && !name.chars().any(char::is_control);
    if good { Ok(name.to_owned()) } else { Err(missing()) }
}
