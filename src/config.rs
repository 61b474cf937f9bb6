//! Everything an operator can set, read once from the environment at start.
//!
//! Every variable is documented in `.env.example`; a value that cannot be read stops the start with
//! a sentence naming the variable.

mod limits;
mod vars;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

pub use self::limits::Limits;
use self::vars::Vars;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable holds something else than it should.
    #[error("{name}={value:?} cannot be used: {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: String,
    },
    /// A variable is needed in this setting.
    #[error("{name} is not set: {why}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// Why it is needed.
        why: &'static str,
    },
    /// A combination of settings that cannot work.
    #[error("{0}")]
    Unusable(&'static str),
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// `CONVENE_LISTEN`: the address to serve on.
    pub listen: SocketAddr,
    /// `CONVENE_DATA`: the folder of the embedded database, its lock and the secret key.
    pub data: PathBuf,
    /// `DATABASE_URL`: PostgreSQL, or the embedded SQLite file when not set.
    pub database: DatabaseConfig,
    /// `REDIS_URL`: what other nodes are told through, if there are others.
    pub relay: Option<RelayConfig>,
    /// `SECRET_KEY`: signs access tokens. Made once and kept in the data folder for SQLite.
    pub secret_key: Option<SecretString>,
    /// Who may come in and from where.
    pub door: DoorConfig,
    /// Accounts and tokens.
    pub accounts: AccountConfig,
    /// Every limit.
    pub limits: Limits,
}

/// Which database holds the truth.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// A file in the data folder.
    Sqlite,
    /// A PostgreSQL server, 15 or newer.
    Postgres(SecretString),
}

/// Redis, which carries edits and presence between nodes and may lose any of it.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// `REDIS_URL`: one server (`redis://`, or `rediss://` with TLS) or a cluster (`redis-cluster://`,
    /// `rediss-cluster://`).
    pub url: SecretString,
    /// `CONVENE_REDIS_PREFIX`: what the names of channels and keys begin with, so that several
    /// installations can share a Redis.
    pub prefix: String,
}

impl RelayConfig {
    const SCHEMES: [&str; 4] = [
        "redis://",
        "rediss://",
        "redis-cluster://",
        "rediss-cluster://",
    ];
    /// The longest prefix, in bytes: it is part of every message.
    const PREFIX_BYTES_MAX: usize = 64;

    fn from_vars(vars: &Vars<'_>, database: &DatabaseConfig) -> Result<Option<Self>, ConfigError> {
        let Some(url) = vars.get("REDIS_URL") else {
            return Ok(None);
        };
        if !Self::SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(ConfigError::Unusable(
                "REDIS_URL must start with redis://, rediss://, redis-cluster:// or \
                 rediss-cluster://; leave it unset for one node",
            ));
        }
        if matches!(database, DatabaseConfig::Sqlite) {
            return Err(ConfigError::Unusable(
                "REDIS_URL is set, but the plans are in an SQLite file that one node can use: \
                 set DATABASE_URL to a PostgreSQL that all nodes share, or unset REDIS_URL",
            ));
        }
        let prefix = vars.get("CONVENE_REDIS_PREFIX");
        let prefix = prefix.unwrap_or_else(|| "convene".to_owned());
        if prefix.len() > Self::PREFIX_BYTES_MAX {
            return Err(ConfigError::Unusable(
                "CONVENE_REDIS_PREFIX is longer than 64 bytes",
            ));
        }
        Ok(Some(Self {
            url: url.into(),
            prefix,
        }))
    }
}

/// Who may open a connection, and how it must arrive.
#[derive(Debug, Clone, Default)]
pub struct DoorConfig {
    /// `CONVENE_ALLOWED_ORIGINS`: exact origins of pages served elsewhere. The server's own origin
    /// (the request's `Host`) is always allowed.
    pub allowed_origins: Vec<String>,
    /// `CONVENE_TRUSTED_PROXIES`: networks whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `CONVENE_REQUIRE_HTTPS`: refuse requests that reached the proxy without TLS.
    pub require_https: bool,
}

impl DoorConfig {
    /// Whether `address` belongs to a trusted proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(&address.to_canonical()))
    }
}

/// `CONVENE_REGISTRATION`: who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// Anybody.
    #[default]
    Open,
    /// Whoever holds an invitation made by `convene user invite`.
    Invite,
    /// Nobody.
    Closed,
}

impl FromStr for Registration {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "open" => Ok(Self::Open),
            "invite" => Ok(Self::Invite),
            "closed" => Ok(Self::Closed),
            _ => Err("expected open, invite or closed"),
        }
    }
}

/// Accounts and tokens.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// `CONVENE_REGISTRATION`.
    pub registration: Registration,
    /// `CONVENE_ACCESS_TOKEN_SECONDS`: how long an access token counts.
    pub access_token_lifetime: Duration,
    /// `CONVENE_REFRESH_TOKEN_DAYS`: how long a sign-in can be refreshed, at most.
    pub sign_in_lifetime: Duration,
    /// `CONVENE_LOGINS_PER_ACCOUNT_PER_MINUTE`.
    pub logins_per_account_per_minute: u32,
    /// `CONVENE_LOGINS_PER_ADDRESS_PER_MINUTE`.
    pub logins_per_address_per_minute: u32,
}

impl Default for AccountConfig {
    fn default() -> Self {
        Self {
            registration: Registration::default(),
            access_token_lifetime: Duration::from_mins(15),
            sign_in_lifetime: Duration::from_hours(60 * 24),
            logins_per_account_per_minute: 5,
            logins_per_address_per_minute: 20,
        }
    }
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads the settings through `lookup`; an empty value counts as not set.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let vars = Vars(&|name| lookup(name).filter(|value| !value.is_empty()));
        let database = match vars.get("DATABASE_URL") {
            None => DatabaseConfig::Sqlite,
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                DatabaseConfig::Postgres(url.into())
            }
            Some(_) => {
                return Err(ConfigError::Unusable(
                    "DATABASE_URL must start with postgres:// or postgresql://; leave it unset \
                     for the embedded SQLite file in CONVENE_DATA",
                ));
            }
        };
        let secret_key = vars.get("SECRET_KEY");
        match (&database, &secret_key) {
            (DatabaseConfig::Postgres(_), None) => {
                return Err(ConfigError::Missing {
                    name: "SECRET_KEY",
                    why: "with PostgreSQL every node must sign tokens with the same key; make \
                          one with `openssl rand -hex 32`",
                });
            }
            (_, Some(key)) if key.len() < 32 => {
                return Err(ConfigError::Unusable(
                    "SECRET_KEY is shorter than 32 characters: make one with `openssl rand -hex 32`",
                ));
            }
            _ => {}
        }
        Ok(Self {
            relay: RelayConfig::from_vars(&vars, &database)?,
            listen: vars.parse("CONVENE_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080)))?,
            data: vars
                .get("CONVENE_DATA")
                .map_or_else(|| PathBuf::from("data"), PathBuf::from),
            database,
            secret_key: secret_key.map(SecretString::from),
            door: DoorConfig {
                allowed_origins: vars.list("CONVENE_ALLOWED_ORIGINS")?,
                trusted_proxies: vars.list("CONVENE_TRUSTED_PROXIES")?,
                require_https: vars.parse("CONVENE_REQUIRE_HTTPS", false)?,
            },
            accounts: AccountConfig::from_vars(&vars)?,
            limits: Limits::from_vars(&vars)?,
        })
    }
}

impl AccountConfig {
    fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let default = Self::default();
        Ok(Self {
            registration: vars.parse("CONVENE_REGISTRATION", default.registration)?,
            access_token_lifetime: vars.seconds(
                "CONVENE_ACCESS_TOKEN_SECONDS",
                default.access_token_lifetime,
            )?,
            sign_in_lifetime: Duration::from_secs(
                vars.parse("CONVENE_REFRESH_TOKEN_DAYS", 60_u64)?
                    .saturating_mul(24 * 60 * 60),
            ),
            logins_per_account_per_minute: vars.parse(
                "CONVENE_LOGINS_PER_ACCOUNT_PER_MINUTE",
                default.logins_per_account_per_minute,
            )?,
            logins_per_address_per_minute: vars.parse(
                "CONVENE_LOGINS_PER_ADDRESS_PER_MINUTE",
                default.logins_per_address_per_minute,
            )?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_set_is_the_embedded_default() {
        let config = config(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert!(matches!(config.database, DatabaseConfig::Sqlite));
        assert_eq!(config.limits, Limits::default());
    }

    #[test]
    fn an_unusable_value_names_its_variable() {
        let error = config(&[("CONVENE_LISTEN", "here")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("CONVENE_LISTEN=\"here\""), "{error}");
        let error = config(&[("DATABASE_URL", "postgres://x")])
            .unwrap_err()
            .to_string();
        assert!(error.contains("SECRET_KEY"), "{error}");
        assert!(config(&[("DATABASE_URL", "mysql://x")]).is_err());
        assert!(config(&[("SECRET_KEY", "short")]).is_err());
        let alone = config(&[("REDIS_URL", "redis://x")]).unwrap_err();
        assert!(alone.to_string().contains("DATABASE_URL"), "{alone}");
        let error = config(&[("REDIS_URL", "http://x")]).unwrap_err();
        assert!(error.to_string().contains("REDIS_URL"), "{error}");
    }

    #[test]
    fn a_mapped_address_of_a_trusted_network_is_trusted() {
        let config = config(&[("CONVENE_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128")]).unwrap();
        assert!(config.door.trusts("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!config.door.trusts("192.168.0.1".parse().unwrap()));
    }
}
