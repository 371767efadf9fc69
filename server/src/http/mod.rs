//! The HTTP surface: one file a resource, and what they share: who calls, bodies, problems.

mod accepted;
mod ansi_nist;
mod asked;
mod audit;
mod audit_records;
mod authorities;
mod blocking;
mod body;
mod caller;
mod codes;
mod declared;
mod docs;
mod health;
mod hits;
mod imports;
mod jobs;
mod limits;
mod lists;
mod mapping;
mod member_states;
mod metrics;
mod notices;
mod openapi;
mod places;
mod problem;
mod procedures;
mod recorded;
mod records;
mod reloaded;
mod reports;
mod rights_requests;
mod starting;
mod statistics;
mod tls;
mod transmissions;
mod views;

pub use body::BODY_BYTES_MAX;
pub use declared::DECLARED;
pub use imports::{ImportAnswer, Reject};
pub use openapi::document;
pub use starting::Starting;
pub use tls::{Clients, Tls, TlsError};

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::time::Instant;

use actix_web::dev::{Service, ServiceRequest};
use actix_web::http::{ConnectionType, Uri, header};
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpResponse, HttpServer, ResponseError, guard, web};

use whorl_engine::stack;

use crate::ansi_nist::Mapping;
use crate::central_unit::CentralUnit;
use crate::report::Objectives;
use jobs::Jobs;
use limits::Limits;
use places::Places;
use problem::{Code, Problem};

/// How it is served.
pub struct Settings {
    /// Requests of an authority a second.
    pub requests_a_second: NonZeroU32,
    /// What the annual report measures against.
    pub objectives: Objectives,
    /// Which field of an ANSI/NIST-ITL file carries what.
    pub mapping: Mapping,
    /// TLS, where it is on.
    pub tls: Option<rustls::ServerConfig>,
}

/// Serves until the process is told to stop; requests under way are finished first.
pub fn serve(unit: CentralUnit, listener: TcpListener, settings: Settings) -> std::io::Result<()> {
    let unit = web::Data::new(unit);
    let places = web::Data::new(Places::new());
    let jobs = web::Data::new(Jobs::new());
    let limits = web::Data::new(Limits::new(settings.requests_a_second));
    let objectives = web::Data::new(settings.objectives);
    let mapping = web::Data::new(settings.mapping);
    let (ending, failed) = (unit.clone(), limits.clone());
    let app = move || {
        let (recording, failing) = (unit.clone(), limits.clone());
        App::new()
            .app_data(unit.clone())
            .app_data(places.clone())
            .app_data(jobs.clone())
            .app_data(limits.clone())
            .app_data(objectives.clone())
            .app_data(mapping.clone())
            .wrap(DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store")))
            .wrap_fn(move |mut request, service| {
                let_go_of_the_connection(&mut request);
                let (method, path, start) =
                    (request.method().clone(), request.path().to_owned(), Instant::now());
                let (unit, limits) = (recording.clone(), failing.clone());
                let answer = service.call(request);
                async move {
                    let mut answer = recorded::refusal(answer.await?, unit, limits).await;
                    if PRINTS.iter().any(|prints| path.starts_with(prints)) {
                        // What a connection has read and written stays in its buffers until it is closed; prints were
                        // put into the answer on this thread.
                        stack::overwrite();
                        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
                    }
                    let (status, took_ms) = (answer.status().as_u16(), start.elapsed().as_millis());
                    // The path without its query: that may hold a reference number.
                    tracing::info!(%method, path, status, took_ms, "request");
                    Ok(answer)
                }
            })
            .configure(routes)
            .default_service(web::to(nothing_here))
    };
    let server =
        HttpServer::new(app).on_connect(tls::note_certificate).shutdown_timeout(30).disable_signals();
    let server = match settings.tls {
        None => server.listen(listener)?,
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
    };
    let ended = actix_web::rt::System::new().block_on(async move {
        let running = server.run();
        let handle = running.handle();
        // Ours for every signal: actix would cut requests off at SIGINT. The future only waits; the stop is sent by the call.
        ctrlc::set_handler(move || drop(handle.stop(true))).map_err(std::io::Error::other)?;
        running.await
    });
    if let Err(error) = recorded::together(&ending, failed.take_pending()) {
        tracing::error!(%error, "refusals that were to be recorded together are not on record");
    }
    ended
}

/// R-COMP-5, R-ERASE-2: headers and path are slices of the buffer that a connection reads into, the body included, and actix keeps
/// the last requests for reuse. Copies of them let the buffer be freed, and overwritten, with its connection.
fn let_go_of_the_connection(request: &mut ServiceRequest) {
    let head = request.head_mut();
    let mut copies = header::HeaderMap::with_capacity(head.headers().capacity());
    for (name, value) in head.headers() {
        if let Ok(copy) = header::HeaderValue::from_bytes(value.as_bytes()) {
            copies.append(name.clone(), copy);
        }
    }
    *head.headers_mut() = copies;
    if let Ok(uri) = head.uri.to_string().parse::<Uri>() {
        head.uri = uri.clone();
        request.match_info_mut().get_mut().update(&uri);
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .service(at("/v1/eurodac/transmissions", "POST", web::post().to(transmissions::transmit)))
        .service(at("/v1/eurodac/records", GET, get().to(records::list)))
        .service(
            at("/v1/eurodac/records/{id}", "GET, HEAD, PATCH, DELETE", get().to(records::get))
                .route(web::patch().to(records::amend))
                .route(web::delete().to(records::erase)),
        )
        .service(at("/v1/eurodac/records/{id}/blocking", "PUT", web::put().to(records::block)))
        .service(at("/v1/eurodac/hits", GET, get().to(hits::list)))
        .service(at("/v1/eurodac/hits/{id}", GET, get().to(hits::get)))
        .service(at("/v1/eurodac/hits/{id}/verification", "POST", web::post().to(hits::verify)))
        .service(
            at("/v1/eurodac/notices", "GET, HEAD, POST", get().to(notices::list))
                .route(web::post().to(notices::give)),
        )
        .service(at("/v1/eurodac/notices/{id}/answer", "POST", web::post().to(notices::answer)))
        .service(
            at("/v1/eurodac/rights-requests", "GET, HEAD, POST", get().to(rights_requests::list))
                .route(web::post().to(rights_requests::open)),
        )
        .service(at(
            "/v1/eurodac/rights-requests/{id}/answer",
            "POST",
            web::post().to(rights_requests::answer),
        ))
        .service(at("/v1/registers/member-states", GET, get().to(member_states::list)))
        .service(
            at("/v1/registers/member-states/{code}", "GET, HEAD, PUT", get().to(member_states::get))
                .route(web::put().to(member_states::put)),
        )
        .service(
            at("/v1/registers/authorities", "GET, HEAD, POST", get().to(authorities::list))
                .route(web::post().to(authorities::designate)),
        )
        .service(at("/v1/registers/authorities/{id}", "DELETE", web::delete().to(authorities::revoke)))
        .service(at("/v1/registers/authorities/{id}/keys", "POST", web::post().to(authorities::rotate)))
        .service(at("/v1/operations/start", "POST", web::post().to(member_states::start)))
        .service(at("/v1/operations/article-12-decision", "POST", web::post().to(member_states::decide)))
        .service(at("/v1/audit/records", GET, get().to(audit_records::list)))
        .service(at("/v1/statistics", GET, get().to(statistics::get)))
        .service(at("/v1/reports/annual/{year}", GET, get().to(reports::annual)))
        .service(
            at("/v1/audit/checkpoints", "GET, HEAD, POST", get().to(audit::list))
                .route(web::post().to(audit::sign)),
        )
        .service(
            at("/v1/audit/procedures", "GET, HEAD, POST", get().to(procedures::list))
                .route(web::post().to(procedures::open)),
        )
        .service(at("/v1/audit/procedures/{id}", "DELETE", web::delete().to(procedures::close)))
        .service(at("/v1/imports", "POST", web::post().to(imports::import)))
        // No HEAD: it would use up what is told once.
        .service(at("/v1/jobs/{id}", "GET", web::get().to(jobs::get)))
        .service(at("/health/live", GET, get().to(health::live)))
        .service(at("/health/ready", GET, get().to(health::ready)))
        .service(at("/metrics", GET, get().to(metrics::metrics)))
        .service(at("/openapi.json", GET, get().to(openapi::serve)))
        .service(at("/docs", GET, get().to(docs::serve)))
        .service(at("/docs/", GET, get().to(docs::serve)));
}

/// Paths whose requests or answers may have prints in them.
const PRINTS: [&str; 3] = ["/v1/eurodac/", "/v1/imports", "/v1/jobs/"];
const GET: &str = "GET, HEAD";

/// GET, and HEAD, which is answered the same without the body.
fn get() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// A path with its methods; any other is told which.
fn at(path: &str, methods: &'static str, route: actix_web::Route) -> actix_web::Resource {
    let other = move || async move {
        let problem = Problem::new(Code::MethodNotAllowed, format!("{methods} is what this path answers"));
        let mut response = problem.error_response();
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(methods));
        response
    };
    web::resource(path).route(route).default_service(web::to(other))
}

async fn nothing_here() -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        Code::PathNotFound,
        "the operations are listed at /docs, and for programs at /openapi.json",
    ))
}

/// Binds before anything is loaded, so that a port in use is told at once.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address)
}
