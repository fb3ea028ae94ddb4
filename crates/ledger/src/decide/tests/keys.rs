//! Keys: a write that carries one happens once.

use super::scenarios;
use super::story::check;
use crate::command::{Action, Actor, Command, Once};
use crate::decide::decide;
use crate::id::{LineId, TokenId};
use crate::money::Amount;

scenarios! {
    the_same_request_under_the_same_key_happens_once: "
        operator  open p limit 10 key a             -> p 0/-10
        operator  open p limit 10 key a             -> again  p 0/-10
        gate      charge p 1 key a                  -> p -1/-10
        gate      charge p 1 key a                  -> again  p -1/-10
        gate      charge p 1 key b                  -> p -2/-10
        gate      charge p 1                        -> p -3/-10
        gate      hold p 1 key c as h               -> p -3/-10 held 1
        gate      hold p 1 key c as h               -> again  p -3/-10 held 1
        gate      settle h 1 key d                  -> p -4/-10
        gate      settle h 1 key d                  -> again  p -4/-10
        p         open s under p key e              -> p is above 1
        p         open s under p key e              -> again  p is above 1
        p         transfer balance 1 p > s key f    -> p -5/-10  s 1/0
        wait 25h
        p         transfer balance 1 p > s key f    -> again  p -5/-10  s 1/0
        operator  pay p 5 key g                     -> p 0/-10
        operator  pay p 5 key g                     -> again  p 0/-10
        p         close s key h                     -> s is closed
        p         close s key h                     -> again  s is closed
    ";

    another_request_under_the_same_key_is_refused: "
        operator  open p limit 10                   -> ok
        gate      charge p 1 key a                  -> p -1/-10
        gate      charge p 2 key a                   ! KeyReused
        gate      hold p 1 key a                     ! KeyReused
        gate      charge p 1 key a request other     ! KeyReused
        gate      charge p 1 key a                  -> again  p -1/-10
        # The request is what was sent, not what it meant.
        gate      charge p 1 key b request r        -> p -2/-10
        gate      charge p 5 key b request r        -> again  p -2/-10
    ";

    one_of_many_in_a_body_is_compared_by_what_it_asks_for: "
        operator  open p limit 100                          -> ok
        p         open s under p shared                     -> ok
        gate      charge p 1 for sms ref r key a request none as c  -> p -1/-100
        gate      charge p 1 for sms ref r key a request none       -> again  p -1/-100
        # Alone or among many makes no difference, whichever came first.
        gate      charge p 1 for sms ref r key a             -> again  p -1/-100
        gate      charge p 2 key b                          -> p -3/-100
        gate      charge p 2 key b request none             -> again  p -3/-100
        gate      charge p 2 key b request other             ! KeyReused
        gate      charge p 2 for sms ref r key a request none ! KeyReused
        gate      charge p 1 ref r key a request none        ! KeyReused
        gate      charge p 1 for sms key a request none       ! KeyReused
        gate      charge p 1 for sms ref r units 1 key a request none ! KeyReused
        billing   charge p 1 for sms ref r force key a request none   ! KeyReused
        gate      hold p 1 key a request none                ! KeyReused
        gate      charge s 1 key d request none             -> p -4/-100
        gate      charge s 1 key d request none             -> again  p -4/-100
        # A settle by what it took, a reversal by what it gave back.
        gate      hold p 5 as h                             -> p -4/-100 held 5
        gate      hold p 5 as i                             -> p -4/-100 held 10
        gate      settle h 2 key e request none             -> p -6/-100 held 5
        gate      settle h 2 key e request none             -> again  p -6/-100 held 5
        billing   settle h 2 force key e                    -> again  p -6/-100 held 5
        gate      settle h 3 key e request none              ! KeyReused
        gate      settle i 2 key e request none              ! KeyReused
        gate      charge p 2 key e request none              ! KeyReused
        gate      reverse c 0.4 ref x key f request none    -> p -5.6/-100 held 5
        gate      reverse c 0.4 ref x key f request none    -> again  p -5.6/-100 held 5
        gate      reverse c 0.5 ref x key f request none     ! KeyReused
        gate      reverse c 0.4 key f request none           ! KeyReused
        gate      reverse h 0.4 ref x key f request none     ! ChargeNotFound h
        # There is something left, so the first one was not for all that was.
        gate      reverse c ref x key f request none         ! KeyReused
        gate      reverse c key g request none              -> p -5/-100 held 5
        gate      reverse c key g request none              -> again  p -5/-100 held 5
        gate      reverse c 0.6 key g request none          -> again  p -5/-100 held 5
        gate      settle i 2 key f request none              ! KeyReused
    ";

    what_was_refused_binds_no_key_and_is_decided_anew: "
        operator  open p limit 10                   -> ok
        gate      charge p 11 key a                  ! InsufficientFunds available 10 needed 11
        gate      charge p 11 key a                  ! InsufficientFunds available 10 needed 11
        operator  pay p 1                           -> p 1/-10
        gate      charge p 11 key a                 -> p -10/-10
        gate      charge p 11 key a                 -> again  p -10/-10
        gate      settle nothing 1 key b             ! HoldNotFound nothing
        gate      reverse nothing key b              ! ChargeNotFound nothing
        gate      charge p 1 key b                   ! InsufficientFunds available 0 needed 1
    ";

    a_repeat_that_writes_nothing_binds_no_key: "
        operator  open p limit 10                   -> ok
        gate      hold p 1 as h                     -> ok
        gate      release h                         -> p 0/-10
        gate      release h key a                   -> again  p 0/-10
        gate      charge p 1 key a                  -> p -1/-10
    ";

    a_key_is_unique_within_the_account_that_a_charge_or_hold_is_about: "
        operator  open p limit 100                  -> ok
        p         open s under p shared             -> ok
        gate      charge p 1 key a request r as c   -> p -1/-100
        gate      charge s 1 key a request r as d   -> p -2/-100
        gate      hold p 1 key b request r as h     -> p -2/-100 held 1
        gate      hold s 1 key b request r as i     -> p -2/-100 held 2
        gate      hold p 1 as j                     -> p -2/-100 held 3
        gate      hold s 1 as k                     -> p -2/-100 held 4
        gate      hold p 1 lasts 1s as l            -> ok
        gate      hold s 1 lasts 1s as m            -> p -2/-100 held 6
        # What is about a hold or a charge is about its account.
        gate      extend h 2h key e                 -> ok
        gate      extend i 2h key e request other   -> ok
        gate      extend h 3h key e                  ! KeyReused
        gate      settle h 1 key f                  -> p -3/-100 held 5
        gate      settle i 1 key f request other    -> p -4/-100 held 4
        gate      settle j 1 key f                   ! KeyReused
        gate      release j key g                   -> p -4/-100 held 3
        gate      release k key g request other     -> p -4/-100 held 2
        gate      reverse c 0.5 key x               -> p -3.5/-100 held 2
        gate      reverse d 0.5 key x request other -> p -3/-100 held 2
        gate      reverse c 0.5 key a                ! KeyReused
        wait 1s
        server    expire l key y                    -> p -3/-100 held 1
        server    expire m key y request other      -> p -3/-100
        server    expire l key y                    -> again  p -3/-100
    ";

    a_key_is_unique_within_the_kind_of_caller: "
        operator  open p limit 100                     -> ok
        gate      charge p 1 key a request r           -> p -1/-100
        operator  charge p 1 key a request r           -> p -2/-100
        server    charge p 1 key a request r           -> p -3/-100
        # Two gates are one kind of caller: the proxy that repeats need not be the one that asked.
        billing   charge p 1 key a request r           -> again  p -3/-100
        p         add p secret two key a request r     -> ok
        two       add p secret three key a request r   -> again  p is keyed p.secret+p.token+two
    ";

    management_is_unique_within_the_caller_and_the_operators_own_within_the_operator: "
        operator  open p limit 100 key a                      -> ok
        operator  open q limit 100                            -> ok
        operator  pay q 1 key a                                ! KeyReused
        p         open s under p key a                        -> ok
        q         open t under q key a                        -> ok
        p         transfer credit 1 p > s key b request r     -> s 0/-1
        q         transfer credit 1 q > t key b request r     -> t 0/-1
        # About another account, but by the same caller.
        p         change s called x key c                     -> s is called x
        p         close s key c                                ! KeyReused
        s         add s secret two key c                      -> ok
        operator  make ops operator key d                     -> ok
        ops       make proxy gate key d                        ! KeyReused
        operator  make ops operator key d                     -> again
    ";

    a_repeat_is_for_callers_that_may_still_call: "
        operator  open p limit 10                 -> ok
        p         open s under p key a            -> ok
        operator  change p suspended              -> ok
        p         open s under p key a             ! CallerSuspended
        operator  change p active                 -> ok
        p         open s under p key a            -> again  p is above 1
        operator  make proxy gate                 -> ok
        proxy     charge p 1 key a                -> p -1/-10
        operator  revoke token proxy              -> ok
        proxy     charge p 1 key a                 ! CredentialRevoked
    ";

    a_key_has_1_to_255_characters: "
        operator  open p limit 10            -> ok
        gate      charge p 1 key €*255       -> p -1/-10
        gate      charge p 1 key €*256        ! InvalidText Key
        gate      charge p 1 key ∅            ! InvalidText Key
    ";
}

#[test]
fn a_repeat_shows_the_secret_that_the_first_answer_showed() {
    let mut story = check("operator  open p -> ok");
    let pay = |sealed: &[u8], id| Command {
        id: LineId::from_bytes([id; 16]),
        by: Actor::Operator(TokenId::ENVIRONMENT),
        from: None,
        once: Some(Once { key: "k".into(), request: Some([1; 32]), sealed: Some(sealed.into()) }),
        action: Action::Pay {
            account: story.account("p").id,
            amount: Amount::from_units(1),
            reference: None,
        },
    };
    let (first, again) = (pay(b"first", 1), pay(b"again", 2));
    let decision = decide(&story.book, &first, story.now).unwrap();
    story.book.apply(&decision);
    let repeat = decide(&story.book, &again, story.now).unwrap();
    assert!(repeat.is_repeat());
    assert_eq!(repeat.outcome, decision.outcome);
    assert_eq!(repeat.outcome.once, first.once);
}
