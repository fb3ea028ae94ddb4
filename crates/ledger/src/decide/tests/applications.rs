//! Applications, endpoints, and what answers what.

use super::scenarios;

scenarios! {
    an_application_is_made_by_the_account_its_primary_and_the_operator: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         open s under p                      -> ok
        p         open t under p                      -> ok
        p         make app p one with text            -> app one p  keeps one text  lines ApplicationMade
        s         make app s two                      -> app two s  keeps two -
        p         make app s three                    -> app three s
        operator  make app t four                     -> app four t
        gate      make app s x                         ! Forbidden
        q         make app s x                         ! AccountNotFound s
        t         make app s x                         ! AccountNotFound s
        s         make app p x                         ! AccountNotFound p
        operator  make app nobody x                    ! AccountNotFound nobody
        # Its owner's state matters to its own calls alone.
        p         change s suspended                  -> ok
        p         make app s five                     -> app five s
        s         make app s x                         ! CallerSuspended
        p         close t                             -> ok
        p         make app t x                         ! AccountClosed t
    ";

    an_applications_name_is_letters_digits_dashes_and_underscores: "
        operator  open p                              -> ok
        p         make app p one called Call_me-1     -> ok
        p         make app p two called a*255         -> ok
        p         make app p x called a*256            ! InvalidText ApplicationName
        p         make app p x called ∅                ! InvalidText ApplicationName
        p         make app p x called call␠me          ! InvalidText ApplicationName
        p         make app p x called é                ! InvalidText ApplicationName
        p         make app p x with x*2049             ! InvalidText Setting
        # Two may be called the same.
        p         make app p three called Call_me-1   -> app three p
    ";

    an_id_that_is_taken_is_not_taken_again_by_anybody: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         make app p one                      -> ok
        q         make app q two id-of one             ! NameTaken
        p         make phone p bob                    -> ok
        q         make phone q eve id-of bob           ! NameTaken
        q         make phone q eve called bob          ! NameTaken
        q         make phone q eve                    -> phone eve q
        # What is deleted is free again.
        p         delete bob                          -> phone bob gone
        q         make phone q other called bob       -> phone other q
    ";

    each_default_is_one_applications_at_a_time: "
        operator  open p                              -> ok
        p         open s under p                      -> ok
        p         make app p one for-numbers for-phones -> app one p+numbers+phones  lines ApplicationMade
        s         make app s own for-numbers          -> app own s+numbers  app one p+numbers+phones
        p         make app p two for-numbers          -> app two p+numbers  app one p+phones  lines ApplicationChanged+ApplicationMade
        p         make app p three                    -> app three p  app two p+numbers  app one p+phones  lines ApplicationMade
        p         edit three for-numbers for-phones   -> app three p+numbers+phones  app two p  app one p  lines ApplicationChanged+ApplicationChanged+ApplicationChanged
        p         edit three for-numbers              -> app three p+numbers+phones  lines ApplicationChanged
        p         edit three not-for-numbers          -> app three p+phones  app two p  app one p
        p         edit three not-for-phones           -> app three p
        p         edit one with text                  -> app one p  keeps one text  app own s+numbers
        p         edit one for-phones                 -> app one p+phones  keeps one text
    ";

    an_application_is_changed_by_the_account_its_primary_and_the_operator: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         open s under p                      -> ok
        p         open t under p                      -> ok
        p         make app p main                     -> ok
        s         make app s shop                     -> ok
        s         edit shop with a                    -> keeps shop a
        p         edit shop with b                    -> keeps shop b
        operator  edit shop with ∅                    -> keeps shop -
        p         edit shop with x*2049                ! InvalidText Setting
        gate      edit shop with x                     ! Forbidden
        gate      edit no-app with x                   ! Forbidden
        gate      delete shop                          ! Forbidden
        q         edit shop with x                     ! ApplicationNotFound shop
        t         edit shop with x                     ! ApplicationNotFound shop
        s         edit main with x                     ! ApplicationNotFound main
        p         edit no-app with x                   ! ApplicationNotFound no-app
        operator  edit no-app with x                   ! ApplicationNotFound no-app
        q         delete shop                          ! ApplicationNotFound shop
        t         delete shop                          ! ApplicationNotFound shop
        s         delete main                          ! ApplicationNotFound main
        operator  delete no-app                        ! ApplicationNotFound no-app
        s         delete shop                         -> app shop gone  lines ApplicationDeleted
        s         delete shop                          ! ApplicationNotFound shop
        s         edit shop with x                     ! ApplicationNotFound shop
    ";

    an_application_goes_to_another_account_of_the_family_by_the_primary_or_the_operator: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         open s under p                      -> ok
        p         open t under p                      -> ok
        q         open u under q                      -> ok
        p         make app p ivr with text            -> ok
        p         edit ivr to s                       -> app ivr s  keeps ivr text  lines ApplicationChanged
        s         edit ivr to p                        ! NotPrimary s
        s         edit ivr to t                        ! NotPrimary s
        s         edit ivr to s with own              -> app ivr s  keeps ivr own
        p         edit ivr to t with moved            -> app ivr t  keeps ivr moved
        s         edit ivr with x                      ! ApplicationNotFound ivr
        operator  edit ivr to p                       -> app ivr p
        p         edit ivr to u                        ! AccountNotFound u
        p         edit ivr to q                        ! AccountNotFound q
        operator  edit ivr to q                        ! AccountNotFound q
        p         edit ivr to nobody                   ! AccountNotFound nobody
        p         close t                             -> ok
        p         edit ivr to t                        ! AccountNotFound t
        p         edit ivr to t with x                 ! AccountNotFound t
        p         edit ivr                            -> app ivr p  keeps ivr moved
    ";

    a_default_that_moves_takes_the_place_of_the_receivers: "
        operator  open p                              -> ok
        p         open s under p                      -> ok
        p         make app p main for-numbers for-phones -> ok
        s         make app s own for-numbers for-phones  -> ok
        p         edit main to s not-for-phones       -> app main s+numbers  app own s+phones
        p         make app p next for-numbers         -> app next p+numbers  app main s+numbers
    ";

    what_an_application_answers_stays_linked_when_either_moves: "
        operator  open p                              -> ok
        p         open s under p                      -> ok
        p         make app p ivr                      -> ok
        p         make phone p bob app ivr            -> phone bob p:ivr
        operator  give p GB 447700900001              -> ok
        p         set p 447700900001 app ivr          -> number GB 447700900001 p:ivr
        p         edit ivr to s                       -> number GB 447700900001 p:ivr  phone bob p:ivr
        p         edit bob to s                       -> phone bob s:ivr
        p         edit ivr to p                       -> phone bob s:ivr
    ";

    an_endpoint_is_made_by_the_account_its_primary_and_the_operator: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         open s under p                      -> ok
        p         open t under p                      -> ok
        p         make phone p one                    -> phone one p  lines EndpointMade  passwords 1
        s         make phone s two alias front␠desk   -> phone two s  alias two front␠desk
        p         make phone s three                  -> phone three s
        operator  make phone t four                   -> phone four t
        gate      make phone s x                       ! Forbidden
        q         make phone s x                       ! AccountNotFound s
        t         make phone s x                       ! AccountNotFound s
        s         make phone p x                       ! AccountNotFound p
        p         close t                             -> ok
        p         make phone t x                       ! AccountClosed t
    ";

    an_endpoint_has_a_username_of_letters_and_digits_and_an_alias: "
        operator  open p                              -> ok
        p         make phone p one called a*37        -> ok
        p         make phone p x called a*38           ! InvalidText Username
        p         make phone p x called 1a             ! InvalidText Username
        p         make phone p x called a_b            ! InvalidText Username
        p         make phone p x called ∅              ! InvalidText Username
        p         make phone p two alias €*255        -> ok
        p         make phone p x alias €*256           ! InvalidText Alias
        p         make phone p x alias ␠               ! InvalidText Alias
        p         make phone p x alias ∅               ! InvalidText Alias
        p         edit two alias ␠                     ! InvalidText Alias
        p         edit two alias x                    -> alias two x
    ";

    a_new_endpoint_is_answered_by_the_accounts_default_unless_another_application_is_named: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         open s under p                      -> ok
        p         make app p main for-phones          -> ok
        p         make app p other for-numbers        -> ok
        q         make app q foreign                  -> ok
        p         make phone p one                    -> phone one p:main
        p         make phone p two app other          -> phone two p:other
        s         make phone s three                  -> phone three s
        p         make phone s four app main          -> phone four s:main
        s         make phone s x app main              ! ApplicationNotFound main
        p         make phone p x app foreign           ! ApplicationNotFound foreign
        operator  make phone p x app foreign           ! ApplicationNotFound foreign
        p         make phone p x app no-app            ! ApplicationNotFound no-app
    ";

    an_endpoint_is_changed_and_deleted_by_the_account_its_primary_and_the_operator: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         open s under p                      -> ok
        p         open t under p                      -> ok
        p         make app p main                     -> ok
        s         make app s shop                     -> ok
        p         make phone p desk                   -> ok
        s         make phone s bob                    -> ok
        s         edit bob alias Bob                  -> alias bob Bob  passwords 0  lines EndpointChanged
        s         edit bob password                   -> alias bob Bob  passwords 1
        s         edit bob app shop                   -> phone bob s:shop
        s         edit bob app main                    ! ApplicationNotFound main
        p         edit bob app main                   -> phone bob s:main
        s         edit bob alias Rob                  -> phone bob s:main  alias bob Rob
        s         edit bob app none                   -> phone bob s
        operator  edit bob app shop alias Bob         -> phone bob s:shop  alias bob Bob
        p         edit bob app no-app alias x          ! ApplicationNotFound no-app
        gate      edit bob alias x                     ! Forbidden
        gate      edit no-phone alias x                ! Forbidden
        gate      delete bob                           ! Forbidden
        q         edit bob alias x                     ! EndpointNotFound bob
        t         edit bob alias x                     ! EndpointNotFound bob
        s         edit desk alias x                    ! EndpointNotFound desk
        operator  edit no-phone alias x                ! EndpointNotFound no-phone
        q         delete bob                           ! EndpointNotFound bob
        t         delete bob                           ! EndpointNotFound bob
        s         delete desk                          ! EndpointNotFound desk
        operator  delete no-phone                      ! EndpointNotFound no-phone
        s         delete bob                          -> phone bob gone  app shop s  lines EndpointDeleted
        s         delete bob                           ! EndpointNotFound bob
        p         delete desk                         -> phone desk gone
    ";

    an_endpoint_goes_to_another_account_of_the_family_by_the_primary_or_the_operator: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         open s under p                      -> ok
        p         open t under p                      -> ok
        s         make phone s bob alias Bob          -> ok
        s         edit bob to p                        ! NotPrimary s
        s         edit bob to t                        ! NotPrimary s
        s         edit bob to s                       -> phone bob s
        p         edit bob to t                       -> phone bob t  alias bob Bob
        operator  edit bob to p                       -> phone bob p
        p         edit bob to q                        ! AccountNotFound q
        operator  edit bob to q                        ! AccountNotFound q
        p         edit bob to nobody                   ! AccountNotFound nobody
        p         close t                             -> ok
        p         edit bob to t                        ! AccountNotFound t
    ";

    a_deleted_application_answers_nothing_any_more: "
        operator  open p                              -> ok
        p         open s under p                      -> ok
        p         make app p ivr                      -> ok
        p         make app p other                    -> ok
        operator  give p GB 447700900001              -> ok
        operator  give s GB 447700900002              -> ok
        operator  give p GB 447700900003              -> ok
        p         set p 447700900001 app ivr          -> ok
        p         set s 447700900002 app ivr          -> ok
        p         set p 447700900003 app other        -> ok
        p         make phone p bob app ivr            -> ok
        p         make phone s eve app ivr            -> ok
        p         make phone p tom app other          -> ok
        p         delete ivr                          -> app ivr gone  number GB 447700900001 p  number GB 447700900002 s  number GB 447700900003 p:other  phone bob p  phone eve s  phone tom p:other  lines NumberChanged+NumberChanged+EndpointChanged+EndpointChanged+ApplicationDeleted
    ";

    its_owners_endpoints_go_with_an_application_when_the_deletion_cascades: "
        operator  open p                              -> ok
        p         open s under p                      -> ok
        p         make app p ivr                      -> ok
        p         make app p other                    -> ok
        operator  give p GB 447700900001              -> ok
        p         set p 447700900001 app ivr          -> ok
        p         make phone p bob app ivr            -> ok
        p         make phone s eve app ivr            -> ok
        p         make phone p tom app other          -> ok
        p         make phone p joe                    -> ok
        # What another account keeps stays with it, and a successor has nothing to come into.
        p         delete ivr cascade successor other  -> app ivr gone  number GB 447700900001 p  phone bob gone  phone eve s  phone tom p:other  phone joe p  lines NumberChanged+EndpointDeleted+EndpointChanged+ApplicationDeleted
    ";

    endpoints_go_over_to_the_successor_of_an_application_and_numbers_to_nothing: "
        operator  open p                              -> ok
        operator  open q                              -> ok
        p         open s under p                      -> ok
        p         make app p ivr                      -> ok
        p         make app p next                     -> ok
        s         make app s shop                     -> ok
        q         make app q foreign                  -> ok
        operator  give p GB 447700900001              -> ok
        p         set p 447700900001 app ivr          -> ok
        p         make phone p bob app ivr            -> ok
        p         make phone s eve app ivr            -> ok
        p         delete ivr successor ivr             ! ApplicationNotFound ivr
        p         delete ivr successor no-app          ! ApplicationNotFound no-app
        p         delete ivr successor foreign         ! ApplicationNotFound foreign
        operator  delete ivr successor foreign         ! ApplicationNotFound foreign
        s         delete shop successor next           ! ApplicationNotFound next
        p         delete ivr successor next           -> app ivr gone  number GB 447700900001 p  phone bob p:next  phone eve s:next
        p         delete next successor shop          -> phone bob p:shop  phone eve s:shop
        # Its primary linked its own endpoint to it; when the subaccount deletes it, that link goes.
        s         delete shop                         -> phone bob p  phone eve s
    ";

    an_application_and_an_endpoint_know_since_when_they_are_there: "
        operator  open p                              -> ok
        p         open s under p                      -> ok
        wait 1s
        p         make app p ivr                      -> since ivr 1s
        p         make phone p bob                    -> since bob 1s
        wait 1s
        p         edit ivr to s                       -> since ivr 1s
        p         edit bob to s                       -> since bob 1s
        p         close s                             -> since ivr 1s  since bob 1s  app ivr p  phone bob p
    ";

    what_is_done_to_belongings_under_a_key_is_done_once: "
        operator  open p                              -> ok
        p         make app p ivr key a                -> ok
        p         make app p ivr key a                -> again  app ivr p
        p         make phone p bob key b              -> ok
        p         make phone p bob key b              -> again  phone bob p
        p         edit bob alias x key c              -> alias bob x
        p         edit bob alias y                    -> alias bob y
        p         edit bob alias x key c              -> again  alias bob y
        p         delete ivr key d                    -> ok
        p         delete ivr key d                    -> again  app ivr gone
        p         delete bob key d                     ! KeyReused
    ";
}
