//! Numbers and who has them.

use super::scenarios;

scenarios! {
    the_operator_gives_a_number_that_nobody_has: "
        operator  open p                        -> ok
        p         open s under p                -> ok
        operator  give s GB 447700900001        -> number GB 447700900001 s
        operator  give s GB 447700900001         ! NumberTaken
        operator  give p GB 447700900001         ! NumberTaken
        # The same digits in another country are another number.
        operator  give p US 447700900001        -> number US 447700900001 p  number GB 447700900001 s
        p         give p GB 447700900002         ! Forbidden
        gate      give p GB 447700900002         ! Forbidden
        operator  give nobody GB 447700900002    ! AccountNotFound nobody
        p         change s suspended            -> ok
        operator  give s GB 447700900002        -> number GB 447700900002 s
        p         close s                       -> ok
        operator  give s GB 447700900003         ! AccountClosed s
    ";

    a_number_has_3_to_15_digits: "
        operator  open p                          -> ok
        operator  give p GB 123                   -> number GB 123 p
        operator  give p GB 123456789012345       -> number GB 123456789012345 p
        operator  give p GB 12                     ! InvalidText Msisdn
        operator  give p GB 1234567890123456       ! InvalidText Msisdn
        operator  give p GB +447700900001          ! InvalidText Msisdn
        p         move 12 p > p                    ! InvalidText Msisdn
    ";

    a_number_moves_between_any_two_accounts_of_a_family: "
        operator  open p                                    -> ok
        p         open s under p                            -> ok
        p         open t under p shared                     -> ok
        operator  give p GB 447700900001                    -> ok
        p         move 447700900001 p > s country GB        -> number GB 447700900001 s
        p         move 447700900001 s > t                   -> number GB 447700900001 t
        operator  move 447700900001 t > p in p country GB   -> number GB 447700900001 p
    ";

    a_number_that_cannot_move_stays_for_the_reason_that_comes_first: "
        operator  open p                                  -> ok
        operator  open q                                  -> ok
        p         open s under p                          -> ok
        p         open t under p                          -> ok
        q         open u under q                          -> ok
        operator  give s GB 447700900001                  -> ok
        s         move 447700900001 s > p                  ! NotPrimary s
        gate      move 447700900001 s > p in p             ! Forbidden
        q         move 447700900001 s > p in p             ! AccountNotFound p
        p         move 447700900001 s > s                  ! SameAccount
        p         move 447700900001 s > u                  ! AccountNotFound u
        p         move 447700900001 u > s                  ! AccountNotFound u
        p         move 447700900001 s > nobody             ! AccountNotFound nobody
        p         move 447700900002 s > t                  ! NumberNotFound
        p         move 447700900001 s > t country US       ! NumberNotFound
        p         move 447700900001 t > s                  ! NumberAlreadyOwned
        p         move 447700900001 t > p                  ! NumberNotOwned
        p         change t suspended                      -> ok
        p         move 447700900009 s > t                  ! AccountSuspended t
        p         move 447700900009 t > s                  ! AccountSuspended t
        operator  change p suspended                      -> ok
        operator  move 447700900001 s > p in p             ! AccountSuspended s
        operator  change p active                         -> ok
        p         close t                                 -> ok
        p         move 447700900001 s > t                  ! AccountNotFound t
        p         move 447700900001 s > p                 -> number GB 447700900001 p
    ";

    without_a_country_the_givers_number_is_meant: "
        operator  open p                        -> ok
        p         open s under p                -> ok
        p         open t under p                -> ok
        operator  give s US 12025550123         -> ok
        operator  give t GB 12025550123         -> ok
        operator  give t AT 12025550123         -> ok
        p         move 12025550123 s > p        -> number US 12025550123 p  number GB 12025550123 t  number AT 12025550123 t
        # The giver has none of them: the first in order of country is looked at.
        p         move 12025550123 s > t         ! NumberAlreadyOwned
        p         move 12025550123 s > p         ! NumberNotOwned
    ";
}
