//! Everything an operator can set, read once from the environment at start.
//!
//! Every variable is documented in `.env.example`; a value that cannot be read stops the start with
//! a sentence naming the variable.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

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
            access_token_lifetime: Duration::from_secs(15 * 60),
            sign_in_lifetime: Duration::from_secs(60 * 24 * 60 * 60),
            logins_per_account_per_minute: 5,
            logins_per_address_per_minute: 20,
        }
    }
}

/// What is bounded, and by how much. What happens at each limit is in the protocol's SPEC.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// `CONVENE_FRAME_BYTES_MAX`: one WebSocket message after authentication. Holds a first upload
    /// or the sync step 2 of a long time offline.
    pub frame_bytes_max: usize,
    /// `CONVENE_UNAUTHENTICATED_BYTES_MAX`: everything a socket may send before a good token.
    pub unauthenticated_bytes_max: usize,
    /// `CONVENE_UNAUTHENTICATED_FRAMES_MAX`: ten plans on one provider send 30 before hearing back.
    pub unauthenticated_frames_max: usize,
    /// `CONVENE_UNAUTHENTICATED_SECONDS_MAX`: how long a socket may stay without a good token.
    pub unauthenticated_for_max: Duration,
    /// `CONVENE_ADDRESSES_PER_SOCKET_MAX`: documents on one Hocuspocus socket.
    pub addresses_per_socket_max: usize,
    /// `CONVENE_UPDATE_BYTES_PER_SECOND`: the steady rate of update bytes of one session.
    pub update_bytes_per_second: usize,
    /// `CONVENE_UPDATE_BYTES_BURST`: what may come at once above the steady rate.
    pub update_bytes_burst: usize,
    /// `CONVENE_DOCUMENT_BYTES_MAX`: one encoded document; told at 80 %, read-only at the limit.
    pub document_bytes_max: usize,
    /// `CONVENE_REJECTS_PER_MINUTE`: updates of one session that could not be applied for a hole.
    pub rejects_per_minute: u32,
    /// `CONVENE_APPLY_MS_PER_SECOND`: time one session may make its room spend on applying.
    pub apply_per_second: Duration,
    /// `CONVENE_BACKLOG_BYTES_MAX`: uncommitted updates one room holds while the database is away.
    pub backlog_bytes_max: usize,
    /// `CONVENE_PRESENCE_BYTES_MAX`: one client's presence.
    pub presence_bytes_max: usize,
    /// `CONVENE_OUTBOX_BYTES_MAX`: what waits for a socket that reads slowly.
    pub outbox_bytes_max: usize,
    /// `CONVENE_STALLED_SECONDS_MAX`: how long a socket may take nothing before it is closed.
    pub stalled_for_max: Duration,
    /// `CONVENE_SESSIONS_MAX`: sockets of this node.
    pub sessions_max: usize,
    /// `CONVENE_SESSIONS_PER_PLAN_MAX`.
    pub sessions_per_plan_max: usize,
    /// `CONVENE_SESSIONS_PER_USER_MAX`.
    pub sessions_per_user_max: usize,
    /// `CONVENE_CONTROL_REQUESTS_PER_SECOND`: of one session.
    pub control_requests_per_second: u32,
    /// `CONVENE_CONTROL_BYTES_MAX`: one control request.
    pub control_bytes_max: usize,
    /// `CONVENE_ROOM_IDLE_SECONDS`: how long a room without sessions stays in memory.
    pub room_idle_for: Duration,
    /// `CONVENE_SNAPSHOT_ROWS`: journal rows after which a new snapshot is written.
    pub snapshot_rows: u64,
    /// `CONVENE_HASH_SECONDS`: how often a content hash goes to the clients that asked.
    pub hash_every: Duration,
    /// `CONVENE_DRAIN_SECONDS`: how long shutdown spreads the closing of sockets.
    pub drain_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes_max: 24 << 20,
            unauthenticated_bytes_max: 1 << 20,
            unauthenticated_frames_max: 1_000,
            unauthenticated_for_max: Duration::from_secs(10),
            addresses_per_socket_max: 100,
            update_bytes_per_second: 1 << 20,
            update_bytes_burst: 16 << 20,
            document_bytes_max: 20 << 20,
            rejects_per_minute: 20,
            apply_per_second: Duration::from_millis(250),
            backlog_bytes_max: 8 << 20,
            presence_bytes_max: 4 << 10,
            outbox_bytes_max: 1 << 20,
            stalled_for_max: Duration::from_secs(60),
            sessions_max: 10_000,
            sessions_per_plan_max: 1_000,
            sessions_per_user_max: 50,
            control_requests_per_second: 50,
            control_bytes_max: 1 << 20,
            room_idle_for: Duration::from_secs(60),
            snapshot_rows: 500,
            hash_every: Duration::from_secs(30),
            drain_for: Duration::from_secs(5),
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
        if vars.get("REDIS_URL").is_some() {
            return Err(ConfigError::Unusable(
                "REDIS_URL is set, but this version of convene runs as one node: unset it",
            ));
        }
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

impl Limits {
    fn from_vars(vars: &Vars<'_>) -> Result<Self, ConfigError> {
        let d = Self::default();
        Ok(Self {
            frame_bytes_max: vars.parse("CONVENE_FRAME_BYTES_MAX", d.frame_bytes_max)?,
            unauthenticated_bytes_max: vars.parse(
                "CONVENE_UNAUTHENTICATED_BYTES_MAX",
                d.unauthenticated_bytes_max,
            )?,
            unauthenticated_frames_max: vars.parse(
                "CONVENE_UNAUTHENTICATED_FRAMES_MAX",
                d.unauthenticated_frames_max,
            )?,
            unauthenticated_for_max: vars.seconds(
                "CONVENE_UNAUTHENTICATED_SECONDS_MAX",
                d.unauthenticated_for_max,
            )?,
            addresses_per_socket_max: vars.parse(
                "CONVENE_ADDRESSES_PER_SOCKET_MAX",
                d.addresses_per_socket_max,
            )?,
            update_bytes_per_second: vars
                .parse("CONVENE_UPDATE_BYTES_PER_SECOND", d.update_bytes_per_second)?,
            update_bytes_burst: vars.parse("CONVENE_UPDATE_BYTES_BURST", d.update_bytes_burst)?,
            document_bytes_max: vars.parse("CONVENE_DOCUMENT_BYTES_MAX", d.document_bytes_max)?,
            rejects_per_minute: vars.parse("CONVENE_REJECTS_PER_MINUTE", d.rejects_per_minute)?,
            apply_per_second: Duration::from_millis(
                vars.parse("CONVENE_APPLY_MS_PER_SECOND", 250_u64)?,
            ),
            backlog_bytes_max: vars.parse("CONVENE_BACKLOG_BYTES_MAX", d.backlog_bytes_max)?,
            presence_bytes_max: vars.parse("CONVENE_PRESENCE_BYTES_MAX", d.presence_bytes_max)?,
            outbox_bytes_max: vars.parse("CONVENE_OUTBOX_BYTES_MAX", d.outbox_bytes_max)?,
            stalled_for_max: vars.seconds("CONVENE_STALLED_SECONDS_MAX", d.stalled_for_max)?,
            sessions_max: vars.parse("CONVENE_SESSIONS_MAX", d.sessions_max)?,
            sessions_per_plan_max: vars
                .parse("CONVENE_SESSIONS_PER_PLAN_MAX", d.sessions_per_plan_max)?,
            sessions_per_user_max: vars
                .parse("CONVENE_SESSIONS_PER_USER_MAX", d.sessions_per_user_max)?,
            control_requests_per_second: vars.parse(
                "CONVENE_CONTROL_REQUESTS_PER_SECOND",
                d.control_requests_per_second,
            )?,
            control_bytes_max: vars.parse("CONVENE_CONTROL_BYTES_MAX", d.control_bytes_max)?,
            room_idle_for: vars.seconds("CONVENE_ROOM_IDLE_SECONDS", d.room_idle_for)?,
            snapshot_rows: vars.parse("CONVENE_SNAPSHOT_ROWS", d.snapshot_rows)?,
            hash_every: vars.seconds("CONVENE_HASH_SECONDS", d.hash_every)?,
            drain_for: vars.seconds("CONVENE_DRAIN_SECONDS", d.drain_for)?,
        })
    }
}

/// The environment, or what a test puts in its place.
struct Vars<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Vars<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    fn parse<T>(&self, name: &'static str, default: T) -> Result<T, ConfigError>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        self.get(name)
            .map_or(Ok(default), |value| parse_value(name, &value))
    }

    fn seconds(&self, name: &'static str, default: Duration) -> Result<Duration, ConfigError> {
        self.parse(name, default.as_secs()).map(Duration::from_secs)
    }

    fn list<T>(&self, name: &'static str) -> Result<Vec<T>, ConfigError>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let value = self.get(name).unwrap_or_default();
        let items = value
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        items.map(|item| parse_value(name, item)).collect()
    }
}

fn parse_value<T>(name: &'static str, value: &str) -> Result<T, ConfigError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    value.parse().map_err(|error: T::Err| ConfigError::Invalid {
        name,
        value: value.to_owned(),
        expected: error.to_string(),
    })
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
        assert!(config(&[("REDIS_URL", "redis://x")]).is_err());
    }

    #[test]
    fn a_mapped_address_of_a_trusted_network_is_trusted() {
        let config = config(&[("CONVENE_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128")]).unwrap();
        assert!(config.door.trusts("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!config.door.trusts("192.168.0.1".parse().unwrap()));
    }
}
