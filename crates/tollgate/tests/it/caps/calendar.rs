//! Windows turn at local midnight, whatever the clocks do.

use insta::assert_snapshot;
use tollgate::store::replay;

use super::Family;
use crate::house::BY_OPERATOR;

/// A zone, the first moment of a day in it, and of the next day: those on which the clocks change.
const DAYS: [(&str, &str, &str); 11] = [
    ("Europe/Rome", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"),
    ("Europe/Rome", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"),
    ("America/New_York", "2026-03-08T05:00:00.000Z", "2026-03-09T04:00:00.000Z"),
    ("America/New_York", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"),
    ("Pacific/Auckland", "2026-04-04T11:00:00.000Z", "2026-04-05T12:00:00.000Z"),
    ("Pacific/Auckland", "2026-09-26T12:00:00.000Z", "2026-09-27T11:00:00.000Z"),
    // There is no midnight on these three: the day begins at one o'clock.
    ("Africa/Cairo", "2026-04-23T22:00:00.000Z", "2026-04-24T21:00:00.000Z"),
    ("America/Santiago", "2026-09-06T04:00:00.000Z", "2026-09-07T03:00:00.000Z"),
    ("Asia/Beirut", "2026-03-28T22:00:00.000Z", "2026-03-29T21:00:00.000Z"),
    // And on this one there are two.
    ("America/Havana", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"),
    ("UTC", "2026-12-31T00:00:00.000Z", "2027-01-01T00:00:00.000Z"),
];

fn seconds(from: &str, to: &str) -> i64 {
    let [from, to] = [from, to].map(|it| it.parse::<jiff::Timestamp>().unwrap().as_second());
    to - from
}

#[tokio::test]
async fn a_day_turns_at_local_midnight_and_not_a_millisecond_before() {
    for (zone, start, end) in DAYS {
        let family = Family::new().await;
        family.cap(&format!(r#"{{"day":"5.00","time_zone":"{zone}"}}"#)).await;
        // The day before ends where this one begins.
        family.wait_until(start);
        family.house.clock.advance(-1);
        assert_eq!(family.outcome("5").await, "201", "{zone}");
        assert_eq!(family.outcome("0.01").await, format!("429 cap_reached {start} 1s"), "{zone}");
        family.house.clock.advance(1);
        assert_eq!(family.caps().await["day"]["spent"], "0.00", "{zone}");
        assert_eq!(family.outcome("5").await, "201", "{zone}");
        let whole_day = seconds(start, end);
        assert_eq!(family.outcome("0.01").await, format!("429 cap_reached {end} {whole_day}s"), "{zone}");
        family.wait_until(end);
        family.house.clock.advance(-1);
        assert_eq!(family.outcome("0.01").await, format!("429 cap_reached {end} 1s"), "{zone}");
        let caps = family.caps().await;
        assert_eq!(
            (&caps["day"]["spent"], &caps["day"]["resets_at"]),
            (&"5.00".into(), &end.into()),
            "{zone}"
        );
        family.house.clock.advance(1);
        assert_eq!(family.outcome("5").await, "201", "{zone}");
        assert_eq!(family.caps().await["day"]["spent"], "5.00", "{zone}");
        family.house.app.store().close();
        replay(&family.house.url(), &|_| true).unwrap();
    }
}

#[tokio::test]
async fn a_month_turns_at_local_midnight_and_both_caps_count() {
    let family = Family::new().await;
    family.cap(r#"{"day":"5.00","month":"7.00","time_zone":"Pacific/Auckland"}"#).await;
    family.wait_until("2026-03-31T10:00:00Z");
    assert_eq!(family.outcome("2").await, "201");
    family.wait_until("2026-03-31T10:59:59.999Z");
    assert_eq!(family.outcome("3").await, "201");
    assert_eq!(family.outcome("3").await, "429 cap_reached 2026-03-31T11:00:00.000Z 1s");
    // It is April, and another day.
    family.wait_until("2026-03-31T11:00:00Z");
    assert_eq!(family.outcome("5").await, "201");
    assert_eq!(family.outcome("0.01").await, "429 cap_reached 2026-04-01T11:00:00.000Z 86400s");
    family.wait_until("2026-04-01T11:00:00Z");
    assert_eq!(family.outcome("2").await, "201");
    // Not tomorrow: the month's cap lasts longer. April has a 25th hour on the 5th.
    assert_eq!(family.outcome("0.01").await, "429 cap_reached 2026-04-30T12:00:00.000Z 2509200s");
    family.wait_until("2026-04-30T12:00:00Z");
    assert_eq!(family.outcome("5").await, "201");
    let caps = family.caps().await;
    assert_snapshot!(format!("{caps:#}"), @r#"
    {
      "day": {
        "cap": "5.00",
        "resets_at": "2026-05-01T12:00:00.000Z",
        "spent": "5.00"
      },
      "held": "0.00",
      "month": {
        "cap": "7.00",
        "resets_at": "2026-05-31T12:00:00.000Z",
        "spent": "5.00"
      },
      "time_zone": "Pacific/Auckland"
    }
    "#);
}

/// A day that has begun goes on with what was spent in it, and ends with the one that it is in the new zone: there and back
/// it lasts two. What the lines of then say of its end is proven all the same.
#[tokio::test]
async fn an_account_that_changes_its_zone_keeps_its_day_until_the_new_one_ends() {
    let family = Family::new().await;
    let proven = || {
        replay(&family.house.url(), &|_| true).unwrap();
    };
    family.cap(r#"{"day":"5.00","time_zone":"UTC"}"#).await;
    family.wait_until("2026-03-10T00:00:00Z");
    assert_eq!(family.outcome("4").await, "201");
    let moves = [
        ("2026-03-10T01:00:00Z", "America/Sao_Paulo", "2026-03-10T03:00:00.000Z 7200s"),
        ("2026-03-10T02:00:00Z", "UTC", "2026-03-11T00:00:00.000Z 79200s"),
        ("2026-03-10T05:00:00Z", "America/Sao_Paulo", "2026-03-11T03:00:00.000Z 79200s"),
        ("2026-03-11T01:00:00Z", "Atlantic/Azores", "2026-03-12T01:00:00.000Z 86400s"),
        ("2026-03-11T02:00:00Z", "UTC", "2026-03-12T00:00:00.000Z 79200s"),
    ];
    for (at, zone, refused_until) in moves {
        family.wait_until(at);
        family.cap(&format!(r#"{{"time_zone":"{zone}"}}"#)).await;
        assert_eq!(family.outcome("2").await, format!("429 cap_reached {refused_until}"), "{zone}");
        proven();
    }
    family.wait_until("2026-03-12T00:00:00Z");
    assert_eq!(family.outcome("5").await, "201");
    proven();
}

/// The zones are in the binary; what a container has installed, or not, makes no difference.
#[tokio::test]
async fn every_zone_is_taken_by_its_name_and_kept_as_it_is_written() {
    let family = Family::new().await;
    let names = tollgate::windows::zone_names();
    for zone in names.iter().step_by(7) {
        let caps = family.cap(&format!(r#"{{"day":"5.00","time_zone":"{}"}}"#, zone.to_lowercase())).await;
        assert_eq!(caps["time_zone"], **zone);
    }
}

#[tokio::test]
async fn what_was_spent_is_known_after_a_restart_in_this_window_and_forgotten_in_the_next() {
    let family = Family::new().await;
    family.wait_until("2026-10-24T22:00:00Z");
    family.cap(r#"{"day":"5.00","month":"8.00","time_zone":"Europe/Rome"}"#).await;
    assert_eq!(family.outcome("4").await, "201");
    family.house.app.store().close();
    for (time, passes) in [("2026-10-25T22:59:59.999Z", "1"), ("2026-10-25T23:00:00Z", "4")] {
        let house = family.house.copy();
        let time: jiff::Timestamp = time.parse().unwrap();
        house.clock.advance(time.as_millisecond() - house.clock.now().millis());
        let charge = async |amount: &str| {
            let body = format!(r#"{{"account":"{}","amount":"{amount}"}}"#, family.customer.id);
            house.post("/api/v1/charges", BY_OPERATOR, body).await.status
        };
        assert_eq!(
            [charge("4.01").await, charge(passes).await, charge("0.01").await],
            [429, 201, 429],
            "{time}"
        );
        house.app.store().close();
        replay(&house.url(), &|_| true).unwrap();
    }
}
