//! tollgate: subaccounts, credit and a toll gate for any API.
//!
//! The rules live in the crate `ledger`; this one is the shell around them. ARCHITECTURE.md walks a request through it.
//! Reading order: [`config`] what can be set; [`http`] how a request comes in; [`api`] the dialects; [`auth`] who asks;
//! [`app`] the use cases; [`console`] the pages for people; [`calendar`] days and months; [`notice`] what is told of an
//! event; [`store`] where it is kept; [`webhooks`] where events are sent; [`cli`] the commands.

pub mod api;
pub mod app;
pub mod auth;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod gate;
pub mod http;
pub mod notice;
pub mod observe;
pub mod random;
pub mod seal;
pub mod store;
pub mod sweep;
pub mod tls;
pub mod webhooks;
pub mod windows;
