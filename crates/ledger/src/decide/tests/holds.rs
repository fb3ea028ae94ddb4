//! Holds and their endings, each once.

use super::scenarios;

scenarios! {
    a_hold_reserves_what_is_available_and_not_one_unit_more: "
        operator  open p limit 10           -> ok
        gate      hold p 4 as h             -> p 0/-10 held 4  hold h open
        gate      hold p 6.00000001          ! InsufficientFunds available 6 needed 6.00000001
        gate      hold p 6 as i             -> p 0/-10 held 10
        gate      hold p 0.00000001          ! InsufficientFunds available 0 needed 0.00000001
        gate      charge p 0.00000001        ! InsufficientFunds available 0 needed 0.00000001
    ";

    a_hold_is_asked_like_a_charge: "
        operator  open p limit 10000000000         -> ok
        p         open s under p                   -> ok
        gate      hold p 0                          ! AmountOutOfRange
        gate      hold p -1                         ! AmountOutOfRange
        gate      hold p 10000000000.00000001       ! AmountOutOfRange
        gate      hold p 1 for sms␠send             ! InvalidText Operation
        gate      hold p 1 ref z*256                ! InvalidText Reference
        gate      hold nobody 1                     ! AccountNotFound nobody
        p         hold p 1                          ! Forbidden
        gate      hold p 10000000000 for x ref y   -> p 0/-10000000000 held 10000000000
    ";

    a_hold_lasts_more_than_nothing_and_at_most_24_hours: "
        operator  open p limit 10              -> ok
        gate      hold p 1 lasts 0ms            ! ExpiryOutOfRange
        gate      hold p 1 lasts -1ms           ! ExpiryOutOfRange
        gate      hold p 1 lasts 86400001ms     ! ExpiryOutOfRange
        gate      hold p 1 lasts 24h as h      -> hold h open
        gate      hold p 1 lasts 1ms as i      -> hold i open
        wait 1ms
        server    expire i                     -> hold i Expired 0
        wait 86399998ms
        server    expire h                      ! NotExpired
        wait 1ms
        server    expire h                     -> hold h Expired 0
    ";

    a_settle_within_the_hold_charges_what_was_used_and_frees_the_rest: "
        operator  open p limit 10      -> ok
        gate      hold p 6 as h        -> p 0/-10 held 6
        gate      hold p 4 as i        -> p 0/-10 held 10
        gate      hold p 1              ! InsufficientFunds available 0 needed 1
        gate      settle h 2 as c      -> p -2/-10 held 4  hold h Settled 2
        gate      settle i 4           -> p -6/-10  hold i Settled 4
        gate      hold p 4 as j        -> p -6/-10 held 4
        # Nothing was used: the hold is settled all the same.
        gate      settle j 0           -> p -6/-10  hold j Settled 0
        # What a settle took is a charge like any other.
        gate      reverse c 1.5        -> p -4.5/-10
        gate      reverse c 1           ! AlreadyReversed left 0.5
    ";

    a_settle_beyond_the_hold_needs_the_difference_available: "
        operator  open p limit 10              -> ok
        gate      hold p 6 as h                -> p 0/-10 held 6
        gate      settle h 10.00000001          ! InsufficientFunds available 4 needed 4.00000001
        gate      settle h 10                  -> p -10/-10  hold h Settled 10
    ";

    a_settle_is_at_most_10_to_the_10th: "
        operator  open p limit 10000000000           -> ok
        gate      hold p 1 as h                      -> ok
        gate      hold p 1 lasts 1h as late          -> ok
        gate      settle h 10000000000.00000001       ! AmountOutOfRange
        billing   settle h 10000000000.00000001 force ! AmountOutOfRange
        billing   settle h 10000000000 force         -> p -10000000000/-10000000000 held 1
        wait 1h
        server    expire late                        -> ok
        gate      settle late 10000000000            -> p -20000000000/-10000000000
    ";

    a_settle_that_is_refused_leaves_the_hold_open: "
        operator  open p limit 10         -> ok
        gate      hold p 6 as h           -> ok
        gate      settle h 11              ! InsufficientFunds available 4 needed 5
        gate      settle h 11 force        ! Forbidden
        p         settle h 1               ! Forbidden
        gate      settle h -1              ! AmountOutOfRange
        gate      settle h 10000000000.00000001 ! AmountOutOfRange
        gate      settle nothing 1         ! HoldNotFound nothing
        gate      hold p 1 as i           -> p 0/-10 held 7  hold h open
        billing   settle h 11 force       -> p -11/-10 held 1  hold h Settled 11
        # Below its limit, but within the hold.
        gate      settle i 1              -> p -12/-10  hold i Settled 1
    ";

    a_suspended_accounts_hold_is_settled_and_released_but_neither_placed_nor_extended: "
        operator  open p limit 10           -> ok
        p         open s under p shared     -> ok
        gate      hold s 2 as h             -> p 0/-10 held 2
        gate      hold s 3 as i             -> p 0/-10 held 5
        gate      hold s 1 as j             -> p 0/-10 held 6
        p         change s suspended        -> ok
        gate      hold s 1                   ! AccountSuspended s
        gate      extend h 1h                ! AccountSuspended s
        gate      settle h 2                -> p -2/-10 held 4
        operator  change p suspended        -> ok
        # More than was held, too, where it is available.
        gate      settle i 5                -> p -7/-10 held 1
        gate      release j                 -> p -7/-10
    ";

    a_release_ends_a_hold_at_no_cost: "
        operator  open p limit 10       -> ok
        gate      hold p 6 as h         -> p 0/-10 held 6
        p         release h              ! Forbidden
        gate      release nothing        ! HoldNotFound nothing
        wait 1m
        gate      release h             -> p 0/-10  hold h Released 0
        gate      settle h 1             ! HoldEnded Released at 60s
        gate      settle h 0             ! HoldEnded Released at 60s
        billing   settle h 1 force       ! HoldEnded Released at 60s
        gate      extend h 1h            ! HoldEnded Released at 60s
        server    expire h               ! HoldEnded Released at 60s
    ";

    the_same_ending_asked_again_gives_the_same_answer_and_another_is_refused: "
        operator  open p limit 10       -> ok
        gate      hold p 6 as h         -> ok
        gate      hold p 4 as i         -> ok
        wait 5s
        gate      settle h 2            -> p -2/-10 held 4
        gate      release i             -> p -2/-10
        wait 5s
        gate      settle h 2            -> again  p -2/-10  hold h Settled 2
        gate      settle h 2.00000001    ! HoldEnded Settled at 5s
        gate      release h              ! HoldEnded Settled at 5s
        gate      release i             -> again  p -2/-10  hold i Released 0
        gate      settle i 4             ! HoldEnded Released at 5s
        server    expire h               ! HoldEnded Settled at 5s
    ";

    a_hold_is_extended_to_24_hours_from_now_as_often_as_asked: "
        operator  open p limit 10         -> ok
        gate      hold p 6 lasts 1h as h  -> ok
        wait 59m
        gate      extend h 24h            -> p 0/-10 held 6  hold h open
        wait 23h
        gate      extend h 24h            -> hold h open
        gate      extend h 86400001ms      ! ExpiryOutOfRange
        gate      extend h 0ms             ! ExpiryOutOfRange
        p         extend h 1h              ! Forbidden
        gate      extend nothing 1h        ! HoldNotFound nothing
        wait 23h
        server    expire h                 ! NotExpired
        # To an earlier time, too.
        gate      extend h 1s             -> hold h open
        wait 1s
        # Its time has come, but its ending is not in the journal yet.
        gate      extend h 1s             -> hold h open
        server    expire h                 ! NotExpired
        wait 1s
        server    expire h                -> p 0/-10  hold h Expired 0
    ";

    only_the_server_lets_a_hold_expire: "
        operator  open p limit 10         -> ok
        gate      hold p 6 lasts 1h as h  -> ok
        wait 1h
        operator  expire h                 ! Forbidden
        gate      expire h                 ! Forbidden
        p         expire h                 ! Forbidden
        server    expire nothing           ! HoldNotFound nothing
        server    expire h                -> hold h Expired 0
    ";

    a_settle_before_the_expiry_is_written_is_in_time: "
        operator  open p limit 10         -> ok
        gate      hold p 6 lasts 1h as h  -> ok
        wait 2h
        gate      settle h 10.01           ! InsufficientFunds available 4 needed 4.01
        gate      settle h 5              -> p -5/-10  hold h Settled 5
    ";

    an_expiry_gives_back_and_a_late_settle_books_what_was_used_once: "
        operator  open p limit 10         -> ok
        gate      hold p 6 lasts 1h as h  -> p 0/-10 held 6
        wait 1h
        server    expire h                -> p 0/-10  hold h Expired 0
        server    expire h                 ! HoldEnded Expired at 3600s
        gate      release h                ! HoldEnded Expired at 3600s
        gate      extend h 1h              ! HoldEnded Expired at 3600s
        gate      charge p 9              -> p -9/-10
        gate      settle h -1              ! AmountOutOfRange
        gate      settle h 10000000000.00000001 ! AmountOutOfRange
        p         settle h 5               ! Forbidden
        wait 1s
        # By force, though no gate that may not force asked for it.
        gate      settle h 5 as c         -> p -14/-10  hold h Settled 5
        gate      settle h 5              -> again  p -14/-10
        gate      settle h 6               ! HoldEnded Settled at 3601s
        gate      reverse c               -> p -9/-10
        gate      reverse c                ! AlreadyReversed left 0
    ";

    a_late_settle_of_nothing_costs_nothing: "
        operator  open p limit 10         -> ok
        gate      hold p 6 lasts 1h as h  -> ok
        wait 1h
        server    expire h                -> ok
        gate      settle h 0 as c         -> p 0/-10  hold h Settled 0
        gate      reverse c                ! ChargeNotFound c
    ";

    an_expiry_with_capture_charges_the_whole_hold: "
        operator  open p limit 10                        -> ok
        p         open s under p shared                  -> ok
        gate      hold s 6 lasts 1h capture as h         -> p 0/-10 held 6
        wait 1h
        server    expire h as c                          -> p -6/-10  s 0/0  hold h Captured 6
        gate      reverse c 1                            -> p -5/-10
        gate      release h                               ! HoldEnded Captured at 3600s
    ";

    a_settle_after_a_capture_books_only_the_difference: "
        operator  open p limit 20                        -> ok
        gate      hold p 6 lasts 1h capture as more      -> ok
        gate      hold p 6 lasts 1h capture as less      -> ok
        gate      hold p 6 lasts 1h capture as same      -> p 0/-20 held 18
        wait 1h
        server    expire more as more.captured           -> p -6/-20 held 12
        server    expire less as less.captured           -> p -12/-20 held 6
        server    expire same as same.captured           -> p -18/-20
        gate      settle more 10 as more.settled         -> p -22/-20  hold more Settled 10
        gate      settle less 2 as less.settled          -> p -18/-20  hold less Settled 2
        gate      settle same 6 as same.settled          -> p -18/-20  hold same Settled 6
        gate      settle less 2                          -> again  p -18/-20
        # Each amount that was taken can be given back, once.
        gate      reverse more.settled                   -> p -14/-20
        gate      reverse more.captured                  -> p -8/-20
        gate      reverse less.captured 2.01              ! AlreadyReversed left 2
        gate      reverse less.captured                  -> p -6/-20
        gate      reverse less.settled                    ! ChargeNotFound less.settled
        gate      reverse same.settled                    ! ChargeNotFound same.settled
        gate      reverse same.captured                  -> p 0/-20
    ";

    a_negative_difference_gives_back_no_more_than_reversals_have_left: "
        operator  open p limit 20                        -> ok
        gate      hold p 6 lasts 1h capture as h         -> ok
        gate      hold p 6 lasts 1h capture as i         -> ok
        wait 1h
        server    expire h as c                          -> p -6/-20 held 6
        server    expire i as d                          -> p -12/-20
        gate      reverse c 5                            -> p -7/-20
        gate      settle h 2                             -> p -6/-20  hold h Settled 2
        gate      reverse c                               ! AlreadyReversed left 0
        gate      reverse d                              -> p 0/-20
        gate      settle i 2                             -> p 0/-20  hold i Settled 2
    ";

    a_hold_keeps_its_payer_when_its_account_gets_an_own_balance: "
        operator  open p limit 20                        -> ok
        p         open s under p shared                  -> ok
        gate      hold s 6 as h                          -> p 0/-20 held 6
        gate      hold s 5 lasts 2h as i                 -> p 0/-20 held 11
        gate      hold s 4 as j                          -> p 0/-20 held 15
        gate      hold s 3 capture as k                  -> p 0/-20 held 18
        p         change s own                           -> p 0/-20 held 18  s 0/0
        gate      settle h 7                             -> p -7/-20 held 12  s 0/0
        gate      extend i 3h                            -> p -7/-20 held 12  s 0/0
        gate      release j                              -> p -7/-20 held 8  s 0/0
        wait 1h
        server    expire k as c                          -> p -10/-20 held 5  s 0/0
        gate      settle k 1                             -> p -8/-20 held 5  s 0/0
        # The account's own holds are its own from now on.
        gate      hold s 1                                ! InsufficientFunds available 0 needed 1
        p         transfer balance 2 p > s               -> p -10/-20 held 5  s 2/0
        gate      hold s 1 as own                        -> p -10/-20 held 5  s 2/0 held 1
        gate      settle own 1                           -> s 1/0
    ";
}
