//! Price plans: who puts them, their versions, and by which one a family goes.

use super::scenarios;

scenarios! {
    each_put_of_a_plan_is_another_version: "
        operator  price std EUR * /** any 1           -> plan std v1  lines PlanPut
        operator  price std EUR * /** any 1           -> plan std v2
        operator  price std EUR default * /** any 1   -> plan std v3-default
        operator  price std EUR * /** any 1           -> plan std v4
        operator  price other EUR * /** any 1         -> plan other v1  plan std v4
        operator  price std EUR * /** any 2 key k     -> plan std v5
        operator  price std EUR * /** any 2 key k     -> again  plan std v5
    ";

    a_plan_may_have_no_rules: "
        operator  price none EUR default     -> plan none v1-default
        operator  open p limit 10            -> ok
        p         check GET /x                ! NoPrice
    ";

    each_currency_has_one_default: "
        operator  price a EUR default * /** any 1   -> plan a v1-default
        operator  price d USD default * /** any 1   -> plan d v1-default  plan a v1-default  lines PlanPut
        # Its prices stay as they are, so its version does, too.
        operator  price b EUR default * /** any 1   -> plan b v1-default  plan a v1  lines PlanPut+PlanPut
        operator  price b EUR default * /** any 1   -> plan b v2-default  lines PlanPut
        operator  price a EUR default * /** any 1   -> plan a v2-default  plan b v2  plan d v1-default
        operator  price a EUR * /** any 1           -> plan a v3  plan b v2
    ";

    a_plan_never_changes_its_currency: "
        operator  price std EUR * /** any 1           -> ok
        operator  price std USD * /** any 1            ! CurrencyMismatch
        operator  price std USD default * /** any 1    ! CurrencyMismatch
        operator  price std EUR * /** any 1           -> plan std v2
    ";

    only_the_operator_puts_plans: "
        operator  open p                         -> ok
        p         price std EUR * /** any 1       ! Forbidden
        gate      price std EUR * /** any 1       ! Forbidden
        billing   price std EUR * /** any 1       ! Forbidden
        operator  make ops operator              -> ok
        ops       price std EUR * /** any 1      -> plan std v1
    ";

    a_plans_name_is_fit_for_an_address: "
        operator  price a EUR * /** any 1        -> ok
        operator  price a-b_c.9 EUR * /** any 1  -> ok
        operator  price a*64 EUR * /** any 1     -> ok
        operator  price a*65 EUR * /** any 1      ! InvalidText PlanName
        operator  price ∅ EUR * /** any 1         ! InvalidText PlanName
        operator  price A EUR * /** any 1         ! InvalidText PlanName
        operator  price a/b EUR * /** any 1       ! InvalidText PlanName
        operator  price a␠b EUR * /** any 1       ! InvalidText PlanName
        operator  price ä EUR * /** any 1         ! InvalidText PlanName
    ";

    texts_of_a_rule_have_limits: "
        operator  price a EUR GET*10 /** x*64 1   -> ok
        operator  price a EUR GET*11 /** any 1     ! InvalidText Method
        operator  price a EUR get /** any 1        ! InvalidText Method
        operator  price a EUR ∅ /** any 1          ! InvalidText Method
        operator  price a EUR * /** x*65 1         ! InvalidText Operation
        operator  price a EUR * /** ∅ 1            ! InvalidText Operation
        operator  price a EUR * /** a␠b free       ! InvalidText Operation
    ";

    what_a_call_takes_is_more_than_nothing_and_at_most_10_to_the_10th: "
        operator  price a EUR * /** any 0.00000001               -> ok
        operator  price a EUR * /** any 10000x1000000            -> ok
        operator  price a EUR * /** any 10000.00000001x1000000    ! AmountOutOfRange
        operator  price a EUR * /** any 90000000000x1000000       ! AmountOutOfRange
        operator  price a EUR * /** any 0                         ! AmountOutOfRange
        operator  price a EUR * /** any -1                        ! AmountOutOfRange
        operator  price a EUR * /** any 1x0                       ! AmountOutOfRange
        operator  price a EUR * /** any 0.00000001x1000001        ! AmountOutOfRange
        operator  price a EUR * /** any hold=10000000000         -> ok
        operator  price a EUR * /** any hold=10000000000.1        ! AmountOutOfRange
        operator  price a EUR * /** any hold=0                    ! AmountOutOfRange
        operator  price a EUR * /** any hold=-1                   ! AmountOutOfRange
    ";

    a_hold_of_a_rule_lasts_at_most_24_hours: "
        operator  price a EUR * /** any hold=1/24h        -> ok
        operator  price a EUR * /** any hold=1/1ms        -> ok
        operator  price a EUR * /** any hold=1/86400001ms  ! ExpiryOutOfRange
        operator  price a EUR * /** any hold=1/0ms         ! ExpiryOutOfRange
        operator  price a EUR * /** any hold=1/-1ms        ! ExpiryOutOfRange
    ";

    a_plan_has_at_most_1000_rules: "
        operator  price a EUR * /** any 1 times 1000  -> plan a v1
        operator  price a EUR * /** any 1 times 1001   ! RulesMax 1000
        operator  price a EUR * /** a 1 * /** b 0      ! AmountOutOfRange
    ";

    a_family_goes_by_the_plan_that_it_is_assigned_or_else_by_the_default: "
        operator  open p limit 10                     -> p is priced -
        operator  price cheap EUR * /** any 0.5       -> ok
        p         check GET /x                         ! NoPrice
        operator  price std EUR default * /** any 1   -> ok
        p         check GET /x                        -> price std/1/1  p -1/-10
        operator  change p plan cheap                 -> p is priced cheap
        p         check GET /x                        -> price cheap/1/1  p -1.5/-10
        operator  price std EUR default * /** any 2   -> ok
        p         check GET /x                        -> price cheap/1/1  p -2/-10
        operator  change p plan -                     -> p is priced -
        p         check GET /x                        -> price std/2/1  p -4/-10
        operator  price cheap EUR default * /** any 1 -> ok
        p         check GET /x                        -> price cheap/2/1  p -5/-10
        # What it is assigned stays its plan, whatever becomes the default.
        operator  change p plan std                   -> ok
        p         check GET /x                        -> price std/2/1  p -7/-10
        operator  price cheap EUR * /** any 1         -> ok
        operator  change p plan -                     -> ok
        p         check GET /x                         ! NoPrice
    ";

    subaccounts_go_by_their_primarys_plan: "
        operator  open p limit 10                     -> ok
        p         open s under p shared               -> ok
        p         open t under p                      -> ok
        operator  pay t 5                             -> ok
        operator  price std EUR default * /** any 1   -> ok
        s         check GET /x                        -> price std/1/1  p -1/-10
        t         check GET /x                        -> price std/1/1  t 4/0
        operator  price big EUR * /** any 2           -> ok
        operator  change p plan big                   -> ok
        s         check GET /x                        -> price big/1/1  p -3/-10
        t         check GET /x                        -> price big/1/1  t 2/0
        p         open u under p shared               -> ok
        u         check GET /x                        -> price big/1/1  p -5/-10
        operator  change s plan std                    ! PlanInherited
        operator  change s plan -                      ! PlanInherited
    ";

    a_plan_of_another_currency_is_never_a_familys: "
        operator  open p limit 10                     -> ok
        operator  open d limit 10 currency USD        -> ok
        operator  price eur EUR default * /** any 1   -> ok
        operator  price usd USD * /** any 2           -> ok
        d         check GET /x                         ! NoPrice
        operator  change p plan usd                    ! CurrencyMismatch
        operator  change d plan usd                   -> d is priced usd
        d         check GET /x                        -> price usd/1/1  d -2/-10
        p         check GET /x                        -> price eur/1/1  p -1/-10
    ";

    only_the_operator_assigns_plans_that_there_are: "
        operator  open p limit 10                     -> ok
        p         open s under p                      -> ok
        operator  price std EUR * /** any 1           -> ok
        p         change p plan std                    ! Forbidden
        p         change s plan std                    ! Forbidden
        gate      change p plan std                    ! Forbidden
        operator  change p called x plan other         ! PlanNotFound
        operator  change nobody plan std               ! AccountNotFound nobody
        operator  change p plan std called x          -> p is priced std called x
        # Nothing said is no change.
        operator  change p called y                   -> p is priced std called y
    ";
}
