//! Sign-ins: rotation of refresh tokens, reuse, the overlap, and the end.

use std::time::Duration;

use convene::ids::{FamilyId, UserId};
use convene::storage::sign_ins::{NewFamily, Rotation, TokenHash};

use super::Bench;

const DAY: Duration = Duration::from_hours(24);

/// The hash of the token called `name`.
fn token(name: u8) -> TokenHash {
    [name; 32]
}

impl Bench {
    /// A sign-in that begins with the token 1 and can be refreshed for 60 days.
    async fn sign_in(&self, user: UserId) -> FamilyId {
        self.sign_in_with(user, token(1)).await
    }

    async fn sign_in_with(&self, user: UserId, token_hash: TokenHash) -> FamilyId {
        let family = NewFamily {
            id: FamilyId::generate(&self.clock),
            user,
            token_hash,
            expires_at: self.clock.now().after(60 * DAY),
            user_agent: Some("x".repeat(1000)),
            address: Some("192.0.2.1".to_owned()),
        };
        self.storage.insert_family(&family).await.unwrap();
        family.id
    }

    async fn rotate(&self, shown: u8, new: u8) -> Rotation {
        self.storage
            .rotate(&token(shown), &token(new), self.clock.now())
            .await
            .unwrap()
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub(super) async fn a_refresh_token_is_good_once(bench: Bench) {
    let user = bench.user("ada@example.org").await.id;
    let family = bench.sign_in(user).await;
    assert_eq!(bench.rotate(1, 2).await, Rotation::Rotated { family, user });
    bench.wait(900);
    assert_eq!(bench.rotate(2, 3).await, Rotation::Rotated { family, user });
    bench.wait(900);
    assert_eq!(bench.rotate(2, 4).await, Rotation::Reused { family, user });
    assert_eq!(bench.rotate(3, 5).await, Rotation::Expired);
    assert_eq!(bench.rotate(9, 10).await, Rotation::Unknown);
    assert!(!bench.storage.is_live(family).await.unwrap());
}

pub(super) async fn the_token_just_used_is_good_again_for_ten_seconds(bench: Bench) {
    let user = bench.user("ada@example.org").await.id;
    let family = bench.sign_in(user).await;
    assert_eq!(bench.rotate(1, 2).await, Rotation::Rotated { family, user });
    bench.wait(10);
    // The answer with 2 got lost: 3 takes its place.
    assert_eq!(bench.rotate(1, 3).await, Rotation::Overlap { family, user });
    bench.wait(1);
    assert_eq!(bench.rotate(3, 4).await, Rotation::Rotated { family, user });
    // Whoever holds 2 does not hold what counts.
    assert_eq!(bench.rotate(2, 5).await, Rotation::Reused { family, user });
}

pub(super) async fn a_token_older_than_the_one_just_used_ends_the_sign_in_at_once(bench: Bench) {
    let user = bench.user("ada@example.org").await.id;
    let family = bench.sign_in(user).await;
    assert_eq!(bench.rotate(1, 2).await, Rotation::Rotated { family, user });
    assert_eq!(bench.rotate(2, 3).await, Rotation::Rotated { family, user });
    assert_eq!(bench.rotate(1, 4).await, Rotation::Reused { family, user });
    assert_eq!(bench.rotate(3, 5).await, Rotation::Expired);
}

pub(super) async fn a_token_shown_late_again_ends_the_sign_in(bench: Bench) {
    let user = bench.user("ada@example.org").await.id;
    let other = bench.sign_in_with(user, token(101)).await;
    let family = bench.sign_in(user).await;
    assert_eq!(bench.rotate(1, 2).await, Rotation::Rotated { family, user });
    bench.clock.advance(Duration::from_micros(10_000_001));
    assert_eq!(bench.rotate(1, 3).await, Rotation::Reused { family, user });
    assert_eq!(bench.rotate(2, 4).await, Rotation::Expired);
    // The account's other sign-ins have nothing to do with it.
    assert!(bench.storage.is_live(other).await.unwrap());
}

pub(super) async fn refreshing_never_moves_the_end(bench: Bench) {
    let user = bench.user("ada@example.org").await.id;
    let family = bench.sign_in(user).await;
    for day in 1..60 {
        bench.clock.advance(DAY);
        assert_eq!(
            bench.rotate(day, day + 1).await,
            Rotation::Rotated { family, user }
        );
    }
    assert!(bench.storage.is_live(family).await.unwrap());
    bench.clock.advance(DAY);
    assert_eq!(bench.rotate(60, 61).await, Rotation::Expired);
    assert!(!bench.storage.is_live(family).await.unwrap());
    assert_eq!(bench.storage.list_families(user).await.unwrap(), []);
}

pub(super) async fn one_token_shown_many_times_at_once_rotates_once(bench: Bench) {
    let user = bench.user("ada@example.org").await.id;
    let family = bench.sign_in(user).await;
    let now = bench.clock.now();
    let tries = (2..22).map(|new| {
        let storage = bench.storage.clone();
        async move { storage.rotate(&token(1), &token(new), now).await.unwrap() }
    });
    let answers = futures_util::future::join_all(tries).await;
    let first = answers
        .iter()
        .filter(|it| **it == Rotation::Rotated { family, user });
    let again = answers
        .iter()
        .filter(|it| **it == Rotation::Overlap { family, user });
    assert_eq!((first.count(), again.count()), (1, 19), "{answers:?}");
    // Of the twenty tokens handed out one counts.
    bench.wait(11);
    let mut good = 0;
    for new in 2..22 {
        if bench.rotate(new, new + 100).await == (Rotation::Rotated { family, user }) {
            good += 1;
        }
    }
    assert!(good <= 1, "{good}");
}

pub(super) async fn sign_ins_are_listed_and_ended_one_by_one_or_together(bench: Bench) {
    let user = bench.user("ada@example.org").await.id;
    let stranger = bench.user("eve@example.org").await.id;
    let mut families = Vec::new();
    for name in 1..=3 {
        bench.wait(1);
        families.push(bench.sign_in_with(user, token(name)).await);
    }
    bench.wait(1);
    bench.rotate(1, 11).await;
    let listed = bench.storage.list_families(user).await.unwrap();
    let ids: Vec<FamilyId> = listed.iter().map(|family| family.id).collect();
    assert_eq!(
        ids,
        [families[0], families[2], families[1]],
        "the last used first"
    );
    assert_eq!(listed[0].user_agent.as_ref().map(String::len), Some(300));
    assert_eq!(listed[0].last_used_at, bench.clock.now());
    assert!(
        !bench
            .storage
            .revoke_family(stranger, families[0])
            .await
            .unwrap()
    );
    assert!(
        bench
            .storage
            .revoke_family(user, families[0])
            .await
            .unwrap()
    );
    assert!(
        !bench
            .storage
            .revoke_family(user, families[0])
            .await
            .unwrap()
    );
    let mut ended = bench.storage.revoke_all(user).await.unwrap();
    ended.sort_unstable();
    assert_eq!(ended, families[1..]);
    assert_eq!(bench.storage.list_families(user).await.unwrap(), []);
}

pub(super) async fn ended_sign_ins_are_removed_when_nothing_can_be_learnt_from_them(bench: Bench) {
    let user = bench.user("ada@example.org").await.id;
    let family = bench.sign_in(user).await;
    bench.storage.revoke_family(user, family).await.unwrap();
    bench.clock.advance(29 * DAY);
    assert_eq!(bench.storage.delete_ended_families().await.unwrap(), 0);
    assert_eq!(bench.rotate(1, 2).await, Rotation::Expired);
    bench.clock.advance(DAY);
    assert_eq!(bench.storage.delete_ended_families().await.unwrap(), 1);
    assert_eq!(bench.rotate(1, 2).await, Rotation::Unknown);
}

pub(super) async fn of_many_sign_ins_it_is_known_which_have_ended(bench: Bench) {
    let user = bench.user("ada@example.org").await.id;
    let mut families = Vec::new();
    for number in 0..1_100_u16 {
        let mut hash = [0; 32];
        hash[..2].copy_from_slice(&number.to_be_bytes());
        families.push(bench.sign_in_with(user, hash).await);
    }
    let unknown = FamilyId::generate(&bench.clock);
    let mut expected = Vec::new();
    for place in [0, 499, 500, 1_099] {
        bench
            .storage
            .revoke_family(user, families[place])
            .await
            .unwrap();
        expected.push(families[place]);
    }
    families.push(unknown);
    expected.push(unknown);
    assert_eq!(
        bench.storage.ended_among(&families).await.unwrap(),
        expected
    );
    assert_eq!(bench.storage.ended_among(&[]).await.unwrap(), []);
    bench.clock.advance(60 * DAY);
    assert_eq!(
        bench.storage.ended_among(&families).await.unwrap(),
        families
    );
}
