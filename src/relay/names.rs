//! How channels and keys are called in Redis: a prefix of the installation, the version of the format,
//! and what it is.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::envelope::VERSION;
use crate::ids::PlanId;

/// The names of one installation.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// Without the `{` and `}` that Redis Cluster would take for a hash tag, or anything else odd.
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        let prefix = utf8_percent_encode(prefix, NON_ALPHANUMERIC);
        Self {
            prefix: format!("{prefix}:{VERSION}"),
        }
    }

    /// Where what concerns one plan is said.
    pub(super) fn plan(&self, plan: PlanId) -> String {
        format!("{}:plan:{plan}", self.prefix)
    }

    /// Where what concerns every node is said.
    pub(super) fn nodes(&self) -> String {
        format!("{}:nodes", self.prefix)
    }

    /// Where a shared limit is counted.
    pub(super) fn limit(&self, key: &str) -> String {
        let key = utf8_percent_encode(key, NON_ALPHANUMERIC);
        format!("{}:limit:{key}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_prefix_version_and_plan_and_hold_nothing_odd() {
        let plan: PlanId = "0190f3a2-7b1c-7def-8a00-1234567890ab".parse().unwrap();
        let names = Names::new("our {team}:α");
        assert_eq!(
            names.plan(plan),
            "our%20%7Bteam%7D%3A%CE%B1:1:plan:0190f3a2-7b1c-7def-8a00-1234567890ab"
        );
        assert_eq!(Names::new("convene").nodes(), "convene:1:nodes");
        assert_eq!(
            Names::new("convene").limit("account/ab"),
            "convene:1:limit:account%2Fab"
        );
    }
}
