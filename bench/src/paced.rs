//! An open loop: requests are sent when they are due, whether or not the answers before them have come, and a request's
//! time begins when it was due. So nobody gains by being slow.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::Result;
use crate::cast::Cast;
use crate::scenario;
use crate::server::Server;
use crate::wrk::Load;

/// On how many connections the requests are sent, each of which waits for its answer.
const CONNECTIONS: usize = 64;

/// What a run came to, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paced {
    pub(crate) rate: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Measures checks at half the most that they come to in a closed loop, and *bare-log* at the same rate, in turns.
pub(crate) fn measure(
    tollgate: &Path,
    store: &Path,
    folder: &Path,
    rounds: usize,
    seconds: u32,
) -> Result<()> {
    let cast = Cast::load(store)?;
    let server = Server::tollgate(tollgate, store)?;
    let control = Server::controls(folder)?;
    let check = Load { requests: scenario::checks(&cast), connections: 64, expected: Some(200), many: None };
    let bare = Load {
        requests: scenario::controls(&check.requests, "bare-log", 0),
        connections: 64,
        expected: Some(201),
        many: None,
    };
    let most = check.written(folder, "most")?;
    most.run(&server.address, 1)?;
    let most = most.run(&server.address, seconds)?;
    let rate = most.requests / (most.duration_us / 1e6) / 2.0;
    println!("\n### Checks at half their most: {rate:.0}/s, an open loop on {CONNECTIONS} connections\n");
    println!(
        "| round | check p50 ms | check p99 ms | bare-log p50 ms | bare-log p99 ms | allowed: 2 × p99 + 1 ms |"
    );
    println!("|--|--|--|--|--|--|");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut all = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let checked = runtime.block_on(run(&server.address, &check, rate, seconds))?;
        let control = runtime.block_on(run(&control.address, &bare, rate, seconds))?;
        let allowed = 2.0 * control.p99 / 1e3 + 1.0;
        let [a, b, c, d] = [checked.p50, checked.p99, control.p50, control.p99].map(|it| it / 1e3);
        println!(
            "| {} at {:.0}/s | {a:.2} | {b:.2} | {c:.2} | {d:.2} | {allowed:.2} |",
            round + 1,
            checked.rate
        );
        all.0.push(checked.p99);
        all.1.push(control.p99);
    }
    let [check, bare] = [all.0, all.1].map(|it| middle(it) / 1e3);
    println!("\nMedian p99: check {check:.2} ms, bare-log {bare:.2} ms, allowed {:.2} ms", 2.0 * bare + 1.0);
    server.stop()?;
    control.stop()
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// Sends at a rate for so long, and says how long the answers took.
async fn run(address: &str, load: &Load, rate: f64, seconds: u32) -> Result<Paced> {
    let start = Instant::now() + Duration::from_millis(200);
    let count = (rate * f64::from(seconds)) as usize;
    let mut senders = Vec::new();
    for connection in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let texts: Vec<Vec<u8>> = load
            .requests
            .iter()
            .skip(connection)
            .step_by(CONNECTIONS)
            .map(|it| crate::http::text(address, it, true).into_bytes())
            .collect();
        let due = (connection..count).step_by(CONNECTIONS);
        let due: Vec<_> = due.map(|it| start + Duration::from_secs_f64(it as f64 / rate)).collect();
        senders.push(tokio::spawn(send(stream, texts, due, load.expected)));
    }
    let mut times = Vec::with_capacity(count);
    for sender in senders {
        times.extend(sender.await??);
    }
    let took = start.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times.get((times.len() as f64 * part) as usize).copied().unwrap_or_default();
    Ok(Paced { rate: times.len() as f64 / took, p50: at(0.5), p99: at(0.99) })
}

async fn send(
    mut stream: TcpStream,
    texts: Vec<Vec<u8>>,
    due: Vec<Instant>,
    expected: Option<u16>,
) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(due.len());
    let mut buffer = vec![0; 8 * 1024];
    for (text, due) in texts.iter().cycle().zip(due) {
        tokio::time::sleep_until(due).await;
        stream.write_all(text).await?;
        let status = answer(&mut stream, &mut buffer).await?;
        if expected.is_some_and(|it| it != status) {
            return Err(format!("a paced request was answered {status}").into());
        }
        times.push(due.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}

/// Reads one answer whole.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<u16> {
    let mut len = 0;
    loop {
        let room = buffer.get_mut(len..).filter(|it| !it.is_empty()).ok_or("an answer is too long")?;
        let read = stream.read(room).await?;
        if read == 0 {
            return Err("a connection was closed".into());
        }
        len += read;
        let text = buffer.get(..len).unwrap_or_default();
        let Some(end) = text.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(text.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let body =
            head.split("content-length: ").nth(1).and_then(|it| it.lines().next()?.trim().parse().ok());
        if len >= end + 4 + body.unwrap_or(0) {
            return Ok(head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0));
        }
    }
}
