//! Checks: whether a call may go through, and what it takes.

use super::scenarios;

scenarios! {
    a_call_is_charged_by_the_rule_that_fits_it: "
        operator  open p limit 10                                  -> ok
        operator  price std EUR default POST /v1/sms sms.send 0.05 -> ok
        p         check POST /v1/sms                               -> p -0.05/-10  price std/1/1  for sms.send  lines Charge
        p.token   check POST /v1/sms/                              -> p -0.1/-10
        p         check GET /v1/sms                                 ! NoPrice
        p         check POST /v1/mms                                ! NoPrice
        p         check POST /                                      ! NoPrice
    ";

    the_first_rule_that_fits_counts: "
        operator  open p limit 10                                                                 -> ok
        operator  price std EUR default GET /a a 1 * /a b 2 * /*/c d free * /b/** e 3 * /** f 4   -> ok
        p         check GET /a       -> price std/1/1  for a
        p         check POST /a      -> price std/1/2  for b
        p         check GET /b/c     -> free  price std/1/3  for d
        p         check GET /b/d     -> price std/1/4  for e
        p         check GET /        -> price std/1/5  for f
    ";

    a_price_is_unit_price_times_units_to_the_last_digit: "
        operator  open p limit 10000000000                           -> ok
        operator  pay p 2                                            -> ok
        operator  price std EUR default * /a a 0.00000001x3 * /b b 0.33333333x3 * /c c 9999.99999999x1000000  -> ok
        p         check GET /a     -> p 1.99999997/-10000000000
        p         check GET /b     -> p 0.99999998/-10000000000
        p         check GET /c     -> p -9999999998.99000002/-10000000000
    ";

    no_price_is_known_where_there_is_no_plan: "
        operator  open p limit 10         -> ok
        p         check GET /x             ! NoPrice
        p         check GET //x            ! PathNotNormal
    ";

    a_call_that_is_free_takes_nothing_and_writes_nothing: "
        operator  open p                                     -> ok
        operator  price std EUR default GET /** read free    -> ok
        p         check GET /x                               -> free  p 0/0  price std/1/1  for read
        # So no request id is bound to it either.
        p         check GET /x key r                         -> free
        p         check GET /y key r                         -> free
        operator  change p suspended                         -> ok
        p         check GET /x                                ! CallerSuspended
    ";

    a_call_that_is_denied_takes_nothing: "
        operator  open p limit 10                                      -> ok
        operator  price std EUR default * /admin/** admin deny * /** any 1 -> ok
        p         check GET /admin/x                                    ! CallDenied
        p         check GET /other                                     -> p -1/-10
    ";

    a_call_takes_what_is_available_and_not_one_unit_more: "
        operator  open p limit 1                                          -> ok
        operator  price std EUR default * /a a 1 * /b b 1.00000001 * /c c hold=1 * /d d hold=1.00000001 -> ok
        p         check GET /b     ! InsufficientFunds available 1 needed 1.00000001
        p         check GET /d     ! InsufficientFunds available 1 needed 1.00000001
        p         check GET /a    -> p -1/-1
        p         check GET /a     ! InsufficientFunds available 0 needed 1
        p         check GET /c     ! InsufficientFunds available 0 needed 1
        operator  pay p 1         -> ok
        p         check GET /c    -> p 0/-1 held 1
        p         check GET /a     ! InsufficientFunds available 0 needed 1
    ";

    a_shared_subaccounts_call_falls_on_its_primary_and_hides_its_figure: "
        operator  open p limit 1                        -> ok
        p         open s under p shared                 -> ok
        p         open t under p                        -> ok
        operator  price std EUR default * /a a 1 * /b b 2 * /c c hold=1  -> ok
        s         check GET /b     ! InsufficientFunds available hidden needed 2
        t         check GET /a     ! InsufficientFunds available 0 needed 1
        p         check GET /b     ! InsufficientFunds available 1 needed 2
        s         check GET /c as h -> p 0/-1 held 1  s 0/0
        gate      release h       -> p 0/-1
        s         check GET /a    -> p -1/-1  s 0/0
    ";

    a_suspended_account_calls_nothing: "
        operator  open p limit 10                        -> ok
        p         open s under p shared                  -> ok
        operator  price std EUR default * /a a 1 * /b b free * /c c deny -> ok
        p         change s suspended                     -> ok
        s         check GET /a                            ! CallerSuspended
        s         check GET /b                            ! CallerSuspended
        # Before anything is said of the path or the price.
        s         check GET /c                            ! CallerSuspended
        s         check GET //                            ! CallerSuspended
        p         check GET /a                           -> ok
        p         change s active                        -> ok
        s         check GET /a                           -> ok
        operator  change p suspended                     -> ok
        s         check GET /a                            ! CallerSuspended
    ";

    a_dead_credential_calls_nothing: "
        operator  open p limit 10                        -> ok
        operator  price std EUR default * /** any free   -> ok
        p         add p secret two                       -> ok
        two       check GET /x                           -> free
        p         revoke p two                           -> ok
        two       check GET /x                            ! CredentialRevoked
        p         rotate p secret three 1m               -> ok
        p.secret  check GET /x                           -> free
        wait 1m
        # Its time has come, whether or not it was retired.
        p.secret  check GET /x                            ! CredentialRevoked
        three     check GET /x                           -> free
        p.token   open s under p                         -> ok
        p.token   close s                                -> ok
        s         check GET /x                            ! CredentialRevoked
    ";

    a_path_that_servers_read_differently_has_no_price: "
        operator  open p limit 10                            -> ok
        operator  price std EUR default * /a/** a deny * /** any free -> ok
        p         check GET /b//c      ! PathNotNormal
        p         check GET /b/../a    ! PathNotNormal
        p         check GET /%61       ! PathNotNormal
        p         check GET /b%2Fa     ! PathNotNormal
        p         check GET /b%2fa     ! PathNotNormal
        p         check GET /b;c       ! PathNotNormal
        p         check GET b          ! PathNotNormal
        p         check GET ∅          ! PathNotNormal
        p         check GET /b?c       ! PathNotNormal
        p         check GET /a%20b    -> free
    ";

    a_gate_that_names_the_operation_leaves_no_choice_of_rules: "
        operator  open p limit 10                                                       -> ok
        operator  price std EUR default GET /a cheap 1 * /a dear 2 * /** cheap 3 * /** dear 4 -> ok
        p         check GET /a                -> price std/1/1  for cheap
        p         check GET /a named cheap    -> price std/1/1  for cheap
        p         check GET /a named dear     -> price std/1/2  for dear
        p         check POST /a               -> price std/1/2  for dear
        # No method and no path makes another operation of it.
        p         check POST /a named cheap   -> price std/1/3  for cheap
        p         check GET /b named dear      ! InsufficientFunds available 1 needed 4
        # As it is written, or not at all.
        p         check GET /a named Cheap     ! NoPrice
        p         check GET /a named other     ! NoPrice
        p         check GET /a named ∅         ! NoPrice
    ";

    an_operation_that_a_gate_names_does_not_open_what_is_closed: "
        operator  open p limit 10                                                      -> ok
        operator  price std EUR default * /admin/** admin deny GET /** read free * /** write 1 -> ok
        p         check GET /admin/x named read      ! CallDenied
        p         check GET /admin/x named admin     ! CallDenied
        p         check GET /x named admin           ! NoPrice
        p         check POST /x named read           ! NoPrice
        p         check GET /x named read           -> free
        p         check GET /x named write          -> p -1/-10
        # Nor what servers read differently.
        p         check GET //admin/x named write    ! PathNotNormal
        p         check GET /x/../admin named write  ! PathNotNormal
        p         check get /x named write           ! NoPrice
        operator  change p suspended                -> ok
        p         check GET /x named write           ! CallerSuspended
    ";

    a_request_id_with_another_operation_is_refused: "
        operator  open p limit 10                                              -> ok
        operator  price std EUR default * /** one 1 * /** two 2                -> ok
        p         check GET /x named two key r   -> p -2/-10
        p         check GET /x named two key r   -> again  p -2/-10
        p         check GET /x named one key r    ! KeyReused
        p         check GET /x key r              ! KeyReused
        p         check GET /x                   -> p -3/-10
    ";

    what_may_stand_with_an_escape_and_without_has_one_price: "
        operator  open p limit 10                                         -> ok
        operator  price std EUR default * /a:send a 1 * /%2B49 b 2 * /** any free -> ok
        p         check GET /a:send      -> price std/1/1
        p         check GET /a%3Asend    -> price std/1/1
        p         check GET /+49         -> price std/1/2
        p         check GET /%2B49       -> price std/1/2
    ";

    a_method_is_written_in_capitals: "
        operator  open p limit 10                              -> ok
        operator  price std EUR default POST /a a 1 * /** any free -> ok
        # Some servers would take it for POST.
        p         check post /a        ! NoPrice
        p         check Post /a        ! NoPrice
        p         check ∅ /a           ! NoPrice
        p         check POST /a       -> price std/1/1
        p         check DELETE /a     -> free  price std/1/2
    ";

    the_same_request_id_is_charged_once: "
        operator  open p limit 10                         -> ok
        operator  price std EUR default * /a a 1 * /b b hold=2 -> ok
        p         check GET /a key r1                     -> p -1/-10
        p         check GET /a key r1                     -> again  p -1/-10  price std/1/1
        # By another credential of the account, too.
        p.token   check GET /a key r1                     -> again  p -1/-10
        p         check GET /a key r2                     -> p -2/-10
        p         check GET /a                            -> p -3/-10
        p         check GET /a                            -> p -4/-10
        p         check GET /b key r3 as h                -> p -4/-10 held 2
        p         check GET /b key r3                     -> again  p -4/-10 held 2  hold h open
        # It is what it was, whatever the price is now.
        operator  price std EUR default * /a a 3          -> ok
        p         check GET /a key r1                     -> again  p -4/-10 held 2  price std/1/1
    ";

    a_request_id_with_another_method_or_path_is_refused: "
        operator  open p limit 10                             -> ok
        operator  price std EUR default * /f f free * /** any 1 -> ok
        p         check GET /a key r                          -> p -1/-10
        p         check POST /a key r                          ! KeyReused
        p         check GET /b key r                           ! KeyReused
        p         check GET /f key r                           ! KeyReused
        p         check GET // key r                           ! KeyReused
        p         check GET /a key r                          -> again  p -1/-10
        # What was denied binds nothing.
        p         check GET // key q                           ! PathNotNormal
        p         check GET /a key q                          -> p -2/-10
    ";

    a_request_id_is_remembered_for_10_minutes: "
        operator  open p limit 10                     -> ok
        operator  price std EUR default * /** any 1   -> ok
        p         check GET /a key r                  -> p -1/-10
        wait 599999ms
        p         check GET /a key r                  -> again  p -1/-10
        p         check GET /b key r                   ! KeyReused
        wait 1ms
        p         check GET /b key r                  -> p -2/-10
        # It stands for the new call from now on.
        p         check GET /b key r                  -> again  p -2/-10
        p         check GET /a key r                   ! KeyReused
        wait 599999ms
        p         check GET /b key r                  -> again  p -2/-10
        wait 1ms
        p         check GET /b key r                  -> p -3/-10
    ";

    a_request_id_is_unique_within_the_account: "
        operator  open p limit 10                     -> ok
        p         open s under p shared               -> ok
        p         open t under p shared               -> ok
        operator  price std EUR default * /** any 1   -> ok
        p         check GET /a key r                  -> p -1/-10
        s         check GET /a key r                  -> p -2/-10
        t         check GET /b key r                  -> p -3/-10
        s         check GET /a key r                  -> again  p -3/-10
    ";

    a_request_id_is_no_key_of_the_account_or_of_a_gate: "
        operator  open p limit 10                     -> ok
        operator  price std EUR default * /** any 1   -> ok
        p         open s under p key k                -> ok
        p         check GET /a key k                  -> p -1/-10
        gate      charge p 1 key k                    -> p -2/-10
        operator  charge p 1 key k                    -> p -3/-10
        p         check GET /a key k                  -> again  p -3/-10
        # Nor does a request id bind one.
        p         check GET /a key l                  -> p -4/-10
        p         open t under p key l                -> ok
        gate      hold p 1 key l                      -> p -4/-10 held 1
    ";

    a_request_id_helps_nobody_who_may_not_call: "
        operator  open p limit 10                     -> ok
        operator  price std EUR default * /** any 1   -> ok
        p         check GET /a key r                  -> ok
        operator  change p suspended                  -> ok
        p         check GET /a key r                   ! CallerSuspended
        p         check GET /a key €*256               ! CallerSuspended
        operator  change p active                     -> ok
        p         check GET /a key €*256               ! InvalidText Key
        p         check GET /a key ∅                   ! InvalidText Key
        p         check GET /a key r                  -> again
    ";

    a_hold_of_a_call_settles_expires_and_is_released_as_others_are: "
        operator  open p limit 100                             -> ok
        p         open s under p shared                        -> ok
        operator  price std EUR default * /a call hold=5/10s * /b call hold=5/10s/capture  -> ok
        s         check POST /a as h1      -> p 0/-100 held 5  price std/1/1  for call  expires Release-10s  lines Hold
        s         check POST /b as h2      -> p 0/-100 held 10  price std/1/2  expires Capture-10s
        s         check POST /a as h3      -> ok
        s         check POST /a as h4      -> p 0/-100 held 20
        gate      settle h1 3              -> p -3/-100 held 15  hold h1 Settled 3
        gate      release h3               -> p -3/-100 held 10  hold h3 Released 0
        gate      extend h4 1h             -> ok
        # The upstream has no account's credentials, and an account may end no hold.
        s         settle h4 1               ! Forbidden
        wait 10s
        server    expire h2                -> p -8/-100 held 5  hold h2 Captured 5
        server    expire h4                 ! NotExpired
        gate      settle h4 6              -> p -14/-100  hold h4 Settled 6
    ";

    what_a_call_was_charged_is_reversed_as_other_charges_are: "
        operator  open p limit 10                     -> ok
        p         open s under p shared               -> ok
        operator  price std EUR default * /** any 2   -> ok
        s         check GET /a as c                   -> p -2/-10
        gate      reverse c 0.5                       -> p -1.5/-10
        gate      reverse c                           -> p 0/-10
        gate      reverse c                            ! AlreadyReversed left 0
    ";

    nobody_has_anothers_call_checked: "
        operator  open p limit 10                     -> ok
        p         open s under p shared               -> ok
        operator  open q limit 10                     -> ok
        operator  price std EUR default * /** any 1   -> ok
        p         check GET /a of s                    ! Forbidden
        s         check GET /a of p                    ! Forbidden
        q         check GET /a of p                    ! Forbidden
        q         check GET /a of nobody               ! Forbidden
        gate      check GET /a of p                    ! Forbidden
        billing   check GET /a of p                    ! Forbidden
        operator  check GET /a of p                    ! Forbidden
        server    check GET /a of p                    ! Forbidden
    ";

    another_version_is_in_force_for_the_next_call: "
        operator  open p limit 10                              -> ok
        operator  price std EUR default * /x x 1               -> ok
        p         check GET /x                                 -> price std/1/1
        operator  price std EUR default * /y y deny * /x x 2   -> ok
        p         check GET /x                                 -> price std/2/2  p -3/-10
        operator  price new EUR default * /x x 3               -> ok
        p         check GET /x                                 -> price new/1/1  p -6/-10
    ";
}
