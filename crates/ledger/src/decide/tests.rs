//! The rules as stories; `story` says how they are written.

mod accounts;
mod applications;
mod authority;
mod before;
mod caps;
mod charges;
mod checks;
mod close;
mod credentials;
mod events;
mod holds;
mod journal;
mod keys;
mod laws;
mod limits;
mod numbers;
mod prices;
mod refusals;
mod story;
mod transfers;
mod webhooks;
mod words;
mod worked_examples;

use std::collections::BTreeSet;

use self::story::check;
use crate::book::Book;

/// Each story is a test, and all of them together are a table for the test that counts refusals.
macro_rules! scenarios {
    ($($claim:ident: $story:literal;)+) => {
        pub(super) const STORIES: &[&str] = &[$($story),+];

        $(
            #[test]
            fn $claim() {
                super::story::check($story);
            }
        )+
    };
}
use scenarios;

#[test]
fn every_refusal_comes_up_in_a_story() {
    let tables = [
        accounts::STORIES,
        applications::STORIES,
        authority::STORIES,
        caps::STORIES,
        charges::STORIES,
        checks::STORIES,
        close::STORIES,
        credentials::STORIES,
        events::STORIES,
        holds::STORIES,
        keys::STORIES,
        limits::STORIES,
        numbers::STORIES,
        prices::STORIES,
        transfers::STORIES,
        webhooks::STORIES,
        worked_examples::STORIES,
    ];
    let mut refused: BTreeSet<_> = tables.concat().into_iter().flat_map(|it| check(it).refused).collect();
    // Which needs a longer story than a table has.
    refused.insert(webhooks::THE_MOST);
    let missing: Vec<_> = refusals::ALL.iter().filter(|it| !refused.contains(*it)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
}

#[test]
fn a_book_that_was_cleared_serves_the_next_batch_as_a_new_one_would() {
    let mut book = check(
        "
        operator  open p limit 10 key k       -> ok
        operator  give p GB 447700900001      -> ok
        gate      charge p 1                  -> ok
        gate      hold p 1                    -> ok
        p         make app p ivr              -> ok
        p         make phone p bob            -> ok
        p         listen w https://a.example  -> ok
        operator  price std EUR * /** any 1   -> ok
        ",
    )
    .book;
    book.clear();
    assert_eq!(book, Book::default());
}

#[test]
#[should_panic(expected = "unknown command `chrage`: gate chrage s1 1 -> ok")]
fn a_story_that_is_not_understood_panics_with_its_line() {
    check("gate chrage s1 1 -> ok");
}

#[test]
#[should_panic(expected = "`twice` is not understood: operator open p twice -> ok")]
fn a_word_too_many_panics_with_its_line() {
    check("operator open p twice -> ok");
}
