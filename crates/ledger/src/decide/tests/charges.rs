//! Payments, charges and reversals.

use super::scenarios;

scenarios! {
    a_charge_takes_what_is_available_and_not_one_unit_more: "
        operator  open p limit 10                -> ok
        operator  pay p 5                        -> p 5/-10
        gate      charge p 15.00000001            ! InsufficientFunds available 15 needed 15.00000001
        gate      charge p 15                    -> p -10/-10
        gate      charge p 0.00000001             ! InsufficientFunds available 0 needed 0.00000001
    ";

    what_is_held_cannot_be_charged: "
        operator  open p limit 10       -> ok
        gate      hold p 4 as h         -> p 0/-10 held 4
        gate      charge p 6.00000001    ! InsufficientFunds available 6 needed 6.00000001
        gate      charge p 6            -> p -6/-10 held 4
    ";

    a_charge_is_more_than_nothing_and_at_most_10_to_the_10th: "
        operator  open p limit 10000000000             -> ok
        operator  pay p 10                             -> ok
        gate      charge p 0                            ! AmountOutOfRange
        gate      charge p -1                           ! AmountOutOfRange
        gate      charge p 10000000000.00000001         ! AmountOutOfRange
        gate      charge p 10000000000                 -> p -9999999990/-10000000000
        gate      charge p 0.00000001                  -> p -9999999990.00000001/-10000000000
    ";

    a_shared_subaccounts_charge_falls_on_its_primary: "
        operator  open p limit 10         -> ok
        p         open s under p shared   -> ok
        p         open t under p          -> ok
        gate      charge s 4              -> p -4/-10  s 0/0
        gate      charge t 1               ! InsufficientFunds available 0 needed 1
        gate      charge s 6.01            ! InsufficientFunds available 6 needed 6.01
        operator  charge s 6              -> p -10/-10  s 0/0
    ";

    texts_of_a_charge_have_limits: "
        operator  open p limit 10                       -> ok
        gate      charge p 1 for sms.send units 2 ref r -> p -1/-10
        gate      charge p 1 for x*64 units y*32        -> p -2/-10
        gate      charge p 1 ref z*255                  -> p -3/-10
        gate      charge p 1 for x*65                    ! InvalidText Operation
        gate      charge p 1 for sms␠send                ! InvalidText Operation
        gate      charge p 1 for ∅                       ! InvalidText Operation
        gate      charge p 1 units y*33                  ! InvalidText Units
        gate      charge p 1 ref z*256                   ! InvalidText Reference
    ";

    only_the_operator_and_gates_charge: "
        operator  open p limit 10         -> ok
        p         open s under p shared   -> ok
        gate      charge s 1              -> p -1/-10
        billing   charge s 1              -> p -2/-10
        operator  charge s 1              -> p -3/-10
        server    charge s 1              -> p -4/-10
        p         charge s 1               ! Forbidden
        s         charge s 1               ! Forbidden
        gate      charge nobody 1          ! AccountNotFound nobody
    ";

    usage_that_already_happened_is_booked_below_the_limit: "
        operator  open p limit 10         -> ok
        p         open s under p shared   -> ok
        billing   charge s 25 force       -> p -25/-10  s 0/0
        operator  charge p 1 force        -> p -26/-10
        server    charge p 1 force        -> p -27/-10
        gate      charge p 1 force         ! Forbidden
        p         charge p 1 force         ! Forbidden
        # What is below its limit is charged no further without force.
        gate      charge p 0.01            ! InsufficientFunds available -17 needed 0.01
        billing   charge p 0 force         ! AmountOutOfRange
        billing   charge p 1 for ∅ force   ! InvalidText Operation
        billing   charge nobody 1 force    ! AccountNotFound nobody
        operator  pay p 100               -> p 73/-10
        gate      charge p 83             -> p -10/-10
    ";

    usage_that_already_happened_is_booked_on_a_suspended_account: "
        operator  open p limit 10         -> ok
        p         open s under p shared   -> ok
        p         open t under p          -> ok
        p         change t suspended      -> ok
        billing   charge t 1               ! AccountSuspended t
        billing   charge t 1 force        -> t -1/0
        operator  change p suspended      -> ok
        billing   charge s 1 force        -> p -1/-10
    ";

    usage_of_a_closed_account_is_booked_on_its_heir: "
        operator  open p limit 10         -> ok
        p         open s under p          -> ok
        p         open t under p shared   -> ok
        p         close s                 -> ok
        p         close t                 -> ok
        gate      charge s 1               ! AccountClosed s
        billing   charge s 1               ! AccountClosed s
        billing   charge s 3 force as c   -> p -3/-10  s 0/0
        billing   charge t 4 force        -> p -7/-10  t 0/0
        gate      reverse c               -> p -4/-10  s 0/0
        operator  pay p 4                 -> ok
        operator  close p                 -> ok
        billing   charge p 1 force         ! AccountClosed p
        billing   charge s 1 force         ! AccountClosed p
    ";

    a_reversal_gives_back_at_most_what_was_taken_in_all_reversals_together: "
        operator  open p limit 100                 -> ok
        gate      charge p 10 as c                 -> p -10/-100
        gate      reverse c 4                      -> p -6/-100
        gate      reverse c 6.00000001              ! AlreadyReversed left 6
        gate      reverse c 0                       ! AmountOutOfRange
        gate      reverse c -1                      ! AmountOutOfRange
        gate      reverse c 1 ref z*256             ! InvalidText Reference
        gate      reverse c 5 ref z*255            -> p -1/-100
        # The rest, when nothing is said.
        operator  reverse c                        -> p 0/-100
        gate      reverse c                         ! AlreadyReversed left 0
        gate      reverse c 1                       ! AlreadyReversed left 0
        gate      reverse nothing                   ! ChargeNotFound nothing
    ";

    only_the_operator_and_gates_reverse: "
        operator  open p limit 100         -> ok
        gate      charge p 10 as c         -> ok
        p         reverse c                 ! Forbidden
        gate      reverse c 1              -> p -9/-100
        billing   reverse c 1              -> p -8/-100
        operator  reverse c 1              -> p -7/-100
    ";

    a_reversal_goes_to_the_account_that_paid: "
        operator  open p limit 100         -> ok
        p         open s under p shared    -> ok
        gate      charge s 10 as c         -> p -10/-100
        p         change s own             -> s is own
        gate      charge s 1                ! InsufficientFunds available 0 needed 1
        gate      reverse c                -> p 0/-100  s 0/0
    ";

    a_reversal_goes_to_the_heir_of_an_account_that_closed: "
        operator  open p limit 100              -> ok
        p         open s under p                -> ok
        p         transfer balance 10 p > s     -> p -10/-100  s 10/0
        gate      charge s 10 as c              -> s 0/0
        p         change s suspended            -> ok
        gate      reverse c 4                   -> s 4/0
        p         close s                       -> p -6/-100  s 0/0
        gate      reverse c                     -> p 0/-100  s 0/0
        gate      charge p 1 as d               -> ok
        gate      reverse d                     -> ok
        gate      charge p 1 as d               -> ok
        operator  pay p 1                       -> p 0/-100
        operator  close p                       -> p is closed
        gate      reverse d                      ! AccountClosed p
    ";

    a_payment_is_added_and_only_the_operator_records_it: "
        operator  open p limit 10                 -> ok
        p         open s under p                  -> ok
        p         open t under p shared           -> ok
        operator  pay p 5 ref invoice␠7           -> p 5/-10  total p 5/-10
        operator  pay s 3                         -> s 3/0  total p 8/-10
        p         pay p 1                          ! Forbidden
        gate      pay p 1                          ! Forbidden
        billing   pay p 1                          ! Forbidden
        operator  pay t 1                          ! SharesBalance t
        operator  pay nobody 1                     ! AccountNotFound nobody
        operator  pay p 0                          ! AmountOutOfRange
        operator  pay p 10000000000.00000001       ! AmountOutOfRange
        operator  pay p -10000000000.00000001      ! AmountOutOfRange
        operator  pay p 1 ref z*256                ! InvalidText Reference
        operator  pay p 10000000000               -> p 10000000005/-10
        operator  pay p -10000000000              -> p 5/-10
    ";

    a_negative_payment_pays_out_at_most_what_is_available: "
        operator  open p limit 10             -> ok
        operator  pay p 5                     -> p 5/-10
        gate      hold p 3 as h               -> ok
        operator  pay p -12.00000001           ! InsufficientFunds available 12 needed 12.00000001
        operator  pay p -12                   -> p -7/-10 held 3
        billing   charge p 1 force            -> p -8/-10 held 3
        operator  pay p -0.01                  ! InsufficientFunds available 0 needed 0.01
        operator  pay p 0.01                  -> p -7.99/-10 held 3
    ";

    a_closed_account_is_paid_nothing: "
        operator  open p             -> ok
        p         open s under p     -> ok
        p         close s            -> ok
        operator  pay s 1             ! AccountClosed s
    ";
}
