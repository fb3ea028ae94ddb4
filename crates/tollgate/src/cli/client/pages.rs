//! Lists, page by page: as many rows as were asked for, printed as they come.

use clap::Args;
use serde::de::DeserializeOwned;

use super::super::Ended;
use super::out::note;
use super::session::{Answer, Session};
use super::text::query;

/// The most entries that a page has.
const PAGE_MAX: u64 = 1_000;

/// How much of a list is wanted.
#[derive(Args, Clone, Debug)]
pub(super) struct PageArgs {
    /// The most entries to print
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) limit: u64,

    /// Print all of them
    #[arg(long, conflicts_with = "limit")]
    pub(super) all: bool,

    /// Go on where another list ended: the `next` of its last page, which --json prints
    #[arg(long, value_name = "CURSOR")]
    pub(super) cursor: Option<String>,
}

/// A page of a list.
pub(super) trait Page: DeserializeOwned {
    /// What the entries are called.
    const ENTRIES: &'static str;
    /// How many it has.
    fn len(&self) -> usize;
    /// Where the page after it begins, if there is one.
    fn next(&self) -> Option<&str>;
}

/// A list that is read.
pub(super) struct Pages {
    path: String,
    filters: Vec<(&'static str, Option<String>)>,
    cursor: Option<String>,
    /// How many entries are wanted still; all when nothing is said.
    left: Option<u64>,
    read: u64,
    has_ended: bool,
}

impl Pages {
    /// The list at a path, with the filters that are given.
    pub(super) fn new(
        path: impl Into<String>,
        filters: impl IntoIterator<Item = (&'static str, Option<String>)>,
        args: &PageArgs,
    ) -> Self {
        Self {
            path: path.into(),
            filters: filters.into_iter().collect(),
            cursor: args.cursor.clone(),
            left: (!args.all).then_some(args.limit),
            read: 0,
            has_ended: false,
        }
    }

    /// All of it.
    pub(super) fn whole(
        path: impl Into<String>,
        filters: impl IntoIterator<Item = (&'static str, Option<String>)>,
    ) -> Self {
        Self::new(path, filters, &PageArgs { limit: PAGE_MAX, all: true, cursor: None })
    }

    /// Prints every page that is wanted, as a program reads it.
    ///
    /// # Errors
    /// By what went wrong.
    pub(super) async fn print_json<P: Page>(mut self, session: &mut Session) -> Result<(), Ended> {
        while let Some(answer) = self.answer::<P>(session).await? {
            let page: P = answer.read()?;
            session.print_json(&answer)?;
            self.go_on(session, &page);
        }
        Ok(())
    }

    /// The next page that is wanted.
    ///
    /// # Errors
    /// By what went wrong.
    pub(super) async fn page<P: Page>(&mut self, session: &mut Session) -> Result<Option<P>, Ended> {
        let Some(answer) = self.answer::<P>(session).await? else { return Ok(None) };
        let page: P = answer.read()?;
        self.go_on(session, &page);
        Ok(Some(page))
    }

    async fn answer<P: Page>(&mut self, session: &mut Session) -> Result<Option<Answer>, Ended> {
        if self.has_ended || self.left == Some(0) {
            return Ok(None);
        }
        // What there is is read while the rest is asked for; and whoever wants no more of it says so before that.
        session.out.flush()?;
        session.progress.count(self.left.map(|it| it.saturating_add(self.read)), P::ENTRIES);
        let limit = self.left.map_or(PAGE_MAX, |it| it.min(PAGE_MAX)).to_string();
        let filters = self.filters.iter().map(|(name, value)| (*name, value.as_deref()));
        let paging = [("limit", Some(&*limit)), ("cursor", self.cursor.as_deref())];
        let target = format!("{}{}", self.path, query(filters.chain(paging)));
        session.get(target).await.map(Some)
    }

    /// Remembers where the page after this one begins.
    fn go_on(&mut self, session: &mut Session, page: &impl Page) {
        let read = u64::try_from(page.len()).unwrap_or(u64::MAX);
        session.progress.advance(read);
        self.read = self.read.saturating_add(read);
        self.left = self.left.map(|it| it.saturating_sub(read));
        self.cursor = page.next().map(str::to_owned);
        self.has_ended = self.cursor.is_none();
    }

    /// Says to people that there is nothing, or more.
    pub(super) fn end<P: Page>(&self, session: &mut Session) -> Result<(), Ended> {
        session.close()?;
        match (self.read, self.has_ended) {
            (0, _) => note(format_args!("no {}", P::ENTRIES)),
            (read, false) => {
                note(format_args!("{read} {}, and there are more: --all, or --limit N", P::ENTRIES))
            }
            (_, true) => {}
        }
        Ok(())
    }
}
