//! Texts that an account keeps with what is its own, such as the address of a callback. The rules look at their length
//! alone.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The names of all settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each says what it is by its name, and the dialects say what it is for")]
pub enum Setting {
    // Of an account.
    Address,
    City,
    State,
    MessageCallbackUrl,
    ReceiptCallbackUrl,
    // Of a number.
    Alias,
    Carrier,
    CnamLookup,
    MessageUrl,
    Region,
    SmppSystemType,
    VoiceCallbackType,
    VoiceCallbackValue,
    VoiceStatusUrl,
    // Of an application, which has a `MessageUrl`, too.
    AnswerMethod,
    AnswerUrl,
    FallbackMethod,
    FallbackUrl,
    HangupMethod,
    HangupUrl,
    LogIncomingMessages,
    MessageMethod,
    PublicUri,
}

/// A setting and what it is to be; `None` takes it away.
pub type SettingChange = (Setting, Option<Arc<str>>);

/// Settings and their texts. Most things have none, which costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Option<Arc<BTreeMap<Setting, Arc<str>>>>);

impl Settings {
    /// One text.
    pub fn get(&self, setting: Setting) -> Option<&Arc<str>> {
        self.0.as_ref()?.get(&setting)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Setting, &Arc<str>)> {
        self.0.iter().flat_map(|it| it.iter()).map(|(setting, text)| (*setting, text))
    }

    /// These settings after some changes.
    #[must_use]
    pub fn changed(&self, changes: &[SettingChange]) -> Self {
        let mut settings: BTreeMap<_, _> =
            self.iter().map(|(setting, text)| (setting, text.clone())).collect();
        for (setting, text) in changes {
            match text {
                Some(text) => drop(settings.insert(*setting, text.clone())),
                None => drop(settings.remove(setting)),
            }
        }
        settings.into_iter().collect()
    }
}

impl FromIterator<(Setting, Arc<str>)> for Settings {
    fn from_iter<I: IntoIterator<Item = (Setting, Arc<str>)>>(settings: I) -> Self {
        let settings: BTreeMap<_, _> = settings.into_iter().collect();
        Self((!settings.is_empty()).then(|| Arc::new(settings)))
    }
}
