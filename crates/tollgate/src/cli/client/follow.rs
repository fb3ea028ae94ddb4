//! `tollgate journal --follow`: the last postings of an account, and then each as it comes.

use std::collections::HashSet;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Ended;
use super::journal::{JournalArgs, Rows};
use super::pages::{Page, PageArgs, Pages};
use super::records::Posting;
use super::session::Session;

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// A page of postings as they came.
#[derive(Deserialize)]
struct RawPage {
    postings: Vec<Value>,
    next: Option<String>,
}

impl Page for RawPage {
    const ENTRIES: &'static str = "postings";

    fn len(&self) -> usize {
        self.postings.len()
    }

    fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

/// Goes on until it is stopped, or nobody reads it any more.
///
/// # Errors
/// By what went wrong.
pub(super) async fn run(
    session: &mut Session,
    args: &JournalArgs,
    name: &str,
    path: String,
) -> Result<(), Ended> {
    let mut rows = if session.is_json() { None } else { Some(Rows::of(session, name).await?) };
    // From here on all that comes is looked at, whatever of it is asked for, so that no look goes back further.
    let mut from = newest(session, &path).await?;
    let first = PageArgs { limit: args.page.limit, all: false, cursor: None };
    let mut some = read(session, Pages::new(path.clone(), args.filters(), &first)).await?;
    let mut seen = HashSet::new();
    loop {
        let fresh: Vec<_> = some.iter().filter(|it| !seen.contains(text(it, "id"))).collect();
        if !fresh.is_empty() {
            let postings = fresh.iter().map(|it| Posting::deserialize(*it)).collect::<Result<Vec<_>, _>>();
            let postings = postings.map_err(|it| Ended::wrong(format!("a posting cannot be read: {it}")))?;
            match &mut rows {
                Some(rows) => rows.print(session, &postings).await?,
                None => session.print_line(&json!({ "postings": fresh, "next": null }).to_string())?,
            }
        }
        session.close()?;
        // The last may not be the only one of its time, so the next look begins with it.
        from = from.max(some.last().map(|it| text(it, "created_at").to_owned()));
        seen = some.iter().map(|it| text(it, "id").to_owned()).collect();

        tokio::time::sleep(PAUSE).await;
        session.progress.restart();
        if from.is_none() {
            from = newest(session, &path).await?;
        }
        let mut filters = args.filters();
        for (_, value) in filters.iter_mut().filter(|it| it.0 == "from") {
            *value = later(value.take(), from.clone());
        }
        some = read(session, Pages::whole(path.clone(), filters)).await?;
    }
}

/// When the newest posting of all was booked.
async fn newest(session: &mut Session, path: &str) -> Result<Option<String>, Ended> {
    let one = PageArgs { limit: 1, all: false, cursor: None };
    let newest = read(session, Pages::new(path, [], &one)).await?;
    Ok(newest.first().map(|it| text(it, "created_at").to_owned()))
}

/// The postings of a list, oldest first.
async fn read(session: &mut Session, mut pages: Pages) -> Result<Vec<Value>, Ended> {
    let mut some = Vec::new();
    while let Some(page) = pages.page::<RawPage>(session).await? {
        some.extend(page.postings);
    }
    some.reverse();
    Ok(some)
}

fn text<'a>(posting: &'a Value, name: &str) -> &'a str {
    posting.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The later of two times, in whatever zone they are written.
fn later(one: Option<String>, other: Option<String>) -> Option<String> {
    let at = |it: &Option<String>| it.as_ref().and_then(|it| it.parse::<jiff::Timestamp>().ok());
    if at(&one) > at(&other) { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_time_counts_in_whatever_zone() {
        let some = |it: &str| Some(it.to_owned());
        let (noon, in_rome) = (some("2026-02-28T12:00:00.000Z"), some("2026-02-28T12:30:00+01:00"));
        assert_eq!(later(in_rome.clone(), noon.clone()), noon);
        assert_eq!(later(noon.clone(), in_rome), noon);
        assert_eq!(later(None, noon.clone()), noon);
        assert_eq!(later(noon.clone(), None), noon);
    }
}
