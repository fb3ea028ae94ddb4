//! Who may have events sent, and where to.

use super::scenarios;

scenarios! {
    a_primary_has_its_familys_events_sent_a_subaccount_its_own_and_the_operator_everybodys: "
        operator  open p                                   -> ok
        p         open s under p                           -> ok
        p         listen hook https://example.com/events   -> webhook hook of p at https://example.com/events
        p         listen one http://example.com on s       -> webhook one of p about s at http://example.com
        s         listen mine https://example.com          -> webhook mine of s about s at https://example.com
        s         listen more https://example.com on s     -> webhook more of s about s at https://example.com
        s         listen other https://example.com on p     ! AccountNotFound p
        operator  listen all https://example.com           -> webhook all of - at https://example.com
        operator  listen s.all https://example.com on s    -> webhook s.all of - about s at https://example.com lines WebhookMade
    ";

    a_gate_has_nothing_sent: "
        operator  open p                              -> ok
        gate      listen hook https://example.com      ! Forbidden
        p         listen hook https://example.com     -> ok
        gate      relisten hook https://example.org    ! Forbidden
        gate      resign hook 0s                       ! Forbidden
        gate      resend hook                          ! Forbidden
        gate      unlisten hook                        ! Forbidden
        p         unlisten hook                       -> ok
        gate      unlisten hook                        ! Forbidden
    ";

    a_webhook_is_kept_by_whose_it_is_by_the_primary_and_by_the_operator: "
        operator  open p                               -> ok
        operator  open q                               -> ok
        p         open s under p                       -> ok
        p         open t under p                       -> ok
        p         listen hook https://example.com      -> ok
        s         listen mine https://example.com      -> ok
        q         relisten hook https://example.org     ! WebhookNotFound
        q         unlisten hook                         ! WebhookNotFound
        s         relisten hook https://example.org     ! WebhookNotFound
        s         resign hook 0s                        ! WebhookNotFound
        s         resend hook                           ! WebhookNotFound
        s         unlisten hook                         ! WebhookNotFound
        t         unlisten mine                         ! WebhookNotFound
        q         resend mine                           ! WebhookNotFound
        p         relisten hook https://example.org    -> webhook hook of p at https://example.org lines WebhookChanged
        p         relisten mine https://example.org    -> webhook mine of s about s at https://example.org
        s         relisten mine https://example.net    -> webhook mine of s about s at https://example.net
        operator  relisten hook https://example.net    -> webhook hook of p at https://example.net
        operator  listen all https://example.com       -> ok
        p         unlisten all                          ! WebhookNotFound
        p         unlisten hook                        -> webhook hook gone lines WebhookDeleted
        p         unlisten hook                         ! WebhookNotFound
        p         unlisten mine                        -> webhook mine gone
        operator  unlisten all                         -> webhook all gone
    ";

    one_that_is_disabled_is_so_since_the_first_time: "
        operator  open p                               -> ok
        p         listen hook https://example.com      -> sends hook on signed-since-0s
        wait 5s
        p         mute hook                            -> sends hook off-since-5s signed-since-0s lines WebhookChanged
        wait 5s
        p         mute hook                            -> sends hook off-since-5s signed-since-0s
        p         relisten hook https://example.org    -> sends hook off-since-5s signed-since-0s
        p         unmute hook                          -> sends hook on signed-since-0s
        p         unmute hook                          -> sends hook on signed-since-0s
    ";

    a_new_secret_signs_beside_the_old_one_for_a_while: "
        operator  open p                               -> ok
        p         listen hook https://example.com      -> sends hook on signed-since-0s
        wait 10s
        p         resign hook 80s                      -> sends hook on signed-since-10s and-old-until-90s lines WebhookChanged
        wait 10s
        p         resign hook 0s                       -> sends hook on signed-since-20s
        p         resign hook 720h                     -> sends hook on signed-since-20s and-old-until-2592020s
        p         resign hook 721h                      ! OverlapOutOfRange
        p         resign hook -1ms                      ! OverlapOutOfRange
        operator  resign hook 0s                       -> sends hook on signed-since-20s
    ";

    an_event_is_sent_once_more_by_those_who_keep_the_webhook: "
        operator  open p                               -> ok
        p         listen hook https://example.com      -> ok
        p         resend hook                          -> lines EventResent webhook hook of p at https://example.com
        p         resend hook key k                    -> ok
        p         resend hook key k                    -> again
        operator  resend hook                          -> ok
        operator  change p suspended                   -> ok
        p         resend hook                           ! CallerSuspended
    ";

    it_may_be_about_an_account_of_the_family_alone: "
        operator  open p                                  -> ok
        operator  open q                                  -> ok
        p         listen one https://example.com on q      ! AccountNotFound q
        p         listen one https://example.com on p     -> webhook one of p about p at https://example.com
        operator  close q                                 -> ok
        operator  listen one https://example.com on q      ! AccountClosed q
        operator  listen one https://example.com on nobody ! AccountNotFound nobody
    ";

    an_address_is_one_of_the_web_without_anything_secret_in_it: "
        operator  open p                                      -> ok
        p         listen hook https://example.com:8443/a?b=c  -> ok
        p         listen hook http://[2001:db8::1]/           -> ok
        p         listen hook ftp://example.com                ! InvalidText WebhookUrl
        p         listen hook https://                         ! InvalidText WebhookUrl
        p         listen hook https:///path                    ! InvalidText WebhookUrl
        p         listen hook https://me:secret@example.com/   ! InvalidText WebhookUrl
        p         listen hook https://example.com/#part        ! InvalidText WebhookUrl
        p         listen hook https://example.com/<a>          ! InvalidText WebhookUrl
        p         listen hook https://example.com/a␠b          ! InvalidText WebhookUrl
        p         listen hook https://exämple.com/             ! InvalidText WebhookUrl
        p         listen hook https://example.com:99999/       ! InvalidText WebhookUrl
    ";
}

/// The refusal that comes up in no table, but in the test below.
pub(super) const THE_MOST: &str = "WebhooksMax";

#[test]
fn there_are_at_most_twenty_of_one_owner() {
    let mut story = "operator open p -> ok\noperator open q -> ok\n".to_owned();
    for n in 0..crate::webhook::WEBHOOKS_MAX {
        story += &format!("p listen hook{n} https://example.com/{n} -> ok\n");
    }
    story += "p listen more https://example.com ! WebhooksMax 20\n";
    story += "q listen more https://example.com -> ok\n";
    story += "p open s under p -> ok\ns listen more https://example.com -> ok\n";
    story += "operator listen all https://example.com -> ok\n";
    story += "p unlisten hook3 -> ok\np listen more https://example.com -> ok";
    assert!(super::check(&story).refused.contains(THE_MOST));
}
