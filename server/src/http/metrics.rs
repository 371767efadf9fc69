//! `/metrics`, as Prometheus reads it: whether it works, and what durability costs. No count of anybody's data (R-ACCESS-2), so
//! that it needs no key; it answers also when nothing else does.

use std::fmt::Write;

use actix_web::{HttpResponse, web};
use jiff::Timestamp;

use crate::central_unit::CentralUnit;

/// What is measured, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation", responses(
    (status = 200, description = "Text format 0.0.4", body = String, content_type = "text/plain; version=0.0.4"),
))]
pub async fn metrics(unit: web::Data<CentralUnit>) -> HttpResponse {
    let (database, checkpoints) = (unit.database(), unit.database().checkpoints());
    let written = database.written();
    let flag = |set: bool| if set { 1.0 } else { 0.0 };
    let age =
        checkpoints.last().map_or(f64::NAN, |last| Timestamp::now().duration_since(last.at).as_secs_f64());
    let rows = [
        (
            "whorl_failed",
            "gauge",
            "1: nothing is recorded and nothing answered until a restart",
            flag(database.failure().is_some()),
        ),
        (
            "whorl_degraded",
            "gauge",
            "1: the back end that was chosen is out of service",
            flag(unit.status().degraded.is_some()),
        ),
        ("whorl_checkpoint_age_seconds", "gauge", "Since the last checkpoint was signed", age),
        (
            "whorl_checkpoint_undelivered",
            "gauge",
            "1: a checkpoint could not be handed over",
            flag(checkpoints.problem().is_some()),
        ),
        (
            "whorl_journal_records_total",
            "counter",
            "Records written to the journal since the start",
            float(written.records),
        ),
        (
            "whorl_journal_groups_total",
            "counter",
            "Groups that they were written in, each with one sync",
            float(written.groups),
        ),
        (
            "whorl_journal_sync_seconds_total",
            "counter",
            "Time in syncs of journal and keyring",
            written.syncing.as_secs_f64(),
        ),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text)
}

#[expect(clippy::cast_precision_loss, reason = "as Prometheus has numbers")]
fn float(count: u64) -> f64 {
    count as f64
}
