//! What authenticates: the rows of credentials and tokens.

use ledger::{AccountId, Credential, CredentialId, Limits, Timestamp, Token, TokenId};

use super::Snapshot;
use super::sql::{self, Column, Result, values};

/// Which tokens.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokenFilter {
    /// Those of gates, or those of operators.
    pub is_gate: Option<bool>,
    /// Those that live, or those that are revoked.
    pub lives: Option<bool>,
    /// Those that are restricted, or those that may do all that their scope may.
    pub is_restricted: Option<bool>,
}

/// A credential with what it takes to recognise it and, perhaps, to show it again.
#[derive(Clone, Debug)]
pub struct StoredCredential {
    /// Which.
    pub credential: Credential,
    /// A keyed hash, or an Argon2id string.
    pub verifier: String,
    /// The sealed text.
    pub sealed: Option<Vec<u8>>,
    /// When it was used last, to the minute, as far as that is written.
    pub used_at: Option<Timestamp>,
}

impl StoredCredential {
    /// The same, as a key with these limits may see it.
    pub fn seen_by(self, limits: &Limits) -> Self {
        Self { credential: limits.seen_credential(self.credential), ..self }
    }
}

impl Snapshot<'_> {
    /// The live credentials of an account, oldest first, with their proofs.
    ///
    /// # Errors
    /// Of the store.
    pub fn credentials(&self, account: AccountId) -> Result<Vec<StoredCredential>> {
        self.rows(
            "SELECT * FROM credentials WHERE account = ?1 AND revoked_at IS NULL ORDER BY created_at, id",
            values![Column(account)],
            |row| {
                Ok(StoredCredential {
                    credential: sql::credential(row)?,
                    verifier: row.get("verifier")?,
                    sealed: row.get("sealed")?,
                    used_at: sql::get_opt(row, "used_at")?,
                })
            },
        )
    }

    /// The operator and gate tokens that fit, oldest first, after one.
    ///
    /// # Errors
    /// Of the store.
    pub fn tokens(&self, filter: TokenFilter, after: Option<TokenId>, limit: usize) -> Result<Vec<Token>> {
        let TokenFilter { is_gate, lives, is_restricted } = filter;
        let scope = is_gate.map(|it| if it { sql::GATE } else { sql::OPERATOR });
        self.rows(
            "SELECT * FROM tokens WHERE id > ?1 AND (?2 IS NULL OR caller = ?2)
               AND (?3 IS NULL OR (revoked_at IS NULL) = ?3)
               AND (?4 IS NULL OR (limits IS NOT NULL) = ?4) ORDER BY id LIMIT ?5",
            values![
                Column(after.unwrap_or(TokenId::ENVIRONMENT)),
                scope,
                lives,
                is_restricted,
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            sql::token,
        )
    }

    /// The live credential that is recognised by this hash, and whose it is.
    ///
    /// # Errors
    /// Of the store.
    pub fn credential_of(&self, verifier: &str) -> Result<Option<(AccountId, CredentialId)>> {
        self.row(
            "SELECT account, id FROM credentials WHERE verifier = ?1 AND revoked_at IS NULL",
            values![verifier],
            |row| Ok((sql::get(row, "account")?, sql::get(row, "id")?)),
        )
    }

    /// The credentials whose end has come and that are not revoked yet, the longest due first, and whose they are.
    ///
    /// # Errors
    /// Of the store.
    pub fn due_credentials(&self, now: Timestamp, limit: usize) -> Result<Vec<(AccountId, CredentialId)>> {
        self.rows(
            "SELECT account, id FROM credentials WHERE expires_at IS NOT NULL AND revoked_at IS NULL
             AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
            values![Column(now), i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| Ok((sql::get(row, "account")?, sql::get(row, "id")?)),
        )
    }
}
