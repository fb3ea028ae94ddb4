//! What an account owns: the rows of numbers, applications and endpoints, and the lists of them.

use ledger::{
    AccountId, Application, ApplicationId, Country, Currency, Defaults, Endpoint, EndpointId, Features,
    Number, NumberKind, Settings,
};

use super::sql::{self, Bind, Column, Dialect, Fault, Kind, Result, Row, Value, get, get_opt, values};
use super::{Snapshot, settings};

const SMS: i64 = 1;
const VOICE: i64 = 2;
const MMS: i64 = 4;

/// Whose things are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// Nobody's: the stock.
    Stock,
    /// One account's.
    Account(AccountId),
    /// A primary's and its subaccounts'.
    Family(AccountId),
    /// Everybody's and the stock's.
    All,
}

/// What a list of numbers is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct NumberFilter {
    /// Only those of this country.
    pub country: Option<Country>,
    /// Only those with exactly these digits.
    pub msisdn: Option<String>,
    /// Only those whose digits are like this: digits, and `*` for any others.
    pub pattern: Option<String>,
    /// Only these kinds; all when empty.
    pub kinds: Vec<NumberKind>,
    /// Only those that can do this.
    pub features: Features,
    /// Only those that this application answers.
    pub application: Option<ApplicationId>,
    /// Only those that an application answers, or none.
    pub has_application: Option<bool>,
    /// Only those that their owner calls this.
    pub alias: Option<String>,
    /// Only those with this look-up of callers' names.
    pub cnam_lookup: Option<String>,
    /// Only those that are offered in this currency.
    pub currency: Option<Currency>,
    /// Only those that somebody rents, or nobody.
    pub is_rented: Option<bool>,
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// How many entries are skipped.
    pub offset: usize,
    /// How many follow at most.
    pub limit: usize,
}

/// A part of a list, and how long the whole of it is.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// How long the whole list is.
    pub total: usize,
    /// The part.
    pub rows: Vec<T>,
}

impl Snapshot<'_> {
    /// Numbers, the latest rented first, or those of the stock in order of their digits.
    ///
    /// # Errors
    /// Of the store.
    pub fn numbers(&self, owners: Owners, filter: &NumberFilter, slice: Slice) -> Result<Listed<Number>> {
        let order = if owners == Owners::Stock {
            "country, msisdn"
        } else {
            "rented_at DESC NULLS LAST, number DESC"
        };
        let like = self.reader().either("msisdn GLOB ?4", "msisdn LIKE replace(?4, '*', '%')");
        let alias = self.setting("alias");
        let cnam_lookup = self.setting("cnam_lookup");
        let fits = format!(
            "FROM numbers WHERE {} AND (?2 IS NULL OR country = ?2) AND (?3 IS NULL OR msisdn = ?3)
             AND (?4 IS NULL OR {like}) AND (?5 & (1 << kind)) <> 0 AND (features & ?6) = ?6
             AND (?7 IS NULL OR application = ?7) AND (?8 IS NULL OR (application IS NOT NULL) = ?8)
             AND (?9 IS NULL OR {alias} = ?9) AND (?10 IS NULL OR currency = ?10)
             AND (?11 IS NULL OR (owner IS NOT NULL) = ?11)
             AND (?12 IS NULL OR {cnam_lookup} = ?12)",
            self.whose(owners)
        );
        let kinds = filter.kinds.iter().fold(0, |mask, it| mask | 1 << kind_code(*it));
        let all: &[Value<'_>; 14] = values![
            owners,
            filter.country.as_ref().map(Country::as_str),
            filter.msisdn.as_deref(),
            filter.pattern.as_deref(),
            if filter.kinds.is_empty() { -1_i64 } else { kinds },
            features_code(filter.features),
            filter.application.map(Column),
            filter.has_application,
            filter.alias.as_deref(),
            filter.currency.as_ref().map(Currency::as_str),
            filter.is_rented,
            filter.cnam_lookup.as_deref(),
            limit(slice.limit),
            limit(slice.offset),
        ];
        let text = format!("SELECT * {fits} ORDER BY {order} LIMIT ?13 OFFSET ?14");
        let rows = self.rows(&text, all, number)?;
        let count = self.row(&format!("SELECT COUNT(*) AS count {fits}"), &all[..12], count)?;
        Ok(Listed { total: count.unwrap_or(0), rows })
    }

    /// Numbers in the order in which they came, after the one whose place is `after`, and their places.
    ///
    /// # Errors
    /// Of the store.
    pub fn all_numbers(
        &self,
        owners: Owners,
        filter: &NumberFilter,
        after: i64,
        most: usize,
    ) -> Result<Vec<(i64, Number)>> {
        let text = format!(
            "SELECT * FROM numbers WHERE {} AND number > ?2 AND (?3 IS NULL OR country = ?3)
             AND (?4 IS NULL OR msisdn = ?4) AND (?5 & (1 << kind)) <> 0
             AND (?6 IS NULL OR (owner IS NOT NULL) = ?6) ORDER BY number LIMIT ?7",
            self.whose(owners)
        );
        let kinds = filter.kinds.iter().fold(0, |mask, it| mask | 1 << kind_code(*it));
        self.rows(
            &text,
            values![
                owners,
                after,
                filter.country.as_ref().map(Country::as_str),
                filter.msisdn.as_deref(),
                if filter.kinds.is_empty() { -1_i64 } else { kinds },
                filter.is_rented,
                limit(most),
            ],
            |row| Ok((row.get("number")?, number(row)?)),
        )
    }

    /// A text of the column `settings`.
    fn setting(&self, name: &str) -> String {
        match self.reader().dialect() {
            Dialect::Sqlite => format!("json_extract(settings, '$.{name}')"),
            Dialect::Postgres => format!("CAST(settings AS jsonb) ->> '{name}'"),
        }
    }

    /// What the column `owner` must be. What is nobody's is out of nobody's reach.
    fn whose(&self, owners: Owners) -> String {
        let reach = if owners == Owners::Stock { String::new() } else { self.within_reach("owner") };
        format!("{}{reach}", owners.clause())
    }

    pub(super) fn numbers_named(&self, msisdn: &str) -> Result<Vec<Number>> {
        self.rows("SELECT * FROM numbers WHERE msisdn = ?1", values![msisdn], number)
    }

    pub(super) fn msisdns_of(&self, owner: AccountId) -> Result<Vec<String>> {
        let text = "SELECT DISTINCT msisdn FROM numbers WHERE owner = ?1";
        self.rows(text, values![Column(owner)], |row| row.get("msisdn"))
    }

    pub(super) fn msisdns_answered_by(&self, application: ApplicationId) -> Result<Vec<String>> {
        let text = "SELECT DISTINCT msisdn FROM numbers WHERE application = ?1";
        self.rows(text, values![Column(application)], |row| row.get("msisdn"))
    }

    /// One application.
    ///
    /// # Errors
    /// Of the store.
    pub fn application(&self, id: ApplicationId) -> Result<Option<Application>> {
        self.row("SELECT * FROM applications WHERE id = ?1", values![Column(id)], application)
    }

    /// Applications, the latest made first, perhaps only those with this name.
    ///
    /// # Errors
    /// Of the store.
    pub fn applications(
        &self,
        owners: Owners,
        name: Option<&str>,
        slice: Slice,
    ) -> Result<Listed<Application>> {
        let fits = format!("FROM applications WHERE {} AND (?2 IS NULL OR name = ?2)", self.whose(owners));
        let text = format!("SELECT * {fits} ORDER BY number DESC LIMIT ?3 OFFSET ?4");
        let rows =
            self.rows(&text, values![owners, name, limit(slice.limit), limit(slice.offset)], application)?;
        let count = self.row(&format!("SELECT COUNT(*) AS count {fits}"), values![owners, name], count)?;
        Ok(Listed { total: count.unwrap_or(0), rows })
    }

    pub(super) fn application_ids_of(&self, owner: AccountId) -> Result<Vec<ApplicationId>> {
        self.rows("SELECT id FROM applications WHERE owner = ?1", values![Column(owner)], |row| {
            get(row, "id")
        })
    }

    /// One endpoint and its sealed password.
    ///
    /// # Errors
    /// Of the store.
    pub fn endpoint(&self, id: EndpointId) -> Result<Option<(Endpoint, Vec<u8>)>> {
        self.row("SELECT * FROM endpoints WHERE id = ?1", values![Column(id)], endpoint)
    }

    /// Endpoints and their sealed passwords, the latest made first.
    ///
    /// # Errors
    /// Of the store.
    pub fn endpoints(&self, owners: Owners, slice: Slice) -> Result<Listed<(Endpoint, Vec<u8>)>> {
        let clause = self.whose(owners);
        let text = format!("SELECT * FROM endpoints WHERE {clause} ORDER BY number DESC LIMIT ?2 OFFSET ?3");
        let rows = self.rows(&text, values![owners, limit(slice.limit), limit(slice.offset)], endpoint)?;
        let text = format!("SELECT COUNT(*) AS count FROM endpoints WHERE {clause}");
        let count = self.row(&text, values![owners], count)?;
        Ok(Listed { total: count.unwrap_or(0), rows })
    }

    pub(super) fn endpoint_ids_of(&self, owner: AccountId) -> Result<Vec<EndpointId>> {
        self.rows("SELECT id FROM endpoints WHERE owner = ?1", values![Column(owner)], |row| get(row, "id"))
    }

    pub(super) fn endpoint_ids_answered_by(&self, application: ApplicationId) -> Result<Vec<EndpointId>> {
        let text = "SELECT id FROM endpoints WHERE application = ?1";
        self.rows(text, values![Column(application)], |row| get(row, "id"))
    }

    pub(super) fn endpoint_id_named(&self, username: &str) -> Result<Option<EndpointId>> {
        self.row("SELECT id FROM endpoints WHERE username = ?1", values![username], |row| get(row, "id"))
    }
}

impl Owners {
    /// What the column `owner` must be; `?1` is the account.
    const fn clause(self) -> &'static str {
        match self {
            Self::Stock => "owner IS NULL AND ?1 IS NULL",
            Self::Account(_) => "owner = ?1",
            Self::Family(_) => "owner IN (SELECT id FROM accounts WHERE id = ?1 OR parent = ?1)",
            Self::All => "?1 IS NULL",
        }
    }
}

impl<'a> Bind<'a> for Owners {
    const KIND: Kind = Kind::Id;

    fn bind(self) -> Value<'a> {
        match self {
            Self::Stock | Self::All => Value::Null(Self::KIND),
            Self::Account(account) | Self::Family(account) => Column(account).bind(),
        }
    }
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn count(row: Row<'_>) -> Result<usize> {
    let count: i64 = row.get("count")?;
    Ok(usize::try_from(count).unwrap_or(0))
}

pub(super) fn number(row: Row<'_>) -> Result<Number> {
    let features: i64 = row.get("features")?;
    Ok(Number {
        country: sql::parsed::<Country>(row, "country")?,
        msisdn: row.get("msisdn")?,
        owner: get_opt(row, "owner")?,
        kind: get(row, "kind")?,
        features: Features {
            sms: features & SMS != 0,
            voice: features & VOICE != 0,
            mms: features & MMS != 0,
        },
        cost: get(row, "cost")?,
        currency: sql::parsed::<Currency>(row, "currency")?,
        is_brought: row.get("is_brought")?,
        added_at: get(row, "added_at")?,
        rented_at: get_opt(row, "rented_at")?,
        application: get_opt(row, "application")?,
        settings: settings_of(row)?,
    })
}

pub(super) fn kind_code(kind: NumberKind) -> i64 {
    match kind {
        NumberKind::Mobile => 1,
        NumberKind::Local => 2,
        NumberKind::National => 3,
        NumberKind::TollFree => 4,
        NumberKind::ShortCode => 5,
    }
}

pub(super) fn features_code(features: Features) -> i64 {
    let Features { sms, voice, mms } = features;
    [(sms, SMS), (voice, VOICE), (mms, MMS)].into_iter().filter(|it| it.0).map(|it| it.1).sum()
}

pub(super) fn application(row: Row<'_>) -> Result<Application> {
    Ok(Application {
        id: get(row, "id")?,
        owner: get(row, "owner")?,
        name: row.get("name")?,
        defaults: Defaults { numbers: row.get("for_numbers")?, endpoints: row.get("for_endpoints")? },
        settings: settings_of(row)?,
        created_at: get(row, "created_at")?,
    })
}

pub(super) fn endpoint(row: Row<'_>) -> Result<(Endpoint, Vec<u8>)> {
    let endpoint = Endpoint {
        id: get(row, "id")?,
        owner: get(row, "owner")?,
        username: row.get("username")?,
        alias: row.get("alias")?,
        application: get_opt(row, "application")?,
        created_at: get(row, "created_at")?,
    };
    Ok((endpoint, row.get("password")?))
}

/// What the column `settings` holds.
pub(super) fn settings_of(row: Row<'_>) -> Result<Settings> {
    match row.get::<Option<&str>>("settings")? {
        None => Ok(Settings::default()),
        Some(text) => settings::decode(text).ok_or(Fault::Misread("settings")),
    }
}
