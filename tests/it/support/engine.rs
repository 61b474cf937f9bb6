//! The database a test server runs on: the embedded file, or a PostgreSQL of the test's own.

use super::postgres::Postgres;
use super::server::Options;

/// A database, empty at first.
pub(crate) enum Engine {
    Sqlite,
    Postgres { server: Postgres, url: String },
}

impl Engine {
    pub(crate) async fn postgres() -> Self {
        let server = Postgres::start().await;
        let url = server.new_database().await;
        Self::Postgres { server, url }
    }

    /// The server behind it.
    pub(crate) fn server(&self) -> &Postgres {
        match self {
            Self::Sqlite => panic!("the embedded file has no server"),
            Self::Postgres { server, .. } => server,
        }
    }

    /// Its address, if it has one.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { url, .. } => Some(url),
        }
    }

    /// How a server is started on it.
    pub(crate) fn options(&self) -> Options {
        match self {
            Self::Sqlite => Options::default(),
            Self::Postgres { url, .. } => Options::default().postgres(url),
        }
    }
}
