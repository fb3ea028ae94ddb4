//! What a line says of what it found, and from where it was asked.

use std::collections::BTreeSet;

use super::story::{Named, Story, check, standing_text};
use crate::account::{BalanceMode, Status};
use crate::id::{AccountId, ApplicationId};
use crate::journal::{Line, Record};
use crate::settings::Setting;

/// Everything that can be changed, handed over or ended, each way in which it can.
const CHANGES: &str = "
    operator  open p limit 100                                   -> ok
    p         open s under p shared                              -> ok
    p         open t under p                                     -> ok
    operator  price a EUR default * /** any 1                    -> ok
    operator  price a EUR * /** any 2                            -> ok
    operator  price b EUR default * /** any 3                    -> ok
    operator  price c EUR default * /** any 4                    -> ok
    operator  stock GB 447700900001 cost 4                       -> ok
    operator  stock GB 447700900002                              -> ok
    operator  give s GB 447700900003                             -> ok
    p         make app p ivr for-numbers                         -> ok
    p         make app t shop                                    -> ok
    p         make phone t bob app shop                          -> ok
    gate      hold t 0.5                                          ! InsufficientFunds available 0 needed 0.5
    gate      hold p 5 as h                                      -> ok
    wait 1s
    operator  change p limit 90                                  -> ok
    p         change s called x with Vienna                      -> ok
    p         change s suspended                                 -> ok
    p         change s active own                                -> ok
    operator  change p plan a                                    -> ok
    gate      charge p 2                                         -> ok
    gate      extend h 2h                                        -> ok
    operator  withdraw GB 447700900002                           -> ok
    p         rent p 447700900001                                -> ok
    p         set p 447700900001 app none                        -> ok
    p         set p 447700900001 to s with x                     -> ok
    p         move 447700900003 s > p                            -> ok
    p         unrent s 447700900001                              -> ok
    p         make app p new for-numbers                         -> ok
    p         edit ivr to t                                      -> ok
    p         edit bob alias front                               -> ok
    p         edit bob password                                  -> ok
    p         set p 447700900003 app shop                        -> ok
    p         delete shop                                        -> ok
    p         delete bob                                         -> ok
    p         make phone t eve                                   -> ok
    p         rotate s token new 1h                              -> ok
    p         rotate s secret other 0ms                          -> ok
    p         add s secret third                                 -> ok
    p         revoke s other                                     -> ok
    wait 1h
    server    retire s s.token                                   -> ok
    p         listen hook https://a.example                      -> ok
    p         relisten hook https://b.example                    -> ok
    p         mute hook                                          -> ok
    p         resend hook                                        -> ok
    p         unlisten hook                                      -> ok
    operator  make proxy gate                                    -> ok
    operator  revoke token proxy                                 -> ok
    p         transfer credit 10 p > t                           -> ok
    gate      hold t 3 as i                                      -> ok
    p         close t                                            -> ok
";

#[test]
fn a_line_says_what_it_found() {
    let story = check(CHANGES);
    let told: Vec<_> = story.journal.iter().filter_map(|it| tell(&story, it)).collect();
    let expected = "
        PlanPut: plan a 1 default > plan a 2
        PlanPut: plan b 1 default > plan b 1
        Change: p p 0/-100 held 5 Active Own > p p 0/-90 held 5 Active Own
        Change: s s 0/0 Active Shared > s x 0/0 Active Shared Vienna
        Change: s x 0/0 Active Shared Vienna > s x 0/0 Suspended Shared Vienna
        Change: s x 0/0 Suspended Shared Vienna > s x 0/0 Active Own Vienna
        Change: p p 0/-90 held 5 Active Own > p p 0/-90 held 5 Active Own by a
        Extend: hold until 3600s > hold until 7201s
        NumberWithdrawn: 447700900002 of nobody > 447700900002 of nobody
        NumberRented: 447700900001 of nobody > 447700900001 of p:ivr
        NumberChanged: 447700900001 of p:ivr > 447700900001 of p
        NumberTransfer: 447700900001 of p > 447700900001 of s with x
        NumberTransfer: 447700900003 of s > 447700900003 of p
        NumberUnrented: 447700900001 of s with x > 447700900001 of nobody
        ApplicationChanged: ivr of p for numbers > ivr of p
        ApplicationChanged: ivr of p > ivr of t
        EndpointChanged: bob of t:shop alias a > bob of t:shop alias front
        EndpointChanged: bob of t:shop alias front > bob of t:shop alias front
        NumberChanged: 447700900003 of p > 447700900003 of p:shop
        NumberChanged: 447700900003 of p:shop > 447700900003 of p
        EndpointChanged: bob of t:shop alias front > bob of t alias front
        ApplicationDeleted: shop of t > shop of t
        EndpointDeleted: bob of t alias front > bob of t alias front
        CredentialChanged: credential > credential until 3601s
        CredentialRevoked: credential > credential
        CredentialRevoked: credential > credential
        CredentialRevoked: credential until 3601s > credential until 3601s
        WebhookChanged: https://a.example > https://b.example
        WebhookChanged: https://b.example > https://b.example off
        WebhookDeleted: https://b.example off > https://b.example off
        TokenRevoked: token > token revoked
        EndpointChanged: eve of t alias a > eve of p alias a
        ApplicationChanged: ivr of t > ivr of p
        Close: t t 0/-10 Active Own > t t 0/0 Closed Own
    ";
    let expected: Vec<_> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(told.join("\n"), expected.join("\n"));
}

/// The story has a line of every kind that may say what it found, so that none is left out above.
#[test]
fn every_kind_that_changes_a_record_says_what_it_found() {
    let story = check(CHANGES);
    let is_silent = |it: &&std::sync::Arc<Line>| it.before.is_none();
    let names = |it: &std::sync::Arc<Line>| format!("{:?}", it.kind);
    let silent: BTreeSet<_> = story.journal.iter().filter(is_silent).map(names).collect();
    let says: BTreeSet<_> = story.journal.iter().filter(|it| !is_silent(it)).map(names).collect();
    assert_eq!(
        says.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        "ApplicationChanged ApplicationDeleted Change Close CredentialChanged CredentialRevoked EndpointChanged \
         EndpointDeleted Extend NumberChanged NumberRented NumberTransfer NumberUnrented NumberWithdrawn PlanPut \
         TokenRevoked WebhookChanged WebhookDeleted"
    );
    let both: Vec<_> = silent.intersection(&says).collect();
    assert_eq!(both, ["PlanPut"], "the first version of a plan finds none, all others of a kind are alike");
    assert_eq!(
        silent.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        "ApplicationMade Charge CredentialAdded CreditTransfer EndpointMade EventResent Hold NumberAdded NumberGiven \
         Open PlanPut Release TokenMade WebhookMade"
    );
}

#[test]
fn an_ipv4_address_stays_one_through_a_socket_for_both() {
    let story = check(
        "
        operator  open p limit 10                              -> ok
        operator  pay p 1 from-address 192.0.2.7               -> ok
        operator  pay p 1 from-address ::ffff:192.0.2.7        -> ok
        operator  pay p 1 from-address 2001:db8::1             -> ok
        gate      hold p 1 from-address 192.0.2.8              -> ok
        p         open s under p from-address 192.0.2.9        -> ok
        p         close s cascade from-address 192.0.2.9       -> ok
        ",
    );
    let addresses: Vec<_> =
        story.journal.iter().map(|it| it.address.map_or("-".to_owned(), |it| it.to_string())).collect();
    assert_eq!(addresses.join(" "), "- 192.0.2.7 192.0.2.7 2001:db8::1 192.0.2.8 192.0.2.9 192.0.2.9");
}

fn tell(story: &Story, line: &Line) -> Option<String> {
    let before = line.before.as_deref()?;
    let after = line.record.as_deref().expect("what found something changed something");
    Some(format!("{:?}: {} > {}", line.kind, text(story, before), text(story, after)))
}

fn text(story: &Story, record: &Record) -> String {
    let owner = |it: Option<AccountId>| {
        it.map_or_else(|| "nobody".to_owned(), |it| story.name_of(Named::Account(it)))
    };
    let answered = |it: Option<ApplicationId>| {
        it.map_or_else(String::new, |it| format!(":{}", story.name_of(Named::Application(it))))
    };
    match record {
        Record::Account(it) => {
            let (name, standing) = (story.name_of(Named::Account(it.id)), standing_text(&it.standing));
            let (status, mode): (Status, BalanceMode) = (it.status, it.mode);
            let city = it.settings.get(Setting::Alias).map_or_else(String::new, |it| format!(" {it}"));
            let plan = it.plan.as_ref().map_or_else(String::new, |it| format!(" by {it}"));
            format!("{name} {} {standing} {status:?} {mode:?}{city}{plan}", it.name)
        }
        Record::Closed(it) => text(story, &Record::Account(it.account.clone())),
        Record::Hold(it) => format!("hold until {}s", it.expires_at.millis() / 1_000),
        Record::Number(it) => {
            let kept = it.settings.get(Setting::Alias).map_or_else(String::new, |it| format!(" with {it}"));
            format!("{} of {}{}{kept}", it.msisdn, owner(it.owner), answered(it.application))
        }
        Record::Application(it) => {
            let name = story.name_of(Named::Application(it.id));
            let taken = if it.defaults.numbers { " for numbers" } else { "" };
            format!("{name} of {}{taken}", owner(Some(it.owner)))
        }
        Record::Endpoint(it) => {
            let name = story.name_of(Named::Endpoint(it.id));
            format!("{name} of {}{} alias {}", owner(Some(it.owner)), answered(it.application), it.alias)
        }
        Record::Plan(it) => {
            format!("plan {} {}{}", it.name, it.version, if it.is_default { " default" } else { "" })
        }
        Record::Credential(it) => {
            let until = it.expires_at.map(|it| format!(" until {}s", it.millis() / 1_000));
            format!("credential{}", until.unwrap_or_default())
        }
        Record::Webhook(it) => format!("{}{}", it.url, if it.disabled_at.is_some() { " off" } else { "" }),
        Record::Token(it) => format!("token{}", if it.revoked_at.is_some() { " revoked" } else { "" }),
    }
}
