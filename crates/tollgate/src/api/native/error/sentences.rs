//! What is said to refusals, in sentences that tell the caller what to do.

pub(super) const NOT_EXPIRED: &str =
    "The time of the hold or credential has not come. Nothing is to be done: it ends by itself.";
pub(super) const NUMBER_TAKEN: &str = "The number is there already, in the stock or with an account; GET /api/v1/numbers says where. \
     Add another one. To withdraw this one, have the account that rents it give it back first.";
pub(super) const NUMBER_NOT_FOUND: &str =
    "There is no such number. Check its digits and country; GET /api/v1/numbers lists all.";
pub(super) const APPLICATION_NOT_FOUND: &str =
    "There is no such application, or none that these credentials may see. Check its id.";
pub(super) const ENDPOINT_NOT_FOUND: &str =
    "There is no such endpoint, or none that these credentials may see. Check its id.";
pub(super) const CREDENTIAL_NOT_FOUND: &str = "The account has no such live credential. List them with GET \
     /api/v1/accounts/{account}/credentials.";
pub(super) const LAST_CREDENTIAL: &str = "An account keeps at least one credential of each kind whose end is not set. Add another \
     first, or rotate this one.";
pub(super) const CALLER_SUSPENDED: &str = "The account that asks, or its primary, is suspended. Its primary or the operator can \
     reactivate it.";
pub(super) const FORBIDDEN: &str = "These credentials may not do this. A gate token charges, reverses and holds (and forces only if \
     made with `may_force`); a primary account manages its subaccounts, any account its own credentials; the rest is the \
     operator's.";
pub(super) const NOT_PRIMARY: &str =
    "The account is a subaccount, and only a primary account has subaccounts. Name the primary.";
pub(super) const ACCOUNT_NOT_FOUND: &str = "There is no such account, or none that these credentials may see. Check the id, api key \
     or auth id.";
pub(super) const ACCOUNT_SUSPENDED: &str = "The account, or its primary, is suspended and can neither charge nor hold. Set its \
     `status` to \"active\" first.";
pub(super) const INSUFFICIENT_FUNDS: &str = "`needed` is more than is `available`. Pay or transfer the difference to the account \
     that pays, or ask for less.";
pub(super) const CAP_REACHED: &str = "`spent`, `held` and `needed` together are more than `cap`, all that the account may spend in \
     this `period`. Ask again at `resets_at`, or have whoever manages the account raise its cap.";
pub(super) const CAP_OUT_OF_RANGE: &str = "must be from 0 to 10000000000, or null for no cap";
pub(super) const INSUFFICIENT_CREDIT: &str =
    "`needed` is more than the credit limit that is not in use, `available`. Ask for less.";
pub(super) const CHARGE_NOT_FOUND: &str =
    "There is no such charge. Check its id; it is the `id` in the charge's answer.";
pub(super) const TOKEN_NOT_FOUND: &str = "There is no such token that is not revoked. List them with GET /api/v1/tokens. A token that \
     the server was started with ends by starting it without.";
pub(super) const WEBHOOK_NOT_FOUND: &str = "There is no such webhook, or none of these credentials, or it was never to get such an event. \
     List them with GET /api/v1/webhooks.";
pub(super) const KEY_REUSED: &str =
    "This key came with another request. Send the first one again as it was, or take a new key.";
