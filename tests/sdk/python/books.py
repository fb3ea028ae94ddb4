"""A family's books as its list shows them: what every row of a worked example is compared with."""

from decimal import Decimal

from caller import Caller
from wire import last_body

Row = dict[str, tuple[Decimal | None, Decimal | None]]


def books(partner: Caller) -> Row:
    """Balance and credit limit of each account by its name, and the totals."""
    partner.subaccounts.list_subaccounts()
    listing = last_body(partner)
    accounts = [listing["_embedded"]["primary_account"], *listing["_embedded"]["subaccounts"]]
    rows = {account["name"]: (account["balance"], account["credit_limit"]) for account in accounts}
    return rows | {"total": (listing["total_balance"], listing["total_credit_limit"])}


def row(**accounts: str) -> Row:
    """`row(S1="-40/-60", S2="-/-")`, as Vonage's tables are written: balance / credit limit."""
    return {name.replace("_", " "): tuple(map(amount, pair.split("/"))) for name, pair in accounts.items()}


def amount(text: str) -> Decimal | None:
    return None if text == "-" else Decimal(text)
