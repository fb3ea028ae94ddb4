//! Balance and credit transfers; Vonage's own figures are in `worked_examples`.

use super::scenarios;
use crate::journal::{Kind, TransferKind};

scenarios! {
    a_transfer_conserves_both_sums: "
        operator  open p limit 100                   -> ok
        p         open s under p                     -> ok
        operator  pay p 7.5                          -> total p 7.5/-100
        p         transfer balance 107.5 p > s       -> p -100/-100  s 107.5/0  total p 7.5/-100
        p         transfer balance 100 s > p ref r   -> p 0/-100  s 7.5/0  total p 7.5/-100
        p         transfer credit 60 p > s           -> p 0/-40  s 7.5/-60  total p 7.5/-100
        p         transfer credit 10 s > p           -> p 0/-50  s 7.5/-50  total p 7.5/-100
        operator  transfer balance 1 p > s in p      -> p -1/-50  s 8.5/-50  total p 7.5/-100
        operator  transfer credit 1 s > p in p       -> p -1/-51  s 8.5/-49  total p 7.5/-100
    ";

    what_is_held_does_not_move: "
        operator  open p limit 100                    -> ok
        p         open s under p                      -> ok
        gate      hold p 30 as h                      -> p 0/-100 held 30
        p         transfer balance 70.00000001 p > s   ! InsufficientFunds available 70 needed 70.00000001
        p         transfer credit 70.00000001 p > s    ! InsufficientCredit available 70 needed 70.00000001
        p         transfer credit 70 p > s            -> p 0/-30 held 30  s 0/-70
        gate      release h                           -> p 0/-30
    ";

    an_overdrawn_account_has_nothing_to_move_and_its_deficit_is_not_turned_into_funds: "
        operator  open p limit 100                -> ok
        p         open s under p                  -> ok
        p         transfer credit 10 p > s        -> ok
        billing   charge s 25 force               -> s -25/-10
        p         transfer balance 0.01 s > p      ! InsufficientFunds available 0 needed 0.01
        p         transfer credit 0.01 s > p       ! InsufficientCredit available 0 needed 0.01
        # What comes in is taken, however little it is.
        p         transfer balance 1 p > s        -> p -1/-90  s -24/-10
    ";

    a_transfer_moves_more_than_nothing_and_at_most_10_to_the_10th: "
        operator  open p                                       -> ok
        p         open s under p                               -> ok
        operator  pay p 10000000000                            -> p 10000000000/0
        operator  pay p 1                                      -> p 10000000001/0
        p         transfer balance 0 p > s                      ! AmountOutOfRange
        p         transfer balance -1 p > s                     ! AmountOutOfRange
        p         transfer credit 0 p > s                       ! AmountOutOfRange
        p         transfer credit -1 p > s                      ! AmountOutOfRange
        p         transfer balance 10000000000.00000001 p > s   ! AmountOutOfRange
        p         transfer balance 10000000000 p > s           -> p 1/0  s 10000000000/0
        p         transfer balance 0.00000001 p > s            -> p 0.99999999/0  s 10000000000.00000001/0
    ";

    a_reference_has_at_most_255_characters: "
        operator  open p limit 10                        -> ok
        p         open s under p                         -> ok
        p         transfer balance 1 p > s ref €*256      ! InvalidText Reference
        p         transfer balance 1 p > s ref €*255     -> s 1/0
        p         transfer credit 1 p > s ref ∅          -> s 1/-1
    ";

    a_transfer_goes_between_a_primary_and_one_of_its_own_subaccounts: "
        operator  open p limit 10                   -> ok
        operator  open q limit 10                   -> ok
        p         open s under p                    -> ok
        p         open t under p                    -> ok
        q         open u under q                    -> ok
        p         transfer balance 1 p > s          -> ok
        p         transfer balance 1 s > t           ! OutsideFamily
        p         transfer credit 1 s > t            ! OutsideFamily
        p         transfer balance 1 s > s           ! SameAccount
        p         transfer credit 1 p > p            ! SameAccount
        p         transfer balance 1 p > u           ! AccountNotFound u
        p         transfer balance 1 u > p           ! AccountNotFound u
        p         transfer balance 1 p > q           ! AccountNotFound q
        p         transfer credit 1 p > nobody       ! AccountNotFound nobody
        operator  transfer balance 1 p > q in p      ! AccountNotFound q
        p         transfer balance 1 q > u in q      ! AccountNotFound q
        operator  transfer balance 1 p > s in s      ! NotPrimary s
        s         transfer balance 1 s > p           ! NotPrimary s
        s         transfer balance 1 s > p in p      ! AccountNotFound p
        gate      transfer balance 1 p > s in p      ! Forbidden
        gate      transfer credit 1 p > s in p       ! Forbidden
        operator  transfer balance 1 p > s in nobody ! AccountNotFound nobody
    ";

    an_account_that_shares_has_nothing_to_transfer: "
        operator  open p limit 10               -> ok
        p         open s under p shared         -> ok
        p         transfer balance 1 p > s       ! SharesBalance s
        p         transfer balance 1 s > p       ! SharesBalance s
        p         transfer credit 1 p > s        ! SharesBalance s
        p         transfer credit 1 s > p        ! SharesBalance s
    ";

    a_closed_account_takes_part_in_no_transfer: "
        operator  open p limit 10               -> ok
        p         open s under p                -> ok
        p         close s                       -> ok
        p         transfer balance 1 p > s       ! AccountNotFound s
        p         transfer credit 1 s > p        ! AccountNotFound s
        operator  close p                       -> p is closed
        operator  transfer balance 1 p > s in p  ! AccountNotFound p
    ";

    flaws_come_up_in_the_contracts_order: "
        operator  open p                                       -> ok
        operator  open q                                       -> ok
        p         open s under p                               -> ok
        p         open t under p shared                        -> ok
        # Not found before fields, fields before sides, family before shared, shared before funds.
        q         transfer balance -1 p > s in p                ! AccountNotFound p
        p         transfer balance -1 p > p                     ! AmountOutOfRange
        p         transfer balance 1 p > p ref €*256            ! InvalidText Reference
        p         transfer balance 1 q > q                      ! SameAccount
        p         transfer balance 1 s > t                      ! OutsideFamily
        p         transfer balance 1 t > nobody                 ! AccountNotFound nobody
        p         transfer balance 1 p > t                      ! SharesBalance t
        p         transfer balance 1 p > s                      ! InsufficientFunds available 0 needed 1
    ";

    a_sum_that_does_not_fit_is_refused_on_either_side: "
        operator  open p                                   -> ok
        p         open s under p                           -> ok
        operator  pay s 10000000000                        -> ok
        operator  pay s 10000000000                        -> ok
        operator  pay s 10000000000                        -> ok
        operator  pay s 10000000000                        -> ok
        operator  pay s 10000000000                        -> ok
        operator  pay s 10000000000                        -> ok
        operator  pay s 10000000000                        -> ok
        operator  pay s 10000000000                        -> ok
        operator  pay s 10000000000                        -> s 90000000000/0
        operator  pay s 10000000000                         ! SumOutOfRange
        operator  pay p 10000000000                        -> ok
        p         transfer balance 10000000000 p > s        ! SumOutOfRange
        p         transfer balance 2233720368 p > s        -> s 92233720368/0
    ";
}

#[test]
fn a_transfer_is_recorded_by_a_line_of_its_own_kind() {
    assert_eq!(TransferKind::Balance.line(), Kind::BalanceTransfer);
    assert_eq!(TransferKind::Credit.line(), Kind::CreditTransfer);
}
