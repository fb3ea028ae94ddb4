//! Who is in a store that `prepare` made: the accounts of the scenarios, and what they authenticate with.
//!
//! Kept beside the store as text: `role TAB api key TAB secret`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::Result;

/// An account that a scenario uses, and its secret where it asks for something itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Party {
    pub(crate) key: String,
    pub(crate) secret: String,
}

/// The accounts of the scenarios.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cast {
    /// The token of the gate that charges.
    pub(crate) gate: String,
    /// The primary whose balance all of `hot` share.
    pub(crate) payer: Party,
    /// Subaccounts that share one balance.
    pub(crate) hot: Vec<Party>,
    /// Subaccounts with a balance each.
    pub(crate) spread: Vec<String>,
    /// The primary of the long list.
    pub(crate) lister: Party,
    /// A primary and the subaccount that it moves money to and from.
    pub(crate) giver: Party,
    pub(crate) taker: String,
    /// An account with nothing.
    pub(crate) poor: String,
    /// An account with a secret that a person chose, which others guess at.
    pub(crate) guarded: Party,
}

impl Cast {
    fn path_beside(store: &Path) -> PathBuf {
        crate::prepare::beside(store, ".cast")
    }

    pub(crate) fn save(&self, store: &Path) -> Result<()> {
        let mut text = String::new();
        let one = |role: &str, party: &Party| format!("{role}\t{}\t{}\n", party.key, party.secret);
        writeln!(text, "gate\t\t{}", self.gate)?;
        text += &one("payer", &self.payer);
        text += &one("lister", &self.lister);
        text += &one("giver", &self.giver);
        text += &one("guarded", &self.guarded);
        writeln!(text, "taker\t{}\t", self.taker)?;
        writeln!(text, "poor\t{}\t", self.poor)?;
        for party in &self.hot {
            text += &one("hot", party);
        }
        for key in &self.spread {
            writeln!(text, "spread\t{key}\t")?;
        }
        Ok(std::fs::write(Self::path_beside(store), text)?)
    }

    pub(crate) fn load(store: &Path) -> Result<Self> {
        let path = Self::path_beside(store);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{} was not made by `bench prepare`: {error}", store.display()))?;
        let mut cast = Self::default();
        for line in text.lines() {
            let mut parts = line.split('\t');
            let (Some(role), Some(key), Some(secret)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(format!("{} has a line of another kind: {line}", path.display()).into());
            };
            let party = Party { key: key.to_owned(), secret: secret.to_owned() };
            match role {
                "gate" => cast.gate = party.secret,
                "payer" => cast.payer = party,
                "lister" => cast.lister = party,
                "giver" => cast.giver = party,
                "guarded" => cast.guarded = party,
                "taker" => cast.taker = party.key,
                "poor" => cast.poor = party.key,
                "hot" => cast.hot.push(party),
                "spread" => cast.spread.push(party.key),
                _ => return Err(format!("{} names an unknown role: {role}", path.display()).into()),
            }
        }
        Ok(cast)
    }
}
