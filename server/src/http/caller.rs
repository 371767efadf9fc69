//! Who calls: `Authorization: Bearer <key>`, or the client certificate of the connection; and `Whorl-Person`. Before a byte of the
//! body is read.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use std::future::{Ready, ready};

use super::limits::Limits;
use super::problem::{Code, Problem};
use super::recorded::{Asking, NOBODY};
use crate::access::{Caller, CertificateHash, Identified, Key, Rejected};
use crate::central_unit::CentralUnit;
use crate::journal::Actor;

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
    let named = person(request);
    let asking = |id: Option<String>| Asking {
        actor: Actor {
            authority: id,
            person: named.as_ref().map_or_else(|_| NOBODY.to_owned(), ToString::to_string),
        },
        member_state: None,
        authenticated: false,
    };
    request.extensions_mut().insert(asking(None));
    let (Some(unit), Some(limits)) =
        (request.app_data::<web::Data<CentralUnit>>(), request.app_data::<web::Data<Limits>>())
    else {
        return Err(failed());
    };
    // The key first: whoever has none is told nothing of the other headers.
    let claims = |id: &str| {
        request.extensions_mut().insert(asking(Some(id.to_owned())));
    };
    let identified = identify(request, unit, claims)?;
    let known = Asking {
        member_state: identified.member_state(),
        authenticated: true,
        ..asking(Some(identified.id().to_owned()))
    };
    request.extensions_mut().insert(known);
    limits.ask(identified.id())?;
    Ok(Authenticated(identified.in_the_name_of(named?)))
}

fn failed() -> Problem {
    Problem::new(Code::AuthenticationFailed, "the key is not known, or not a key")
}

/// By the certificate that the handshake has proved, or by the key; by both, where both are there, and then they are one authority's.
/// `claims` is told whose key it says it is.
fn identify(request: &HttpRequest, unit: &CentralUnit, claims: impl Fn(&str)) -> Result<Identified, Problem> {
    let header = request.headers().get(header::AUTHORIZATION);
    let certificate = request.conn_data::<CertificateHash>();
    let by_certificate = match certificate {
        None => None,
        Some(certificate) => unit.database().authority_by_certificate(certificate)?,
    };
    let Some(header) = header else {
        let (Some(certificate), Some(authority)) = (certificate, by_certificate) else {
            let detail =
                "send `Authorization: Bearer <key>` with the key of your authority, or a client certificate";
            return Err(Problem::new(Code::AuthenticationRequired, detail));
        };
        return Identified::by_certificate(authority, certificate).map_err(rejected);
    };
    let text = header.to_str().map_err(|_| failed())?;
    let key = text
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, key)| Key::parse(key))
        .ok_or_else(failed)?;
    claims(key.authority_id());
    let authority = unit.database().authority(key.authority_id())?.ok_or_else(failed)?;
    if by_certificate.is_some_and(|other| other.id != authority.id) {
        let detail = "the key and the client certificate are not one authority's";
        return Err(Problem::new(Code::AuthenticationFailed, detail));
    }
    Identified::by_key(authority, &key, unit.now()).map_err(rejected)
}

/// Only who has shown the secret is told what has become of it.
fn rejected(why: Rejected) -> Problem {
    match why {
        Rejected::Unknown => failed(),
        Rejected::Expired => Problem::new(Code::KeyExpired, "ask the Central Unit for another key"),
        Rejected::Revoked => {
            Problem::new(Code::AuthorityRevoked, "it was taken off the list of designated authorities")
        }
    }
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
