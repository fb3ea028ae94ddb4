//! Tokens and price plans: few, and read by many commands. A lane keeps them in memory as long as nobody has changed one,
//! which a number says that is read under the locks of each batch.

use std::collections::HashMap;
use std::sync::Arc;

use ledger::{IdMap, PricePlan, Token, TokenId};

use crate::store::plan;
use crate::store::sql::{self, Reader, Result, values};

/// What is kept of them.
#[derive(Default)]
pub(super) struct Config {
    /// What the number said right before they were read; `None` where nothing is kept.
    pub(super) version: Option<i64>,
    /// Live and revoked ones.
    pub(super) tokens: IdMap<TokenId, Token>,
    /// The live ones by the hashes of their texts.
    pub(super) live: HashMap<String, Token>,
    /// The newest version of each.
    pub(super) plans: HashMap<Arc<str>, Arc<PricePlan>>,
    /// The token that is stored nowhere, in the place of the first one.
    pub(super) environment: Option<(Token, String)>,
}

/// Raises the number that says whether they are still as they were: to the place of the last line of the commit that changes
/// one of them. Whoever has read it gives later places only, so that no line stands before what it rests on.
pub(super) const RAISE: &str = "UPDATE meta SET value = ?1 WHERE name = 'config'";

impl Config {
    pub(super) fn new(environment: Option<(Token, String)>) -> Self {
        Self { environment, ..Self::default() }
    }

    /// Reads them, unless they are kept as of this version; says whether it did.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn bring_up_to(&mut self, reader: Reader<'_>, version: i64) -> Result<bool> {
        if self.version == Some(version) {
            return Ok(false);
        }
        self.version = None;
        self.read(reader)?;
        self.version = Some(version);
        Ok(true)
    }

    /// Reads them.
    ///
    /// # Errors
    /// Of the database.
    pub(super) fn read(&mut self, reader: Reader<'_>) -> Result<()> {
        self.tokens.clear();
        self.live.clear();
        let tokens = reader.rows("SELECT * FROM tokens", values![], |row| {
            Ok((sql::token(row)?, row.get::<String>("verifier")?))
        })?;
        let environment = self.environment.clone();
        let stored = tokens.into_iter().filter(|it| environment.is_none() || !it.0.is_first);
        for (token, verifier) in stored.chain(environment.clone()) {
            if token.revoked_at.is_none() {
                self.live.insert(verifier, token.clone());
            }
            self.tokens.insert(token.id, token);
        }
        let plans = plan::newest(reader)?;
        self.plans = plans.into_iter().map(|it| (it.name.clone(), Arc::new(it))).collect();
        Ok(())
    }
}
