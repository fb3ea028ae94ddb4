//! What a restricted key is told.

use std::borrow::Cow;

use ledger::Limit;

/// What is beyond the limits of the credential or token that was shown.
pub(super) fn detail(limit: Limit) -> Cow<'static, str> {
    match limit {
        Limit::ReadOnly => "These credentials only read. Ask with others.".into(),
        Limit::Amount(max) => format!(
            "These credentials move at most {} with one request, all its lines together, and change neither caps nor prices. \
             Ask for less, or with others.",
            max.text(2)
        )
        .into(),
        Limit::Accounts => "These credentials are for some accounts, and this is about another one or about all. Ask \
             with others."
            .into(),
        Limit::Credentials => "Restricted credentials make and end no credentials and tokens, open and close no accounts, and \
             make no webhooks. Ask with unrestricted ones."
            .into(),
    }
}
