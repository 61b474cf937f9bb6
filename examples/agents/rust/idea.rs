//! What the agent proposes: words for the first session that has none.

use serde_json::{Value, json};

pub(crate) struct Idea {
    pub(crate) session: String,
    pub(crate) words: String,
    /// The parameters of `proposal.open`.
    pub(crate) proposal: Value,
}

impl Idea {
    pub(crate) fn from(plan: &str, content: &Value) -> Option<Self> {
        let sessions = content["roots"]["sessions"].as_object()?.values();
        let bare = sessions.filter(|it| it["abstract"] == "" && it["archived"] == false);
        let first = bare.min_by_key(|it| (it["rank"].to_string(), it["id"].to_string()))?;
        let text = |name: &str| first[name].as_str().unwrap_or_default();
        let (id, title, kind) = (text("id"), text("title"), text("kind"));
        let minutes = &first["minutes"];
        let about = json!({
            "risk": {
                "level": "low", "effect": "Visitors read it.",
                "mitigation": "Its speakers do first.", "reversible": true,
            },
            "confidence": 60,
            "citations": [{ "kind": "plan", "ref": format!("sessions/{id}/title"), "quote": title }],
        });
        Some(Self {
            session: id.to_owned(),
            words: format!(
                "{title}: a {kind} of {minutes} minutes on what it is, what it costs, and when to avoid it."
            ),
            proposal: json!({
                "plan": plan, "title": format!("An abstract for {title:.180}"),
                "rationale": "People choose by what they read.", "about": about,
            }),
        })
    }
}
