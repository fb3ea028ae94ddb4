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
