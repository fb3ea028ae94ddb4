//! Settings as a JSON object of texts. The names never change and are never used again.

use std::collections::BTreeMap;

use ledger::{Setting, Settings};

macro_rules! names {
    ($($setting:ident = $name:literal),* $(,)?) => {
        const fn name(setting: Setting) -> &'static str {
            match setting { $(Setting::$setting => $name),* }
        }

        fn named(name: &str) -> Option<Setting> {
            match name { $($name => Some(Setting::$setting),)* _ => None }
        }
    };
}

names! {
    Address = "address",
    City = "city",
    State = "state",
    MessageCallbackUrl = "message_callback_url",
    ReceiptCallbackUrl = "receipt_callback_url",
    Alias = "alias",
    Carrier = "carrier",
    CnamLookup = "cnam_lookup",
    MessageUrl = "message_url",
    Region = "region",
    SmppSystemType = "smpp_system_type",
    VoiceCallbackType = "voice_callback_type",
    VoiceCallbackValue = "voice_callback_value",
    VoiceStatusUrl = "voice_status_url",
    AnswerMethod = "answer_method",
    AnswerUrl = "answer_url",
    FallbackMethod = "fallback_method",
    FallbackUrl = "fallback_url",
    HangupMethod = "hangup_method",
    HangupUrl = "hangup_url",
    LogIncomingMessages = "log_incoming_messages",
    MessageMethod = "message_method",
    PublicUri = "public_uri",
}

/// Their text; `None` for none.
pub(super) fn encode(settings: &Settings) -> Option<String> {
    let texts = to_map(settings);
    // Texts alone always have a JSON text.
    (!texts.is_empty()).then(|| serde_json::to_string(&texts).unwrap_or_default())
}

/// `None` for a text that `encode` did not write.
pub(super) fn decode(text: &str) -> Option<Settings> {
    from_map(&serde_json::from_str(text).ok()?)
}

pub(super) fn to_map(settings: &Settings) -> BTreeMap<String, String> {
    settings.iter().map(|(setting, text)| (name(setting).to_owned(), text.to_string())).collect()
}

pub(super) fn from_map(texts: &BTreeMap<String, String>) -> Option<Settings> {
    texts.iter().map(|(name, text)| Some((named(name)?, text.as_str().into()))).collect()
}
