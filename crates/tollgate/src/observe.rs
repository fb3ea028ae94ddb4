//! Metrics, and logs: to standard error, for people or as JSON. Never a query string, an Authorization header, a secret or a token.

use std::sync::atomic::Ordering;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing_subscriber::EnvFilter;

use crate::store::{DeliveryFigures, Figures};

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Starts logging what `filter` lets through, such as `info` or `tollgate=debug`; once in a process.
///
/// # Errors
/// A sentence about a filter that cannot be read.
pub fn start(format: LogFormat, filter: &str) -> Result<(), String> {
    let filter =
        EnvFilter::try_new(filter).map_err(|error| format!("--log {filter:?} is no filter: {error}"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => lines.with_ansi(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|error| format!("logging cannot be started: {error}"))
}

/// What Prometheus reads: the store's figures at this moment.
pub fn metrics(figures: &Figures, deliveries: &DeliveryFigures) -> String {
    let mut registry = Registry::with_prefix("tollgate");
    let counters = [
        ("commits", "Transactions committed since the start", &figures.commits),
        ("commands", "Commands decided since the start, refused ones too", &figures.commands),
        ("lines", "Journal lines written since the start", &figures.lines),
        ("failed_commits", "Transactions that could not be written since the start", &figures.failed),
        (
            "webhook_deliveries_queued",
            "Events queued for webhooks since the start, once more too",
            &deliveries.queued,
        ),
        (
            "webhook_deliveries_delivered",
            "Events that a webhook's receiver has taken since the start",
            &deliveries.delivered,
        ),
        (
            "webhook_attempts_failed",
            "Attempts to send an event to a webhook that came to nothing since the start",
            &deliveries.failed,
        ),
        (
            "webhook_deliveries_dead",
            "Events whose delivery to a webhook was given up since the start",
            &deliveries.dead,
        ),
    ];
    for (name, help, value) in counters {
        let counter: Counter = Counter::default();
        counter.inc_by(value.load(Ordering::Relaxed));
        registry.register(name, help, counter);
    }
    let gauges = [
        (
            "wal_frames",
            "Pages in the write-ahead log, of 4 KiB each",
            figures.wal_frames.load(Ordering::Relaxed),
        ),
        (
            "oldest_key_timestamp_milliseconds",
            "When the oldest remembered idempotency key was used, in milliseconds since 1970; 0 for none",
            figures.oldest_key_ms.load(Ordering::Relaxed),
        ),
        (
            "takes_writes",
            "1 while the last transaction could be written, else 0",
            i64::from(figures.takes_writes.load(Ordering::Relaxed)),
        ),
        (
            "database_ahead_milliseconds",
            "How far the database's clock is ahead of this machine's, which is corrected by that; 0 with a file",
            figures.database_ahead_ms.load(Ordering::Relaxed),
        ),
        (
            "webhook_deliveries_pending",
            "Events on their way to webhooks: tried again later, or waiting behind one that is",
            deliveries.pending.load(Ordering::Relaxed),
        ),
    ];
    for (name, help, value) in gauges {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    text
}
