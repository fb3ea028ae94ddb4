//! The integration tests, one binary: in process the contracts of the wire and of the store, and the running server
//! under everything that can happen to one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test they are how it fails; clippy's own exception does not reach the functions beside the tests"
)]

mod at_rest;
mod auth_coverage;
mod batch_kill;
mod caps;
mod check;
mod cli;
mod close;
mod cluster;
mod concurrency;
mod console;
mod copy;
mod demo;
mod disk_full;
mod doctor;
mod faults;
mod gate;
mod gate_races;
mod gateways;
mod ground;
mod holds_kill;
mod house;
mod isolation;
mod kill;
mod limits;
mod migration;
mod native;
mod nodes;
mod openapi;
mod origin;
mod plivo;
mod proxy;
mod server;
mod startup;
mod store;
mod strace;
mod tidy;
mod tutorial;
mod two_dialects;
mod usage;
mod vonage;
mod wal_cut;
mod webhooks;
