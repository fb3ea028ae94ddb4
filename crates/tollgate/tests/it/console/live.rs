//! Figures that move while somebody looks.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use ledger::{BalanceMode, TransferKind};
use serde_json::Value;

use super::browser::{Browser, figure, form};
use crate::house::{Answer, House, Opening};

/// How long something may take that is done at once.
const DEADLINE: Duration = Duration::from_secs(20);

/// What a page listens to.
struct Stream {
    body: Body,
    read: String,
}

/// One event: its name and its data.
#[derive(Debug, PartialEq)]
struct Event(String, String);

impl Stream {
    async fn of(house: &House, browser: &Browser<'_>, page: &Answer) -> Self {
        let from = page.text().split("data-live-from=\"").nth(1).unwrap().split('"').next().unwrap();
        let from = from.replace("&#38;", "&");
        let request = Request::builder().uri(from).header("cookie", browser.cookie());
        let answer = house.begin(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { body: answer.into_body(), read: String::new() }
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.read.clone().split_once("\n\n") {
                self.read = rest.to_owned();
                let of = |name: &str| event.lines().find_map(|it| it.strip_prefix(name)).map(str::trim);
                if let Some(name) = of("event:") {
                    return Some(Event(name.to_owned(), of("data:").unwrap_or("").to_owned()));
                }
                continue;
            }
            let frame = tokio::time::timeout(DEADLINE, self.body.frame()).await.expect("an event in time");
            let data = frame?.unwrap().into_data().unwrap();
            self.read.push_str(std::str::from_utf8(&data).unwrap());
        }
    }

    async fn figures(&mut self) -> Value {
        let Event(name, data) = self.next().await.unwrap();
        assert_eq!(name, "figures", "{data}");
        serde_json::from_str(&data).unwrap()
    }
}

async fn family(house: &House) -> (Opening, Opening) {
    let primary = house.primary("Acme", "100").await;
    house.pay(&primary, "500").await;
    let sub = house.subaccount(&primary, "Ann", BalanceMode::Own).await;
    house.transfer(TransferKind::Balance, &primary, (&primary, &sub), "50").await;
    (primary, sub)
}

#[tokio::test]
async fn what_is_sent_is_what_a_reload_shows_and_only_what_has_changed() {
    let house = House::new();
    let (primary, sub) = family(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let page = browser.open("/console").await;
    let mut stream = Stream::of(&house, &browser, &page).await;
    let first = stream.figures().await;
    for name in
        [format!("{}:balance", sub.key), format!("{}:available", primary.key), "totals:balance".into()]
    {
        assert_eq!(first[&name], figure(&page, &name), "{name}");
    }
    house.charge(&sub, "20").await;
    let second = stream.figures().await;
    assert_eq!(second[format!("{}:balance", sub.key)], "30.00");
    assert_eq!(second["totals:balance"], "480.00");
    assert_eq!(second.get(format!("{}:balance", primary.key)), None, "it has not changed: {second}");
    house.charge(&sub, "30").await;
    let third = stream.figures().await;
    assert!(third[format!("{}:badge", sub.key)].as_str().unwrap().contains("nothing available"), "{third}");
    let page = browser.open("/console").await;
    assert!(page.text().contains(third[format!("{}:bar", sub.key)].as_str().unwrap()), "{page}");
}

#[tokio::test]
async fn many_charges_are_told_of_together_at_most_twice_a_second() {
    let house = House::new();
    let (primary, sub) = family(&house).await;
    let browser_page = {
        let mut browser = Browser::of(&house, &primary).await;
        let page = browser.get(&format!("/console/accounts/{}", sub.key)).await;
        (browser, page)
    };
    let mut stream = Stream::of(&house, &browser_page.0, &browser_page.1).await;
    stream.figures().await;
    let began = std::time::Instant::now();
    for _ in 0..100 {
        house.charge(&sub, "0.01").await;
    }
    let mut events = 0;
    loop {
        events += 1;
        if stream.figures().await[format!("{}:balance", sub.key)] == "49.00" {
            break;
        }
    }
    let most = began.elapsed().as_millis() / 500 + 2;
    assert!(events <= most, "{events} events in {:?}", began.elapsed());
}

#[tokio::test]
async fn it_ends_with_the_session_and_with_the_credential() {
    let house = House::new();
    let (primary, sub) = family(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let page = browser.open("/console").await;
    let mut stream = Stream::of(&house, &browser, &page).await;
    stream.figures().await;
    browser.submit(&form(&page, "/console/sign-out")).await;
    house.charge(&sub, "1").await;
    assert_eq!(stream.next().await.unwrap().0, "ended");
    assert_eq!(stream.next().await, None);
    let mut browser = Browser::of(&house, &primary).await;
    let page = browser.open("/console").await;
    let mut stream = Stream::of(&house, &browser, &page).await;
    stream.figures().await;
    let path = format!("/api/v1/accounts/{}/credentials/rotate", primary.key);
    house.post(&path, primary.auth(), r#"{"kind":"secret","overlap_seconds":0}"#).await;
    assert_eq!(stream.next().await.unwrap().0, "ended");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn it_ends_when_the_server_stops() {
    let house = House::new();
    let (primary, _) = family(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let page = browser.open("/console").await;
    let mut stream = Stream::of(&house, &browser, &page).await;
    stream.figures().await;
    house.app.stop();
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn nobody_hears_of_accounts_that_he_does_not_see() {
    let house = House::new();
    let (primary, sub) = family(&house).await;
    let stranger = house.primary("Stranger", "100").await;
    let ask = async |caller: &Opening, query: String| {
        let browser = Browser::of(&house, caller).await;
        let request =
            Request::builder().uri(format!("/console/live?{query}")).header("cookie", browser.cookie());
        let answer = house.begin(request.body(Body::empty()).unwrap()).await;
        Stream { body: answer.into_body(), read: String::new() }
    };
    let accounts = format!("accounts={},{},{}", stranger.key, primary.key, sub.key);
    let seen = ask(&stranger, accounts.clone()).await.figures().await;
    assert!(seen.as_object().unwrap().keys().all(|it| it.starts_with(&stranger.key)), "{seen}");
    let seen = ask(&sub, accounts).await.figures().await;
    assert!(seen.as_object().unwrap().keys().all(|it| it.starts_with(&sub.key)), "{seen}");
    for query in [format!("family={}", primary.key), format!("chart={}", primary.key)] {
        for caller in [&stranger, &sub] {
            assert_eq!(ask(caller, query.clone()).await.next().await.unwrap().0, "ended", "{query}");
        }
    }
}

/// A page that stays open must not keep its session alive.
#[tokio::test]
async fn to_listen_is_no_use_of_a_session() {
    let house = House::new();
    let (primary, _) = family(&house).await;
    let mut browser = Browser::of(&house, &primary).await;
    let page = browser.open("/console").await;
    house.clock.advance(tollgate::app::SessionSpans::USUAL.idle_ms - 1);
    let mut stream = Stream::of(&house, &browser, &page).await;
    stream.figures().await;
    house.clock.advance(1);
    assert_eq!(browser.get("/console").await.header("location"), Some("/console/sign-in"));
    let answer = browser.get("/console/live").await;
    assert_eq!(answer.status, 204, "{answer}");
}
