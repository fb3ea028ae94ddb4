//! What the journal says of a story: each accepted write once, in order, with everything that `check` and the audit
//! trail need.

use super::story::{Named, Story, check, standing_text};
use crate::account::Standing;
use crate::command::Actor;
use crate::journal::{Line, Record, Side};

fn check_journal(story: &str, expected: &str) {
    let story = check(story);
    let told: Vec<_> = story.journal.iter().map(|it| tell(&story, it)).collect();
    let expected: Vec<_> = expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    assert_eq!(told.join("\n"), expected.join("\n"));
}

fn tell(story: &Story, line: &Line) -> String {
    let account = |id| story.name_of(Named::Account(id));
    let side = |it: Side| format!("{} at {}", account(it.account), standing_text(&it.after));
    let by = match line.by {
        Actor::Account { account, credential } => story.name_of(Named::Credential(account, credential)),
        token @ (Actor::Operator(_) | Actor::Gate(_) | Actor::Server) => story.name_of(Named::Token(token)),
    };
    let record = match line.record.as_deref() {
        Some(Record::Account(it)) => Some(format!("account {}", account(it.id))),
        Some(Record::Hold(it)) => Some(format!("hold {}", story.name_of(Named::Line(it.id)))),
        Some(Record::Number(it)) => Some(format!("number {}", it.msisdn)),
        Some(Record::Application(it)) => Some(format!("app {}", story.name_of(Named::Application(it.id)))),
        Some(Record::Endpoint(it)) => Some(format!("phone {}", story.name_of(Named::Endpoint(it.id)))),
        Some(Record::Closed(it)) => Some(format!("close of {}", account(it.account.id))),
        Some(Record::Credential(_)) => Some("credential".to_owned()),
        Some(Record::Plan(it)) => Some(format!("plan {} {}", it.name, it.version)),
        Some(Record::Token(_)) => Some("token".to_owned()),
        Some(Record::Webhook(it)) => Some(format!("webhook {}", it.url)),
        None => None,
    };
    let parts = [
        line.family.map(|it| format!("in {}", account(it))),
        line.is_posting().then(|| change_text(&line.change)),
        line.account.map(side),
        line.counter.map(|it| format!("against {}", side(it))),
        line.cause.map(|it| format!("because of {}", account(it))),
        line.about.map(|it| format!("about {}", story.name_of(Named::Line(it)))),
        line.operation.as_ref().map(|it| format!("for {it}")),
        line.price.as_ref().map(|it| format!("price {it}")),
        line.units.as_ref().map(|it| format!("units {it}")),
        line.reference.as_ref().map(|it| format!("ref {it}")),
        line.forced.then(|| "forced".to_owned()),
        line.late.then(|| "late".to_owned()),
        line.once.as_ref().map(|it| format!("key {}", it.key)),
        record.map(|it| format!("records {it}")),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    format!("{}s {:?} by {by}: {}", line.at.millis() / 1_000, line.kind, parts.join(", "))
}

fn change_text(change: &Standing) -> String {
    let figures = [("balance", change.balance), ("limit", change.credit_limit), ("held", change.held)];
    let moved = figures.into_iter().filter(|(_, it)| !it.is_zero());
    moved.map(|(word, it)| format!("{word} {}", it.text(0))).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_journal_tells_of_accounts_money_and_transfers() {
    check_journal(
        "
        operator  open p limit 100 key k                            -> ok
        p         open s under p shared                             -> ok
        operator  pay p 50 ref invoice                              -> ok
        wait 1s
        gate      charge s 10 for sms.send units 2 ref r as c       -> ok
        billing   charge p 2 force                                  -> ok
        gate      reverse c 4 ref sorry                             -> ok
        wait 1s
        p         change s own called x                             -> ok
        p.token   transfer balance 20 p > s ref b                   -> ok
        p         transfer credit 30 p > s ref c                    -> ok
        operator  change p limit 80                                 -> ok
        operator  give s GB 447700900001                            -> ok
        p         move 447700900001 s > p                           -> ok
        p         add s secret two                                  -> ok
        p         revoke s two                                      -> ok
        operator  make proxy gate                                   -> ok
        operator  revoke token proxy                                -> ok
        wait 1s
        p         close s                                           -> ok
        gate      reverse c ref rest                                -> ok
        billing   charge s 1 force                                  -> ok
        ",
        "
        0s Open by operator: in p, limit 100, p at 0/-100, key k, records account p
        0s Open by p.secret: in p, s at 0/0, records account s
        0s Payment by operator: in p, balance 50, p at 50/-100, ref invoice
        1s Charge by gate: in p, balance -10, p at 40/-100, because of s, for sms.send, units 2, ref r
        1s Charge by billing: in p, balance -2, p at 38/-100, forced
        1s Reversal by gate: in p, balance 4, p at 42/-100, because of s, about c, ref sorry
        2s Change by p.secret: in p, s at 0/0, records account s
        2s BalanceTransfer by p.token: in p, balance -20, p at 22/-100, against s at 20/0, ref b
        2s CreditTransfer by p.secret: in p, limit -30, p at 22/-70, against s at 20/-30, ref c
        2s Change by operator: in p, limit 10, p at 22/-80, records account p
        2s NumberGiven by operator: in p, s at 20/-30, records number 447700900001
        2s NumberTransfer by p.secret: in p, s at 20/-30, against p at 22/-80, records number 447700900001
        2s CredentialAdded by p.secret: in p, s at 20/-30, records credential
        2s CredentialRevoked by p.secret: in p, s at 20/-30, records credential
        2s TokenMade by operator: records token
        2s TokenRevoked by operator: records token
        3s Close by p.secret: in p, balance -20 limit -30, s at 0/0, against p at 42/-110, records close of s
        3s Reversal by gate: in p, balance 6, p at 48/-110, because of s, about c, ref rest
        3s Charge by billing: in p, balance -1, p at 47/-110, because of s, forced
        ",
    );
}

#[test]
fn the_journal_tells_of_numbers_applications_endpoints_and_rotations() {
    check_journal(
        "
        operator  open p limit 100                                  -> ok
        p         open s under p shared                             -> ok
        operator  stock GB 447700900001 cost 4 key a                -> ok
        operator  stock GB 447700900002                             -> ok
        operator  withdraw GB 447700900002                          -> ok
        s         rent s 447700900001 key b charges c               -> ok
        p         make app p ivr for-numbers                        -> ok
        p         make app p shop for-numbers key c                 -> ok
        p         make phone p bob app shop                         -> ok
        wait 1s
        p         set s 447700900001 with x                         -> ok
        p         set s 447700900001 to p app shop                  -> ok
        p         edit shop to s                                    -> ok
        p         edit bob to s                                     -> ok
        p         bring s 447700900003+447700900004 key d           -> ok
        gate      reverse c 1                                       -> ok
        s         delete shop cascade key e                         -> ok
        p         rotate s token new 1h key f                       -> ok
        p         rotate s secret other 0ms                         -> ok
        wait 1h
        server    retire s s.token                                  -> ok
        p         make phone s eve app ivr                          -> ok
        p         edit ivr to s                                     -> ok
        p         close s cascade key g                             -> ok
        p         unrent p 447700900001                             -> ok
        ",
        "
        0s Open by operator: in p, limit 100, p at 0/-100, records account p
        0s Open by p.secret: in p, s at 0/0, records account s
        0s NumberAdded by operator: key a, records number 447700900001
        0s NumberAdded by operator: records number 447700900002
        0s NumberWithdrawn by operator: records number 447700900002
        0s Charge by s.secret: in p, balance -4, p at -4/-100, because of s, for number.rent, ref 447700900001
        0s NumberRented by s.secret: in p, s at 0/0, key b, records number 447700900001
        0s ApplicationMade by p.secret: in p, p at -4/-100, records app ivr
        0s ApplicationChanged by p.secret: in p, p at -4/-100, records app ivr
        0s ApplicationMade by p.secret: in p, p at -4/-100, key c, records app shop
        0s EndpointMade by p.secret: in p, p at -4/-100, records phone bob
        1s NumberChanged by p.secret: in p, s at 0/0, records number 447700900001
        1s NumberTransfer by p.secret: in p, s at 0/0, against p at -4/-100, records number 447700900001
        1s ApplicationChanged by p.secret: in p, p at -4/-100, against s at 0/0, records app shop
        1s EndpointChanged by p.secret: in p, p at -4/-100, against s at 0/0, records phone bob
        1s NumberGiven by p.secret: in p, s at 0/0, records number 447700900003
        1s NumberGiven by p.secret: in p, s at 0/0, key d, records number 447700900004
        1s Reversal by gate: in p, balance 1, p at -3/-100, because of s, about c
        1s NumberChanged by s.secret: in p, p at -3/-100, records number 447700900001
        1s NumberChanged by s.secret: in p, s at 0/0, records number 447700900003
        1s NumberChanged by s.secret: in p, s at 0/0, records number 447700900004
        1s EndpointDeleted by s.secret: in p, s at 0/0, records phone bob
        1s ApplicationDeleted by s.secret: in p, s at 0/0, key e, records app shop
        1s CredentialChanged by p.secret: in p, s at 0/0, records credential
        1s CredentialAdded by p.secret: in p, s at 0/0, key f, records credential
        1s CredentialRevoked by p.secret: in p, s at 0/0, records credential
        1s CredentialAdded by p.secret: in p, s at 0/0, records credential
        3601s CredentialRevoked by server: in p, s at 0/0, records credential
        3601s EndpointMade by p.secret: in p, s at 0/0, records phone eve
        3601s ApplicationChanged by p.secret: in p, p at -3/-100, against s at 0/0, records app ivr
        3601s EndpointDeleted by p.secret: in p, s at 0/0, records phone eve
        3601s NumberUnrented by p.secret: in p, s at 0/0, records number 447700900003
        3601s NumberUnrented by p.secret: in p, s at 0/0, records number 447700900004
        3601s ApplicationDeleted by p.secret: in p, s at 0/0, records app ivr
        3601s Close by p.secret: in p, s at 0/0, key g, records close of s
        3601s NumberUnrented by p.secret: in p, p at -3/-100, records number 447700900001
        ",
    );
}

#[test]
fn the_journal_tells_to_whom_the_belongings_of_a_closed_account_went() {
    check_journal(
        "
        operator  open p limit 100                                  -> ok
        p         open s under p                                    -> ok
        p         transfer credit 10 p > s                          -> ok
        gate      hold s 2 as h                                     -> ok
        s         make app s shop                                   -> ok
        s         make phone s bob                                  -> ok
        operator  give s GB 447700900001                            -> ok
        p         close s                                           -> ok
        ",
        "
        0s Open by operator: in p, limit 100, p at 0/-100, records account p
        0s Open by p.secret: in p, s at 0/0, records account s
        0s CreditTransfer by p.secret: in p, limit -10, p at 0/-90, against s at 0/-10
        0s Hold by gate: in p, held 2, s at 0/-10 held 2, records hold h
        0s ApplicationMade by s.secret: in p, s at 0/-10 held 2, records app shop
        0s EndpointMade by s.secret: in p, s at 0/-10 held 2, records phone bob
        0s NumberGiven by operator: in p, s at 0/-10 held 2, records number 447700900001
        0s Release by p.secret: in p, held -2, s at 0/-10, about h, records hold h
        0s EndpointChanged by p.secret: in p, s at 0/-10, against p at 0/-90, records phone bob
        0s NumberTransfer by p.secret: in p, s at 0/-10, against p at 0/-90, records number 447700900001
        0s ApplicationChanged by p.secret: in p, s at 0/-10, against p at 0/-90, records app shop
        0s Close by p.secret: in p, limit -10, s at 0/0, against p at 0/-100, records close of s
        ",
    );
}

#[test]
fn the_journal_tells_of_holds_and_how_they_ended() {
    check_journal(
        "
        operator  open p limit 100                                   -> ok
        p         open s under p shared                              -> ok
        gate      hold s 10 for call ref r as settled                -> ok
        gate      hold p 10 as forced                                -> ok
        gate      hold s 10 as released key k                        -> ok
        gate      hold s 10 for call as expired                      -> ok
        gate      hold s 10 capture as more                          -> ok
        gate      hold p 10 capture as less                          -> ok
        wait 1s
        gate      settle settled 4 key l as settle                   -> ok
        billing   settle forced 70 force                             -> ok
        gate      release released                                   -> ok
        gate      extend expired 1h                                  -> ok
        wait 1h
        server    expire expired                                     -> ok
        server    expire more as more.captured                       -> ok
        server    expire less as less.captured                       -> ok
        gate      settle expired 3                                   -> ok
        gate      settle more 11                                     -> ok
        gate      settle less 9                                      -> ok
        gate      reverse settle                                     -> ok
        ",
        "
        0s Open by operator: in p, limit 100, p at 0/-100, records account p
        0s Open by p.secret: in p, s at 0/0, records account s
        0s Hold by gate: in p, held 10, p at 0/-100 held 10, because of s, for call, ref r, records hold settled
        0s Hold by gate: in p, held 10, p at 0/-100 held 20, records hold forced
        0s Hold by gate: in p, held 10, p at 0/-100 held 30, because of s, key k, records hold released
        0s Hold by gate: in p, held 10, p at 0/-100 held 40, because of s, for call, records hold expired
        0s Hold by gate: in p, held 10, p at 0/-100 held 50, because of s, records hold more
        0s Hold by gate: in p, held 10, p at 0/-100 held 60, records hold less
        1s Settle by gate: in p, balance -4 held -10, p at -4/-100 held 50, because of s, about settled, for call, key l, records hold settled
        1s Settle by billing: in p, balance -70 held -10, p at -74/-100 held 40, about forced, forced, records hold forced
        1s Release by gate: in p, held -10, p at -74/-100 held 30, because of s, about released, records hold released
        1s Extend by gate: in p, p at -74/-100 held 30, because of s, about expired, for call, records hold expired
        3601s Expiry by server: in p, held -10, p at -74/-100 held 20, because of s, about expired, for call, records hold expired
        3601s Expiry by server: in p, balance -10 held -10, p at -84/-100 held 10, because of s, about more, records hold more
        3601s Expiry by server: in p, balance -10 held -10, p at -94/-100, about less, records hold less
        3601s Settle by gate: in p, balance -3, p at -97/-100, because of s, about expired, for call, forced, late, records hold expired
        3601s Settle by gate: in p, balance -1, p at -98/-100, because of s, about more, forced, late, records hold more
        3601s Settle by gate: in p, balance 1, p at -97/-100, about less.captured, forced, late, records hold less
        3601s Reversal by gate: in p, balance 4, p at -93/-100, because of s, about settle
        ",
    );
}

#[test]
fn a_settle_is_marked_forced_only_where_force_was_needed() {
    check_journal(
        "
        operator  open p limit 100               -> ok
        gate      hold p 10 as less              -> ok
        gate      hold p 10 as same              -> ok
        gate      hold p 10 as more              -> ok
        gate      hold p 10 as available         -> ok
        billing   settle less 9 force            -> ok
        billing   settle same 10 force           -> ok
        billing   settle more 11 force           -> ok
        gate      settle available 11            -> ok
        ",
        "
        0s Open by operator: in p, limit 100, p at 0/-100, records account p
        0s Hold by gate: in p, held 10, p at 0/-100 held 10, records hold less
        0s Hold by gate: in p, held 10, p at 0/-100 held 20, records hold same
        0s Hold by gate: in p, held 10, p at 0/-100 held 30, records hold more
        0s Hold by gate: in p, held 10, p at 0/-100 held 40, records hold available
        0s Settle by billing: in p, balance -9 held -10, p at -9/-100 held 30, about less, records hold less
        0s Settle by billing: in p, balance -10 held -10, p at -19/-100 held 20, about same, records hold same
        0s Settle by billing: in p, balance -11 held -10, p at -30/-100 held 10, about more, forced, records hold more
        0s Settle by gate: in p, balance -11 held -10, p at -41/-100, about available, records hold available
        ",
    );
}

#[test]
fn a_close_writes_a_release_for_each_open_hold_before_its_own_line() {
    let story = "
        operator  open p limit 100                  -> ok
        p         open s under p shared             -> ok
        gate      hold s 10 for call as h           -> ok
        p         change s own                      -> ok
        p         transfer balance 20 p > s         -> ok
        gate      hold s 5 as i                     -> ok
        wait 1s
        p         close s key k                     -> ok
        gate      settle h 12                       -> ok
        gate      settle i 1                        -> ok
        ";
    check_journal(
        story,
        "
        0s Open by operator: in p, limit 100, p at 0/-100, records account p
        0s Open by p.secret: in p, s at 0/0, records account s
        0s Hold by gate: in p, held 10, p at 0/-100 held 10, because of s, for call, records hold h
        0s Change by p.secret: in p, s at 0/0, records account s
        0s BalanceTransfer by p.secret: in p, balance -20, p at -20/-100 held 10, against s at 20/0
        0s Hold by gate: in p, held 5, s at 20/0 held 5, records hold i
        1s Release by p.secret: in p, held -10, p at -20/-100, because of s, about h, for call, records hold h
        1s Release by p.secret: in p, held -5, s at 20/0, about i, records hold i
        1s Close by p.secret: in p, balance -20, s at 0/0, against p at 0/-100, key k, records close of s
        1s Settle by gate: in p, balance -12, p at -12/-100, because of s, about h, for call, forced, late, records hold h
        1s Settle by gate: in p, balance -1, p at -13/-100, because of s, about i, forced, late, records hold i
        ",
    );
    let journal = check(story).journal;
    let [.., first, second, close, _, _] = journal.as_slice() else { panic!("too short") };
    assert_eq!((first.id, second.id), (close.id.nth(1), close.id.nth(2)));
}

#[test]
fn the_books_balance_by_the_journal_alone() {
    let story = check(
        "
        operator  open p limit 100                -> ok
        p         open s under p                  -> ok
        operator  pay s 50                        -> ok
        gate      charge s 10 as c                -> ok
        gate      reverse c 1                     -> ok
        gate      hold s 5 as h                   -> ok
        gate      settle h 4                      -> ok
        p         transfer balance 7 p > s        -> ok
        p         close s                         -> p 37/-100
        ",
    );
    let from_outside = |it: &&std::sync::Arc<Line>| it.counter.is_none();
    let sum: i64 = story.journal.iter().filter(from_outside).map(|it| it.change.balance.units()).sum();
    assert_eq!(sum, story.account("p").standing.balance.units());
    assert_eq!(story.now.millis(), 0);
}

#[test]
fn a_lines_amount_is_what_it_moved_without_a_sign() {
    let story = check(
        "
        operator  open p limit 100              -> ok
        p         open s under p                -> ok
        operator  pay p 50                      -> ok
        operator  pay p -5                      -> ok
        p         transfer balance 7 p > s      -> ok
        p         transfer credit 8 p > s       -> ok
        gate      charge p 3 as c               -> ok
        gate      reverse c 2                   -> ok
        gate      hold p 6 as h                 -> ok
        gate      extend h 2h                   -> ok
        gate      settle h 4                    -> ok
        gate      hold p 9 as i                 -> ok
        gate      release i                     -> ok
        gate      hold p 11 capture as j        -> ok
        wait 1h
        server    expire j                      -> ok
        p         close s                       -> ok
        ",
    );
    let amounts: Vec<_> = story.journal.iter().map(|it| it.amount().text(0).to_string()).collect();
    assert_eq!(amounts.join(" "), "0 0 50 5 7 8 3 2 6 0 4 9 9 11 11 7");
    let is_account = |it: &&std::sync::Arc<Line>| it.account_record().is_some();
    let is_hold = |it: &&std::sync::Arc<Line>| it.hold_record().is_some();
    assert_eq!(story.journal.iter().filter(is_account).count(), 3, "two opened, one closed");
    assert_eq!(story.journal.iter().filter(is_hold).count(), 7);
}

#[test]
fn the_journal_tells_of_plans_and_by_which_price_a_call_was_paid() {
    check_journal(
        "
        operator  open p limit 100                                            -> ok
        p         open s under p shared                                       -> ok
        operator  price a EUR default GET /f read free * /** any 1 key k      -> ok
        operator  price b EUR default * /a a 2x3 * /b call hold=5/10s         -> ok
        operator  change p plan a                                             -> ok
        wait 1s
        p         check GET /x key r                                          -> ok
        p         check GET /f                                                -> free
        operator  change p plan -                                             -> ok
        s.token   check POST /a                                               -> ok
        s         check POST /b key q as h                                    -> ok
        gate      settle h 4                                                  -> ok
        ",
        "
        0s Open by operator: in p, limit 100, p at 0/-100, records account p
        0s Open by p.secret: in p, s at 0/0, records account s
        0s PlanPut by operator: key k, records plan a 1
        0s PlanPut by operator: records plan a 1
        0s PlanPut by operator: records plan b 1
        0s Change by operator: in p, p at 0/-100, records account p
        1s Charge by p.secret: in p, balance -1, p at -1/-100, for any, price a/1/2, key r
        1s Change by operator: in p, p at -1/-100, records account p
        1s Charge by s.token: in p, balance -6, p at -7/-100, because of s, for a, price b/1/1
        1s Hold by s.secret: in p, held 5, p at -7/-100 held 5, because of s, for call, price b/1/2, key q, records hold h
        1s Settle by gate: in p, balance -4 held -5, p at -11/-100, because of s, about h, for call, price b/1/2, records hold h
        ",
    );
}
