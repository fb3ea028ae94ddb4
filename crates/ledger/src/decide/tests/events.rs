//! What others are told of, and how often.

use super::scenarios;

scenarios! {
    a_threshold_is_told_of_once_when_it_is_crossed: "
        operator  open p                               -> events AccountOpened:p
        operator  pay p 30                             -> events AvailableRecovered:p@0
        operator  change p alerts low 10 recovered 20  -> events AccountChanged:p p is level Fine
        gate      charge p 20                          -> events -  p 10/0
        gate      charge p 0.01                        -> events AvailableLow:p@10 p is level Low
        gate      charge p 0.99                        -> events -
        gate      charge p 8.5                         -> events -
        gate      charge p 0.5                         -> events AvailableDepleted:p@0 p is level Depleted
        billing   charge p 1 force                     -> events -
    ";

    it_is_told_of_again_only_after_the_account_has_recovered: "
        operator  open p limit 30                      -> ok
        operator  change p alerts low 10 recovered 20  -> ok
        gate      charge p 21                          -> events AvailableLow:p@10
        operator  pay p 10                             -> events -  p is level Low
        gate      charge p 15                          -> events -
        gate      charge p 4                           -> events AvailableDepleted:p@0
        operator  pay p 19.99999999                    -> events -  p is level Depleted
        gate      charge p 19.99999999                 -> events -
        operator  pay p 20                             -> events AvailableRecovered:p@20 p is level Fine
        gate      charge p 20                          -> events AvailableLow:p@10+AvailableDepleted:p@0
    ";

    without_thresholds_nothing_left_is_told_of_and_anything_more_is_enough: "
        operator  open p limit 5       -> p is level Fine
        gate      charge p 5           -> events AvailableDepleted:p@0
        operator  pay p 0.00000001     -> events AvailableRecovered:p@0
        gate      charge p 0.00000001  -> events AvailableDepleted:p@0
    ";

    what_is_held_counts_and_so_does_the_limit: "
        operator  open p limit 10                  -> ok
        operator  change p alerts low 5 depleted 1  -> ok
        gate      hold p 6 as h                    -> events AvailableLow:p@5
        gate      hold p 3 as i                    -> events AvailableDepleted:p@1
        gate      release i                        -> events -
        gate      release h                        -> events AvailableRecovered:p@5
        operator  change p limit 4                 -> events AccountChanged:p+AvailableLow:p@5
        operator  change p limit 5                 -> events AccountChanged:p+AvailableRecovered:p@5
    ";

    a_threshold_may_move_over_the_account_instead: "
        operator  open p limit 10                       -> ok
        operator  change p alerts low 11                -> events AccountChanged:p+AvailableLow:p@11
        operator  change p alerts low 20                -> events AccountChanged:p
        operator  change p alerts depleted 10           -> events AccountChanged:p+AvailableDepleted:p@10
        operator  change p alerts depleted 9            -> events AccountChanged:p+AvailableRecovered:p@9
        operator  change p alerts                       -> events AccountChanged:p
    ";

    each_side_of_a_transfer_is_looked_at: "
        operator  open p limit 10                      -> ok
        p         open s under p                       -> events AccountOpened:s s is level Depleted
        p         change s alerts low 3                -> events AccountChanged:s s is level Depleted
        p         change p alerts low 8                -> ok
        p         transfer credit 5 p > s              -> events AvailableLow:p@8+AvailableRecovered:s@3
        p         transfer balance 3 s > p             -> events AvailableLow:s@3+AvailableRecovered:p@8
    ";

    who_shares_a_balance_has_no_level_and_its_payer_has: "
        operator  open p limit 10                  -> ok
        p         open s under p shared            -> s is level Fine
        p         change s alerts low 3             ! SharesBalance s
        gate      charge s 10                      -> events AvailableDepleted:p@0 s is level Fine
        p         change s own                     -> events AccountChanged:s s is level Depleted
        operator  pay s 1                          -> events AvailableRecovered:s@0
        p         change s alerts low 1            -> events AccountChanged:s s is level Fine
    ";

    what_closes_has_no_level_and_its_heir_has: "
        operator  open p                  -> ok
        p         open s under p          -> ok
        operator  pay s 7                 -> ok
        p         change s alerts low 5   -> ok
        p         close s                 -> events AccountClosed:s+AvailableRecovered:p@0 s is level Fine
    ";

    a_debt_that_is_inherited_may_deplete: "
        operator  open p limit 3          -> ok
        p         open s under p          -> ok
        billing   charge s 3 force        -> events -  s is level Depleted
        p         close s                 -> events AccountClosed:s+AvailableDepleted:p@0
    ";

    thresholds_are_in_their_order: "
        operator  open p limit 3 alerts low 5               -> p is level Low
        operator  open q alerts low -1                      ! AlertsOutOfOrder
        operator  change p alerts low 5 depleted 5          ! AlertsOutOfOrder
        operator  change p alerts low 5 recovered 4         ! AlertsOutOfOrder
        operator  change p alerts depleted -1               ! AlertsOutOfOrder
        operator  change p alerts low 10000000000.00000001  ! AlertsOutOfOrder
        operator  change p alerts low 5 recovered 5        -> ok
    ";

    who_manages_an_account_says_when_it_is_told_of: "
        operator  open p limit 10         -> ok
        p         change p alerts low 5   -> ok
        p         open s under p          -> ok
        p         change s alerts low 5   -> ok
        s         change s alerts low 4    ! Forbidden
        gate      change s alerts low 4    ! Forbidden
        operator  open q                  -> ok
        q         change s alerts low 4    ! AccountNotFound s
    ";

    accounts_and_credentials_are_told_of_when_they_change: "
        operator  open p limit 9          -> events AccountOpened:p
        p         open s under p shared   -> events AccountOpened:s
        p         change s called S       -> events AccountChanged:s
        p         change s suspended      -> events AccountSuspended:s
        p         change s suspended      -> events AccountChanged:s
        p         change s active         -> events AccountReactivated:s
        s         add s token new         -> events CredentialAdded:s
        s         revoke s new            -> events CredentialRevoked:s
        s         rotate s token next 1h  -> events CredentialChanged:s+CredentialAdded:s
        wait 1h
        server    retire s s.token        -> events CredentialRevoked:s
        s         rotate s secret one 0h  -> events CredentialRevoked:s+CredentialAdded:s
        operator  open p2 key k           -> events AccountOpened:p2
        p         close s                 -> events AccountClosed:s
    ";

    a_hold_that_expires_with_capture_is_its_accounts_and_the_rest_is_nobodys: "
        operator  open p limit 9                      -> ok
        p         open s under p shared               -> ok
        gate      hold s 4 lasts 1h capture as h      -> events -
        gate      hold s 4 lasts 1h as i              -> events -
        gate      hold s 1 lasts 1h capture as j      -> events AvailableDepleted:p@0
        wait 1h
        server    expire h                            -> events HoldCaptured:s
        server    expire i                            -> events AvailableRecovered:p@0
        gate      settle j 1                          -> events -
    ";

    a_repeat_and_what_moves_nothing_tell_of_nothing: "
        operator  open p limit 9                      -> ok
        gate      charge p 9 key k                    -> events AvailableDepleted:p@0
        gate      charge p 9 key k                    -> again events -
        operator  give p GB 447700900001              -> events -
        p         make app p ivr                      -> events -
    ";
}
