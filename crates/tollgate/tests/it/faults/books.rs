//! What must hold, whatever was done to the nodes and to the database: what was acknowledged is there once, what was refused
//! is not, and what nobody knows of is found out by sending it again.

use std::collections::BTreeMap;
use std::time::Instant;

use super::load::{Family, Load, Told, Write};
use super::nodes::Nodes;
use crate::server::{DEADLINE, Random, Store, say};

/// How many acknowledged writes are sent again, to whichever node.
const AGAIN: usize = 10;

/// Nodes under load, in one round after the other.
pub(super) struct World {
    pub(super) store: Store,
    pub(super) nodes: Nodes,
    pub(super) random: Random,
    /// Where the database is asked that all nodes write to.
    pub(super) database: String,
    family: Family,
    name: &'static str,
    round: u32,
}

/// How many writes came to what.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) done: usize,
    pub(super) refused: usize,
    pub(super) not: usize,
    pub(super) unknown: usize,
    pub(super) nothing: usize,
}

impl World {
    /// With accounts to write to; `name` is what the rounds are called.
    pub(super) async fn open(store: &Store, nodes: Nodes, random: Random, name: &'static str) -> Self {
        let family = Family::open(&nodes.api(0)).await;
        let database = store.url();
        Self { store: store.clone(), nodes, random, database, family, name, round: 0 }
    }

    /// Does something to nodes that are written to, and demands that the books are right after it.
    pub(super) async fn round(&mut self, fault: impl AsyncFnOnce(&mut Self, &Load)) -> Counts {
        self.round += 1;
        self.family.for_another_round(&self.nodes.api(0)).await;
        let name = format!("{}-{}", self.name, self.round);
        let load = Load::start(&self.nodes.doors(), &self.family, &mut self.random, &name);
        fault(self, &load).await;
        let mut told = load.end().await;
        let counts = Counts::of(&told);
        say(&format!("{name}: {counts:?}"));
        assert!(counts.refused > 0, "no write was refused: the load does not show what it should");
        self.find_out(&mut told).await;
        self.assert_is_in_the_books(&name, &told);
        self.store.assert_clean(&format!("after {name}"));
        counts
    }

    /// Sends again what has a key and no answer, until it is known; and some of what was done, which changes nothing.
    async fn find_out(&mut self, told: &mut [(Write, Told)]) {
        let doors = self.nodes.doors();
        let mut again = 0;
        for (write, told) in told.iter_mut().filter(|it| it.0.is_keyed) {
            if matches!(told, Told::Not | Told::Unknown | Told::Nothing) {
                let begun = Instant::now();
                while matches!(told, Told::Not | Told::Unknown | Told::Nothing) {
                    *told = write.send(&doors.any(&mut self.random)).await;
                    assert!(begun.elapsed() < DEADLINE, "{write:?} is still answered {told:?}");
                }
            } else if again < AGAIN && matches!(told, Told::Done(_)) {
                again += 1;
            } else {
                continue;
            }
            if matches!(told, Told::Done(_)) {
                assert_eq!(write.send(&doors.any(&mut self.random)).await, *told, "{write:?} was sent again");
            }
        }
    }

    fn assert_is_in_the_books(&self, name: &str, told: &[(Write, Told)]) {
        let booked = self.booked(name);
        for (write, told) in told {
            let times = booked.get(&write.reference).copied().unwrap_or(0);
            match told {
                Told::Done(_) => assert_eq!(times, 1, "{write:?} was acknowledged"),
                Told::Refused | Told::Not => assert_eq!(times, 0, "{write:?}: {told:?}"),
                Told::Unknown | Told::Nothing => assert!(times <= 1, "{write:?} is there {times} times"),
            }
        }
        let asked: BTreeMap<_, _> = told.iter().map(|it| (&it.0.reference, ())).collect();
        let unasked: Vec<_> = booked.keys().filter(|it| !asked.contains_key(it)).collect();
        assert!(unasked.is_empty(), "nobody asked for {unasked:?}");
    }

    /// How often each reference of a round is in the journal.
    fn booked(&self, name: &str) -> BTreeMap<String, u64> {
        let query = format!(
            "SELECT said, COUNT(*) FROM (SELECT reference AS said FROM journal UNION ALL SELECT name FROM accounts) AS all_of_them
             WHERE said LIKE '{name}-%' GROUP BY said"
        );
        let ended = self.store.ground().in_database().psql(&self.database, &[&query]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let rows = ended.stdout.lines().map(|it| it.split_once('|').unwrap());
        rows.map(|(reference, count)| (reference.to_owned(), count.parse().unwrap())).collect()
    }

    /// Ends the nodes, and looks through everything once more.
    pub(super) fn end(self) {
        self.nodes.stop();
        self.store.assert_clean("at the end");
    }
}

impl Counts {
    fn of(told: &[(Write, Told)]) -> Self {
        let mut counts = Self::default();
        for (_, told) in told {
            *match told {
                Told::Done(_) => &mut counts.done,
                Told::Refused => &mut counts.refused,
                Told::Not => &mut counts.not,
                Told::Unknown => &mut counts.unknown,
                Told::Nothing => &mut counts.nothing,
            } += 1;
        }
        counts
    }
}
