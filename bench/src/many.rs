//! The load of many charges at once: bodies that are made beforehand, in which only the keys are new each time, so that
//! this program takes as little of the machine as it can.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::wrk::{Counted, Request};
use crate::{Result, http};

/// How many digits a key has behind what is the run's own.
const DIGITS: usize = 10;
/// Stands in a body where a key's digits go.
const MARK: &str = "##########";

/// Charges of these accounts, in turn, so many at once.
#[derive(Clone)]
pub(crate) struct Many {
    pub(crate) accounts: Vec<String>,
    pub(crate) at_once: usize,
    pub(crate) authorization: String,
}

impl Many {
    pub(crate) const PATH: &str = "/api/v1/charges/batch";

    /// The first body, asked once, with keys of its own.
    pub(crate) fn request(&self) -> Request {
        let body = self.bodies("once").swap_remove(0).replace(MARK, &format!("{:0DIGITS$}", 0));
        // Each charge of it under another key: what stands behind the account's name is not one of the digits.
        Request::post(Self::PATH, self.authorization.clone(), body)
    }

    /// One body for each so many accounts.
    fn bodies(&self, nonce: &str) -> Vec<String> {
        let charge = |account: &String| {
            format!(
                r#"{{"account":"{account}","amount":"0.01","key":"{nonce}-{account}-{MARK}","operation":"sms.send"}}"#
            )
        };
        let bodies = self.accounts.chunks(self.at_once).map(|it| {
            let charges: Vec<_> = it.iter().map(charge).collect();
            format!("[{}]", charges.join(","))
        });
        bodies.collect()
    }

    /// Asks on so many connections for so many seconds; every charge must succeed. What is counted are charges, and times
    /// are those of a whole body.
    pub(crate) fn run(&self, address: &str, connections: u32, seconds: u32) -> Result<Counted> {
        let (begun, lasts) = (Instant::now(), Duration::from_secs(seconds.into()));
        let nonce = format!("{:x}", tollgate::clock::Clock::System.now().millis());
        let runs: Vec<Result<Run>> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..connections)
                .map(|client| {
                    let nonce = format!("{nonce}-{client}");
                    scope.spawn(move || Client::new(self, address, &nonce)?.run(begun + lasts))
                })
                .collect();
            clients
                .into_iter()
                .map(|it| it.join().unwrap_or_else(|_| Err("a client of the load has panicked".into())))
                .collect()
        });
        let duration_us = begun.elapsed().as_secs_f64() * 1e6;
        let (mut times, mut charges) = (Vec::new(), 0);
        for run in runs {
            let run = run?;
            times.extend(run.times);
            charges += run.charges;
        }
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times.get(times.len() * part / 1_000).copied().unwrap_or_default();
        Ok(Counted {
            requests: charges as f64,
            duration_us,
            p50: at(500),
            p99: at(990),
            p999: at(999),
            longest: times.last().copied().unwrap_or_default(),
        })
    }
}

/// What one connection came to.
#[derive(Default)]
struct Run {
    /// In microseconds, of each body.
    times: Vec<f64>,
    charges: usize,
}

/// One connection, which waits for its answer before it asks again.
struct Client {
    stream: TcpStream,
    /// Whole requests, and where the digits of their keys are.
    requests: Vec<(Vec<u8>, Vec<usize>)>,
    answer: Vec<u8>,
}

impl Client {
    fn new(many: &Many, address: &str, nonce: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let request = |body: String| {
            let request = Request::post(Many::PATH, many.authorization.clone(), body);
            let text = http::text(address, &request, true);
            let places = memmem::find_iter(text.as_bytes(), MARK).collect();
            (text.into_bytes(), places)
        };
        let requests = many.bodies(nonce).into_iter().map(request).collect();
        Ok(Self { stream, requests, answer: vec![0; 1 << 20] })
    }

    fn run(mut self, until: Instant) -> Result<Run> {
        let mut run = Run::default();
        let count = self.requests.len();
        for round in 0_usize.. {
            let started = Instant::now();
            if started >= until {
                break;
            }
            let asked = self.ask(round % count, round)?;
            run.charges += asked;
            run.times.push(started.elapsed().as_secs_f64() * 1e6);
        }
        Ok(run)
    }

    fn ask(&mut self, index: usize, round: usize) -> Result<usize> {
        let (request, places) = self.requests.get_mut(index).ok_or("there is nothing to ask")?;
        let digits = format!("{round:0DIGITS$}");
        for place in places.iter() {
            if let Some(key) = request.get_mut(*place..*place + DIGITS) {
                key.copy_from_slice(digits.as_bytes());
            }
        }
        self.stream.write_all(request)?;
        let asked = places.len();
        let body = self.read()?;
        let accepted = memmem::find_iter(body, br#""status":201,"#).count();
        if accepted != asked {
            let body = String::from_utf8_lossy(body).chars().take(600).collect::<String>();
            return Err(format!("of {asked} charges {accepted} were accepted: {body}").into());
        }
        Ok(asked)
    }

    /// The body of an answer with a length.
    fn read(&mut self) -> Result<&[u8]> {
        let (mut len, mut whole) = (0, None);
        loop {
            if self.answer.len() - len < 1 << 16 {
                self.answer.resize(self.answer.len() * 2, 0);
            }
            let read = self.stream.read(self.answer.get_mut(len..).unwrap_or_default())?;
            if read == 0 {
                return Err("the server has hung up".into());
            }
            len += read;
            if whole.is_none() {
                whole = whole_of(self.answer.get(..len).unwrap_or_default());
            }
            if let Some((head, body)) = whole
                && len >= head + body
            {
                return self.answer.get(head..head + body).ok_or_else(|| "an answer is too short".into());
            }
        }
    }
}

/// How long the head of an answer is, and its body.
fn whole_of(answer: &[u8]) -> Option<(usize, usize)> {
    let head = memmem::find(answer, b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(answer.get(..head)?).ok()?.to_ascii_lowercase();
    let len = text.lines().find_map(|it| it.strip_prefix("content-length: "))?;
    Some((head, len.trim().parse().ok()?))
}
