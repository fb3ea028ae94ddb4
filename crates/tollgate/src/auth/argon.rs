//! Argon2id, for secrets that a person chose: one thread that yields to all others, with a bounded queue.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use ledger::CredentialId;
use tokio::sync::oneshot;

use super::AuthError;

/// How many may wait. At some 20 ms each, the last one waits for little more than a second.
const PLACES: usize = 64;

pub(super) struct Pool {
    jobs: SyncSender<Box<dyn FnOnce() + Send>>,
}

impl Pool {
    pub(super) fn start() -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel::<Box<dyn FnOnce() + Send>>(PLACES);
        std::thread::Builder::new().name("argon2".into()).spawn(move || {
            // Whoever guesses secrets must not slow down those who charge; where the system says no, it goes on
            // without.
            let _ = rustix::process::nice(19);
            for job in waiting {
                job();
            }
        })?;
        Ok(Self { jobs })
    }

    /// The PHC string of a secret: 19 MiB, two passes (the library's defaults, which are OWASP's).
    pub(super) async fn hash(&self, secret: String, salt: [u8; 16]) -> Result<String, AuthError> {
        let hashed = self.run(move || {
            let hash: Result<PasswordHash, _> =
                Argon2::default().hash_password_with_salt(secret.as_bytes(), &salt);
            hash.map(|it| it.to_string()).ok()
        });
        hashed.await?.ok_or(AuthError::Unavailable)
    }

    /// Which of these the secret is. Where it is none, as much work is done as for `work_min` of them.
    pub(super) async fn find(
        &self,
        secret: String,
        verifiers: Vec<(CredentialId, String)>,
        work_min: usize,
    ) -> Result<Option<CredentialId>, AuthError> {
        if verifiers.len().max(work_min) == 0 {
            return Ok(None);
        }
        self.run(move || {
            let is = |verifier: &str| {
                PasswordHash::new(verifier)
                    .is_ok_and(|it| Argon2::default().verify_password(secret.as_bytes(), &it).is_ok())
            };
            if let Some((credential, _)) = verifiers.iter().find(|it| is(&it.1)) {
                return Some(*credential);
            }
            for _ in verifiers.len()..work_min {
                let idle: Result<PasswordHash, _> =
                    Argon2::default().hash_password_with_salt(secret.as_bytes(), &[0; 16]);
                std::hint::black_box(idle.is_ok());
            }
            None
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move || drop(reply.send(work())));
        match self.jobs.try_send(job) {
            Ok(()) => answer.await.map_err(|_| AuthError::Unavailable),
            Err(TrySendError::Full(_)) => Err(AuthError::Busy { retry_after_s: 2 }),
            Err(TrySendError::Disconnected(_)) => Err(AuthError::Unavailable),
        }
    }
}
