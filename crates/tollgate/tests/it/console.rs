//! The console as browsers see it, without a browser: sessions, forms, who sees what, and what nobody may do.

mod accounts;
mod browser;
mod forms;
mod large;
mod live;
mod operator;
mod pages;
mod sessions;
mod transfers;
