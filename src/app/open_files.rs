//! How many files this process may have open, since every socket is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open beside the sockets: the database, its connections, logs, and what is being
/// accepted or closed.
const FILES_BESIDE_SOCKETS: u64 = 256;

/// Lets this process open as many files as it may, and warns when that is less than `sessions_max`
/// sockets need. Shells commonly start a process with 1,024, a tenth of the sessions a node takes.
pub(super) fn allow_sockets(sessions_max: usize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let allowed = if setrlimit(Resource::Nofile, raised).is_ok() {
        limit.maximum
    } else {
        limit.current
    };
    let wanted = (sessions_max as u64).saturating_add(FILES_BESIDE_SOCKETS);
    if let Some(allowed) = allowed
        && allowed < wanted
    {
        tracing::warn!(
            allowed,
            wanted,
            "this process may open fewer files than CONVENE_SESSIONS_MAX sockets need; raise its \
             limit (ulimit -Hn, or LimitNOFILE in systemd)"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_of_the_shell_is_raised_as_far_as_allowed() {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let low = Rlimit {
            current: Some(200),
            maximum,
        };
        setrlimit(Resource::Nofile, low).unwrap();
        allow_sockets(10_000);
        assert_eq!(getrlimit(Resource::Nofile).current, maximum);
    }
}
