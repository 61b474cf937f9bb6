//! Accounts and invitations.

use std::time::Duration;

use convene::ids::{FamilyId, InviteId};
use convene::storage::accounts::{InvitedUser, NewInvite};
use convene::storage::sign_ins::{NewFamily, Rotation};

use super::Bench;

pub(super) async fn whether_there_is_any_account_is_known(bench: Bench) {
    assert!(!bench.storage.has_users().await.unwrap());
    bench.user("ada@example.org").await;
    assert!(bench.storage.has_users().await.unwrap());
}

pub(super) async fn an_address_has_one_account_however_it_is_spelled(bench: Bench) {
    let ada = bench.user(" Ada@Example.org ").await;
    assert_eq!(ada.email, "ada@example.org");
    let again = bench
        .storage
        .insert_user(&bench.new_user("ADA@example.ORG"))
        .await
        .unwrap();
    assert_eq!(again, None);
    let found = bench
        .storage
        .find_user_by_email("aDa@example.org ")
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&ada));
    assert_eq!(bench.storage.find_user(ada.id).await.unwrap(), Some(ada));
    assert_eq!(
        bench
            .storage
            .find_user_by_email("eve@example.org")
            .await
            .unwrap(),
        None
    );
}

pub(super) async fn an_address_registered_twice_at_once_has_one_account(bench: Bench) {
    let tries = (0..8).map(|_| {
        let (storage, user) = (bench.storage.clone(), bench.new_user("ada@example.org"));
        async move { storage.insert_user(&user).await.unwrap() }
    });
    let made = futures_util::future::join_all(tries).await;
    assert_eq!(made.iter().flatten().count(), 1);
}

impl Bench {
    async fn invite(&self, code: u8, email: Option<&str>) {
        let invite = NewInvite {
            id: InviteId::generate(&self.clock),
            code_hash: [code; 32],
            email: email.map(str::to_owned),
            expires_at: self.clock.now().after(Duration::from_hours(1)),
        };
        self.storage.insert_invite(&invite).await.unwrap();
    }

    async fn register_with(&self, code: u8, email: &str) -> InvitedUser {
        let (user, code) = (self.new_user(email), [code; 32]);
        let inserted = self.storage.insert_invited_user(&user, &code);
        Box::pin(inserted).await.unwrap()
    }
}

pub(super) async fn an_invitation_is_good_once_for_its_address_and_a_while(bench: Bench) {
    bench.user("ada@example.org").await;
    bench.invite(1, None).await;
    assert_eq!(
        bench.register_with(9, "eve@example.org").await,
        InvitedUser::InviteUnusable
    );
    assert_eq!(
        bench.register_with(1, "Ada@example.org").await,
        InvitedUser::EmailTaken
    );
    // The invitation was not used up by it.
    let eve = bench.register_with(1, "eve@example.org").await;
    assert!(matches!(eve, InvitedUser::Inserted(_)), "{eve:?}");
    assert_eq!(
        bench.register_with(1, "bob@example.org").await,
        InvitedUser::InviteUnusable
    );
    bench.invite(2, Some("Bob@Example.org")).await;
    assert_eq!(
        bench.register_with(2, "mia@example.org").await,
        InvitedUser::InviteUnusable
    );
    let bob = bench.register_with(2, "bob@example.org").await;
    assert!(matches!(bob, InvitedUser::Inserted(_)), "{bob:?}");
    bench.invite(3, None).await;
    bench.clock.advance(Duration::from_hours(1));
    assert_eq!(
        bench.register_with(3, "mia@example.org").await,
        InvitedUser::InviteUnusable
    );
}

pub(super) async fn a_new_password_ends_every_sign_in(bench: Bench) {
    let ada = bench.user("ada@example.org").await.id;
    let eve = bench.user("eve@example.org").await.id;
    for (user, token) in [(ada, 1), (ada, 2), (eve, 3)] {
        let family = NewFamily {
            id: FamilyId::generate(&bench.clock),
            user,
            token_hash: [token; 32],
            expires_at: bench.clock.now().after(Duration::from_hours(1)),
            user_agent: None,
            address: None,
        };
        bench.storage.insert_family(&family).await.unwrap();
    }
    assert!(bench.storage.replace_password(ada, "new").await.unwrap());
    let now = bench.clock.now();
    for token in [1, 2] {
        let shown = bench
            .storage
            .rotate(&[token; 32], &[token + 100; 32], now)
            .await
            .unwrap();
        assert_eq!(shown, Rotation::Expired);
    }
    assert_eq!(bench.storage.list_families(eve).await.unwrap().len(), 1);
    let ada = bench.storage.find_user(ada).await.unwrap().unwrap();
    assert_eq!(ada.password_hash, "new");
}

pub(super) async fn a_rehash_never_undoes_a_new_password(bench: Bench) {
    let ada = bench.user("ada@example.org").await.id;
    let hash = async || {
        bench
            .storage
            .find_user(ada)
            .await
            .unwrap()
            .unwrap()
            .password_hash
    };
    bench
        .storage
        .rehash_password(ada, "hash", "stronger")
        .await
        .unwrap();
    assert_eq!(hash().await, "stronger");
    bench.storage.replace_password(ada, "new").await.unwrap();
    bench
        .storage
        .rehash_password(ada, "stronger", "strongest")
        .await
        .unwrap();
    assert_eq!(hash().await, "new");
}
