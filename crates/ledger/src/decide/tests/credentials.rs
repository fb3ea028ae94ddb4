//! Secrets, auth tokens, and the tokens of operator and gates.

use super::scenarios;

scenarios! {
    an_account_has_at_most_two_live_credentials_of_a_kind: "
        operator  open p               -> p is keyed p.secret+p.token
        p         add p secret two     -> p is keyed p.secret+p.token+two  stores 1
        p         add p secret three    ! CredentialsMax 2
        p         add p token four     -> p is keyed p.secret+p.token+two+four
        p         add p token five      ! CredentialsMax 2
        p         revoke p p.secret    -> p is keyed p.token+two+four  kills 1
        two       add p secret three   -> p is keyed p.token+two+four+three
    ";

    the_last_credential_of_each_kind_stays: "
        operator  open p               -> ok
        p         revoke p p.secret     ! LastCredential
        p         revoke p p.token      ! LastCredential
        p         add p token two      -> ok
        p         revoke p p.secret     ! LastCredential
        p         revoke p p.token     -> p is keyed p.secret+two
        p         revoke p p.token      ! CredentialNotFound
        p         revoke p two          ! LastCredential
    ";

    a_secret_that_is_in_use_is_refused_before_the_count: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         add p secret two same-as p.secret    ! SecretInUse
        p         add p secret two same-as p.token     ! SecretInUse
        p         add p secret two same-as q.secret   -> ok
        p         add p secret three same-as two       ! SecretInUse
        p         add p secret three                   ! CredentialsMax 2
        p         revoke p p.secret                   -> ok
        two       add p secret three same-as p.secret -> p is keyed p.token+two+three
    ";

    credentials_are_managed_by_the_account_its_primary_and_the_operator: "
        operator  open p                  -> ok
        operator  open q                  -> ok
        p         open s under p          -> ok
        p         open t under p          -> ok
        s         add s secret a          -> s is keyed s.secret+s.token+a
        p         revoke s a              -> ok
        p         add s secret b          -> ok
        operator  revoke s b              -> ok
        operator  add s secret c          -> s is keyed s.secret+s.token+c
        operator  add p secret d          -> ok
        gate      add s token e            ! Forbidden
        q         add s token e            ! AccountNotFound s
        t         add s token e            ! AccountNotFound s
        s         add p token e            ! AccountNotFound p
        s         revoke p p.secret        ! AccountNotFound p
        p         revoke s p.secret        ! CredentialNotFound
        operator  add nobody token e       ! AccountNotFound nobody
    ";

    a_revoked_credential_is_refused_at_the_decision_and_the_others_live_on: "
        operator  open p                  -> ok
        p         add p secret two        -> ok
        p.secret  revoke p p.secret       -> ok
        p.secret  open s under p           ! CredentialRevoked
        two       open s under p          -> ok
        p.token   open t under p          -> ok
        nobody    open u under p           ! CredentialRevoked
        # Its primary's suspension stops a subaccount's own calls; its primary rotates its secrets all the same.
        two       change s suspended      -> ok
        s         add s secret three       ! CallerSuspended
        two       add s secret three      -> s is keyed s.secret+s.token+three
    ";

    a_rotation_lets_the_old_one_live_beside_the_new_one_until_its_time: "
        operator  open p                      -> ok
        p         rotate p token new 24h      -> p is keyed p.secret+p.token+new  stores 1  kills 0  lines CredentialChanged+CredentialAdded
        wait 23h
        p.token   change p with old           -> keeps p old
        new       change p with new           -> keeps p new
        wait 3599999ms
        p.token   change p with old           -> keeps p old
        wait 1ms
        # Dead at its time, though the sweeper has not come yet.
        p.token   change p with x              ! CredentialRevoked
        new       change p with new           -> p is keyed p.secret+p.token+new
        server    retire p p.token            -> p is keyed p.secret+new  kills 1  lines CredentialRevoked
        server    retire p p.token             ! CredentialNotFound
        p.secret  change p with secret        -> keeps p secret
    ";

    a_rotation_without_overlap_kills_all_others_of_the_kind_at_once: "
        operator  open p                      -> ok
        p         add p token two             -> ok
        p.token   rotate p token new 0ms      -> p is keyed p.secret+new  stores 1  kills 2  lines CredentialRevoked+CredentialRevoked+CredentialAdded
        p.token   change p with x              ! CredentialRevoked
        two       change p with x              ! CredentialRevoked
        new       change p with new           -> keeps p new
        p         rotate p secret s2 0ms      -> p is keyed new+s2  kills 1
    ";

    an_overlap_lasts_from_nothing_to_30_days: "
        operator  open p                      -> ok
        p         rotate p token x -1ms        ! OverlapOutOfRange
        p         rotate p token x 2592000001ms ! OverlapOutOfRange
        p         rotate p token x 721h        ! OverlapOutOfRange
        p         rotate p token new 720h     -> p is keyed p.secret+p.token+new
        wait 719h
        p.token   change p with old           -> keeps p old
        wait 1h
        p.token   change p with x              ! CredentialRevoked
    ";

    while_two_of_a_kind_live_none_comes_beside_them: "
        operator  open p                      -> ok
        p         rotate p token two 1h       -> ok
        p         rotate p token x 1h          ! CredentialsMax 2
        p         add p token x                ! CredentialsMax 2
        p         rotate p token x 1h same-as two ! SecretInUse
        p         rotate p token x -1ms        ! OverlapOutOfRange
        # At once there is room, whatever lives, and so there is when the old one is dead, swept or not.
        p         rotate p token three 0ms    -> p is keyed p.secret+three  kills 2
        p         rotate p token four 1h      -> ok
        wait 1h
        p         rotate p token five 2h      -> p is keyed p.secret+three+four+five  lines CredentialChanged+CredentialAdded
        server    retire p three              -> p is keyed p.secret+four+five
        server    retire p four                ! NotExpired
        wait 2h
        p         rotate p token six 0ms      -> p is keyed p.secret+four+six  kills 1
        server    retire p four               -> p is keyed p.secret+six
    ";

    what_is_dead_but_not_swept_leaves_room_for_another: "
        operator  open p                      -> ok
        p         rotate p secret two 1h      -> ok
        wait 1h
        two       add p secret three          -> p is keyed p.secret+p.token+two+three
        two       add p secret four            ! CredentialsMax 2
        server    retire p p.secret           -> p is keyed p.token+two+three
    ";

    the_last_credential_without_an_end_stays_while_a_rotation_runs: "
        operator  open p                      -> ok
        p         rotate p token new 24h      -> ok
        p         revoke p new                 ! LastCredential
        p         revoke p p.token            -> p is keyed p.secret+new
        p         revoke p new                 ! LastCredential
        p.token   change p with x              ! CredentialRevoked
        p         add p token other           -> ok
        p         revoke p new                -> p is keyed p.secret+other
    ";

    only_the_server_retires_a_credential_and_only_at_its_time: "
        operator  open p                      -> ok
        p         open s under p              -> ok
        p         rotate s token new 1h       -> ok
        wait 3599999ms
        server    retire s s.token             ! NotExpired
        server    retire s new                 ! NotExpired
        server    retire s s.secret            ! NotExpired
        wait 1ms
        operator  retire s s.token             ! Forbidden
        p         retire s s.token             ! Forbidden
        s         retire s s.token             ! Forbidden
        gate      retire s s.token             ! Forbidden
        server    retire s p.token             ! CredentialNotFound
        server    retire nobody s.token        ! AccountNotFound nobody
        # It is retired on a suspended account, too.
        p         change s suspended          -> ok
        server    retire s s.token            -> s is keyed s.secret+new
        p         rotate s token newer 1h     -> ok
        p         close s                     -> kills 3
        wait 1h
        server    retire s new                 ! AccountClosed s
    ";

    a_credential_is_rotated_by_the_account_its_primary_and_the_operator: "
        operator  open p                      -> ok
        operator  open q                      -> ok
        p         open s under p              -> ok
        p         open t under p              -> ok
        s         rotate s token a 0ms        -> s is keyed s.secret+a
        p         rotate s token b 0ms        -> s is keyed s.secret+b
        operator  rotate s token c 0ms        -> s is keyed s.secret+c
        operator  rotate p token d 0ms        -> p is keyed p.secret+d
        gate      rotate s token x 0ms         ! Forbidden
        q         rotate s token x 0ms         ! AccountNotFound s
        t         rotate s token x 0ms         ! AccountNotFound s
        s         rotate p token x 0ms         ! AccountNotFound p
        p         rotate s token x 0ms same-as s.secret ! SecretInUse
        p         close s                     -> ok
        p         rotate s token x 0ms         ! AccountClosed s
    ";

    a_rotation_under_a_key_happens_once: "
        operator  open p                      -> ok
        p         rotate p token new 1h key k -> ok
        p         rotate p token new 1h key k -> again  p is keyed p.secret+p.token+new
        p.token   rotate p token two 0ms key l request r -> ok
        # It ended the credential that asked, whose repeat is nobody's any more.
        p.token   rotate p token two 0ms key l request r ! CredentialRevoked
        two       rotate p token two 0ms key l request r -> again  p is keyed p.secret+two
    ";

    tokens_are_made_and_revoked_by_the_operator: "
        operator  make ops operator      -> ok
        operator  make proxy gate        -> ok
        operator  make meter billing     -> ok
        ops       open p limit 10        -> ok
        proxy     charge p 1             -> p -1/-10
        proxy     charge p 1 force        ! Forbidden
        meter     charge p 1 force       -> p -2/-10
        p         make x operator         ! Forbidden
        proxy     make x operator         ! Forbidden
        meter     revoke token proxy      ! Forbidden
        p         revoke token proxy      ! Forbidden
        ops       revoke token proxy     -> ok
        ops       revoke token proxy      ! TokenNotFound
        proxy     charge p 1              ! CredentialRevoked
        operator  revoke token meter     -> ok
        meter     charge p 1 force        ! CredentialRevoked
        operator  revoke token ops       -> ok
        ops       pay p 1                 ! CredentialRevoked
    ";

    the_token_of_the_environment_cannot_be_revoked: "
        operator  revoke token operator   ! TokenNotFound
        operator  make ops operator      -> ok
        ops       revoke token operator   ! TokenNotFound
        ops       open p                 -> ok
    ";

    a_token_that_the_server_makes_is_the_operators_first: "
        server    make first operator    -> token first is-first
        first     make ops operator      -> token ops is-later
        operator  make proxy gate        -> token proxy is-later
        first     open p                 -> ok
        ops       revoke token first     -> token first is-first
        first     open q                  ! CredentialRevoked
    ";
}
