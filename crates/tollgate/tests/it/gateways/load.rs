//! Many calls at once, and a tollgate that is not there.

use std::collections::{HashMap, HashSet};
use std::fs::{self, DirEntry};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tokio::sync::Barrier;

use super::upstream::Upstream;
use super::{Call, Kind, Places, Rig, units};
use crate::server::{DEADLINE, Random, Server, long, poll, say, text};

/// A recipe's checks wait for so long.
const CHECK_WAIT: Duration = Duration::from_secs(5);

/// Fails closed: an API hears nothing of what nobody could check.
pub(super) async fn without_tollgate(kind: Kind) {
    let mut rig = Rig::new(kind, "1.00").await;
    let call = Call::new("POST", "/v1/messages").by(&rig.customer);
    let free = Call::new("GET", "/v1/free").by(&rig.customer);
    assert_eq!(rig.send(&call).await.status, 200);

    rig.kill();
    for call in [&call, &free, &Call::new("GET", "/v1/free")] {
        let reply = rig.send(call).await;
        assert_eq!(reply.status, if kind == Kind::Caddy { 502 } else { 503 }, "{reply:?}");
        if kind == Kind::Nginx {
            assert_eq!(&*reply.code(), "unavailable", "{reply:?}");
            assert_eq!(reply.all("retry-after"), ["1"]);
        }
    }
    rig.restart();
    assert_eq!(rig.send(&call).await.status, 200, "the proxy does not find it again");
    assert_eq!(rig.upstream.take().len(), 2);

    // It accepts connections, and says nothing on them.
    stop(rig.server.as_ref().unwrap());
    let begun = Instant::now();
    let reply = rig.send(&call).await;
    let waited = begun.elapsed();
    rig.server.as_ref().unwrap().signal(Signal::SIGCONT);
    assert_eq!(reply.status, if kind == Kind::Caddy { 504 } else { 503 }, "{reply:?}");
    // Envoy's clock goes in steps.
    let is_in_time = waited > CHECK_WAIT - Duration::from_millis(100) && waited < CHECK_WAIT * 2;
    assert!(is_in_time, "{waited:?}");
    assert_eq!(rig.upstream.take().len(), 0);
    assert_eq!(rig.send(&call).await.status, 200);
    rig.finish();
}

/// Returns when each of its threads stands still, which takes a moment after the signal.
fn stop(server: &Server) {
    server.signal(Signal::SIGSTOP);
    let tasks = format!("/proc/{}/task", server.pid());
    let stands = |task: DirEntry| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|it| it.1.starts_with('T'))
    };
    let all_stand = || fs::read_dir(&tasks).unwrap().all(|it| stands(it.unwrap()));
    poll(|| all_stand().then_some(())).expect("a stopped process stands still");
}

/// Clients that call all the while.
const CLIENTS: u64 = 16;
/// How often tollgate is killed.
const KILLS: usize = 3;

/// Whatever reaches the API was charged, under its own name, once; and nothing is charged twice under one name. A check that
/// was answered and whose answer was lost with the process was charged and did not pass: there are at most as many of these
/// as were in flight when it was killed.
pub(super) async fn killed(kind: Kind) {
    let mut random = Random::for_test(&format!("killed behind {kind:?}"));
    let mut rig = Rig::new(kind, "1000.00").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let passed = Arc::new(AtomicU32::new(0));
    let address = rig.proxy.address();
    let clients = (0..CLIENTS).map(|_| {
        let call =
            Call::new("POST", "/v1/messages").by(&rig.customer).header("X-Request-Id: the same for all");
        let (is_over, passed) = (Arc::clone(&is_over), Arc::clone(&passed));
        tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                match call.send(address).await.status {
                    200 => drop(passed.fetch_add(1, Ordering::Relaxed)),
                    500..=504 => {}
                    status => panic!("{status}"),
                }
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    for _ in 0..KILLS {
        calls_pass(&passed, u32::try_from(random.within(50..150)).unwrap()).await;
        rig.kill();
        rig.restart();
    }
    calls_pass(&passed, 50).await;
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }

    let seen = rig.upstream.take();
    let mut charged: HashMap<String, u32> = HashMap::new();
    for posting in rig.calls().await {
        assert_eq!(posting["balance_change"], "-0.01");
        *charged.entry(text(&posting["key"])).or_default() += 1;
    }
    let twice: Vec<_> = charged.iter().filter(|it| *it.1 > 1).collect();
    assert!(twice.is_empty(), "charged more than once: {twice:?}");
    let names: HashSet<_> = seen.iter().map(|it| it.one("x-gate-request-id")).collect();
    assert_eq!(names.len(), seen.len(), "the API was asked twice for one check");
    let unpaid: Vec<_> = names.iter().filter(|it| !charged.contains_key(**it)).collect();
    assert!(unpaid.is_empty(), "passed and were not charged: {unpaid:?}");
    let lost = charged.len() - seen.len();
    assert!(lost <= KILLS * usize::try_from(CLIENTS).unwrap(), "{lost} were charged and did not pass");
    assert!(u32::try_from(seen.len()).unwrap() >= passed.load(Ordering::Relaxed));
    let spent = units("0.01") * i64::try_from(charged.len()).unwrap();
    assert_eq!(rig.available().await, units("1000.00") - spent);
    say(&format!("{kind:?}: {} charged, {} passed, {lost} charged and lost", charged.len(), seen.len()));
    rig.finish();
}

/// Waits until so many more have passed.
async fn calls_pass(passed: &AtomicU32, more: u32) {
    let (begun, before) = (Instant::now(), passed.load(Ordering::Relaxed));
    while passed.load(Ordering::Relaxed) < before + more {
        assert!(begun.elapsed() < DEADLINE, "no calls pass any more");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// 5.00 pay for 500 calls of 0.01. Many rounds, because what goes wrong here goes wrong in some of them.
pub(super) async fn capped(kind: Kind) {
    for _ in 0..if long() { 20 } else { 1 } {
        capped_once(kind).await;
    }
}

async fn capped_once(kind: Kind) {
    const CALLS: usize = 1_000;
    let upstream = Upstream::start().await;
    let api = upstream.address();
    // A thousand at once wait for two cores that other tests use, too: longer than a proxy should wait for a check.
    let patient = |recipe: String, _: &Places<'_>| recipe.replace(" 2s", " 30s").replace(" 5s", " 30s");
    let rig = Rig::changed(kind, "5.00", upstream, api, patient).await;
    let call = Call::new("POST", "/v1/messages").by(&rig.customer);
    let address = rig.proxy.address();
    // All are connected before the first is sent.
    let start = Arc::new(Barrier::new(CALLS));
    let calls = (0..CALLS).map(|_| {
        let (call, start) = (call.clone(), Arc::clone(&start));
        tokio::spawn(async move {
            let stream = call.connect(address).await;
            start.wait().await;
            call.send_on(stream).await
        })
    });
    let replies = join_all(calls.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap);
    let (passed, denied): (Vec<_>, Vec<_>) = replies.partition(|it| it.status == 200);
    let others: Vec<_> = denied.iter().filter(|it| it.status != 402).collect();
    assert!(others.is_empty(), "{others:?}");
    // A check that reaches the API in tollgate's place is answered as a call is.
    let seen = rig.upstream.take();
    let astray: Vec<_> = seen.iter().filter(|it| it.target != "/v1/messages").collect();
    assert!(astray.is_empty(), "{astray:?}");
    assert_eq!((passed.len(), denied.len()), (500, 500));
    assert_eq!(seen.len(), 500);
    assert_eq!(rig.available().await, 0);
    rig.finish();
}
