//! Days and months are those of the time zone that the reader says.

use super::browser::Browser;
use crate::house::{BY_OPERATOR, House};

#[tokio::test]
async fn a_charge_at_night_is_of_the_day_that_it_is_where_the_reader_is() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    // 2024-08-31T22:30:00Z, when September has begun in Rome.
    house.clock.advance(1_725_143_400_000 - house.clock.now().millis());
    let body = format!(r#"{{"account":"{}","amount":"3","operation":"sms.send"}}"#, primary.key);
    assert_eq!(house.post("/api/v1/charges", BY_OPERATOR, body).await.status, 201);
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/accounts/{}", primary.key);
    let page = browser.get(&format!("{path}/usage")).await;
    assert!(page.text().contains("Spending in 2024-08") && page.text().contains("Day (UTC)"), "{page}");
    assert!(page.text().contains("2024-08-31"), "{page}");
    let page = browser.get(&format!("{path}/usage?zone=Europe/Rome")).await;
    assert!(page.text().contains("Spending in 2024-09"), "{page}");
    assert!(page.text().contains("Day (Europe/Rome)") && page.text().contains("2024-09-01"), "{page}");
    assert!(page.text().contains("?zone=Europe%2FRome&#38;month=2024-08"), "the way back keeps it: {page}");
    assert!(page.text().contains("chart=") && page.text().contains("zone=Europe%2FRome\""), "{page}");
    let months = browser.get(&format!("{path}/statements?zone=Europe/Rome")).await;
    assert!(months.text().contains("/statements/2024-09?zone=Europe%2FRome"), "{months}");
    for (query, month, spent) in [
        ("", "2024-08", true),
        ("?zone=Europe/Rome", "2024-08", false),
        ("?zone=Europe/Rome", "2024-09", true),
    ] {
        let statement = browser.get(&format!("{path}/statements/{month}{query}")).await;
        assert_eq!(statement.text().contains("sms.send"), spent, "{month}{query}: {statement}");
    }
    for (query, shown) in [
        ("from=2024-09-01", false),
        ("from=2024-09-01&zone=Europe/Rome", true),
        ("from=2024-08-31&to=2024-08-31", true),
        ("from=2024-08-31&to=2024-08-31&zone=Europe/Rome", false),
        ("to=9999-12-31", true),
    ] {
        let page = browser.get(&format!("{path}/journal?{query}")).await;
        assert_eq!(page.text().contains("<td>sms.send</td>"), shown, "{query}: {page}");
        let file = browser.get(&format!("{path}/journal.csv?{query}")).await;
        assert_eq!(file.text().contains("sms.send"), shown, "{query}: {file}");
    }
}

#[tokio::test]
async fn what_is_no_zone_or_no_month_is_said_and_breaks_nothing() {
    let house = House::new();
    let primary = house.primary("Acme", "100").await;
    let mut browser = Browser::of(&house, &primary).await;
    let path = format!("/console/accounts/{}", primary.key);
    for page in ["usage", "journal", "statements"] {
        let answer = browser.get(&format!("{path}/{page}?zone=Mars/%3Cb%3E")).await;
        assert_eq!(answer.status, 200, "{answer}");
        assert!(answer.text().contains("There is no such time zone, so this is in UTC."), "{page}: {answer}");
        assert!(answer.text().contains("Mars/&#60;b&#62;") && !answer.text().contains("<b>"), "{answer}");
    }
    let statement = browser.get(&format!("{path}/statements/2024-08?zone=Mars")).await;
    assert_eq!(statement.status, 422, "{statement}");
    for month in ["9999-12", "0001-01", "2024-13", "x"] {
        let answer = browser.get(&format!("{path}/usage?month={month}")).await;
        assert_eq!(answer.status, 200, "{month}: {answer}");
    }
    // A day there began at no quarter of an hour.
    let odd = browser.get(&format!("{path}/usage?month=1950-01&zone=Africa/Monrovia")).await;
    assert_eq!(odd.status, 200, "{odd}");
}
