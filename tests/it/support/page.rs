//! The page of the server under test, which has one only when the page was built first.

use super::rest::{Answer, Rest};

/// The page itself. Fails with what to do when the server was built without it.
pub(crate) async fn expect_page(rest: &Rest<'_>) -> Answer {
    let page = rest.get("/").await;
    assert_eq!(
        page.status, 200,
        "the server was built without its page: run `make page`, then this again"
    );
    page
}
