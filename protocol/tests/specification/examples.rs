//! The examples of `SPEC.md`, as they are written there.

const SPECIFICATION: &str = include_str!("../../SPEC.md");

/// What one block of the control channel shows.
pub(crate) enum Example {
    Exchange {
        request: &'static str,
        answer: &'static str,
    },
    Notification(&'static str),
}

/// The lines of every block fenced as `kind`.
pub(crate) fn blocks(kind: &str) -> Vec<Vec<&'static str>> {
    let mut found = Vec::new();
    let mut open = None;
    for line in SPECIFICATION.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(fence)) if fence == kind => open = Some(Vec::new()),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(lines), None) => lines.push(line),
            (None, _) => {}
        }
    }
    found
}

/// Every example of the control channel.
pub(crate) fn control() -> Vec<Example> {
    let read = |lines: Vec<&'static str>| match lines.as_slice() {
        [request, answer] => Example::Exchange {
            request: request.strip_prefix("→ ").expect("a request"),
            answer: answer.strip_prefix("← ").expect("an answer"),
        },
        [line] => Example::Notification(line.strip_prefix("← ").expect("a notification")),
        _ => panic!("neither an exchange nor a notification: {lines:?}"),
    };
    blocks("json").into_iter().map(read).collect()
}
