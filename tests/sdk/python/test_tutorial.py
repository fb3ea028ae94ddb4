"""Vonage's tutorial from start to end: a partner with two end customers, the operator, and a month."""

from books import books, row
from refusals import insufficient, refusal, suspended
from test_transfers import transfer, transfers
from vonage_http_client.errors import ForbiddenError
from vonage_subaccounts import ModifySubaccountOptions

INSUFFICIENT_FUNDS = (402, "insufficient_funds")
SUSPENDED = (403, "suspended")


def test_a_partners_month_comes_out_as_the_tutorial_says(partner, operator, calling):
    """Worked example B (docs/vonage.md, Acceptance list): every row, read back with its totals."""
    to_own = ModifySubaccountOptions(use_primary_account_balance=False)

    # One shared subaccount has used 20 of the primary's 100.
    first = partner.opens("End customer 1", secret="Password123")
    customer_1 = calling(first.api_key, "Password123")
    operator.charge(first.api_key, "20")
    assert books(partner) == row(Partner="-20/-100", End_customer_1="-/-", total="-20/-100")

    # End customer 1 gets an own balance and 40 of credit, beside a new end customer 2.
    second = partner.opens("End customer 2", secret="Password456")
    customer_2 = calling(second.api_key, "Password456")
    partner.subaccounts.modify_subaccount(first.api_key, to_own)
    transfer(partner, "credit", partner.api_key, first.api_key, 40)
    assert books(partner) == row(
        Partner="-20/-60", End_customer_1="0/-40", End_customer_2="-/-", total="-20/-100"
    )

    # It uses up its 40 and can make no more calls; end customer 2 still can.
    operator.charge(first.api_key, "40")
    assert operator.refused_charge(first.api_key, "0.01") == INSUFFICIENT_FUNDS
    assert customer_1.account.get_balance().value == -40
    assert books(partner) == row(
        Partner="-20/-60", End_customer_1="-40/-40", End_customer_2="-/-", total="-60/-100"
    )

    # 40 of credit are available to the primary: 20 of them help end customer 1 out.
    refused = refusal(ForbiddenError, transfer, partner, "credit", partner.api_key, first.api_key, 40.0001)
    assert refused == insufficient("Credit")
    transfer(partner, "credit", partner.api_key, first.api_key, 20)
    assert books(partner) == row(
        Partner="-20/-40", End_customer_1="-40/-60", End_customer_2="-/-", total="-60/-100"
    )

    # So it can call again.
    operator.charge(first.api_key, "10")
    assert books(partner) == row(
        Partner="-20/-40", End_customer_1="-50/-60", End_customer_2="-/-", total="-70/-100"
    )

    # Month's end: the invoice is what the family owes, 20 + 50, and the partner pays it.
    assert partner.subaccounts.list_subaccounts().total_balance == -(20 + 50)
    operator.pay(partner.api_key, "70")
    assert books(partner) == row(
        Partner="50/-40", End_customer_1="-50/-60", End_customer_2="-/-", total="0/-100"
    )

    # 90 are available to the primary; end customer 1 has paid the partner 45 of its 50.
    refused = refusal(ForbiddenError, transfer, partner, "balance", partner.api_key, first.api_key, 90.0001)
    assert refused == insufficient("Balance")
    transfer(partner, "balance", partner.api_key, first.api_key, 45)
    assert books(partner) == row(
        Partner="5/-40", End_customer_1="-5/-60", End_customer_2="-/-", total="0/-100"
    )

    # End customer 2 gets an own balance too, and 30 of the primary's 40.
    partner.subaccounts.modify_subaccount(second.api_key, to_own)
    refused = refusal(ForbiddenError, transfer, partner, "credit", partner.api_key, second.api_key, 40.0001)
    assert refused == insufficient("Credit")
    transfer(partner, "credit", partner.api_key, second.api_key, 30)
    assert books(partner) == row(
        Partner="5/-10", End_customer_1="-5/-60", End_customer_2="0/-30", total="0/-100"
    )

    # It has almost used up its credit, so the partner suspends it, and reactivates it when it has paid.
    operator.charge(second.api_key, "25")
    row_with_25_used = row(
        Partner="5/-10", End_customer_1="-5/-60", End_customer_2="-25/-30", total="-25/-100"
    )
    partner.subaccounts.modify_subaccount(second.api_key, ModifySubaccountOptions(suspended=True))
    assert operator.refused_charge(second.api_key, "1") == SUSPENDED
    assert refusal(ForbiddenError, customer_2.account.list_secrets) == suspended()
    assert books(partner) == row_with_25_used

    partner.subaccounts.modify_subaccount(second.api_key, ModifySubaccountOptions(suspended=False))
    assert customer_2.account.get_balance().value == -25
    assert books(partner) == row_with_25_used
    # Reactivated, it is stopped by its own limit alone.
    assert operator.refused_charge(second.api_key, "5.01") == INSUFFICIENT_FUNDS
    operator.charge(second.api_key, "5")

    credits = [(moved.to, moved.amount) for moved in transfers(partner, "credit")]
    assert credits == [(second.api_key, 30), (first.api_key, 20), (first.api_key, 40)]
    balances = [(moved.to, moved.amount) for moved in transfers(partner, "balance")]
    assert balances == [(first.api_key, 45)]
