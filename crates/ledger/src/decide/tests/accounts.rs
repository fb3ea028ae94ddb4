//! Opening and changing accounts, the credit limit, suspension.

use super::scenarios;

scenarios! {
    an_account_starts_empty_active_and_with_its_credentials: "
        operator  open p limit 100 called The␠Partner  -> p 0/-100  p is primary active own called The␠Partner
        operator  open q                               -> q is of EUR  stores 2  q is keyed q.secret+q.token  q is above 0
        p         open s under p                       -> s 0/0  s is active own of EUR  p is above 1
        p         open t under p shared                -> t 0/0  t is shared  p is above 2  q is above 0
    ";

    only_the_operator_opens_a_primary_account_and_its_own_primary_a_subaccount: "
        operator  open p               -> ok
        operator  open q               -> ok
        server    open r               -> r is primary
        p         open x                ! Forbidden
        gate      open x                ! Forbidden
        gate      open x under p        ! Forbidden
        operator  open s under p       -> p is above 1
        p         open x under q        ! AccountNotFound q
        p         open x under nobody   ! AccountNotFound nobody
        s         open x under s        ! NotPrimary s
        s         open x under p        ! AccountNotFound p
        operator  open x under s        ! NotPrimary s
    ";

    a_name_has_1_to_255_characters_that_are_not_all_blank: "
        operator  open p called €*255           -> p is called €*255
        operator  open q called €*256            ! InvalidText Name
        operator  open q called ␠*3              ! InvalidText Name
        operator  open q called ∅                ! InvalidText Name
        p         open s under p called ␠x␠     -> s is called ␠x␠
        p         change s called €*256          ! InvalidText Name
        p         change s called ␠              ! InvalidText Name
        p         change s called y*255         -> s is called y*255
    ";

    an_outside_name_is_never_used_twice: "
        operator  open p                   -> ok
        operator  open q api-key-of p       ! NameTaken
        operator  open q auth-id-of p       ! NameTaken
        p         open s under p           -> ok
        p         open t under p api-key-of s ! NameTaken
        p         close s                  -> s is closed
        p         open t under p auth-id-of s ! NameTaken
        p         open t under p           -> ok
    ";

    a_family_has_one_currency: "
        operator  open p currency USD          -> p is of USD
        p         open s under p               -> s is of USD
        p         open t under p currency USD  -> t is of USD
        p         open u under p currency EUR   ! CurrencyMismatch
    ";

    a_credit_limit_is_set_on_a_primary_by_the_operator_alone: "
        operator  open p limit 10000000000            -> p 0/-10000000000
        operator  open q limit 10000000000.00000001    ! AmountOutOfRange
        operator  open q limit -0.00000001             ! AmountOutOfRange
        p         open s under p limit 1               ! CreditLimitFixed
        operator  open s under p limit 1               ! CreditLimitFixed
        operator  open s under p limit 0              -> s 0/0
        operator  change s limit 1                     ! CreditLimitFixed
        p         change s limit 1                     ! CreditLimitFixed
        p         change p limit 1                     ! Forbidden
        operator  change p limit 10000000000.00000001  ! AmountOutOfRange
        operator  change p limit -1                    ! AmountOutOfRange
        operator  change p limit 250                  -> p 0/-250
        operator  change p limit 10000000000          -> p 0/-10000000000
        operator  change p limit 0                    -> p 0/0
    ";

    a_credit_limit_sinks_by_no_more_than_what_is_not_in_use: "
        operator  open p limit 100           -> ok
        gate      charge p 30                -> p -30/-100
        gate      hold p 20 as h             -> p -30/-100 held 20
        operator  change p limit 49.99999999  ! InsufficientCredit available 50 needed 50.00000001
        operator  change p limit 50          -> p -30/-50 held 20
        operator  change p limit 49           ! InsufficientCredit available 0 needed 1
        operator  change p limit 80          -> p -30/-80 held 20
        # Money that is there beside the limit cannot be lowered away: the limit ends at zero.
        operator  pay p 200                  -> p 170/-80 held 20
        operator  change p limit 0           -> p 170/0 held 20
    ";

    an_overdrawn_accounts_limit_may_rise_but_not_sink: "
        operator  open p limit 10         -> ok
        billing   charge p 25 force       -> p -25/-10
        operator  change p limit 9         ! InsufficientCredit available 0 needed 1
        operator  change p limit 20       -> p -25/-20
    ";

    a_primary_has_as_many_subaccounts_as_it_may_have_and_closed_ones_do_not_count: "
        operator  open p                  -> ok
        p         open a under p max 2    -> ok
        p         open b under p max 2    -> p is above 2
        p         open c under p max 2     ! SubaccountsMax 2
        p         open c under p max 3    -> p is above 3
        p         close a                 -> p is above 2
        p         open d under p max 2     ! SubaccountsMax 2
        p         close b                 -> p is above 1
        p         open d under p max 2    -> p is above 2
        p         open e under p          -> p is above 3
    ";

    shared_becomes_own_at_zero_and_own_never_becomes_shared: "
        operator  open p limit 100        -> ok
        p         open s under p shared   -> s is shared
        p         change s shared         -> s is shared
        gate      charge s 10             -> p -10/-100  s 0/0
        p         change s own            -> s is own  p -10/-100  s 0/0
        gate      charge s 1               ! InsufficientFunds available 0 needed 1
        p         change s own            -> s is own
        p         change s shared          ! BalanceStaysOwn
        operator  change s shared          ! BalanceStaysOwn
        p         change s own            -> s is own
    ";

    a_primary_shares_nothing: "
        operator  open p shared     ! PrimarySharesNothing
        operator  open p           -> ok
        operator  change p shared   ! PrimarySharesNothing
        operator  change p own     -> p is own
    ";

    a_change_is_all_or_nothing: "
        operator  open p limit 10                          -> ok
        operator  change p called New limit -1              ! AmountOutOfRange
        operator  change p called New suspended shared      ! PrimarySharesNothing
        operator  change p called New suspended limit 20   -> p is called New  p is suspended  p 0/-20
        # An empty change is one, too.
        operator  change p                                 -> p is called New  p is suspended  p 0/-20
    ";

    an_account_is_changed_by_the_operator_and_its_primary_only: "
        operator  open p                      -> ok
        operator  open q                      -> ok
        p         open s under p              -> ok
        p         open t under p              -> ok
        p         change s called x           -> s is called x
        operator  change s called y           -> s is called y
        operator  change p called z           -> p is called z
        s         change s called x            ! Forbidden
        gate      change s called x            ! Forbidden
        s         change t called x            ! AccountNotFound t
        s         change p called x            ! AccountNotFound p
        q         change s called x            ! AccountNotFound s
        operator  change nobody called x       ! AccountNotFound nobody
    ";

    a_primary_names_itself_and_every_account_keeps_its_own_settings_but_nothing_else_of_itself: "
        operator  open p limit 10                      -> ok
        p         open s under p                       -> ok
        p         open t under p                       -> ok
        p         change p called New with Vienna      -> p is called New  keeps p Vienna  keeps s -
        s         change s with Graz                   -> keeps s Graz  keeps p Vienna  lines Change
        s         change s called x                     ! Forbidden
        s         change s with Linz called x           ! Forbidden
        s         change s suspended                    ! Forbidden
        s         change s active                       ! Forbidden
        s         change s own                          ! Forbidden
        s         change s limit 1                      ! Forbidden
        s         change s                             -> keeps s Graz
        p         change p limit 11                     ! Forbidden
        p         change p limit 10                     ! Forbidden
        p         change p suspended                    ! Forbidden
        p         change p active                       ! Forbidden
        p         change p own                          ! Forbidden
        p         change p called ␠                     ! InvalidText Name
        s         change p with Linz                    ! AccountNotFound p
        s         change t with Linz                    ! AccountNotFound t
        p         change s with Linz                   -> keeps s Linz
        operator  change s with ∅                      -> keeps s -
    ";

    an_account_may_be_opened_suspended_and_cannot_call_until_that_is_lifted: "
        operator  open p limit 10                      -> ok
        operator  open q limit 10 suspended            -> q is primary suspended
        q         open x under q                        ! CallerSuspended
        p         open s under p shared suspended      -> s is suspended shared  p is active above 1
        s         change s with x                       ! CallerSuspended
        gate      charge s 1                            ! AccountSuspended s
        p         make app s ivr                       -> app ivr s
        p         change s active                      -> s is active
        s         change s with x                      -> keeps s x
        gate      charge s 1                           -> p -1/-10
        operator  open x closed                         ! StatusFixed
        p         open x under p closed                 ! StatusFixed
        p         open t under p active                -> t is active  p is above 2
    ";

    a_setting_has_at_most_2048_characters: "
        operator  open p                               -> ok
        p         change p with €*2048                 -> ok
        p         change p with Vienna with €*2049      ! InvalidText Setting
        p         change p with Vienna with Graz       -> keeps p Graz
        p         change p with Vienna with ∅          -> keeps p -
    ";

    an_account_knows_when_it_was_changed_last: "
        operator  open p limit 10                      -> p is changed never
        wait 1s
        p         open s under p                       -> p is changed never  s is changed never
        operator  pay p 1                              -> p is changed never
        s         change s with Graz                   -> s is changed 1s  p is changed never
        wait 1s
        p         change s suspended                   -> s is changed 2s
        operator  change p limit 20                    -> p is changed 2s
        wait 1s
        operator  change p                             -> p is changed 3s  s is changed 2s
    ";

    suspension_stops_the_account_and_all_below_it_and_nothing_else: "
        operator  open p limit 100                  -> ok
        p         open s under p                    -> ok
        p         open t under p shared             -> ok
        p         transfer balance 20 p > s         -> s 20/0
        p         change s suspended                -> s is suspended  s 20/0
        p         change s suspended                -> s is suspended
        gate      charge s 1                         ! AccountSuspended s
        gate      hold s 1                           ! AccountSuspended s
        gate      charge t 1                        -> p -21/-100
        # Its money stays, and its primary still moves it.
        p         transfer balance 5 s > p          -> p -16/-100  s 15/0
        p         transfer credit 5 p > s           -> p -16/-95  s 15/-5
        operator  pay s 1                           -> s 16/-5
        # A suspended primary stops the whole family, whose own states stay as they are.
        operator  change p suspended                -> p is suspended  t is active
        p         change s active                    ! CallerSuspended
        t         add t secret new                   ! CallerSuspended
        gate      charge t 1                         ! AccountSuspended t
        gate      charge p 1                         ! AccountSuspended p
        operator  transfer balance 1 s > p in p     -> p -15/-95  s 15/-5
        operator  pay p -1                          -> p -16/-95
        operator  change s active                   -> s is active
        gate      charge s 1                         ! AccountSuspended s
        operator  change p active                   -> p is active
        gate      charge s 1                        -> s 14/-5
    ";

    a_status_is_never_changed_to_closed_and_a_closed_account_never_changes: "
        operator  open p                -> ok
        p         open s under p        -> ok
        p         change s closed        ! StatusFixed
        p         close s               -> s is closed
        p         change s active        ! AccountClosed s
        operator  change s called x      ! AccountClosed s
        operator  close p               -> p is closed
        operator  open t under p         ! AccountNotFound p
        operator  change p active        ! AccountClosed p
    ";
}
