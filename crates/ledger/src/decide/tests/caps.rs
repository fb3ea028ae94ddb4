//! Spending caps.

use super::scenarios;
use super::story::check;
use crate::cap::Cap;
use crate::money::Amount;
use crate::refusal::Refusal;

scenarios! {
    exactly_the_cap_passes_and_not_one_unit_more: "
        operator  open p limit 1000                  -> ok
        p         open s under p shared cap-day 5    -> s is day 0/5 month - zone UTC holding 0
        gate      charge s 3                         -> p -3/-1000  s 0/0  s is day 3/5
        gate      charge s 2.00000001                 ! CapReached Day 5 spent 3 held 0 needed 2.00000001 resets 86400s
        gate      charge s 2                         -> p -5/-1000  s is day 5/5
        gate      charge s 0.00000001                 ! CapReached Day 5 spent 5 held 0 needed 0.00000001 resets 86400s
        # The primary spends on, and so do others.
        p         open t under p shared              -> ok
        gate      charge t 100                       -> t is day -
        gate      charge p 100                       -> p -205/-1000
    ";

    a_cap_begins_anew_when_its_window_turns: "
        operator  open p limit 1000                  -> ok
        p         open s under p shared cap-day 5    -> ok
        gate      charge s 5                         -> s is day 5/5
        wait 86399s
        gate      charge s 1                          ! CapReached Day 5 spent 5 held 0 needed 1 resets 1s
        wait 999ms
        gate      charge s 1                          ! CapReached Day 5 spent 5 held 0 needed 1 resets 0s
        wait 1ms
        gate      charge s 6                          ! CapReached Day 5 spent 0 held 0 needed 6 resets 86400s
        gate      charge s 5                         -> s is day 5/5
        # Windows in which nothing was spent leave nothing behind.
        wait 2000h
        gate      charge s 1                         -> s is day 1/5
    ";

    both_caps_count_and_the_longer_one_is_named: "
        operator  open p limit 1000 cap-day 5 cap-month 8   -> p is day 0/5 month 0/8
        gate      charge p 5                                -> p is day 5/5 month 5/8
        gate      charge p 1                                 ! CapReached Day 5 spent 5 held 0 needed 1 resets 86400s
        gate      charge p 4                                 ! CapReached Month 8 spent 5 held 0 needed 4 resets 2592000s
        wait 24h
        gate      charge p 3                                -> p is day 3/5 month 8/8
        gate      charge p 0.01                              ! CapReached Month 8 spent 8 held 0 needed 0.01 resets 2505600s
        wait 696h
        gate      charge p 5                                -> p is day 5/5 month 5/8
    ";

    days_and_months_are_those_of_the_time_zone: "
        operator  open p limit 1000                             -> ok
        p         open s under p shared cap-day 5 zone east     -> s is day 0/5 zone east
        gate      charge s 5                                    -> ok
        wait 17h
        gate      charge s 1                                     ! CapReached Day 5 spent 5 held 0 needed 1 resets 3600s
        wait 1h
        gate      charge s 1                                    -> s is day 1/5
        # Another zone does not begin the count anew; it is only another time at which it turns.
        p         change s zone UTC                             -> s is day 1/5 zone UTC
        gate      charge s 5                                     ! CapReached Day 5 spent 1 held 0 needed 5 resets 21600s
        wait 6h
        gate      charge s 5                                    -> s is day 5/5
        p         change s zone Atlantis                         ! TimeZoneUnknown
        p         open t under p zone Atlantis                   ! TimeZoneUnknown
    ";

    a_cap_is_set_changed_and_lifted_by_whoever_manages_the_account: "
        operator  open p limit 1000                         -> ok
        p         open s under p shared                     -> s is day - month - zone -
        s         change s cap-day 5                         ! Forbidden
        s         change s zone east                         ! Forbidden
        p         change p cap-day 5                         ! Forbidden
        gate      change s cap-day 5                         ! Forbidden
        operator  open q                                    -> ok
        q         change s cap-day 5                         ! AccountNotFound s
        gate      charge s 7                                -> ok
        # It counts from when it is set.
        p         change s cap-day 5                        -> s is day 0/5
        gate      charge s 4                                -> s is day 4/5
        # Lowering it below what is spent is allowed: nothing more passes until the turn.
        p         change s cap-day 2                        -> s is day 4/2
        gate      charge s 0.01                              ! CapReached Day 2 spent 4 held 0 needed 0.01 resets 86400s
        operator  change s cap-day 10 cap-month 20          -> s is day 4/10 month 0/20
        gate      charge s 6                                -> s is day 10/10 month 6/20
        p         change s cap-day -                        -> s is day - month 6/20
        gate      charge s 14                               -> s is month 20/20
        p         change s cap-month -                      -> s is month - zone -
        gate      charge s 100                              -> ok
        p         change s cap-day -1                        ! CapOutOfRange Day
        p         change s cap-month 10000000000.00000001    ! CapOutOfRange Month
        p         change s cap-month 10000000000            -> s is month 0/10000000000
        p         change s cap-day 0                        -> s is day 0/0
        gate      charge s 0.00000001                        ! CapReached Day 0 spent 0 held 0 needed 0.00000001 resets 86400s
        # The time zone stays without a cap, for the next one.
        p         change s cap-day - cap-month - zone east  -> s is day - month - zone east
        gate      charge s 1                                -> ok
        p         change s cap-day 1                        -> s is day 0/1 zone east
    ";

    what_is_held_counts_until_it_is_given_back: "
        operator  open p limit 1000                          -> ok
        p         open s under p shared cap-day 5            -> ok
        gate      hold s 5 as h                              -> s is day 0/5 holding 5
        gate      charge s 0.01                               ! CapReached Day 5 spent 0 held 5 needed 0.01 resets 86400s
        gate      hold s 0.01                                 ! CapReached Day 5 spent 0 held 5 needed 0.01 resets 86400s
        # What is held may be settled whole, whatever the cap is by now.
        p         change s cap-day 1                         -> ok
        gate      settle h 4                                 -> s is day 4/1 holding 0
        p         change s cap-day 6                         -> ok
        gate      hold s 2 as i                              -> s is day 4/6 holding 2
        gate      settle i 2.00000001                         ! CapReached Day 6 spent 4 held 2 needed 0.00000001 resets 86400s
        gate      release i                                  -> s is day 4/6 holding 0
        gate      hold s 1 as j lasts 1h                     -> ok
        gate      settle j 2                                 -> s is day 6/6 holding 0
        # By force: it happened.
        p         change s cap-day 7                         -> ok
        gate      hold s 1 as k lasts 1h                     -> ok
        billing   settle k 3 force                           -> s is day 9/7 holding 0
    ";

    a_hold_that_expires_gives_back_or_is_spent: "
        operator  open p limit 1000                          -> ok
        p         open s under p shared cap-day 5            -> ok
        gate      hold s 2 as h lasts 1h                     -> ok
        gate      hold s 3 as i lasts 1h capture             -> s is day 0/5 holding 5
        wait 1h
        server    expire h                                   -> s is day 0/5 holding 3
        server    expire i                                   -> s is day 3/5 holding 0
        # Late: it happened, so it counts, and what comes back of a capture is taken off.
        gate      settle h 4                                 -> s is day 7/5
        gate      settle i 1                                 -> s is day 5/5
    ";

    a_hold_that_is_open_at_the_turn_counts_in_the_next_window_too: "
        operator  open p limit 1000                          -> ok
        p         open s under p shared cap-day 5            -> ok
        wait 23h
        gate      hold s 5 as h lasts 2h                     -> ok
        wait 1h
        # It will be spent in this window, so nothing else is.
        gate      charge s 0.01                               ! CapReached Day 5 spent 0 held 5 needed 0.01 resets 86400s
        gate      settle h 4                                 -> s is day 4/5 holding 0
        gate      charge s 1                                 -> s is day 5/5
    ";

    holds_that_are_open_when_a_cap_is_set_count: "
        operator  open p limit 1000                          -> ok
        p         open s under p shared                      -> ok
        p         open t under p shared                      -> ok
        gate      hold s 3 as h                              -> ok
        gate      hold t 4                                   -> ok
        gate      hold s 1 as i                              -> ok
        gate      release i                                  -> ok
        p         change s cap-day 5                         -> s is day 0/5 holding 3
        gate      charge s 2.01                               ! CapReached Day 5 spent 0 held 3 needed 2.01 resets 86400s
        # They stay its own, whoever pays.
        p         change s own                               -> ok
        operator  pay s 100                                  -> ok
        gate      settle h 3                                 -> s is day 3/5 holding 0
    ";

    what_is_given_back_may_be_spent_again_in_the_same_window: "
        operator  open p limit 1000                          -> ok
        p         open s under p shared                      -> ok
        gate      charge s 1 as b                            -> ok
        wait 1s
        p         change s cap-day 5 cap-month 6             -> ok
        wait 1s
        gate      charge s 5 as c                            -> s is day 5/5 month 5/6
        # Charged before the cap was set: never counted, so not taken off.
        gate      reverse b                                  -> s is day 5/5
        gate      reverse c 2                                -> s is day 3/5 month 3/6
        gate      charge s 2                                 -> s is day 5/5 month 5/6
        wait 24h
        # The day in which it was charged is over; its month is not.
        gate      reverse c 1                                -> s is day 0/5 month 4/6
        gate      charge s 2                                 -> s is day 2/5 month 6/6
        wait 720h
        gate      reverse c                                  -> s is day 0/5 month 0/6
    ";

    usage_that_already_happened_counts_and_is_never_refused: "
        operator  open p limit 1000                          -> ok
        p         open s under p shared cap-day 5            -> ok
        wait 1s
        billing   charge s 9 force                           -> p -9/-1000  s is day 9/5
        gate      charge s 0.01                               ! CapReached Day 5 spent 9 held 0 needed 0.01 resets 86399s
        billing   charge s 1 force as c                      -> s is day 10/5
        gate      reverse c                                  -> s is day 9/5
    ";

    a_primarys_cap_is_for_what_it_causes_itself: "
        operator  open p limit 1000 cap-day 5                -> ok
        p         open s under p shared                      -> ok
        gate      charge s 100                               -> p -100/-1000  p is day 0/5
        gate      charge p 5                                 -> p is day 5/5
        gate      charge p 0.01                               ! CapReached Day 5 spent 5 held 0 needed 0.01 resets 86400s
        gate      charge s 100                               -> ok
    ";

    the_cap_is_asked_when_the_money_is_there: "
        operator  open p limit 1 cap-day 5                   -> ok
        gate      charge p 6                                  ! InsufficientFunds available 1 needed 6
        operator  change p suspended                         -> ok
        gate      charge p 6                                  ! AccountSuspended p
    ";

    a_call_that_is_checked_and_a_number_count_too: "
        operator  open p limit 1000                                                    -> ok
        operator  price std EUR default * /sms sms 2 * /free any free * /live call hold=2    -> ok
        p         open s under p shared cap-day 5                                      -> ok
        operator  stock GB 447700900001 cost 2                                         -> ok
        operator  stock GB 447700900002 cost 2                                         -> ok
        s         rent s 447700900001 country GB                                               -> s is day 2/5
        s         check POST /sms                                                      -> s is day 4/5
        s         check POST /sms                                                       ! CapReached Day 5 spent 4 held 0 needed 2 resets 86400s
        s         check POST /live                                                     ! CapReached Day 5 spent 4 held 0 needed 2 resets 86400s
        s         rent s 447700900002 country GB                                                ! CapReached Day 5 spent 4 held 0 needed 2 resets 86400s
        s         check GET /free                                                      -> free
        p         change s cap-day 6                                                   -> ok
        s         check POST /live                                                     -> s is day 4/6 holding 2
    ";

    the_close_of_an_account_ends_its_caps: "
        operator  open p limit 1000                          -> ok
        p         open s under p shared cap-day 5            -> ok
        gate      charge s 1 as c                            -> ok
        gate      hold s 2 as h                              -> ok
        p         close s                                    -> s is closed day - zone -
        billing   charge s 9 force                           -> p -10/-1000
        gate      settle h 3                                 -> p -13/-1000
        gate      reverse c                                  -> p -12/-1000
    ";

    a_repeat_counts_once: "
        operator  open p limit 1000                          -> ok
        p         open s under p shared cap-day 5            -> ok
        gate      charge s 5 key k                           -> s is day 5/5
        gate      charge s 5 key k                           -> again s is day 5/5
        wait 24h
        gate      charge s 5 key k                           -> again s is day 0/5
        # A refusal binds no key: it passes when the cap has begun anew.
        gate      charge s 5                                 -> ok
        gate      charge s 1 key l                            ! CapReached Day 5 spent 5 held 0 needed 1 resets 86400s
        wait 24h
        gate      charge s 1 key l                           -> s is day 1/5
    ";
}

#[test]
fn one_may_ask_again_when_the_cap_begins_anew_and_not_before() {
    let mut story = check("operator open p limit 10 cap-day 0 -> ok");
    let mut after = |millis: i64| {
        story.now = crate::time::Timestamp::from_millis(millis);
        let refusal = story.refusal("gate charge p 1");
        assert!(matches!(refusal, Refusal::CapReached(_)), "{refusal:?}");
        refusal.retry_after_s()
    };
    assert_eq!(after(0), Some(86_400));
    assert_eq!(after(1), Some(86_400), "a second that has begun is waited for whole");
    assert_eq!(after(999), Some(86_400));
    assert_eq!(after(1_000), Some(86_399));
    assert_eq!(after(86_399_999), Some(1));
    assert_eq!(Refusal::NoPrice.retry_after_s(), None);
}

#[test]
fn without_its_calendar_a_cap_goes_on_in_the_window_that_is_over() {
    let story = check("operator open p limit 10 cap-day 5 -> ok");
    let caps = story.account("p").caps.as_deref().expect("caps");
    let cap = Cap { spent: Amount::from_units(1), ..caps.day.expect("a cap for a day") };
    assert_eq!(cap.at(None, cap.until.plus_millis(1)), cap);
    assert!(caps.is_over(cap.until) && !caps.is_over(cap.until.plus_millis(-1)));
}
