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

    the_operator_stocks_a_number_once_and_withdraws_it_while_nobody_has_it: "
        operator  open p                              -> ok
        operator  stock GB 447700900001 cost 5        -> number GB 447700900001 stock  lines NumberAdded
        operator  stock GB 447700900001                ! NumberTaken
        operator  give p GB 447700900001               ! NumberTaken
        operator  stock US 447700900001               -> number US 447700900001 stock
        operator  withdraw US 447700900001            -> number US 447700900001 gone  number GB 447700900001 stock  lines NumberWithdrawn
        operator  withdraw US 447700900001             ! NumberNotFound
        operator  give p GB 447700900002              -> ok
        operator  stock GB 447700900002                ! NumberTaken
        operator  withdraw GB 447700900002             ! NumberTaken
        operator  stock US 447700900001 cost 7        -> number US 447700900001 stock
    ";

    the_stock_is_the_operators_alone: "
        operator  open p                              -> ok
        operator  stock GB 447700900001               -> ok
        p         stock GB 447700900002                ! Forbidden
        gate      stock GB 447700900002                ! Forbidden
        billing   withdraw GB 447700900001             ! Forbidden
        p         withdraw GB 447700900001             ! Forbidden
        p         withdraw GB 447700900002             ! Forbidden
    ";

    a_number_costs_nothing_up_to_what_may_be_charged_at_once: "
        operator  stock GB 447700900001 cost 0                        -> ok
        operator  stock GB 447700900002 cost 10000000000              -> ok
        operator  stock GB 447700900003 cost 10000000000.00000001      ! AmountOutOfRange
        operator  stock GB 447700900003 cost -0.00000001               ! AmountOutOfRange
        operator  stock GB 44                                          ! InvalidText Msisdn
    ";

    renting_takes_the_cost_as_a_charge_of_its_own: "
        operator  open p limit 10                     -> ok
        operator  stock GB 447700900001 cost 4        -> ok
        operator  stock GB 447700900002               -> ok
        p         rent p 447700900001 country GB      -> number GB 447700900001 p  p -4/-10  lines Charge+NumberRented
        p         rent p 447700900001                  ! NumberNotFound
        # One that costs nothing is no charge.
        p         rent p 447700900002                 -> number GB 447700900002 p  p -4/-10  lines NumberRented
        p         rent p 447700900003                  ! NumberNotFound
        p         rent p 447700900001 country US       ! NumberNotFound
    ";

    a_rental_takes_all_that_is_available_and_no_more: "
        operator  open p limit 10                     -> ok
        operator  stock GB 447700900001 cost 10       -> ok
        operator  stock GB 447700900002 cost 0.00000001 -> ok
        gate      hold p 0.00000001 as h              -> ok
        p         rent p 447700900001                  ! InsufficientFunds available 9.99999999 needed 10
        gate      release h                           -> ok
        p         rent p 447700900001                 -> p -10/-10
        p         rent p 447700900002                  ! InsufficientFunds available 0 needed 0.00000001
        p         unrent p 447700900001               -> p -10/-10
        operator  pay p 10                            -> ok
        operator  rent p 447700900001                 -> p -10/-10  number GB 447700900001 p
    ";

    an_account_below_its_limit_rents_only_what_costs_nothing: "
        operator  open p                              -> ok
        operator  stock GB 447700900001               -> ok
        billing   charge p 3 force                    -> p -3/0
        # What costs nothing needs nothing.
        p         rent p 447700900001                 -> number GB 447700900001 p
    ";

    a_subaccounts_rental_falls_on_its_payer_and_names_no_figure_that_is_not_its_own: "
        operator  open p limit 10                     -> ok
        p         open s under p shared               -> ok
        p         open t under p                      -> ok
        operator  stock GB 447700900001 cost 4        -> ok
        operator  stock GB 447700900002 cost 7        -> ok
        s         rent s 447700900001                 -> p -4/-10  s 0/0  number GB 447700900001 s
        s         rent s 447700900002                  ! InsufficientFunds available hidden needed 7
        p         rent s 447700900002                  ! InsufficientFunds available 6 needed 7
        operator  rent s 447700900002                  ! InsufficientFunds available 6 needed 7
        t         rent t 447700900002                  ! InsufficientFunds available 0 needed 7
        operator  pay t 9                             -> ok
        p         rent t 447700900002                 -> p -4/-10  t 2/0  number GB 447700900002 t
    ";

    a_rental_is_reversed_like_any_charge_and_the_number_stays: "
        operator  open p                              -> ok
        operator  pay p 5                             -> ok
        operator  stock GB 447700900001 cost 5        -> ok
        p         rent p 447700900001 charges c       -> p 0/0
        gate      reverse c 2                         -> p 2/0  number GB 447700900001 p
        p         reverse c                            ! Forbidden
        gate      reverse c                           -> p 5/0
        gate      reverse c                            ! AlreadyReversed left 0
    ";

    a_rental_under_a_key_happens_once: "
        operator  open p limit 10                     -> ok
        operator  stock GB 447700900001 cost 4        -> ok
        p         rent p 447700900001 key k           -> p -4/-10
        p         unrent p 447700900001               -> number GB 447700900001 stock
        p         rent p 447700900001 key k           -> again  p -4/-10  number GB 447700900001 stock
        p         rent p 447700900001 key k request x  ! KeyReused
        p         rent p 447700900001 key l           -> p -8/-10
    ";

    a_number_is_offered_in_one_currency: "
        operator  open p limit 10 currency USD        -> ok
        operator  open q limit 10                     -> ok
        operator  stock GB 447700900001 cost 4        -> ok
        operator  stock GB 447700900002 currency USD  -> ok
        p         rent p 447700900001                  ! CurrencyMismatch
        q         rent q 447700900002                  ! CurrencyMismatch
        q         rent q 447700900001                 -> q -4/-10
        p         rent p 447700900002                 -> p 0/-10
        # What is given is offered in the currency of who got it first, when nothing is said.
        operator  give p GB 447700900003 cost 2       -> ok
        p         unrent p 447700900003               -> number GB 447700900003 stock
        q         rent q 447700900003                  ! CurrencyMismatch
        p         rent p 447700900003                 -> p -2/-10
    ";

    nobody_rents_for_who_is_suspended_or_closed: "
        operator  open p limit 10                     -> ok
        p         open s under p shared               -> ok
        operator  stock GB 447700900001               -> ok
        p         change s suspended                  -> ok
        s         rent s 447700900001                  ! CallerSuspended
        p         rent s 447700900001                  ! AccountSuspended s
        operator  rent s 447700900001                  ! AccountSuspended s
        p         change s active                     -> ok
        operator  change p suspended                  -> ok
        operator  rent s 447700900001                  ! AccountSuspended s
        operator  rent p 447700900001                  ! AccountSuspended p
        operator  change p active                     -> ok
        p         close s                             -> ok
        p         rent s 447700900001                  ! AccountClosed s
        operator  rent nobody 447700900001             ! AccountNotFound nobody
    ";

    an_account_its_primary_and_the_operator_rent_unrent_and_change_its_numbers: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         open s under p                      -> ok
        p         open t under p                      -> ok
        operator  stock GB 447700900001               -> ok
        gate      rent s 447700900001                  ! Forbidden
        q         rent s 447700900001                  ! AccountNotFound s
        t         rent s 447700900001                  ! AccountNotFound s
        s         rent p 447700900001                  ! AccountNotFound p
        s         rent s 447700900001                 -> number GB 447700900001 s
        gate      set s 447700900001                   ! Forbidden
        q         set s 447700900001                   ! AccountNotFound s
        t         set s 447700900001                   ! AccountNotFound s
        gate      unrent s 447700900001                ! Forbidden
        q         unrent s 447700900001                ! AccountNotFound s
        t         unrent s 447700900001                ! AccountNotFound s
        # It is there in its owner's name alone.
        p         unrent p 447700900001                ! NumberNotFound
        p         set p 447700900001                   ! NumberNotFound
        t         unrent t 447700900001                ! NumberNotFound
        s         set s 447700900001 with shop        -> keeps 447700900001 shop
        p         set s 447700900001 with desk        -> keeps 447700900001 desk
        operator  set s 447700900001 with ∅           -> keeps 447700900001 -
        p         unrent s 447700900001               -> number GB 447700900001 stock
        p         unrent s 447700900001                ! NumberNotFound
        s         rent s 447700900001                 -> ok
        operator  unrent s 447700900001               -> number GB 447700900001 stock
    ";

    an_unrented_number_is_in_the_stock_again_without_what_its_owner_kept_with_it: "
        operator  open p limit 10                                -> ok
        p         make app p ivr                                 -> ok
        operator  stock GB 447700900001 cost 4                   -> ok
        p         rent p 447700900001 app ivr with shop          -> number GB 447700900001 p:ivr  keeps 447700900001 shop
        p         unrent p 447700900001                          -> number GB 447700900001 stock  keeps 447700900001 -  p -4/-10  lines NumberUnrented
        p         rent p 447700900001                            -> number GB 447700900001 p  keeps 447700900001 -  p -8/-10
        # What was given is in the stock from then on, too.
        operator  give p GB 447700900002 cost 3                  -> ok
        p         unrent p 447700900002                          -> number GB 447700900002 stock
        p         rent p 447700900002                             ! InsufficientFunds available 2 needed 3
    ";

    a_number_knows_what_it_is_since_when_it_is_there_and_since_when_its_owner_has_it: "
        operator  open p                                         -> ok
        p         open s under p                                 -> ok
        operator  stock GB 447700900001                          -> since 447700900001 0s/-  sort 447700900001 Mobile+sms/EUR
        wait 1s
        p         rent p 447700900001                            -> since 447700900001 0s/1s
        operator  give p GB 447700900002                         -> since 447700900002 1s/1s
        p         bring p 447700900003                           -> since 447700900003 1s/1s  sort 447700900003 Local+sms+voice/EUR
        wait 1s
        p         set p 447700900001 to s with text              -> since 447700900001 0s/1s  sort 447700900001 Mobile+sms/EUR
        p         unrent s 447700900001                          -> since 447700900001 0s/-  sort 447700900001 Mobile+sms/EUR
        s         rent s 447700900001                            -> since 447700900001 0s/2s
        p         close s                                        -> since 447700900001 0s/2s
        operator  open q currency USD                            -> ok
        q         bring q 447700900004                           -> sort 447700900004 Local+sms+voice/USD
        p         rent p 447700900005 with x*2049                 ! InvalidText Setting
    ";

    without_a_country_the_first_number_that_fits_is_meant: "
        operator  open p                                         -> ok
        operator  give p US 12025550123                          -> ok
        operator  stock GB 12025550123                           -> ok
        operator  stock FR 12025550123                           -> ok
        operator  stock DE 12025550123                           -> ok
        p         rent p 12025550123                             -> number DE 12025550123 p  number FR 12025550123 stock
        p         rent p 12025550123 country GB                  -> number GB 12025550123 p
        p         unrent p 12025550123                           -> number DE 12025550123 stock  number GB 12025550123 p  number US 12025550123 p
        p         set p 12025550123 with first                   -> keeps 12025550123 -
        p         unrent p 12025550123                           -> number GB 12025550123 stock  number US 12025550123 p
        p         unrent p 12025550123                           -> number US 12025550123 stock
    ";

    a_partner_brings_numbers_along_that_are_gone_when_it_gives_them_back: "
        operator  open p                                         -> ok
        p         open s under p                                 -> ok
        p         bring p 12025550123+12025550124 with acme      -> number ZZ 12025550123 p  number ZZ 12025550124 p  keeps 12025550123 acme  lines NumberGiven+NumberGiven
        p         bring s 12025550125                            -> number ZZ 12025550125 s
        operator  bring s 12025550126                            -> number ZZ 12025550126 s
        p         set p 12025550123 to s                         -> number ZZ 12025550123 s
        s         unrent s 12025550123                           -> number ZZ 12025550123 gone  lines NumberUnrented
        p         rent p 12025550123                              ! NumberNotFound
        operator  withdraw ZZ 12025550124                         ! NumberTaken
        p         bring p 12025550123                            -> number ZZ 12025550123 p
        p         bring p many*1001                               ! NumbersMax 1000
        p         bring p many*1000                              -> number ZZ 447700000999 p
    ";

    a_subaccount_brings_nothing_and_nobody_for_another_family: "
        operator  open p                                         -> ok
        operator  open q                                         -> ok
        p         open s under p                                 -> ok
        s         bring s 12025550123                             ! NotPrimary s
        s         bring p 12025550123                             ! AccountNotFound p
        q         bring p 12025550123                             ! AccountNotFound p
        q         bring s 12025550123                             ! AccountNotFound s
        gate      bring p 12025550123                             ! Forbidden
        p         close s                                        -> ok
        p         bring s 12025550123                             ! AccountClosed s
    ";

    numbers_are_brought_all_or_none_and_none_that_is_there: "
        operator  open p                                         -> ok
        operator  open q                                         -> ok
        operator  stock GB 447700900001                          -> ok
        q         bring q 447700900002                           -> ok
        p         bring p 447700900003+447700900001               ! NumberTaken
        p         bring p 447700900003+447700900002               ! NumberTaken
        p         bring p 447700900003+447700900003               ! NumberTaken
        p         bring p 447700900003+44                         ! InvalidText Msisdn
        p         bring p +                                       ! InvalidText Msisdn
        p         bring p 447700900003 app no-app                 ! ApplicationNotFound no-app
        p         bring p 447700900003 with x*2049                ! InvalidText Setting
        p         bring p 447700900003                           -> number ZZ 447700900003 p
        p         bring p 447700900003                            ! NumberTaken
    ";

    a_new_number_is_answered_by_the_accounts_default_unless_another_application_is_named: "
        operator  open p                                         -> ok
        p         open s under p                                 -> ok
        p         make app p main for-numbers                    -> ok
        p         make app p phones for-phones                   -> ok
        operator  stock GB 447700900001                          -> ok
        operator  stock GB 447700900002                          -> ok
        operator  stock GB 447700900003                          -> ok
        p         rent p 447700900001                            -> number GB 447700900001 p:main
        p         rent p 447700900002 app phones                 -> number GB 447700900002 p:phones
        p         rent s 447700900003                            -> number GB 447700900003 s
        p         bring p 447700900004                           -> number ZZ 447700900004 p:main
        p         bring p 447700900005 app phones                -> number ZZ 447700900005 p:phones
        p         bring s 447700900006                           -> number ZZ 447700900006 s
        operator  give p GB 447700900007                         -> number GB 447700900007 p:main
        operator  give s GB 447700900008                         -> number GB 447700900008 s
    ";

    a_number_is_answered_by_an_application_of_its_family_that_the_caller_may_know_of: "
        operator  open p                                         -> ok
        operator  open q                                         -> ok
        p         open s under p                                 -> ok
        p         open t under p                                 -> ok
        p         make app p ivr                                 -> ok
        s         make app s shop                                -> ok
        t         make app t desk                                -> ok
        q         make app q foreign                             -> ok
        operator  stock GB 447700900001                          -> ok
        s         rent s 447700900001 app ivr                     ! ApplicationNotFound ivr
        s         rent s 447700900001 app desk                    ! ApplicationNotFound desk
        s         rent s 447700900001 app foreign                 ! ApplicationNotFound foreign
        p         rent s 447700900001 app foreign                 ! ApplicationNotFound foreign
        operator  rent s 447700900001 app foreign                 ! ApplicationNotFound foreign
        s         rent s 447700900001 app no-app                  ! ApplicationNotFound no-app
        s         rent s 447700900001 app shop                   -> number GB 447700900001 s:shop
        s         set s 447700900001 app ivr                      ! ApplicationNotFound ivr
        s         set s 447700900001 app desk                     ! ApplicationNotFound desk
        operator  set s 447700900001 app foreign                  ! ApplicationNotFound foreign
        p         set s 447700900001 app ivr                     -> number GB 447700900001 s:ivr
        # Its primary linked it; it may leave it so, or take it away.
        s         set s 447700900001 with shop                   -> number GB 447700900001 s:ivr
        s         set s 447700900001 app none                    -> number GB 447700900001 s
        operator  set s 447700900001 app desk                    -> number GB 447700900001 s:desk  lines NumberChanged
    ";

    a_number_is_changed_and_moved_at_once_or_not_at_all: "
        operator  open p                                         -> ok
        operator  open q                                         -> ok
        p         open s under p                                 -> ok
        p         open t under p                                 -> ok
        q         open u under q                                 -> ok
        p         make app p ivr                                 -> ok
        operator  give s GB 447700900001                         -> ok
        p         set s 447700900001 to t app ivr with shop      -> number GB 447700900001 t:ivr  keeps 447700900001 shop  lines NumberTransfer
        p         set t 447700900001 to p                        -> number GB 447700900001 p:ivr  keeps 447700900001 shop
        # To who has it already is no move.
        p         set p 447700900001 to p                        -> number GB 447700900001 p:ivr  lines NumberChanged
        operator  set p 447700900001 to s country GB             -> number GB 447700900001 s:ivr
        s         set s 447700900001 to s                        -> number GB 447700900001 s:ivr  lines NumberChanged
        s         set s 447700900001 to p                         ! NotPrimary s
        s         set s 447700900001 to t                         ! NotPrimary s
        p         set s 447700900001 to u                         ! AccountNotFound u
        p         set s 447700900001 to q                         ! AccountNotFound q
        operator  set s 447700900001 to q                         ! AccountNotFound q
        p         set s 447700900001 to nobody                    ! AccountNotFound nobody
        p         set s 447700900001 to t app no-app with x       ! ApplicationNotFound no-app
        p         set s 447700900001 to t with x*2049             ! InvalidText Setting
        p         set s 447700900001 with x*2048                 -> number GB 447700900001 s:ivr
        p         set s 447700900001 country US                   ! NumberNotFound
        p         close t                                        -> ok
        p         set s 447700900001 to t                         ! AccountNotFound t
    ";

    a_number_neither_leaves_nor_reaches_who_is_suspended: "
        operator  open p                                         -> ok
        p         open s under p                                 -> ok
        operator  give s GB 447700900001                         -> ok
        operator  give p GB 447700900002                         -> ok
        p         change s suspended                             -> ok
        p         set s 447700900001 to p                         ! AccountSuspended s
        p         set p 447700900002 to s                         ! AccountSuspended s
        operator  set p 447700900002 to s                         ! AccountSuspended s
        # What is kept with it is its owner's side's business.
        p         set s 447700900001 with shop                   -> number GB 447700900001 s  keeps 447700900001 shop
        p         change s active                                -> ok
        operator  change p suspended                             -> ok
        operator  set s 447700900001 to p                         ! AccountSuspended s
    ";

    what_is_in_the_stock_is_not_moved_by_anybody: "
        operator  open p                                         -> ok
        p         open s under p                                 -> ok
        operator  stock GB 447700900001                          -> ok
        p         move 447700900001 p > s                         ! NumberNotFound
        p         move 447700900001 p > s country GB              ! NumberNotFound
        p         set p 447700900001 to s                         ! NumberNotFound
        p         unrent p 447700900001                           ! NumberNotFound
    ";
}
