"""Credit and balance: what a transfer moves, and what its answer and its list say."""

import uuid
from decimal import Decimal

import pytest
from books import books, row
from refusals import insufficient, refusal
from vonage_http_client.errors import ForbiddenError
from vonage_subaccounts import ListTransfersFilter, ModifySubaccountOptions, TransferRequest
from wire import MOMENT, last_body

KINDS = ("credit", "balance")
EVER = "1970-01-01T00:00:00Z"


def transfer(caller, kind, source, target, amount, **reference):
    call = {"credit": caller.subaccounts.transfer_credit, "balance": caller.subaccounts.transfer_balance}[
        kind
    ]
    return call(TransferRequest(from_=source, to=target, amount=amount, **reference))


def transfers(caller, kind, **filters):
    subaccounts = caller.subaccounts
    call = {"credit": subaccounts.list_credit_transfers, "balance": subaccounts.list_balance_transfers}[kind]
    return call(ListTransfersFilter(**({"start_date": EVER} | filters)))


def test_credit_goes_to_a_subaccount_and_back(partner):
    key = partner.opens_own("S1")
    transfer(partner, "credit", partner.api_key, key, 40)
    assert books(partner) == row(Partner="0/-60", S1="0/-40", total="0/-100")
    transfer(partner, "credit", key, partner.api_key, 15.5)
    assert books(partner) == row(Partner="0/-75.5", S1="0/-24.5", total="0/-100")


def test_balance_goes_to_a_subaccount_and_back(partner):
    key = partner.opens_own("S1")
    transfer(partner, "balance", partner.api_key, key, 40)
    assert books(partner) == row(Partner="-40/-100", S1="40/0", total="0/-100")
    transfer(partner, "balance", key, partner.api_key, 15.5)
    assert books(partner) == row(Partner="-24.5/-100", S1="24.5/0", total="0/-100")


@pytest.mark.parametrize("kind", KINDS)
def test_a_transfer_answers_what_it_moved(partner, kind):
    key = partner.opens_own("S1")
    answer = transfer(partner, kind, partner.api_key, key, 35, reference="March")
    assert (answer.from_, answer.to, answer.amount, answer.reference) == (partner.api_key, key, 35, "March")
    assert partner.sdk.http_client.last_response.status_code == 200

    body = last_body(partner)
    # Java and .NET take the 36-character form alone.
    assert str(uuid.UUID(body["id"])) == body["id"]
    assert MOMENT.fullmatch(body["created_at"])
    assert body == {
        "masterAccountId": partner.api_key,
        "_links": {"self": {"href": f"/accounts/{partner.api_key}/{kind}-transfers/{body['id']}"}},
        "from": partner.api_key,
        "to": key,
        "amount": Decimal(35),
        "reference": "March",
        "id": body["id"],
        f"{kind}_transfer_id": body["id"],
        "created_at": body["created_at"],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_transfer_without_a_reference_answers_an_empty_one(partner, kind):
    key = partner.opens_own("S1")
    assert transfer(partner, kind, partner.api_key, key, 1).reference == ""
    assert transfers(partner, kind)[0].reference == ""


@pytest.mark.parametrize("kind", KINDS)
def test_the_list_has_what_the_transfers_answered_newest_first(partner, kind):
    key = partner.opens_own("S1")
    assert transfers(partner, kind) == []
    made = [transfer(partner, kind, partner.api_key, key, amount) for amount in (1, 2, 3)]
    made.append(transfer(partner, kind, key, partner.api_key, 4))
    assert transfers(partner, kind) == made[::-1]
    # The other kind has a list of its own.
    assert transfers(partner, "credit" if kind == "balance" else "balance") == []


def test_the_list_of_credit_transfers_has_both_of_its_names(partner):
    for expected in (0, 1):
        transfers(partner, "credit")
        body = last_body(partner)
        assert len(body["_embedded"]["credit_transfers"]) == expected
        assert body["_embedded"]["credit-transfers"] == body["_embedded"]["credit_transfers"]
        assert body["_links"] == {"self": {"href": f"/accounts/{partner.api_key}/credit-transfers"}}
        transfer(partner, "credit", partner.api_key, partner.opens_own("S1"), 1)
    listed = last_listed(partner)
    assert listed["id"] == listed["credit_transfer_id"]


def last_listed(partner):
    transfers(partner, "credit")
    return last_body(partner)["_embedded"]["credit_transfers"][0]


def test_the_list_of_balance_transfers_gives_the_id_under_both_of_its_names(partner):
    made = transfer(partner, "balance", partner.api_key, partner.opens_own("S1"), 1)
    transfers(partner, "balance")
    (listed,) = last_body(partner)["_embedded"]["balance_transfers"]
    assert listed["id"] == listed["balance_transfer_id"] == made.id


def test_what_a_float_makes_of_an_amount_is_rounded_to_eight_decimals(partner):
    key = partner.opens_own("S1")
    # The SDK sends 0.30000000000000004 and 1e-05.
    assert transfer(partner, "balance", partner.api_key, key, 0.1 + 0.2).amount == 0.3
    assert last_body(partner)["amount"] == Decimal("0.3")
    transfer(partner, "balance", partner.api_key, key, 0.00001)
    assert last_body(partner)["amount"] == Decimal("0.00001")
    # Half-even: the fifth of the ninth decimal falls to the even neighbour.
    transfer(partner, "balance", partner.api_key, key, 0.000000025)
    assert last_body(partner)["amount"] == Decimal("0.00000002")
    assert books(partner) == row(Partner="-0.30001002/-100", S1="0.30001002/0", total="0/-100")


@pytest.mark.parametrize(
    ("payment", "charge", "kind", "most"),
    [
        # Worked examples D: the primary's balance / credit limit, and the most that it may give.
        pytest.param(None, "40", "balance", 60, id="-40/-100 gives 60 of balance"),
        pytest.param(None, "40", "credit", 60, id="-40/-100 gives 60 of credit"),
        pytest.param("50", None, "balance", 150, id="50/-100 gives 150 of balance"),
        pytest.param("50", None, "credit", 100, id="50/-100 gives 100 of credit"),
    ],
)
def test_a_primary_gives_what_is_available_and_not_a_hair_more(
    partner, operator, payment, charge, kind, most
):
    key = partner.opens_own("S1")
    if payment:
        operator.pay(partner.api_key, payment)
    if charge:
        operator.charge(partner.api_key, charge)
    before = books(partner)
    refused = refusal(ForbiddenError, transfer, partner, kind, partner.api_key, key, most + 0.0001)
    assert refused == insufficient(kind.capitalize())
    assert books(partner) == before
    assert transfer(partner, kind, partner.api_key, key, most).amount == most
    refused = refusal(ForbiddenError, transfer, partner, kind, partner.api_key, key, 0.0001)
    assert refused == insufficient(kind.capitalize())


def test_a_prepaid_primary_gives_its_balance_and_has_no_credit_to_give(partner_with, operator):
    partner = partner_with("0")
    operator.pay(partner.api_key, "50")
    key = partner.opens_own("S1")
    refused = refusal(ForbiddenError, transfer, partner, "credit", partner.api_key, key, 0.01)
    assert refused == insufficient("Credit")
    transfer(partner, "balance", partner.api_key, key, 50)
    assert books(partner) == row(Partner="0/0", S1="50/0", total="50/0")


def test_a_subaccount_gives_balance_down_to_its_own_credit_limit(partner):
    key = partner.opens_own("S1")
    transfer(partner, "credit", partner.api_key, key, 35)
    transfer(partner, "balance", key, partner.api_key, 35)
    assert books(partner) == row(Partner="35/-65", S1="-35/-35", total="0/-100")
    for kind in KINDS:
        refused = refusal(ForbiddenError, transfer, partner, kind, key, partner.api_key, 0.01)
        assert refused == insufficient(kind.capitalize())


def test_the_overview_pages_example_comes_out_as_printed(partner, operator):
    """Worked example A."""
    first, second = partner.opens("S1").api_key, partner.opens("S2").api_key
    to_own = ModifySubaccountOptions(use_primary_account_balance=False)
    operator.charge(second, "20")
    assert books(partner) == row(Partner="-20/-100", S1="-/-", S2="-/-", total="-20/-100")
    partner.subaccounts.modify_subaccount(first, to_own)
    assert books(partner) == row(Partner="-20/-100", S1="0/0", S2="-/-", total="-20/-100")
    transfer(partner, "balance", partner.api_key, first, 20)
    assert books(partner) == row(Partner="-40/-100", S1="20/0", S2="-/-", total="-20/-100")
    partner.subaccounts.modify_subaccount(second, to_own)
    assert books(partner) == row(Partner="-40/-100", S1="20/0", S2="0/0", total="-20/-100")
    transfer(partner, "credit", partner.api_key, second, 35)
    assert books(partner) == row(Partner="-40/-65", S1="20/0", S2="0/-35", total="-20/-100")
