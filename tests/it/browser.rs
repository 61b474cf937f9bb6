//! The page in a real browser; what people do there is in `tests/browser/scenarios`.

use crate::support::browser::play;
use crate::support::operator::Operator;
use crate::support::server::{Options, Server};

#[tokio::test]
async fn the_page_loads_under_its_policy_and_nothing_else_does() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "loads").await;
}

#[tokio::test]
async fn a_newcomer_makes_an_account_looks_around_and_invites_somebody() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "first-minutes").await;
}

#[tokio::test]
async fn an_address_inside_the_page_can_be_opened_and_reloaded() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "deep-link").await;
}

#[tokio::test]
async fn two_people_plan_together_and_a_killed_server_loses_nothing_they_typed() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "together").await;
}

#[tokio::test]
async fn what_was_typed_without_a_server_outlives_the_page() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "closed").await;
}

#[tokio::test]
async fn what_one_adds_to_any_part_of_a_plan_the_other_sees_and_changes() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "roots").await;
}

#[tokio::test]
async fn undo_takes_back_only_what_one_did_oneself() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "undo").await;
}

#[tokio::test]
async fn a_role_and_its_end_count_at_once_on_an_open_page() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "removed").await;
}

#[tokio::test]
async fn words_are_found_in_every_plan_and_lead_to_the_thing() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "search").await;
}

#[tokio::test]
async fn words_that_a_role_no_longer_allows_are_kept_told_and_put_in_later() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "refused").await;
}

#[tokio::test]
async fn what_was_done_without_a_network_is_kept_shown_and_saved_later() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "offline").await;
}

#[tokio::test]
async fn a_real_programme_is_imported_soon_shown_and_taken_back() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "import").await;
}

#[tokio::test]
async fn the_columns_of_a_foreign_table_become_the_fields_that_somebody_says() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "table").await;
}

#[tokio::test]
async fn a_release_is_seen_before_it_is_published_and_its_letters_are_marked() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "releases").await;
}

#[tokio::test]
async fn a_changed_field_is_found_in_the_history_and_put_back() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "field").await;
}

#[tokio::test]
async fn an_agent_proposes_a_suggester_suggests_and_changes_are_decided_one_by_one() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "proposals").await;
}

#[tokio::test]
async fn who_decides_too_late_is_told_and_a_draft_is_edited_before_it_is_accepted() {
    let mut server = Server::start(Options::default()).await;
    play(&mut server, "proposals-edited").await;
}

#[tokio::test]
async fn every_screen_of_a_whole_conference_keeps_the_rules_of_accessibility() {
    let mut server = Server::start(Options::default()).await;
    let url = server.url("");
    let data = server.data();
    let operator = Operator {
        data: &data,
        url: None,
    };
    // Whom the scenario signs in as.
    let arguments = ["demo", "--url", &url, "--email", "ada@example.org"];
    operator.must(&arguments, "correct horse battery\n");
    play(&mut server, "axe").await;
}
