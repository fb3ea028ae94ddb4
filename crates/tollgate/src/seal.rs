//! The key file, and what is done under it: keyed hashes of secrets that we made, and sealing what must be shown again.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::random::Random;

const NONCE_LEN: usize = 24;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be used.
    #[error("cannot use the key file {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The file holds something else.
    #[error("the key file {} must hold 64 hex digits and nothing else", .0.display())]
    Malformed(PathBuf),
    /// There is a store, and not the key that it was sealed under.
    #[error("the key file {} is missing; without it the store's secrets cannot be read: restore it from a backup", .0.display())]
    Missing(PathBuf),
    /// Nobody has said where it is.
    #[error("a store that is no file has no key file beside it: say with --key-file FILE where that is")]
    Nowhere,
    /// Others may read it.
    #[error("the key file {} can be read by others (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

/// The server's key, and the keys derived from it, one for each purpose.
#[derive(Clone)]
pub struct Keyring {
    hash: [u8; 32],
    request: [u8; 32],
    seal: [u8; 32],
    mark: [u8; 32],
}

impl Keyring {
    /// From the key itself.
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            hash: blake3::derive_key("tollgate 2026-11-21 hash of a secret", key),
            request: blake3::derive_key("tollgate 2026-11-21 hash of a request", key),
            seal: blake3::derive_key("tollgate 2026-11-21 seal", key),
            mark: blake3::derive_key("tollgate 2026-11-21 mark of the store", key),
        }
    }

    /// Where the key of a store lies.
    pub fn path_beside(store: &Path) -> PathBuf {
        let mut name = store.as_os_str().to_owned();
        name.push(".key");
        PathBuf::from(name)
    }

    /// Reads the key file, making it where it may be made.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(path: &Path, may_make: bool, random: &Random) -> Result<Self, KeyError> {
        let at = |reason| KeyError::File { path: path.to_owned(), reason };
        if !path.exists() {
            if !may_make {
                return Err(KeyError::Missing(path.to_owned()));
            }
            let key: [u8; 32] = random.bytes();
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at)?;
            file.write_all(hex(&key).as_bytes()).and_then(|()| file.sync_all()).map_err(at)?;
            return Ok(Self::new(&key));
        }
        let mut file = OpenOptions::new().read(true).open(path).map_err(at)?;
        let mode = file.metadata().map_err(at)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::TooOpen { path: path.to_owned(), mode });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|_| KeyError::Malformed(path.to_owned()))?;
        unhex(text.trim()).map(|key| Self::new(&key)).ok_or_else(|| KeyError::Malformed(path.to_owned()))
    }

    /// The keyed hash by which a secret that we made is recognised.
    pub fn hash(&self, secret: &str) -> String {
        hex(blake3::keyed_hash(&self.hash, secret.as_bytes()).as_bytes())
    }

    /// A name for a pair of account and secret in a cache.
    pub fn fingerprint(&self, name: &str, secret: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.hash);
        hasher.update(name.as_bytes()).update(&[0]).update(secret.as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// What two requests under one key are compared by. Keyed, because a body may hold a secret that a person chose.
    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.request);
        hasher.update(method.as_bytes()).update(&[0]).update(path.as_bytes()).update(&[0]).update(body);
        *hasher.finalize().as_bytes()
    }

    /// What the store keeps to know its key file again.
    pub const fn mark(&self) -> &[u8; 32] {
        &self.mark
    }

    /// Seals a text; only this key opens it.
    pub fn seal(&self, text: &str, random: &Random) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let cipher = XChaCha20Poly1305::new(&self.seal.into());
        let mut sealed = nonce.to_vec();
        // Sealing fails only for texts of more than 256 GiB.
        sealed.extend(cipher.encrypt(&XNonce::from(nonce), text.as_bytes()).unwrap_or_default());
        sealed
    }

    /// Opens what was sealed under this key.
    pub fn open_sealed(&self, sealed: &[u8]) -> Option<String> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let cipher = XChaCha20Poly1305::new(&self.seal.into());
        let opened = cipher.decrypt(&XNonce::from(*nonce), text).ok()?;
        String::from_utf8(opened).ok()
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*bytes).to_hex().to_string()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    blake3::Hash::from_hex(text).ok().map(|it| *it.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_what_was_sealed() {
        let random = Random::seeded(1);
        let (ring, other) = (Keyring::new(&[1; 32]), Keyring::new(&[2; 32]));
        let sealed = ring.seal("token", &random);
        assert_eq!(ring.open_sealed(&sealed).as_deref(), Some("token"));
        assert_eq!(other.open_sealed(&sealed), None);
        assert_eq!(ring.open_sealed(b"short"), None);
        assert!(!sealed.windows(5).any(|it| it == b"token"));
    }

    #[test]
    fn the_key_file_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db.key");
        let random = Random::seeded(1);
        let made = Keyring::open(&path, true, &random).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Keyring::open(&path, false, &random).unwrap();
        assert_eq!(made.hash("x"), read.hash("x"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keyring::open(&path, false, &random), Err(KeyError::TooOpen { .. })));
        assert!(matches!(Keyring::open(&folder.path().join("x"), false, &random), Err(KeyError::Missing(_))));
    }
}
