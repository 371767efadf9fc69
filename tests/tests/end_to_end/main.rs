//! A real server process for each test, spoken to over HTTP, as an integrator would.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "helpers of tests: what cannot be done fails the test, and numbers are small"
)]

mod access;
mod access_matrix;
mod amendments;
mod audit;
mod backups;
mod benching;
mod blocking;
mod bypass;
mod category_3;
mod command_line;
mod document;
mod erasure;
mod evaluation;
mod explaining;
mod formats;
mod generation;
mod harness;
mod hits;
mod images;
mod import_files;
mod imports;
mod inspection;
mod jobs;
mod law;
mod people;
mod procedures;
mod races;
mod records;
mod refusals;
mod registers;
mod restarts;
mod rights;
mod rule_matrix;
mod schema;
mod supervision;
mod tidy;
mod tls;
mod traces;
mod transactions;
mod unknown_positions;
