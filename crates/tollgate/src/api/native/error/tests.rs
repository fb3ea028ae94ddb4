use insta::assert_snapshot;
use ledger::{AccountId, ApplicationId, EndpointId, HoldEnd, Limit, LineId, Timestamp};

use super::*;

/// Status, code, what else is in the body, and the sentence, of every refusal.
#[test]
fn every_refusal_has_its_problem() {
    let (account, line, two) =
        (AccountId::UNKNOWN, LineId::from_bytes([0; 16]), Amount::from_units(200_000_000));
    let one = Amount::from_units(100_000_000);
    let at = Timestamp::from_millis(1_724_854_292_239);
    let texts = [TextField::Name, TextField::Reference, TextField::Operation];
    let more_texts = [TextField::Units, TextField::Key, TextField::Msisdn, TextField::ApplicationName];
    let most_texts =
        [TextField::Username, TextField::Alias, TextField::Setting, TextField::PlanName, TextField::Method];
    let ends = [HoldEnd::Settled, HoldEnd::Released, HoldEnd::Expired, HoldEnd::Captured, HoldEnd::Closed];
    let url = [TextField::WebhookUrl];
    let refusals = [
        Refusal::CredentialRevoked,
        Refusal::CallerSuspended,
        Refusal::Forbidden,
        Refusal::NotPrimary(account),
        Refusal::AccountNotFound(account),
        Refusal::AccountSuspended(account),
        Refusal::AccountClosed(account),
        Refusal::AmountOutOfRange,
        Refusal::SumOutOfRange,
        Refusal::NameTaken,
        Refusal::CurrencyMismatch,
        Refusal::SubaccountsMax(5),
        Refusal::BalanceStaysOwn,
        Refusal::PrimarySharesNothing,
        Refusal::CreditLimitFixed,
        Refusal::StatusFixed,
        Refusal::AlertsOutOfOrder,
        Refusal::SameAccount,
        Refusal::OutsideFamily,
        Refusal::SharesBalance(account),
        Refusal::InsufficientFunds { available: Some(one), needed: two },
        Refusal::InsufficientFunds { available: None, needed: two },
        Refusal::InsufficientCredit { available: one, needed: two },
        Refusal::NotEmpty { balance: one, held: two, subaccounts: 3 },
        Refusal::ChargeNotFound(line),
        Refusal::AlreadyReversed { left: one },
        Refusal::HoldNotFound(line),
        Refusal::NotExpired,
        Refusal::ExpiryOutOfRange,
        Refusal::OverlapOutOfRange,
        Refusal::NumberTaken,
        Refusal::NumbersMax(1_000),
        Refusal::NumberNotFound,
        Refusal::NumberNotOwned,
        Refusal::NumberAlreadyOwned,
        Refusal::ApplicationNotFound(ApplicationId::from_random(1)),
        Refusal::EndpointNotFound(EndpointId::from_random(1)),
        Refusal::CredentialsMax(2),
        Refusal::LastCredential,
        Refusal::SecretInUse,
        Refusal::CredentialNotFound,
        Refusal::TokenNotFound,
        Refusal::KeyReused,
        Refusal::NoPrice,
        Refusal::CallDenied,
        Refusal::PathNotNormal,
        Refusal::PlanNotFound,
        Refusal::PlanInherited,
        Refusal::RulesMax(1_000),
        Refusal::Restricted(Limit::ReadOnly),
        Refusal::Restricted(Limit::Amount(two)),
        Refusal::Restricted(Limit::Accounts),
        Refusal::Restricted(Limit::Credentials),
        Refusal::WebhookNotFound,
        Refusal::WebhooksMax(20),
    ];
    let refusals = refusals.into_iter();
    let refusals = refusals
        .chain(texts.into_iter().chain(more_texts).chain(most_texts).chain(url).map(Refusal::InvalidText));
    let refusals = refusals.chain(ends.map(|how| Refusal::HoldEnded { how, at }));
    let said: Vec<_> = refusals.map(|it| said(&refused(&it, Names::default()))).collect();
    assert_snapshot!(said.join("\n"), @r#"
    401 unauthenticated [www-authenticate: Basic realm="tollgate", charset="UTF-8", Bearer realm="tollgate"] Send an operator or gate token with `Authorization: Bearer`, or an account's api key or auth id with one of its secrets or tokens as `Authorization: Basic`. What was sent, if anything, is not right or was revoked.
    403 suspended The account that asks, or its primary, is suspended. Its primary or the operator can reactivate it.
    403 forbidden These credentials may not do this. A gate token charges, reverses and holds (and forces only if made with `may_force`); a primary account manages its subaccounts, any account its own credentials; the rest is the operator's.
    403 forbidden The account is a subaccount, and only a primary account has subaccounts. Name the primary.
    404 not_found There is no such account, or none that these credentials may see. Check the id, api key or auth id.
    403 suspended The account, or its primary, is suspended and can neither charge nor hold. Set its `status` to "active" first.
    403 closed The account is closed for good. Use another one.
    422 invalid amount must be more than 0 (only a payment may be negative) and at most 10000000000
    422 invalid amount would take an account beyond what an amount can hold
    500 fault This is our fault, and nothing was done. The operator finds the cause in the log under the id in `instance`.
    422 invalid currency must be the primary account's, or be left out
    409 subaccounts_max The primary account has 5 of at most 5 subaccounts. Close one first.
    422 invalid balance must be "own": an own balance is never shared again
    422 invalid balance must be "own": a primary account has no primary to share with
    422 invalid credit_limit is set by the operator on a primary account alone; a subaccount's changes by credit transfer
    422 invalid status must be "active" or "suspended"
    422 invalid alerts must be from 0 to 10000000000, with `low` more than `depleted` and `recovered` no less than `low`
    422 invalid account must be another account than the one in the path
    422 invalid account must be a subaccount of the account in the path
    422 invalid account shares its primary's balance and has none of its own to pay into or to move
    402 insufficient_funds [needed 2.00, available 1.00] `needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.
    402 insufficient_funds [needed 2.00, available null] `needed` is more than is `available`. Pay or transfer the difference to the account that pays, or ask for less.
    402 insufficient_credit [needed 2.00, available 1.00] `needed` is more than the credit limit that is not in use, `available`. Ask for less.
    409 not_empty A primary account closes only without a balance, holds and subaccounts. It has 1.00 of balance, 2.00 held and 3 subaccounts; bring each to 0 first.
    404 not_found There is no such charge. Check its id; it is the `id` in the charge's answer.
    409 already_reversed [left 1.00] Only 1.00 of the charge is left to be given back. Ask for no more than that.
    404 not_found There is no such hold. Check its id.
    409 not_expired The time of the hold or credential has not come. Nothing is to be done: it ends by itself.
    422 invalid expires_in must be from 1 to 86400 seconds, which are 24 hours
    422 invalid overlap_seconds must be from 0 to 2592000, which are 30 days
    409 number_taken The number is there already, in the stock or with an account; GET /api/v1/numbers says where. Add another one. To withdraw this one, have the account that rents it give it back first.
    422 invalid At most 1000 numbers come at once. Send fewer.
    404 not_found There is no such number. Check its digits and country; GET /api/v1/numbers lists all.
    409 number_not_owned The giving account does not have this number.
    409 number_already_owned The getting account has this number already.
    404 not_found There is no such application, or none that these credentials may see. Check its id.
    404 not_found There is no such endpoint, or none that these credentials may see. Check its id.
    409 credentials_max The account has 2 credentials of this kind, the most it may have. Revoke one first, or rotate with `overlap_seconds` 0, which ends them all.
    409 last_credential An account keeps at least one credential of each kind whose end is not set. Add another first, or rotate this one.
    409 secret_in_use The account has this secret already. Choose another.
    404 not_found The account has no such live credential. List them with GET /api/v1/accounts/{account}/credentials.
    404 not_found There is no such token that is not revoked. List them with GET /api/v1/tokens. A token that the server was started with ends by starting it without.
    409 key_reused This key came with another request. Send the first one again as it was, or take a new key.
    403 forbidden No rule of the price plan is for such a call. Add one.
    403 forbidden The price plan does not allow such a call.
    422 invalid Servers read such a path differently. Write it plainly.
    404 not_found There is no such price plan. Put it first, or check its name.
    422 invalid price_plan is the primary's, whose subaccounts go by it
    422 invalid A price plan has at most 1000 rules. Join some by `*` and `**`.
    403 restricted These credentials only read. Ask with others.
    403 restricted These credentials move at most 2.00 with one request, all its lines together, and change neither caps nor prices. Ask for less, or with others.
    403 restricted These credentials are for some accounts, and this is about another one or about all. Ask with others.
    403 restricted Restricted credentials make and end no credentials and tokens, open and close no accounts, and make no webhooks. Ask with unrestricted ones.
    404 not_found There is no such webhook, or none of these credentials, or it was never to get such an event. List them with GET /api/v1/webhooks.
    409 webhooks_max There are 20 of at most 20 webhooks. Delete one first.
    422 invalid name must have 1 to 255 characters, not all of them blank and none U+0000
    422 invalid reference must have at most 255 characters, none of them U+0000
    422 invalid operation must have 1 to 64 characters, none of them blank
    422 invalid units must have at most 32 characters, none of them U+0000
    422 invalid Idempotency-Key must have 1 to 255 characters, none of them U+0000
    422 invalid msisdn must have 3 to 15 digits and nothing else
    422 invalid name must have 1 to 255 letters, digits, - and _
    422 invalid username must have 1 to 37 letters and digits, first a letter
    422 invalid alias must have 1 to 255 characters, not all of them blank and none U+0000
    422 invalid settings must have at most 2048 characters, none of them U+0000
    422 invalid name must have 1 to 64 lower-case letters, digits, `.`, `-` and `_`
    422 invalid method must have 1 to 32 capital letters, such as POST
    422 invalid url must be an http or https address of at most 2048 characters, without a user, a password or a fragment
    409 hold_ended The hold was settled at 2024-08-28T14:11:32.239Z. Nothing is left to do.
    409 hold_ended The hold was released at 2024-08-28T14:11:32.239Z. Nothing is left to do.
    409 hold_ended The hold expired and was given back at 2024-08-28T14:11:32.239Z. Nothing is left to do.
    409 hold_ended The hold expired and was charged at 2024-08-28T14:11:32.239Z. Nothing is left to do.
    409 hold_ended The hold was released when its account closed, at 2024-08-28T14:11:32.239Z. Nothing is left to do.
    "#);
}

#[test]
fn what_is_no_refusal_has_its_problem_too() {
    let errors = [
        app::Error::Unauthenticated,
        app::Error::Busy { retry_after_s: 7 },
        app::Error::Unavailable,
        app::Error::Unknown,
        app::Error::Fault,
    ];
    let said: Vec<_> = errors.map(|it| said(&Failure::from(it).problem())).into_iter().collect();
    assert_snapshot!(said.join("\n"), @r#"
    401 unauthenticated [www-authenticate: Basic realm="tollgate", charset="UTF-8", Bearer realm="tollgate"] Send an operator or gate token with `Authorization: Bearer`, or an account's api key or auth id with one of its secrets or tokens as `Authorization: Basic`. What was sent, if anything, is not right or was revoked.
    429 busy [retry-after: 7] Too many authentications failed, or too much waits. Ask again after the time in `Retry-After`.
    503 unavailable The store does not take this now, and nothing was done. Ask again later, best with the same `Idempotency-Key`.
    503 outcome_unknown The store did not say in time what became of this: it may have been done, or not. Send the same request again under the same `Idempotency-Key`: it is done once, and answered as the first one was. If there was no key, look whether it was done before you ask again.
    500 fault This is our fault, and nothing was done. The operator finds the cause in the log under the id in `instance`.
    "#);
}

fn said(problem: &Problem) -> String {
    let (status, code, _) = problem.code.parts();
    let short = problem.short.map(|(needed, available)| match available {
        Some(available) => format!(" [needed {needed}, available {available}]"),
        None => format!(" [needed {needed}, available null]"),
    });
    let left = problem.left.map(|it| format!(" [left {it}]"));
    let header =
        problem.header.as_ref().map(|(name, value)| format!(" [{name}: {}]", value.to_str().unwrap()));
    let marks = [short, left, header].map(Option::unwrap_or_default).concat();
    let detail = match &*problem.errors {
        [] => problem.detail.to_string(),
        errors => {
            errors.iter().map(|it| format!("{} {}", it.field, it.detail)).collect::<Vec<_>>().join("; ")
        }
    };
    format!("{} {code}{marks} {detail}", status.as_u16())
}
