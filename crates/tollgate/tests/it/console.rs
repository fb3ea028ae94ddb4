//! The console as browsers see it, without a browser: sessions, forms, who sees what, and what nobody may do.

mod accounts;
pub(crate) mod browser;
mod credentials;
mod forms;
mod large;
mod live;
mod numbers;
mod operator;
mod pages;
mod prices;
mod primaries;
mod scripts;
mod sessions;
mod transfers;
mod webhooks;
mod zones;
