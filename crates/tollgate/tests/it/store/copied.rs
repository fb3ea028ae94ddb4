//! A store in a file, its copy in PostgreSQL and the copy of that in a file say the same, whatever is asked of them.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::join_all;
use ledger::{
    AccountId, Actor, EventKind, Kind, Limits, NumberKind, Status, Timestamp, TransferKind, WebhookId,
};
use tollgate::store::{
    self, AccountFilter, AuditFilter, Cause, Copied, CopyError, Deliveries, DeliveryState, EventFilter,
    FamilyFilter, FamilyOrder, Name, NumberFilter, Options, Owners, PlanFilter, Result as Read, Slice,
    Snapshot, Store, Time, TokenFilter, Tried, UsageSpan, UsageSum, Wanted, WebhooksOf, Whose,
};

use super::commands::Commands;
use super::mixture::{Oracle, ask, kept};
use super::{open, options};
use crate::cluster::Database;
use crate::ground::Ground;
use crate::server::Random;

pub(super) const ALL: usize = usize::MAX;
const WHOLE: Slice = Slice { offset: 0, limit: usize::MAX };
const SOME: Slice = Slice { offset: 1, limit: 3 };
/// After everything that the tests set a time to, and within what a time of the calendar is.
const LATER: Timestamp = Timestamp::from_millis(1 << 41);

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_random_commands_says_the_same() {
    let mut random = Random::for_test("copied");
    let ground = Ground::file();
    let (store, mut oracle) = (open(&ground), Oracle::new());
    let mut commands = Commands::new(random.fork());
    carry_out(&store, &mut oracle, &mut commands, &mut random, 200).await;
    store.close();
    drop(store);
    // It waits for the database, which no thread may that runs futures.
    tokio::task::spawn_blocking(move || says_the_same(&ground, [7; 32])).await.unwrap();
}

pub(super) async fn carry_out(
    store: &Store,
    oracle: &mut Oracle,
    commands: &mut Commands,
    random: &mut Random,
    groups: usize,
) {
    for _ in 0..groups {
        let group: Vec<_> = (0..random.within(1..24)).map(|_| (commands.next(&oracle.book), false)).collect();
        let answers = join_all(group.iter().cloned().map(|it| ask(store, it))).await;
        for (((command, at), _), answer) in group.into_iter().zip(answers) {
            if let Some(decision) = oracle.done(command, at, kept(answer)) {
                commands.remember(&decision);
            }
        }
    }
}

pub(super) fn copy(from: &Ground, to: &Ground, mark: [u8; 32]) -> Result<Copied, CopyError> {
    store::copy(&from.store_url(), &to.store_url(), &mark, &|_| true, Time::OfCallers, &mut |_| ())
}

/// Copies a closed store of a file and the copy back to a file, and asks all of them everything.
pub(crate) fn says_the_same(ground: &Ground, key_mark: [u8; 32]) {
    let (database, back) = (Ground::empty_database(), Ground::file());
    copy(ground, &database, key_mark).unwrap();
    let again = copy(ground, &database, key_mark).unwrap_err().to_string();
    assert!(
        again.contains("is there already, and a store is copied only to where nothing is yet"),
        "{again}"
    );
    copy(&database, &back, key_mark).unwrap();
    same_rows(ground, &back);
    let again = copy(&database, &back, key_mark).unwrap_err().to_string();
    assert!(
        again.ends_with("t.db is there already, and a store is copied only to where nothing is yet"),
        "{again}"
    );

    let of = |ground: &Ground| Options { key_mark, ..options(ground) };
    let stores = [ground, &database, &back].map(|it| Store::open(of(it)).unwrap());
    let [file, others @ ..] = &stores;
    let names = file.read_now(|it| it.accounts(&AccountFilter::default(), None, ALL)).unwrap();
    let unknown = "ffffffff".parse().unwrap();
    let names: Vec<_> = names
        .iter()
        .flat_map(|it| [Name::Id(it.id), Name::ApiKey(it.api_key), Name::AuthId(it.auth_id)])
        .chain([unknown, Name::Id(AccountId::UNKNOWN)])
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let all_named = |store: &Store| {
        std::thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(store.all_named(&names)).unwrap()).join().unwrap()
        })
    };
    let beside = |store: &Store| {
        let store = store.clone();
        std::thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(store.deliveries(deliveries)).unwrap()).join().unwrap()
        })
    };
    let (named, read, delivered) = (all_named(file), file.read_now(everything).unwrap().0, beside(file).0);
    for (what, copy) in ["in the database", "back in a file"].into_iter().zip(others) {
        assert_eq!(named, all_named(copy), "{what}");
        same(what, &read, &copy.read_now(everything).unwrap().0);
        same(&format!("deliveries {what}"), &delivered, &beside(copy).0);
    }
    uses_its_indices(database.its_database());
    stores.iter().for_each(Store::close);
}

/// Two files with the same rows, but for sums that are written late.
fn same_rows(one: &Ground, other: &Ground) {
    let [one, other] = [one, other].map(|it| (it.sql(), it.deliveries()));
    for table in one.0.tables().into_iter().filter(|it| !["meta", "usage"].contains(&&**it)) {
        let rows = |sql: &crate::ground::Sql| {
            let columns = sql.columns(&table);
            let columns: Vec<_> = columns.iter().filter(|it| **it != "last_line").cloned().collect();
            let mut rows = sql.rows(&format!("SELECT {} FROM {table}", columns.join(", ")));
            rows.sort_unstable();
            rows
        };
        assert!(rows(&one.0) == rows(&other.0), "{table} is not the same");
    }
    for table in ["deliveries", "progress"] {
        let rows = format!("SELECT * FROM {table} ORDER BY 1, 2");
        let rows = if table == "progress" { "SELECT * FROM progress" } else { &rows };
        assert_eq!(one.1.rows(rows), other.1.rows(rows), "{table}");
    }
}

fn same(what: &str, file: &[(String, String)], copy: &[(String, String)]) {
    assert!(file.len() > 20, "{what}: {} were asked", file.len());
    assert_eq!(file.len(), copy.len(), "{what}");
    let differs = |((asked, one), (_, other)): (&(String, String), &(String, String))| {
        let lines = one.lines().zip(other.lines()).enumerate().find(|(_, (one, other))| one != other);
        (one != other).then(|| {
            format!("{asked}: {lines:?}, {} and {} lines", one.lines().count(), other.lines().count())
        })
    };
    let different: Vec<_> = file.iter().zip(copy).filter_map(differs).collect();
    assert!(
        different.is_empty(),
        "{what}: {} differ:\n{}",
        different.len(),
        different[..different.len().min(20)].join("\n")
    );
}

/// What was said to what was asked.
#[derive(Default)]
struct Said(Vec<(String, String)>);

/// Without the versions of accounts that lines carry in a database alone.
fn unversioned(said: &str) -> String {
    let mut lines = said.lines();
    let mut rest = Vec::new();
    while let Some(line) = lines.next() {
        match line.trim() {
            "version: None," => {}
            // The number, and the end.
            "version: Some(" => drop((lines.next(), lines.next())),
            _ => rest.push(line),
        }
    }
    rest.join("\n")
}

impl Said {
    fn add(&mut self, asked: impl Debug, said: impl Debug) {
        self.0.push((format!("{asked:?}"), unversioned(&format!("{said:#?}"))));
    }
}

fn everything(snapshot: &Snapshot<'_>) -> Read<Said> {
    let mut said = Said::default();
    let accounts = snapshot.accounts(&AccountFilter::default(), None, ALL)?;
    said.add("accounts", &accounts);
    for account in &accounts {
        of_account(snapshot, account.id, &mut said)?;
        said.add(("api key", account.api_key), snapshot.named(&Name::ApiKey(account.api_key))?);
        said.add(("auth id", account.auth_id), snapshot.named(&Name::AuthId(account.auth_id))?);
        if account.is_primary() {
            of_family(snapshot, account.id, &mut said)?;
        }
    }
    lists(snapshot, &mut said)?;
    owned(snapshot, &mut said)?;
    trail(snapshot, &mut said)?;
    events(snapshot, &mut said)?;
    // A key that reaches some accounts alone.
    for reached in accounts.chunks(3) {
        let reached: Vec<AccountId> = reached.iter().map(|it| it.id).collect();
        let limits = Limits::new(false, None, Some(reached.clone())).map(Arc::new);
        limited(&snapshot.limited_to(limits), &reached, &mut said)?;
    }
    Ok(said)
}

fn of_account(snapshot: &Snapshot<'_>, id: AccountId, said: &mut Said) -> Read<()> {
    said.add(("account", id), (snapshot.account(id)?, snapshot.named(&Name::Id(id))?));
    let credentials = snapshot.credentials(id)?;
    said.add(("credentials", id), &credentials);
    for credential in credentials {
        said.add("credential of", snapshot.credential_of(&credential.verifier)?);
        let by = Actor::Account { account: id, credential: credential.credential.id };
        said.add("may call", snapshot.may_call(&by, LATER)?);
    }
    let lines = snapshot.lines_of(id, None, ALL)?;
    said.add(("lines", id), &lines);
    let (mut walked, mut before) = (Vec::new(), None);
    loop {
        let page = snapshot.lines_of(id, before, 7)?;
        let Some(last) = page.last() else { break };
        before = Some(last.place);
        walked.extend(page);
    }
    assert_eq!(format!("{walked:?}"), format!("{lines:?}"), "pages of {id}");
    for line in &lines {
        said.add(("line", line.line.id), (snapshot.line(line.line.id)?, snapshot.hold(line.line.id)?));
    }
    said.add(("open holds", id), snapshot.open_holds(Some(id), None, ALL)?);
    for of in [WebhooksOf::Owner(id), WebhooksOf::Family(id), WebhooksOf::Around(id)] {
        said.add(of, snapshot.webhooks(of, None, ALL)?);
    }
    said.add(("webhooks about", id), snapshot.webhooks_about(id, id)?);
    let filter = EventFilter { account: Some(id), ..EventFilter::default() };
    said.add(("events", id), snapshot.events(&filter, 0, ALL)?);
    walk(snapshot, Whose::Account(id), said)
}

fn of_family(snapshot: &Snapshot<'_>, primary: AccountId, said: &mut Said) -> Read<()> {
    said.add(("subaccounts", primary), snapshot.subaccounts(primary)?);
    said.add(("newest", primary), snapshot.newest_subaccounts(primary, SOME)?);
    said.add(("totals", primary), snapshot.family_totals(primary)?);
    pages(snapshot, Some(primary), said)?;
    for parent in [Some(primary), None] {
        for family in [Some(primary), None] {
            let filter = AccountFilter { parent, family, ..AccountFilter::default() };
            said.add(&filter, snapshot.accounts(&filter, Some(primary), 4)?);
        }
    }
    let times = [(0, LATER.millis()), (0, 30_000), (30_000, 60_000), (1_724_854_292_239, LATER.millis())];
    for (from, to) in times.map(|(from, to)| (Timestamp::from_millis(from), Timestamp::from_millis(to))) {
        for kind in [TransferKind::Credit, TransferKind::Balance] {
            said.add(("transfers", kind, from, to), snapshot.transfers(primary, kind, from, to)?);
        }
    }
    let filter = EventFilter { family: Some(primary), ..EventFilter::default() };
    let all = snapshot.events(&filter, 0, ALL)?;
    said.add(filter, &all);
    if let Some(middle) = all.get(all.len() / 2) {
        said.add("later events", snapshot.events(&filter, middle.seq, 3)?);
    }
    let subaccounts = snapshot.subaccounts(primary)?;
    for account in subaccounts.iter().map(|it| Some(it.id)).chain([None, Some(primary)]) {
        for (from, to) in [(0, i64::MAX), (0, 1), (1_916_504, 1_916_505)] {
            let span = UsageSpan { family: primary, account, from, to };
            let mut sums: BTreeMap<_, UsageSum> = BTreeMap::new();
            snapshot.usage(span, |part| {
                let key =
                    (part.quarter, part.account, part.payer, part.by, part.operation.map(str::to_owned));
                sums.entry(key).or_default().add(&part.sum);
            })?;
            said.add(span, sums);
        }
    }
    walk(snapshot, Whose::Family(primary), said)
}

/// What people look at, in each order and narrowed in each way.
fn pages(snapshot: &Snapshot<'_>, parent: Option<AccountId>, said: &mut Said) -> Read<()> {
    for order in [FamilyOrder::Nearest, FamilyOrder::Name, FamilyOrder::Balance, FamilyOrder::Newest] {
        for text in [None, Some("COUNT 1"), Some("sa"), Some("%"), Some("É")] {
            for (status, is_near) in [(None, false), (Some(Status::Suspended), false), (None, true)] {
                let filter = FamilyFilter { text: text.map(Into::into), status, is_near, order };
                said.add((parent, &filter), snapshot.family_page(parent, &filter, SOME)?);
            }
        }
    }
    Ok(())
}

fn lists(snapshot: &Snapshot<'_>, said: &mut Said) -> Read<()> {
    pages(snapshot, None, said)?;
    said.add("totals", snapshot.totals_by_currency()?);
    for name in ["a", "COUNT", "é", "_", "%"] {
        for status in [None, Some(Status::Active), Some(Status::Closed)] {
            let filter = AccountFilter { status, name: Some(name.into()), ..AccountFilter::default() };
            said.add(&filter, snapshot.accounts(&filter, None, 5)?);
        }
    }
    let tokens = snapshot.tokens(TokenFilter::default(), None, ALL)?;
    said.add("tokens", &tokens);
    for is_so in [true, false] {
        for filter in [
            TokenFilter { is_gate: Some(is_so), ..TokenFilter::default() },
            TokenFilter { lives: Some(is_so), ..TokenFilter::default() },
            TokenFilter { is_restricted: Some(is_so), ..TokenFilter::default() },
        ] {
            said.add(filter, snapshot.tokens(filter, tokens.first().map(|it| it.id), 2)?);
        }
        let filter = PlanFilter { is_default: Some(is_so), currency: "EUR".parse().ok() };
        said.add(filter, snapshot.price_plans_after(filter, Some("plan"), 3)?);
    }
    for token in tokens {
        said.add("may call", snapshot.may_call(&Actor::Operator(token.id), LATER)?);
    }
    for plan in snapshot.price_plans()? {
        for version in [None, Some(1), Some(2)] {
            said.add((&plan.name, version), snapshot.price_plan(&plan.name, version)?);
        }
    }
    said.add("plans", snapshot.price_plans_after(PlanFilter::default(), None, ALL)?);
    said.add("due holds", snapshot.due_holds(LATER, ALL)?.into_iter().collect::<HashSet<_>>().len());
    said.add("due credentials", snapshot.due_credentials(LATER, ALL)?.len());
    let holds = snapshot.open_holds(None, None, ALL)?;
    said.add("open holds", &holds);
    said.add("more holds", snapshot.open_holds(None, holds.first().map(|it| it.id), 2)?);
    Ok(())
}

fn owned(snapshot: &Snapshot<'_>, said: &mut Said) -> Read<()> {
    let accounts = snapshot.accounts(&AccountFilter::default(), None, ALL)?;
    let families = accounts.iter().map(|it| [Owners::Account(it.id), Owners::Family(it.id)]);
    let owners: Vec<_> = families.flatten().chain([Owners::Stock, Owners::All]).collect();
    let country = accounts.first().and_then(|_| "US".parse().ok());
    for owners in owners {
        let mut numbers = snapshot.numbers(owners, &NumberFilter::default(), WHOLE)?;
        // Where two were rented at the same time, the latest that came is first, which is said below.
        said.add(("numbers", owners), &numbers);
        numbers.rows.truncate(2);
        let mut filters = vec![
            NumberFilter { country, ..NumberFilter::default() },
            NumberFilter { pattern: Some("1*0*".into()), ..NumberFilter::default() },
            NumberFilter { pattern: Some("*5".into()), ..NumberFilter::default() },
            NumberFilter { kinds: vec![NumberKind::Mobile, NumberKind::Local], ..NumberFilter::default() },
            NumberFilter { has_application: Some(true), ..NumberFilter::default() },
            NumberFilter { has_application: Some(false), ..NumberFilter::default() },
            NumberFilter { is_rented: Some(true), ..NumberFilter::default() },
            NumberFilter { is_rented: Some(false), ..NumberFilter::default() },
            NumberFilter { currency: "USD".parse().ok(), ..NumberFilter::default() },
            NumberFilter { cnam_lookup: Some("enabled".into()), ..NumberFilter::default() },
        ];
        filters.last_mut().unwrap().features.voice = true;
        for number in numbers.rows {
            let alias = number.settings.get(ledger::Setting::Alias).map(ToString::to_string);
            filters.push(NumberFilter { alias, ..NumberFilter::default() });
            filters.push(NumberFilter { application: number.application, ..NumberFilter::default() });
            filters.push(NumberFilter { msisdn: Some(number.msisdn.to_string()), ..NumberFilter::default() });
        }
        for filter in filters {
            said.add((owners, &filter), snapshot.numbers(owners, &filter, SOME)?);
            said.add("all of them", snapshot.all_numbers(owners, &filter, 2, 5)?);
        }
        let applications = snapshot.applications(owners, None, SOME)?;
        said.add(("applications", owners), &applications);
        for application in applications.rows {
            said.add("named", snapshot.applications(owners, Some(&application.name), WHOLE)?);
            said.add("application", snapshot.application(application.id)?);
        }
        let endpoints = snapshot.endpoints(owners, SOME)?;
        said.add(("endpoints", owners), &endpoints);
        for (endpoint, _) in endpoints.rows {
            said.add("endpoint", snapshot.endpoint(endpoint.id)?);
        }
    }
    let webhooks = snapshot.webhooks(WebhooksOf::Everybody, None, ALL)?;
    said.add("webhooks", (&webhooks, snapshot.has_webhooks()?, snapshot.disabled_webhooks()?));
    for webhook in webhooks {
        said.add("webhook", snapshot.webhook(webhook.id)?);
        said.add("later ones", snapshot.webhooks(WebhooksOf::Everybody, Some(webhook.id), 2)?);
    }
    Ok(())
}

/// The audit trail of everybody, narrowed in each way.
fn trail(snapshot: &Snapshot<'_>, said: &mut Said) -> Read<()> {
    walk(snapshot, Whose::Everybody, said)?;
    let all = AuditFilter { of: Whose::Everybody, kind: None, by: None, from: None, to: None };
    let accounts = snapshot.accounts(&AccountFilter::default(), None, 3)?;
    let causes = [Cause::Operator, Cause::Gate, Cause::AnyAccount, Cause::Server];
    for by in causes.into_iter().chain(accounts.iter().map(|it| Cause::Account(it.id))) {
        said.add(by, snapshot.audit(&AuditFilter { by: Some(by), ..all }, None, 20)?);
    }
    for kind in [Kind::Charge, Kind::Open, Kind::CredentialAdded] {
        said.add(kind, snapshot.audit(&AuditFilter { kind: Some(kind), ..all }, None, 20)?);
    }
    said.add("no cursor of ours", snapshot.audit(&all, Some([7; 16]), 20)?);
    Ok(())
}

/// The whole trail page by page, and a part of it between two times.
fn walk(snapshot: &Snapshot<'_>, of: Whose, said: &mut Said) -> Read<()> {
    let all = AuditFilter { of, kind: None, by: None, from: None, to: None };
    let (mut times, mut cursor) = (Vec::new(), None);
    loop {
        let page = snapshot.audit(&all, cursor, 9)?.unwrap();
        times.extend(page.lines.iter().map(|it| it.line.at));
        said.add(("trail", of, cursor), &page);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    for (from, to) in [(1, 4), (2, 2), (1, 2)] {
        let at = |part: usize| times.get(times.len().saturating_sub(1) * part / 4).copied();
        // The trail goes back in time.
        let filter = AuditFilter { from: at(to), to: at(from), ..all };
        said.add(filter, snapshot.audit(&filter, None, 30)?);
    }
    Ok(())
}

fn events(snapshot: &Snapshot<'_>, said: &mut Said) -> Read<()> {
    let all = snapshot.events(&EventFilter::default(), 0, ALL)?;
    said.add("events", (&all, snapshot.last_event()?));
    for event in all.iter().step_by(all.len() / 40 + 1) {
        said.add(("event", event.id), snapshot.event(event.id)?);
        for at in [event.at(), Timestamp::from_millis(event.at().millis() + 1)] {
            said.add(("before", at), snapshot.last_event_before(at)?);
        }
    }
    for kind in EventKind::ALL {
        let filter = EventFilter { kind: Some(kind), ..EventFilter::default() };
        said.add(kind, snapshot.events(&filter, 5, 4)?);
    }
    Ok(())
}

fn limited(snapshot: &Snapshot<'_>, reached: &[AccountId], said: &mut Said) -> Read<()> {
    said.add(reached, snapshot.accounts(&AccountFilter::default(), None, ALL)?);
    said.add("totals", snapshot.totals_by_currency()?);
    said.add("numbers", snapshot.numbers(Owners::All, &NumberFilter::default(), SOME)?);
    said.add("holds", snapshot.open_holds(None, None, 3)?);
    said.add("events", snapshot.events(&EventFilter::default(), 0, 10)?);
    said.add("webhooks", snapshot.webhooks(WebhooksOf::Everybody, None, 3)?);
    let page = snapshot.family_page(None, &FamilyFilter::default(), SOME)?;
    said.add("page", page);
    let all = AuditFilter { of: Whose::Everybody, kind: None, by: None, from: None, to: None };
    said.add("trail", snapshot.audit(&all, None, 20)?);
    Ok(())
}

/// What became of events, and what comes of it when more becomes of them.
fn deliveries(all: &Deliveries) -> Read<Said> {
    let mut said = Said::default();
    let now = LATER;
    let id = |n: u8| [n; 16];
    let webhooks = [1, 2, 3].map(|n| WebhookId::from_bytes(id(n)));
    look(all, &webhooks, &mut said)?;
    let wanted = (1..=30_u8).map(|n| Wanted {
        webhook: webhooks[usize::from(n % 3)],
        seq: 1_000_000 + i64::from(n),
        event: ledger::EventId::from_bytes(id(n)),
        kind: EventKind::ALL[usize::from(n) % EventKind::ALL.len()],
        account: AccountId::from_bytes(id(n % 4)),
    });
    let wanted: Vec<_> = wanted.collect();
    for _ in 0..2 {
        all.take_in(1_000_030, &wanted, now)?;
        look(all, &webhooks, &mut said)?;
    }
    for (round, delivery) in all.due(now, 4, &HashSet::new())?.into_iter().enumerate() {
        let (state, next_at) = match round % 3 {
            0 => (DeliveryState::Delivered, None),
            1 => (DeliveryState::Pending, Some(Timestamp::from_millis(now.millis() + 5))),
            _ => (DeliveryState::Dead, None),
        };
        let tried = Tried { state, next_at, status: Some(503), error: Some("née".into()) };
        all.tried(&delivery, now, &tried)?;
        said.add("resent", all.resend(delivery.webhook, delivery.event, now)?);
        said.add("resent", all.resend(delivery.webhook, delivery.event, now)?);
    }
    look(all, &webhooks, &mut said)?;
    all.hasten(webhooks[0], now)?;
    for delivery in all.due(now, 4, &HashSet::from([webhooks[2]]))? {
        let tried = Tried { state: DeliveryState::Delivered, next_at: None, status: None, error: None };
        all.tried(&delivery, now, &tried)?;
    }
    look(all, &webhooks, &mut said)?;
    let later = Timestamp::from_millis(now.millis() + 1);
    said.add("pruned", (all.prune(now, later, 2)?, all.prune(later, now, 3)?, all.prune(later, later, 100)?));
    look(all, &webhooks, &mut said)?;
    if let Some(one) = all.due(later, 1, &HashSet::new())?.first() {
        all.forget_one(one, now)?;
    }
    all.forget(webhooks[1])?;
    look(all, &webhooks, &mut said)?;
    all.begin_at(1_000_010)?;
    look(all, &webhooks, &mut said)?;
    Ok(said)
}

fn look(all: &Deliveries, webhooks: &[WebhookId], said: &mut Said) -> Read<()> {
    said.add("through", (all.through()?, format!("{:?}", all.figures().pending)));
    said.add("due", all.due(LATER, 3, &HashSet::new())?);
    for webhook in webhooks {
        for state in [None, Some(DeliveryState::Pending), Some(DeliveryState::Dead)] {
            said.add((webhook, state), all.of(*webhook, state, Some(1_000_020), 7)?);
        }
        for delivery in all.of(*webhook, None, None, ALL)? {
            said.add("found", all.find(delivery.webhook, delivery.event)?);
        }
    }
    Ok(())
}

/// What is asked all the time goes by an index, and looks into no more parts than it must.
fn uses_its_indices(database: &Database) {
    database.sql("ANALYZE");
    let id = "'00000000-0000-7000-8000-000000000001'";
    let now: i64 = database.sql("SELECT CAST(extract(epoch FROM now()) * 1000 AS bigint)").parse().unwrap();
    let seq = now << 21;
    let transfers = format!(
        "at >= {now} AND at <= {now} AND (seq < 2199023255552 OR seq >= {now} << 21) AND seq < ({now} + 1000) << 21"
    );
    let chain = format!(
        "WITH RECURSIVE chain AS (
           SELECT journal.*, 1::bigint AS step FROM journal WHERE seq = {seq}
           UNION ALL
           SELECT journal.*, step + 1 FROM chain JOIN journal ON journal.seq =
             CASE WHEN chain.account = {id} THEN chain.account_before ELSE chain.other_before END WHERE step < 256
         ) SELECT * FROM chain ORDER BY step"
    );
    for (asked, uses, parts) in [
        ("SELECT * FROM journal WHERE seq = 5".to_owned(), "journal_copied_pkey", 1),
        (format!("SELECT * FROM journal WHERE seq = {seq}"), "_pkey", 1),
        (format!("SELECT 1 FROM keys WHERE hash = {id} AND day = {}", now / 86_400_000), "_pkey", 1),
        ("SELECT 1 FROM directory WHERE kind = 1 AND name = 'abcdef00'".to_owned(), "directory_pkey", 1),
        (
            format!(
                "SELECT 1 FROM holds WHERE account = {id} AND ended_how IS NULL AND id > {id} ORDER BY id LIMIT 5"
            ),
            "holds_open",
            1,
        ),
        (
            format!(
                "SELECT * FROM journal WHERE kind = 4 AND family = {id} AND {transfers} ORDER BY seq DESC"
            ),
            "family_kind_seq_idx",
            2,
        ),
        (
            format!("SELECT * FROM events WHERE family = {id} AND seq > 20000007 ORDER BY seq LIMIT 10"),
            "events_2_family_seq_idx",
            2,
        ),
        (
            format!(
                "SELECT sum(balance_change) FROM journal WHERE about = {id} AND balance_change > 0 AND seq > {seq}"
            ),
            "about_idx",
            4,
        ),
        (chain, "_pkey", 7),
    ] {
        let plan =
            database.sql(&format!("SET enable_seqscan = off; SET enable_bitmapscan = off; EXPLAIN {asked}"));
        assert!(plan.contains(uses) && !plan.contains("Seq Scan"), "{asked}: {plan}");
        let on = plan.lines().filter_map(|it| it.split_once(" on ")?.1.split(' ').next());
        let on: HashSet<_> = on.filter(|it| *it != "chain").collect();
        assert!(on.len() <= parts, "{asked} looks into too much: {plan}");
    }
}
