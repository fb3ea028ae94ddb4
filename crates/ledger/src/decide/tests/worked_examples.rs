//! Vonage's worked examples A to D (docs/vonage.md, Acceptance list, 4): every row, every figure.

use super::scenarios;

scenarios! {
    the_overview_page_adds_up_at_every_step: "
        # A: 20 of 100 credit used, both subaccounts shared.
        operator  open e8 limit 100                 -> e8 0/-100
        operator  open s1 under e8 shared           -> e8 is above 1  s1 0/0
        operator  open s2 under e8 shared           -> e8 is above 2  s2 0/0
        gate      charge s1 20                      -> e8 -20/-100  s1 0/0  s2 0/0  total e8 -20/-100
        e8        change s1 own                     -> e8 -20/-100  s1 0/0  s2 0/0  total e8 -20/-100
        e8        transfer balance 80.0001 e8 > s1   ! InsufficientFunds available 80 needed 80.0001
        e8        transfer balance 20 e8 > s1       -> e8 -40/-100  s1 20/0  s2 0/0  total e8 -20/-100
        e8        change s2 own                     -> e8 -40/-100  s1 20/0  s2 0/0  total e8 -20/-100
        e8        transfer credit 60.0001 e8 > s2    ! InsufficientCredit available 60 needed 60.0001
        e8        transfer credit 35 e8 > s2        -> e8 -40/-65  s1 20/0  s2 0/-35  total e8 -20/-100
    ";

    the_tutorials_month_runs_from_the_first_credit_to_the_last_reactivation: "
        # B: one shared subaccount.
        operator  open partner limit 100                     -> partner 0/-100
        partner   open s1 under partner shared               -> s1 0/0
        gate      charge s1 20                               -> partner -20/-100  s1 0/0  total partner -20/-100
        # S1 individual, 40 credit allocated.
        partner   change s1 own                              -> partner -20/-100  s1 0/0
        partner   transfer credit 80.0001 partner > s1        ! InsufficientCredit available 80 needed 80.0001
        partner   transfer credit 40 partner > s1            -> partner -20/-60  s1 0/-40  total partner -20/-100
        # S1 spends 40 and can make no more calls.
        gate      charge s1 40                               -> partner -20/-60  s1 -40/-40  total partner -60/-100
        gate      charge s1 0.0001                            ! InsufficientFunds available 0 needed 0.0001
        # Additional credit: 40 are available.
        partner   transfer credit 40.0001 partner > s1        ! InsufficientCredit available 40 needed 40.0001
        partner   transfer credit 20 partner > s1            -> partner -20/-40  s1 -40/-60  total partner -60/-100
        gate      charge s1 10                               -> partner -20/-40  s1 -50/-60  total partner -70/-100
        # Month end: 20 + 50 are invoiced and paid.
        operator  pay partner 70                             -> partner 50/-40  s1 -50/-60  total partner 0/-100
        partner   transfer balance 90.0001 partner > s1       ! InsufficientFunds available 90 needed 90.0001
        partner   transfer balance 45 partner > s1           -> partner 5/-40  s1 -5/-60  total partner 0/-100
        # S2 individual, with credit of its own.
        partner   open s2 under partner                      -> s2 0/0
        partner   transfer credit 40.0001 partner > s2        ! InsufficientCredit available 40 needed 40.0001
        partner   transfer credit 30 partner > s2            -> partner 5/-10  s1 -5/-60  s2 0/-30  total partner 0/-100
        gate      charge s2 25                               -> partner 5/-10  s1 -5/-60  s2 -25/-30  total partner -25/-100
        partner   change s2 suspended                        -> s2 is suspended  s2 -25/-30  total partner -25/-100
        gate      charge s2 1                                 ! AccountSuspended s2
        partner   change s2 active                           -> s2 is active  s2 -25/-30  total partner -25/-100
        gate      charge s2 1                                -> s2 -26/-30
    ";

    a_prepaid_account_stops_at_zero_and_a_postpaid_one_at_its_limit: "
        # C: the spending diagram.
        operator  open prepaid             -> prepaid 0/0
        operator  pay prepaid 50           -> prepaid 50/0
        gate      charge prepaid 50        -> prepaid 0/0
        gate      charge prepaid 0.00000001 ! InsufficientFunds available 0 needed 0.00000001
        operator  open postpaid limit 90   -> postpaid 0/-90
        operator  pay postpaid 50          -> postpaid 50/-90
        gate      charge postpaid 50       -> postpaid 0/-90
        gate      charge postpaid 50       -> postpaid -50/-90
        gate      charge postpaid 40.01     ! InsufficientFunds available 40 needed 40.01
        gate      charge postpaid 40       -> postpaid -90/-90
    ";

    a_source_that_used_40_of_100_gives_60_of_either: "
        # D
        operator  open p limit 100                -> ok
        p         open s under p                  -> ok
        gate      charge p 40                     -> p -40/-100
        p         transfer balance 60.0001 p > s   ! InsufficientFunds available 60 needed 60.0001
        p         transfer credit 60.0001 p > s    ! InsufficientCredit available 60 needed 60.0001
        p         transfer credit 60 p > s        -> p -40/-40  s 0/-60
        p         transfer credit 60 s > p        -> p -40/-100  s 0/0
        p         transfer balance 60 p > s       -> p -100/-100  s 60/0
    ";

    a_source_with_money_and_credit_gives_all_of_both_as_balance_but_only_its_limit_as_credit: "
        # D
        operator  open p limit 90                 -> ok
        operator  pay p 50                        -> p 50/-90
        p         open s under p                  -> ok
        p         transfer credit 90.0001 p > s    ! InsufficientCredit available 90 needed 90.0001
        p         transfer credit 90 p > s        -> p 50/0  s 0/-90
        p         transfer credit 90 s > p        -> p 50/-90  s 0/0
        p         transfer balance 140.0001 p > s  ! InsufficientFunds available 140 needed 140.0001
        p         transfer balance 140 p > s      -> p -90/-90  s 140/0
    ";

    a_prepaid_source_gives_its_money_and_has_no_credit_to_give: "
        # D
        operator  open p                          -> ok
        operator  pay p 50                        -> p 50/0
        p         open s under p                  -> ok
        p         transfer credit 0.01 p > s       ! InsufficientCredit available 0 needed 0.01
        p         transfer balance 50 p > s       -> p 0/0  s 50/0
    ";

    a_subaccount_sends_back_balance_financed_by_its_credit_and_then_no_credit_is_left: "
        # D
        operator  open p limit 35                 -> ok
        p         open s under p                  -> ok
        p         transfer credit 35 p > s        -> p 0/0  s 0/-35
        p         transfer balance 35 s > p       -> p 35/0  s -35/-35
        p         transfer credit 0.01 s > p       ! InsufficientCredit available 0 needed 0.01
    ";
}
