//! Transfers of balance and credit.

use axum::Json;
use axum::response::{IntoResponse, Response};
use ledger::{LineId, TransferKind};

use super::{Call, fault, named, rendered};
use crate::api::Asked;
use crate::api::vonage::error::{self, About, Problem};
use crate::api::vonage::wire::{Money, Moved, MovedList, TransferQuery, Transferred};
use crate::app::{NewTransfer, Transfers};

pub(in super::super) async fn create(
    Asked(app): Asked,
    call: Call,
    kind: TransferKind,
) -> Result<Response, Problem> {
    let (by, primary) = call.managing(&app).await?;
    let strict = app.settings().vonage_strict_amounts;
    let money = call.body(call.family(), |fields| fields.money(strict))?;
    let Money { from: giver, to: getter, amount, reference } = money;
    let says = call.says(call.family());
    let from = named(&app, &giver).await.map_err(&says)?;
    let to = named(&app, &getter).await.map_err(&says)?;
    let about = About::Money { from: (from, &giver), to: &getter };
    let new = NewTransfer { kind, primary: primary.id, from, to, amount, reference };
    let line = app.transfer(by, call.once(&app), new).await.map_err(call.says(about))?;
    let sides = giver.parse().ok().zip(getter.parse().ok());
    let sides = sides.ok_or_else(|| says(fault("what names an account is no api key")))?;
    Ok(Json(Moved::of(&line, Transferred { kind, primary: primary.api_key }, sides)).into_response())
}

pub(in super::super) async fn list(
    Asked(app): Asked,
    call: Call,
    kind: TransferKind,
) -> Result<Response, Problem> {
    let (by, primary) = call.managing(&app).await?;
    let query = TransferQuery::of(call.incoming.uri.query(), kind);
    let TransferQuery { filter, accounts } =
        query.map_err(|it| error::invalid(it, call.family(), call.incoming.request_id))?;
    let of = Transferred { kind, primary: primary.api_key };
    let listed = async {
        let transfers = app.transfers(by, primary.id, filter).await?;
        let rows = transfers.lines.len();
        let render = move || {
            let mut rows = moved(&transfers, of);
            rows.retain(|row| {
                accounts.as_ref().is_none_or(|it| row.sides().iter().any(|key| it.contains(key)))
            });
            Some(Json(MovedList::of(&rows, of).ok()?).into_response())
        };
        rendered(rows, render).await
    };
    listed.await.map_err(call.says(call.family()))
}

pub(in super::super) async fn get(
    Asked(app): Asked,
    call: Call,
    kind: TransferKind,
) -> Result<Response, Problem> {
    let (by, primary) = call.managing(&app).await?;
    let none = || error::not_found(call.incoming.request_id);
    let id: LineId = call.item().parse().map_err(|_| none())?;
    let found = app.transfer_by_id(by, primary.id, kind, id).await.map_err(call.says(call.family()))?;
    let rows = moved(&found, Transferred { kind, primary: primary.api_key });
    rows.first().map(|it| Json(it).into_response()).ok_or_else(none)
}

fn moved<'a>(transfers: &'a Transfers, of: Transferred) -> Vec<Moved<'a>> {
    let key = |side: Option<ledger::Side>| transfers.api_keys.get(&side?.account).copied();
    let row = |line: &'a ledger::Line| Some(Moved::of(line, of, key(line.account).zip(key(line.counter))?));
    transfers.lines.iter().filter_map(|it| row(&it.line)).collect()
}
