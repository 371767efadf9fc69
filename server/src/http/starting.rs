//! While the gallery is filled: the port answers, and every answer says how far the start has come.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use actix_web::dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, Error, HttpResponse, HttpServer, web};

use super::problem::{Code, Problem};
use super::{GET, at, get, health};
use crate::startup::Startup;

/// Seconds after which it is worth asking again.
const RETRY_AFTER: &str = "5";

/// The port, until the service takes it.
pub struct Starting {
    handle: ServerHandle,
    thread: JoinHandle<std::io::Result<()>>,
}

impl Starting {
    /// Answers on a socket that stays open for whoever takes it afterwards.
    pub fn serve(
        listener: &TcpListener,
        startup: Arc<Startup>,
        tls: Option<rustls::ServerConfig>,
    ) -> std::io::Result<Self> {
        let (listener, startup) = (listener.try_clone()?, web::Data::from(startup));
        let (send, handle) = channel();
        let run = move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || app(startup.clone())).workers(1).disable_signals();
                let server = match tls {
                    None => server.listen(listener)?,
                    Some(tls) => server.listen_rustls_0_23(listener, tls)?,
                };
                let running = server.shutdown_timeout(1).run();
                // Whoever started this waits for it.
                let _ = send.send(running.handle());
                running.await
            })
        };
        let thread = std::thread::Builder::new().name("starting".into()).spawn(run)?;
        let handle = handle.recv().map_err(std::io::Error::other)?;
        Ok(Self { handle, thread })
    }

    /// Ends it: answers under way are given first. Who connects from now on waits for the service.
    pub fn end(self) -> std::io::Result<()> {
        // The future only waits; the stop is sent by the call.
        drop(self.handle.stop(true));
        self.thread
            .join()
            .map_err(|_| std::io::Error::other("the thread that says how far the start is panicked"))?
    }
}

fn app(
    startup: web::Data<Startup>,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = (), Response = ServiceResponse>,
> {
    let headers = DefaultHeaders::new()
        .add((header::CACHE_CONTROL, "no-store"))
        .add((header::RETRY_AFTER, RETRY_AFTER));
    App::new()
        .app_data(startup)
        .service(at("/health/live", GET, get().to(health::live)))
        .default_service(web::to(not_yet))
        .wrap(headers)
}

async fn not_yet(startup: web::Data<Startup>) -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::Starting, startup.stage().to_string()))
}
