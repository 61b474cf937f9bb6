//! The key that signs access tokens: given, or made once and kept beside the embedded database.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use secrecy::SecretString;

use super::AppError;
use crate::auth::opaque_token::OpaqueToken;
use crate::config::Config;

/// The file in the data folder, readable by its owner only.
const FILE: &str = "secret_key";

pub(super) fn secret_key(config: &Config) -> Result<SecretString, AppError> {
    if let Some(key) = &config.secret_key {
        return Ok(key.clone());
    }
    let path = config.data.join(FILE);
    read_or_make(&path).map_err(|source| AppError::Secret {
        path: path.display().to_string(),
        source,
    })
}

fn read_or_make(path: &Path) -> std::io::Result<SecretString> {
    match std::fs::File::open(path) {
        Ok(mut file) => {
            let mut key = String::new();
            file.read_to_string(&mut key)?;
            if key.trim().len() < 32 {
                return Err(std::io::Error::new(
                    ErrorKind::InvalidData,
                    "it is shorter than 32 characters; delete it to have a new one made, which \
                     signs everybody out",
                ));
            }
            Ok(key.trim().to_owned().into())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(path),
        Err(error) => Err(error),
    }
}

fn make(path: &Path) -> std::io::Result<SecretString> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let key = OpaqueToken::generate().expose_text().to_owned();
    let mut file = options.open(path)?;
    file.write_all(key.as_bytes())?;
    file.sync_all()?;
    Ok(key.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let first = read_or_make(&path).unwrap();
        let second = read_or_make(&path).unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }
}
