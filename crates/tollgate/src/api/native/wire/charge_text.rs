//! A charge's answer, byte for byte as [`ChargeRecord`] is serialized and in a third of the time: of many at once each has
//! one.

use std::io::{Result, Write};

use ledger::{AccountId, Actor, Line, LineId, Timestamp, authority};
use serde::Serialize;
use uuid::Uuid;

use super::{ChargeRecord, Time};

/// Writes charges one after the other.
#[derive(Default)]
pub(super) struct ChargeText {
    /// Most of them were written in the same millisecond: its text.
    time: Option<(Timestamp, String)>,
}

impl ChargeText {
    pub(super) fn write(&mut self, out: &mut Vec<u8>, by: &Actor, line: &Line) -> Result<()> {
        if line.price.is_some() {
            return json(out, &ChargeRecord::new(by, line));
        }
        out.extend_from_slice(br#"{"id":"#);
        id(out, line.id);
        out.extend_from_slice(br#","account":"#);
        account(out, line.caused_by());
        out.extend_from_slice(br#","payer":"#);
        account(out, line.account.map(|it| it.account));
        // Nothing in an amount is to be escaped.
        write!(out, r#","amount":"{}","operation":"#, line.amount())?;
        text(out, line.operation.as_deref())?;
        out.extend_from_slice(br#","units":"#);
        text(out, line.units.as_deref())?;
        out.extend_from_slice(br#","price":null,"reference":"#);
        text(out, line.reference.as_deref())?;
        let forced: &[u8] = if line.forced { br#","forced":true"# } else { br#","forced":false"# };
        out.extend_from_slice(forced);
        match line.account.filter(|it| authority::may_see_side(by, line, it)).map(|it| it.after) {
            Some(after) => {
                write!(out, r#","balance":"{}","available":"{}""#, after.balance, after.available())?;
            }
            None => out.extend_from_slice(br#","balance":null,"available":null"#),
        }
        out.extend_from_slice(br#","created_at":""#);
        out.extend_from_slice(self.time(line.at).as_bytes());
        out.extend_from_slice(br#""}"#);
        Ok(())
    }

    fn time(&mut self, at: Timestamp) -> &str {
        let (_, text) = match self.time.take().filter(|it| it.0 == at) {
            Some(same) => self.time.insert(same),
            None => self.time.insert((at, Time(at).to_string())),
        };
        text
    }
}

fn json(out: &mut Vec<u8>, value: &impl Serialize) -> Result<()> {
    Ok(serde_json::to_writer(out, value)?)
}

fn text(out: &mut Vec<u8>, text: Option<&str>) -> Result<()> {
    match text {
        Some(text) => json(out, &text),
        None => {
            out.extend_from_slice(b"null");
            Ok(())
        }
    }
}

fn account(out: &mut Vec<u8>, account: Option<AccountId>) {
    match account {
        Some(account) => uuid(out, account.as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

fn id(out: &mut Vec<u8>, id: LineId) {
    uuid(out, id.as_bytes());
}

fn uuid(out: &mut Vec<u8>, bytes: &[u8; 16]) {
    let mut text = Uuid::encode_buffer();
    let text = Uuid::from_bytes(*bytes).hyphenated().encode_lower(&mut text);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use ledger::{Amount, CredentialId, Kind, Side, Standing, TokenId};

    use super::*;

    fn standing(balance: i64, credit_limit: i64) -> Standing {
        let [balance, credit_limit, held] = [balance, credit_limit, 7].map(Amount::from_units);
        Standing { balance, credit_limit, held }
    }

    fn charge() -> Line {
        let (payer, cause) = (AccountId::from_bytes([0xAB; 16]), AccountId::from_bytes([1; 16]));
        Line {
            id: LineId::from_bytes([0x70; 16]),
            at: Timestamp::from_millis(1_724_854_292_239),
            kind: Kind::Charge,
            by: Actor::Gate(TokenId::from_bytes([3; 16])),
            address: None,
            family: Some(payer),
            account: Some(Side { account: payer, after: standing(-1_234_567_890, 5_000_000_000) }),
            change: Standing::of_balance(Amount::from_units(-1)),
            counter: None,
            cause: Some(cause),
            about: None,
            operation: None,
            units: None,
            price: None,
            reference: None,
            forced: false,
            late: false,
            once: None,
            record: None,
            before: None,
        }
    }

    #[test]
    fn it_is_what_the_record_is_serialized_to() {
        let (plain, own) = (charge(), Line { cause: None, forced: true, ..charge() });
        let said = Line {
            at: Timestamp::from_millis(0),
            operation: Some("sms.send".into()),
            units: Some("1.5".into()),
            reference: Some("\"quoted\"\n\u{1}é".into()),
            ..charge()
        };
        let priced = Line { price: Some("standard/3/7".into()), ..charge() };
        let nobody = Line { account: None, cause: None, ..charge() };
        let stranger = Actor::Account {
            account: AccountId::from_bytes([9; 16]),
            credential: CredentialId::from_bytes([9; 16]),
        };
        let mut texts = ChargeText::default();
        for line in [&plain, &own, &said, &said, &priced, &nobody, &plain] {
            for by in [plain.by, stranger] {
                let mut written = Vec::new();
                texts.write(&mut written, &by, line).unwrap();
                let record = serde_json::to_string(&ChargeRecord::new(&by, line)).unwrap();
                assert_eq!(String::from_utf8(written).unwrap(), record);
            }
        }
    }
}
