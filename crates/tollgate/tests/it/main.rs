//! The integration tests, one binary.

mod demo;
mod house;
mod server;
mod store;
mod tidy;
mod tutorial;
mod vonage;
