//! Closing: what becomes of money, holds, numbers, names and credentials.

use super::scenarios;

scenarios! {
    a_close_sweeps_balance_and_credit_limit_to_the_primary: "
        operator  open p limit 100                  -> ok
        p         open s under p                    -> ok
        p         transfer credit 40 p > s          -> ok
        operator  pay s 7                           -> p 0/-60  s 7/-40  total p 7/-100
        p         close s                           -> p 7/-100  s 0/0  s is closed  total p 7/-100
        p         close s                            ! AccountClosed s
    ";

    a_close_sweeps_debt_and_may_leave_the_heir_overdrawn: "
        operator  open p limit 100                  -> ok
        p         open s under p                    -> ok
        p         open t under p                    -> ok
        p         transfer credit 40 p > s          -> p 0/-60
        gate      charge s 30                       -> s -30/-40
        p         close s                           -> p -30/-100  s 0/0
        gate      charge p 70                       -> p -100/-100
        billing   charge t 5 force                  -> t -5/0
        p         close t                           -> p -105/-100  t 0/0
    ";

    a_close_releases_open_holds_which_may_be_settled_late_on_the_heir: "
        operator  open p limit 100                  -> ok
        p         open s under p                    -> ok
        operator  pay s 20                          -> ok
        gate      hold s 6 as h                     -> s 20/0 held 6
        gate      hold s 5 capture as i             -> s 20/0 held 11
        gate      hold s 4 as j                     -> s 20/0 held 15
        gate      settle j 4                        -> s 16/0 held 11
        wait 5s
        p         close s                           -> p 16/-100  s 0/0  hold h Closed 0  hold i Closed 0  hold j Settled 4
        gate      settle h 8 as c                   -> p 8/-100  s 0/0  hold h Settled 8
        gate      settle h 8                        -> again  p 8/-100
        gate      settle i 5                        -> p 3/-100
        gate      release i                          ! HoldEnded Settled at 5s
        gate      reverse c                         -> p 11/-100
        server    expire h                           ! HoldEnded Settled at 5s
    ";

    a_hold_that_a_close_ended_is_neither_released_nor_extended_nor_does_it_expire: "
        operator  open p limit 100                  -> ok
        p         open s under p shared             -> ok
        gate      hold s 6 as h                     -> p 0/-100 held 6
        p         close s                           -> p 0/-100  hold h Closed 0
        wait 1h
        server    expire h                           ! HoldEnded Closed at 0s
        gate      release h                          ! HoldEnded Closed at 0s
        gate      extend h 1h                        ! HoldEnded Closed at 0s
        gate      settle h 200                      -> p -200/-100
    ";

    a_close_releases_what_the_account_holds_of_its_former_payer: "
        operator  open p limit 100                  -> ok
        p         open s under p shared             -> ok
        gate      hold s 6 as shared                -> p 0/-100 held 6
        gate      hold p 1 as other                 -> p 0/-100 held 7
        p         change s own                      -> ok
        p         transfer balance 10 p > s         -> p -10/-100 held 7  s 10/0
        gate      hold s 3 as own                   -> s 10/0 held 3
        p         close s                           -> p 0/-100 held 1  s 0/0  hold shared Closed 0  hold own Closed 0  hold other open
    ";

    a_capture_that_was_late_settled_after_the_close_pays_the_heir_back: "
        operator  open p limit 100                  -> ok
        p         open s under p                    -> ok
        operator  pay s 10                          -> ok
        gate      hold s 6 lasts 1h capture as h    -> ok
        wait 1h
        server    expire h as c                     -> s 4/0
        p         close s                           -> p 4/-100  s 0/0
        gate      settle h 1                        -> p 9/-100  s 0/0
        gate      reverse c                         -> p 10/-100
    ";

    a_close_kills_every_credential: "
        operator  open p                   -> ok
        p         open s under p           -> ok
        s         add s secret new         -> s is keyed s.secret+s.token+new
        p         close s                  -> kills 3  s is keyed -
        s         add s secret another      ! CredentialRevoked
        new       add s secret another      ! CredentialRevoked
        p         add s secret another      ! AccountClosed s
        operator  revoke s new              ! AccountClosed s
    ";

    a_primary_closes_only_empty: "
        operator  open p limit 100               -> ok
        p         open s under p                 -> ok
        operator  close p                         ! NotEmpty balance 0 held 0 subaccounts 1
        p         close s                        -> ok
        operator  pay p 1                        -> ok
        operator  close p                         ! NotEmpty balance 1 held 0 subaccounts 0
        gate      charge p 2                     -> p -1/-100
        operator  close p                         ! NotEmpty balance -1 held 0 subaccounts 0
        operator  pay p 1                        -> ok
        gate      hold p 5 as h                  -> ok
        operator  close p                         ! NotEmpty balance 0 held 5 subaccounts 0
        gate      release h                      -> ok
        # Its credit limit is nobody's any more.
        operator  close p                        -> p 0/0  p is closed  kills 2
        operator  close p                         ! AccountClosed p
        p         open s under p                  ! CredentialRevoked
    ";

    a_suspended_account_closes_too: "
        operator  open p              -> ok
        p         open s under p      -> ok
        p         change s suspended  -> ok
        p         close s             -> s is closed
    ";

    only_the_operator_and_its_primary_close_an_account: "
        operator  open p              -> ok
        operator  open q              -> ok
        p         open s under p      -> ok
        p         open t under p      -> ok
        s         close s              ! Forbidden
        p         close p              ! Forbidden
        gate      close s              ! Forbidden
        q         close s              ! AccountNotFound s
        s         close t              ! AccountNotFound t
        operator  close nobody         ! AccountNotFound nobody
        p         close s             -> p is above 1
        operator  close t             -> p is above 0
    ";

    numbers_go_to_the_parent: "
        operator  open p                       -> ok
        p         open s under p               -> ok
        operator  give s GB 447700900001       -> number GB 447700900001 s
        operator  give s US 447700900001       -> number US 447700900001 s
        operator  give p GB 447700900002       -> number GB 447700900002 p
        p         close s                      -> number GB 447700900001 p  number US 447700900001 p  number GB 447700900002 p
    ";

    numbers_go_back_where_they_came_from_when_the_close_cascades: "
        operator  open p                       -> ok
        p         open s under p               -> ok
        operator  give s GB 447700900001       -> ok
        operator  give p GB 447700900002       -> ok
        p         bring s 447700900003         -> ok
        p         close s cascade              -> number GB 447700900001 stock  number ZZ 447700900003 gone  number GB 447700900002 p
        p         rent p 447700900001          -> number GB 447700900001 p
        p         bring p 447700900003         -> ok
        # A primary has no parent to hand them to.
        operator  close p                      -> number GB 447700900001 stock  number GB 447700900002 stock  number ZZ 447700900003 gone
    ";

    applications_and_endpoints_go_to_the_parent_with_their_links_but_are_no_defaults_there: "
        operator  open p                                  -> ok
        p         open s under p                          -> ok
        p         make app p main for-numbers             -> ok
        s         make app s shop for-numbers for-phones  -> ok
        s         make phone s bob                        -> phone bob s:shop
        p         make phone s eve app main               -> phone eve s:main
        p         make phone p tom app shop               -> phone tom p:shop
        operator  give s GB 447700900001                  -> number GB 447700900001 s:shop
        operator  give p GB 447700900002                  -> number GB 447700900002 p:main
        p         set p 447700900002 app shop             -> number GB 447700900002 p:shop
        p         close s                                 -> app shop p  app main p+numbers  phone bob p:shop  phone eve p:main  phone tom p:shop  number GB 447700900001 p:shop  number GB 447700900002 p:shop  lines EndpointChanged+EndpointChanged+NumberTransfer+ApplicationChanged+Close  passwords 0
        p         delete bob                              -> ok
    ";

    applications_and_endpoints_are_gone_when_the_close_cascades_and_links_to_them: "
        operator  open p                                  -> ok
        p         open s under p                          -> ok
        p         open t under p                          -> ok
        p         make app p main                         -> ok
        s         make app s shop                         -> ok
        s         make phone s bob app shop               -> ok
        p         make phone s eve app main               -> ok
        p         make phone p tom app shop               -> ok
        p         make phone t joe app shop               -> ok
        p         make phone p zoe app main               -> ok
        operator  give s GB 447700900001                  -> ok
        s         set s 447700900001 app shop with text   -> ok
        operator  give p GB 447700900002                  -> ok
        p         set p 447700900002 app shop with text   -> ok
        operator  give t GB 447700900003                  -> ok
        p         set t 447700900003 app main             -> ok
        p         close s cascade                         -> app shop gone  app main p  phone bob gone  phone eve gone  phone tom p  phone joe t  phone zoe p:main  number GB 447700900001 stock  number GB 447700900002 p  keeps 447700900002 text  number GB 447700900003 t:main  lines EndpointDeleted+EndpointDeleted+EndpointChanged+EndpointChanged+NumberUnrented+NumberChanged+ApplicationDeleted+Close
        p         rent p 447700900001                     -> number GB 447700900001 p  keeps 447700900001 -
    ";

    a_close_counts_what_it_found: "
        operator  open p limit 100                        -> ok
        p         open s under p shared                   -> ok
        p         open t under p                          -> ok
        gate      hold s 6 as h                           -> ok
        gate      hold s 5                                -> ok
        gate      hold s 9 as i                           -> ok
        gate      hold t 0.5                               ! InsufficientFunds available 0 needed 0.5
        gate      hold p 3                                -> ok
        gate      release i                               -> ok
        p         change s own                            -> ok
        operator  pay s 4                                 -> ok
        gate      hold s 4                                -> ok
        s         make app s one                          -> ok
        s         make app s two                          -> ok
        p         make phone s bob app one                -> ok
        p         make phone p tom app one                -> ok
        operator  give s GB 447700900001                  -> ok
        operator  give s GB 447700900002                  -> ok
        operator  give s GB 447700900003                  -> ok
        operator  give p GB 447700900004                  -> ok
        p         set p 447700900004 app one              -> ok
        p         close s cascade                         -> counts holds 3 released 15 numbers 3 apps 2 phones 1 cascade true  p 4/-100 held 3
        p         close t                                 -> counts holds 0 released 0 numbers 0 apps 0 phones 0 cascade false
    ";

    debt_and_holds_are_swept_and_belongings_handed_over_in_one_decision: "
        operator  open p limit 100                        -> ok
        p         open s under p                          -> ok
        p         transfer credit 20 p > s                -> ok
        gate      hold s 3 as h                           -> ok
        operator  stock GB 447700900001 cost 12           -> ok
        s         rent s 447700900001                     -> s -12/-20 held 3
        billing   charge s 30 force                       -> s -42/-20 held 3
        s         make app s shop                         -> ok
        s         make phone s bob app shop               -> ok
        p         close s                                 -> p -42/-100  s 0/0  number GB 447700900001 p  app shop p  phone bob p:shop  hold h Closed 0  lines Release+EndpointChanged+NumberTransfer+ApplicationChanged+Close  counts holds 1 released 3 numbers 1 apps 1 phones 1 cascade false
        gate      settle h 2                              -> p -44/-100
    ";

    a_close_under_a_key_is_answered_as_it_was: "
        operator  open p limit 100                        -> ok
        p         open s under p shared                   -> ok
        gate      hold s 6 as h                           -> ok
        s         make app s shop                         -> ok
        p         close s cascade key k                   -> counts holds 1 released 6 apps 1 cascade true
        p         close s cascade key k                   -> again  counts holds 1 released 6 numbers 0 apps 1 phones 0 cascade true
    ";

    a_primary_leaves_nothing_to_nobody: "
        operator  open p                                  -> ok
        p         make app p main for-numbers             -> ok
        p         make phone p bob app main               -> ok
        operator  stock GB 447700900001                   -> ok
        p         rent p 447700900001                     -> number GB 447700900001 p:main
        operator  close p                                 -> app main gone  phone bob gone  number GB 447700900001 stock  counts numbers 1 apps 1 phones 1 cascade true
        operator  withdraw GB 447700900001                -> number GB 447700900001 gone
        p         make app p x                             ! CredentialRevoked
        operator  make app p x                             ! AccountClosed p
        operator  edit main with x                         ! ApplicationNotFound main
    ";
}
