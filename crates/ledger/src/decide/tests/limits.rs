//! Restricted credentials and tokens.

use super::scenarios;
use super::story::check;
use crate::laws::{Broken, prove};
use crate::limits::Limit;

scenarios! {
    a_key_that_only_reads_writes_nothing: "
        operator  open p limit 100                     -> ok
        p         open s under p                       -> ok
        operator  price std EUR default GET /** read free * /** any 1 -> ok
        p         add p secret reader read-only        -> p is keyed p.secret+p.token+reader
        reader    transfer balance 1 p > s              ! Restricted ReadOnly
        reader    change s suspended                    ! Restricted ReadOnly
        reader    change p with text                    ! Restricted ReadOnly
        reader    open t under p                        ! Restricted ReadOnly
        reader    close s                               ! Restricted ReadOnly
        reader    add p secret x                        ! Restricted ReadOnly
        reader    make app p x                          ! Restricted ReadOnly
        # Not even what is free: whether a call may pass is decided among the writes.
        reader    check POST /x                         ! Restricted ReadOnly
        reader    check GET /x                          ! Restricted ReadOnly
        operator  make auditor operator read-only      -> ok
        auditor   pay p 1                               ! Restricted ReadOnly
        auditor   charge p 1 force                      ! Restricted ReadOnly
        auditor   price std EUR * /** any 2             ! Restricted ReadOnly
        operator  make watcher gate read-only          -> ok
        watcher   charge p 1                            ! Restricted ReadOnly
        watcher   hold p 1                              ! Restricted ReadOnly
    ";

    a_transfer_moves_the_limit_and_not_one_unit_more: "
        operator  open p limit 100                           -> ok
        operator  pay p 100                                  -> ok
        p         open s under p                             -> ok
        p         add p secret mover up-to 10                -> ok
        mover     transfer balance 10 p > s                  -> p 90/-100  s 10/0
        mover     transfer balance 10.00000001 p > s          ! Restricted Amount 10
        mover     transfer credit 10 p > s                   -> p 90/-90  s 10/-10
        mover     transfer credit 10.00000001 p > s           ! Restricted Amount 10
        mover     transfer balance 10 s > p                  -> p 100/-90  s 0/-10
        # What there is it is not told by asking for more than it may.
        mover     transfer balance 1000000 p > s              ! Restricted Amount 10
        p         add p secret none up-to 0                  -> ok
        none      transfer balance 0.00000001 p > s           ! Restricted Amount 0
        none      change s called still                      -> s is called still
    ";

    whatever_moves_money_is_within_the_amount: "
        operator  open p limit 100                           -> ok
        operator  make ops operator up-to 10                 -> ok
        ops       pay p 10                                   -> p 10/-100
        ops       pay p 10.00000001                           ! Restricted Amount 10
        ops       pay p -10                                  -> p 0/-100
        ops       pay p -10.00000001                          ! Restricted Amount 10
        ops       change p limit 110                         -> p 0/-110
        ops       change p limit 120.00000001                 ! Restricted Amount 10
        ops       change p limit 100                         -> p 0/-100
        ops       change p limit 89.99999999                  ! Restricted Amount 10
        operator  make meter billing up-to 10                -> ok
        meter     charge p 10 as c1                          -> p -10/-100
        meter     charge p 10.00000001                        ! Restricted Amount 10
        meter     charge p 10.00000001 force                  ! Restricted Amount 10
        meter     reverse c1                                 -> p 0/-100
        gate      charge p 11 as c2                          -> ok
        meter     reverse c2                                  ! Restricted Amount 10
        meter     reverse c2 10.00000001                      ! Restricted Amount 10
        meter     reverse c2 10                              -> p -1/-100
        meter     hold p 10 as h1                            -> p -1/-100 held 10
        meter     hold p 10.00000001                          ! Restricted Amount 10
        meter     settle h1 10.00000001 force                 ! Restricted Amount 10
        meter     settle h1 10                               -> p -11/-100
        gate      hold p 11 as h2                            -> ok
        # Giving back is moving, too.
        meter     release h2                                  ! Restricted Amount 10
        meter     settle h2 1                                 ! Restricted Amount 10
        meter     extend h2 1h                               -> ok
        gate      release h2                                 -> ok
    ";

    what_a_call_or_a_number_costs_is_within_the_amount: "
        operator  open p limit 100                           -> ok
        operator  price std EUR default * /low low 5 * /high high 5.00000001 * /hold held hold=6 -> ok
        operator  stock GB 447700900001 cost 5               -> ok
        operator  stock GB 447700900002 cost 5.00000001      -> ok
        p         add p secret caller up-to 5                -> ok
        caller    check GET /low                             -> p -5/-100
        caller    check GET /high                             ! Restricted Amount 5
        caller    check GET /hold                             ! Restricted Amount 5
        caller    rent p 447700900001                        -> number GB 447700900001 p  p -10/-100
        caller    rent p 447700900002                         ! Restricted Amount 5
        caller    unrent p 447700900001                      -> number GB 447700900001 stock
    ";

    only_the_accounts_that_are_named_are_there: "
        operator  open p limit 100                           -> ok
        operator  open q                                     -> ok
        p         open s under p                             -> ok
        p         open t under p                             -> ok
        operator  give t GB 447700900001                     -> ok
        t         make app t ivr                             -> ok
        t         make phone t bob                           -> ok
        p         add p secret one only p+s                  -> ok
        one       change s called one                        -> s is called one
        one       transfer balance 1 p > s                   -> s 1/0
        # As for a stranger.
        one       change t called x                           ! AccountNotFound t
        one       change q called x                           ! AccountNotFound q
        one       transfer balance 1 p > t                    ! AccountNotFound t
        one       transfer balance 1 t > p                    ! AccountNotFound t
        one       move 447700900001 t > s                     ! AccountNotFound t
        one       unrent t 447700900001                       ! AccountNotFound t
        one       rent t 447700900001                         ! AccountNotFound t
        one       set t 447700900001 to s                     ! AccountNotFound t
        one       bring t 447700900009                        ! AccountNotFound t
        one       make app t x                                ! AccountNotFound t
        one       make phone t x                              ! AccountNotFound t
        one       edit ivr with x                             ! ApplicationNotFound ivr
        one       delete ivr                                  ! ApplicationNotFound ivr
        one       edit bob alias x                            ! EndpointNotFound bob
        one       delete bob                                  ! EndpointNotFound bob
        one       make phone s eve app ivr                    ! ApplicationNotFound ivr
        one       make phone s eve                           -> ok
        one       edit eve to t                               ! AccountNotFound t
        one       make app s own                             -> ok
        one       edit own to t                               ! AccountNotFound t
        one       edit own to p                              -> app own p
        # Its own account must be named like any other.
        p         add p secret two only s                    -> ok
        two       change s called two                        -> s is called two
        two       change p with text                          ! Restricted Accounts
        two       transfer balance 1 p > s                    ! Restricted Accounts
        two       transfer balance 1 s > p                    ! Restricted Accounts
        two       bring s 447700900009                        ! Restricted Accounts
        two       edit own with x                             ! ApplicationNotFound own
    ";

    a_token_is_for_the_accounts_that_are_named: "
        operator  open p limit 100                           -> ok
        operator  open q limit 100                           -> ok
        p         open s under p shared                      -> ok
        operator  make ops operator only p                   -> ok
        ops       pay p 5                                    -> p 5/-100
        ops       pay q 5                                     ! AccountNotFound q
        ops       pay nobody 5                                ! AccountNotFound nobody
        ops       change s called x                           ! AccountNotFound s
        ops       charge s 1                                  ! AccountNotFound s
        ops       give q GB 447700900001                      ! AccountNotFound q
        ops       give p GB 447700900001                     -> ok
        # What is everybody's is not of one account.
        ops       stock GB 447700900002                       ! Restricted Accounts
        ops       withdraw GB 447700900002                    ! Restricted Accounts
        ops       price std EUR * /** any 2                   ! Restricted Accounts
        operator  make meter billing only s                  -> ok
        # Who pays for an account is its own affair, and nothing is told of that one.
        meter     charge s 1 as c1                           -> p 4/-100  payer hidden
        meter     charge s 1000                               ! InsufficientFunds available hidden needed 1000
        meter     charge p 1                                  ! AccountNotFound p
        meter     charge p 1 force                            ! AccountNotFound p
        meter     hold s 1 as h1                             -> p 4/-100 held 1
        meter     settle h1 1 key k                          -> p 3/-100
        meter     settle h1 1 key k                          -> again
        meter     settle h1 1                                -> again
        gate      charge p 1 as c2                           -> payer p
        gate      hold p 1 as h2                             -> ok
        meter     reverse c1                                 -> p 3/-100 held 1
        meter     reverse c2                                  ! ChargeNotFound c2
        meter     settle h2 1                                 ! HoldNotFound h2
        meter     release h2                                  ! HoldNotFound h2
        meter     extend h2 1h                                ! HoldNotFound h2
        operator  make x gate only p+nobody                   ! AccountNotFound nobody
    ";

    what_an_application_answers_of_others_keeps_it: "
        operator  open p                                     -> ok
        p         open s under p                             -> ok
        p         open t under p                             -> ok
        p         make app s ivr                             -> ok
        p         make phone s bob app ivr                   -> ok
        p         make phone t eve app ivr                   -> phone eve t:ivr
        p         add p secret one only s                    -> ok
        one       delete ivr                                  ! Restricted Accounts
        p         edit eve app none                          -> ok
        one       delete ivr                                 -> phone bob s
    ";

    a_restricted_key_makes_and_ends_no_keys: "
        operator  open p                                     -> ok
        p         open s under p                             -> ok
        p         add p secret one up-to 1000                -> ok
        one       add p secret x                              ! Restricted Credentials
        one       add p secret x up-to 1                      ! Restricted Credentials
        one       add s token x                               ! Restricted Credentials
        one       rotate p secret x 1h                        ! Restricted Credentials
        one       revoke p one                                ! Restricted Credentials
        one       revoke s s.token                            ! Restricted Credentials
        # Who opens an account is shown its secrets, and who closes one ends its credentials.
        one       open t under p                              ! Restricted Credentials
        one       close s                                     ! Restricted Credentials
        operator  make ops operator up-to 1000               -> ok
        ops       make x gate                                 ! Restricted Credentials
        ops       revoke token ops                            ! Restricted Credentials
        ops       open q                                      ! Restricted Credentials
        # Nor is it shown what somebody else was shown once, under that one's key.
        p         add p token two key k                      -> ok
        one       add p token two key k                       ! Restricted Credentials
        p         add p token two key k                      -> again
    ";

    a_restricted_key_makes_no_webhook_and_keeps_those_that_tell_of_nobody_else: "
        operator  open p                                -> ok
        p         open s under p                        -> ok
        p         open t under p                        -> ok
        p         listen all https://example.com        -> ok
        p         listen of.s https://example.com on s  -> ok
        p         listen of.t https://example.com on t  -> ok
        s         listen mine https://example.com       -> ok
        operator  listen ops https://example.com on s   -> ok
        p         add p secret reader read-only         -> ok
        reader    listen hook https://example.com        ! Restricted ReadOnly
        reader    mute all                               ! Restricted ReadOnly
        reader    resend all                             ! Restricted ReadOnly
        p         add p secret small up-to 0            -> ok
        small     listen hook https://example.com        ! Restricted Credentials
        small     resign all 0s                          ! Restricted Credentials
        small     relisten all https://example.org      -> ok
        small     resend all                            -> ok
        p         add p secret one only p+s             -> ok
        one       listen hook https://example.com on s   ! Restricted Credentials
        one       mute of.s                             -> ok
        one       resend mine                           -> ok
        one       resend all                             ! WebhookNotFound
        one       resend of.t                            ! WebhookNotFound
        one       unlisten of.t                          ! WebhookNotFound
        p         add p secret sub only s               -> ok
        sub       unmute mine                           -> ok
        sub       unmute of.s                            ! WebhookNotFound
        operator  make token operator only p+s          -> ok
        token     resend mine                           -> ok
        token     resend ops                             ! WebhookNotFound
        token     resend all                             ! WebhookNotFound
        token     unlisten of.s                         -> webhook of.s gone
    ";

    a_repeat_shows_a_key_no_more_than_it_may_see: "
        operator  open p limit 10                            -> ok
        p         open s under p                             -> ok
        p         add p secret one only s                    -> ok
        p         change p with text key k request r         -> ok
        one       change p with text key k request r          ! Restricted Accounts
        p         change s called other key l request r      -> ok
        one       change s called other key l request r      -> again
    ";

    a_repeat_is_within_the_amount_like_what_it_repeats: "
        operator  open p limit 100                           -> ok
        operator  price std EUR default * /high high 6 * /hold held hold=6 -> ok
        p         add p secret caller up-to 5                -> ok
        operator  make door gate up-to 5                     -> ok
        p         check GET /high key r                      -> p -6/-100
        caller    check GET /high key r                       ! Restricted Amount 5
        p         check GET /high key r through door          ! Restricted Amount 5
        p         check GET /high key r                      -> again
        p         check GET /hold key h                      -> p -6/-100 held 6
        caller    check GET /hold key h                       ! Restricted Amount 5
        p         check GET /hold key h through door          ! Restricted Amount 5
        operator  make meter billing up-to 5                 -> ok
        gate      hold p 6 as h                              -> ok
        gate      settle h 4 key s request r                 -> p -10/-100 held 6
        meter     settle h 4 key s request r                  ! Restricted Amount 5
        # Without a key it is shown how the hold ended, which took nothing now.
        meter     settle h 4                                 -> again
    ";

    of_an_account_out_of_reach_not_even_a_key_is_there: "
        operator  open p limit 100                           -> ok
        p         open s under p shared                      -> ok
        p         open t under p shared                      -> ok
        operator  make meter billing only s                  -> ok
        gate      charge t 1 key k request a as c            -> ok
        gate      hold t 1 key h request a as h              -> ok
        gate      reverse c 0.5 key r request a              -> ok
        gate      settle h 1 key e request a                 -> ok
        # Whatever stands under the key, what is not there is not there.
        meter     charge t 1 key k request a                  ! AccountNotFound t
        meter     charge t 2 key k                            ! AccountNotFound t
        meter     charge t 1 key k request none               ! AccountNotFound t
        meter     charge nobody 2 key k                       ! AccountNotFound nobody
        meter     hold t 1 key h request a                    ! AccountNotFound t
        meter     hold t 2 key h                              ! AccountNotFound t
        meter     reverse c 0.5 key r request a               ! ChargeNotFound c
        meter     reverse c 0.4 key r                         ! ChargeNotFound c
        meter     settle h 1 key e request a                  ! HoldNotFound h
        meter     settle h 2 key e                            ! HoldNotFound h
        meter     release h key e                             ! HoldNotFound h
        meter     extend h 1h key e                           ! HoldNotFound h
        meter     settle nothing 2 key e                      ! HoldNotFound nothing
        # Keys within reach are there.
        meter     charge s 1 key k                           -> ok
        meter     charge s 1 key k                           -> again
        meter     charge s 2 key k                            ! KeyReused
        gate      charge t 1 key k request a                 -> again
        # And those of its own account, which itself is not.
        p         add p secret one only s                    -> ok
        p         change p with text key l request r         -> ok
        one       change s called other key l                 ! KeyReused
    ";

    who_may_move_but_so_much_does_not_say_how_much_others_may: "
        operator  open p limit 100                           -> ok
        p         open s under p shared cap-day 5            -> ok
        p         add p secret mover up-to 10                -> ok
        mover     change s cap-day -                          ! Restricted Amount 10
        mover     change s cap-day 1                          ! Restricted Amount 10
        mover     change s cap-month 5                        ! Restricted Amount 10
        # Whoever may stop an account may let it go on.
        mover     change s suspended                         -> s is suspended
        mover     change s active                            -> s is active
        operator  make ops operator up-to 1000               -> ok
        ops       change p cap-day 5                          ! Restricted Amount 1000
        ops       price std EUR default * /** any 1           ! Restricted Amount 1000
        operator  price std EUR * /** any 1                  -> ok
        ops       change p plan std                           ! Restricted Amount 1000
        ops       change p plan -                             ! Restricted Amount 1000
        ops       change p called still                      -> p is called still
    ";

    the_caps_of_an_account_are_for_who_reaches_its_payer: "
        operator  open p limit 100                           -> ok
        p         open s under p shared cap-day 5            -> ok
        p         open t under p                             -> ok
        p         add p secret one only s+t                  -> ok
        one       change s cap-day -                          ! Restricted Accounts
        one       change s cap-day 1                          ! Restricted Accounts
        one       change s suspended                         -> s is suspended
        one       change s active                            -> s is active
        one       change t cap-day 5                         -> ok
        p         add p secret two only p+s                  -> ok
        two       change s cap-day 6                         -> ok
        operator  make ops operator only p                   -> ok
        ops       change p cap-day 5                         -> ok
        # Prices are for its whole family.
        operator  price std EUR * /** any 1                  -> ok
        ops       change p plan std                           ! Restricted Accounts
    ";

    restricted_credentials_stand_beside_the_others: "
        operator  open p                                     -> ok
        p         add p secret two                           -> ok
        p         add p secret one up-to 1                   -> p is keyed p.secret+p.token+two+one
        p         add p secret three                          ! CredentialsMax 2
        p         revoke p p.secret                          -> ok
        # A restricted one does not count as the last.
        two       revoke p two                                ! LastCredential
        two       rotate p secret new 0ms                    -> p is keyed p.token+one+new  kills 1
        new       rotate p secret newer up-to 1 0ms           ! Forbidden
        new       revoke p one                               -> p is keyed p.token+new
        one       change p with x                             ! CredentialRevoked
        operator  open q                                     -> ok
        new       add p secret x only q                       ! AccountNotFound q
        new       add p secret x only p+nobody                ! AccountNotFound nobody
        new       open s under p                             -> ok
        new       add s secret x only p                       ! AccountNotFound p
        new       add s secret x only s                      -> ok
        new       close s                                    -> ok
        new       add p secret y only s                       ! AccountNotFound s
    ";

    twenty_of_a_kind_are_enough: "
        operator  open p                                     -> ok
        p         add p token a read-only                    -> ok
        p         add p token b read-only                    -> ok
        p         add p token c read-only                    -> ok
        p         add p token d read-only                    -> ok
        p         add p token e read-only                    -> ok
        p         add p token f read-only                    -> ok
        p         add p token g read-only                    -> ok
        p         add p token h read-only                    -> ok
        p         add p token i read-only                    -> ok
        p         add p token j read-only                    -> ok
        p         add p token k read-only                    -> ok
        p         add p token l read-only                    -> ok
        p         add p token m read-only                    -> ok
        p         add p token n read-only                    -> ok
        p         add p token o read-only                    -> ok
        p         add p token q read-only                    -> ok
        p         add p token r read-only                    -> ok
        p         add p token s read-only                    -> ok
        p         add p token t read-only                    -> ok
        p         add p token u read-only                    -> ok
        p         add p token v read-only                     ! CredentialsMax 20
        p         add p secret v read-only                   -> ok
        p         add p token w                              -> ok
    ";

    a_call_is_within_the_limits_of_the_gate_that_it_came_through: "
        operator  open p limit 100                           -> ok
        p         open s under p                             -> ok
        operator  price std EUR default * /low low 5 * /high high 6 -> ok
        operator  make door gate only p up-to 5              -> ok
        p         check GET /low through door                -> p -5/-100
        p         check GET /high through door                ! Restricted Amount 5
        s         check GET /low through door                 ! Restricted Accounts
        p         check GET /high through gate               -> p -11/-100
        p         check GET /high                            -> p -17/-100
        operator  make shut gate read-only                   -> ok
        p         check GET /low through shut                 ! Restricted ReadOnly
        # A repeat is within them, too.
        p         check GET /low key r                       -> ok
        p         check GET /low key r through shut           ! Restricted ReadOnly
        operator  revoke token door                          -> ok
        p         check GET /low through door                 ! Forbidden
        p         check GET /low through operator             ! Forbidden
    ";
}

/// Should `decide` ever forget them.
#[test]
fn a_decision_beyond_the_limits_of_its_key_breaks_a_law() {
    let mut story = check(
        "
        operator  open p limit 100                -> ok
        p         open s under p                  -> ok
        p         add p secret reader read-only   -> ok
        p         add p secret mover up-to 1      -> ok
        p         add p secret other only p       -> ok
        ",
    );
    let honest = story.decision("p transfer balance 2 p > s");
    for (name, limit) in [
        ("reader", Limit::ReadOnly),
        ("mover", Limit::Amount(crate::money::Amount::from_units(100_000_000))),
        ("other", Limit::Accounts),
    ] {
        let mut decision = honest.clone();
        let by = story.actor(&mut super::words::Words::new(name, name));
        std::sync::Arc::make_mut(&mut decision.lines[0]).by = by;
        assert_eq!(prove(&story.book, &decision), Err(Broken::Restricted(limit)), "{name}");
    }
}
