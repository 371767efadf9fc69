//! Work that waits for a disk or the matcher goes where it keeps no socket waiting.

use actix_web::web;

use super::problem::{Code, Problem};

/// Runs it, and waits for it.
pub async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Problem>
where
    T: Send + 'static,
    E: Into<Problem> + Send + 'static,
{
    let dropped =
        |_| Problem::new(Code::Unavailable, "the request was dropped; it may have been carried out");
    web::block(work).await.map_err(dropped)?.map_err(Into::into)
}
