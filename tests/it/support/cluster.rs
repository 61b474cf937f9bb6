//! Several nodes on one PostgreSQL, each with a way of its own to it and to Redis.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::account::Account;
use super::balancer::Balancer;
use super::converge::converge_by;
use super::cut::Cut;
use super::driver::{Client, Connect, Driver, PYCRDT};
use super::postgres::Postgres;
use super::redis::Redis;
use super::server::{Options, Server};

/// The nodes; everything ends with this value.
pub(crate) struct Cluster {
    // Dropped first, so that no node complains about what is gone.
    pub(crate) nodes: Vec<Server>,
    pub(crate) redis: Option<Redis>,
    /// Between each node and Redis.
    pub(crate) redis_cuts: Vec<Cut>,
    /// Between each node and PostgreSQL.
    pub(crate) postgres_cuts: Vec<Cut>,
    pub(crate) postgres: Postgres,
    /// The database of the nodes, by the direct way.
    pub(crate) url: String,
}

impl Cluster {
    /// Starts `count` nodes, with Redis if there is one.
    pub(crate) async fn start(count: usize, redis: Option<Redis>) -> Self {
        Self::with(Options::default(), count, redis).await
    }

    /// The same with settings of the nodes.
    pub(crate) async fn with(options: Options, count: usize, redis: Option<Redis>) -> Self {
        let postgres = Postgres::start().await;
        let url = postgres.new_database().await;
        let mut cluster = Self {
            nodes: Vec::new(),
            redis,
            redis_cuts: Vec::new(),
            postgres_cuts: Vec::new(),
            postgres,
            url,
        };
        for _ in 0..count {
            cluster.add_node(options.clone()).await;
        }
        cluster
    }

    /// One more node.
    pub(crate) async fn add_node(&mut self, options: Options) {
        let direct = self.postgres.address();
        let cut = Cut::to(&direct).await;
        let mut options = options.postgres(&self.url.replace(&direct, cut.address()));
        self.postgres_cuts.push(cut);
        if let Some(redis) = &self.redis {
            let cut = Cut::to(&redis.address()).await;
            options = options.set("REDIS_URL", redis.url_by(cut.address()).as_str());
            self.redis_cuts.push(cut);
        }
        self.nodes.push(Server::start(options).await);
    }

    pub(crate) fn redis(&self) -> &Redis {
        self.redis.as_ref().expect("this cluster has a Redis")
    }

    /// A balancer for each node's clients, which is their home while it is healthy.
    pub(crate) async fn balancers(&self) -> Vec<Balancer> {
        let mut balancers = Vec::new();
        for home in 0..self.nodes.len() {
            balancers.push(Balancer::to(&self.nodes, home).await);
        }
        balancers
    }

    /// Two people who may write `plan`, which the first of them owns.
    pub(crate) async fn two_people(&self) -> ([Account; 2], String) {
        let people = [
            Account::register(&self.nodes[0], "Olga").await,
            Account::register(&self.nodes[0], "Emil").await,
        ];
        let plan = self.new_plan(&people).await;
        (people, plan)
    }

    /// Another plan of the same two.
    pub(crate) async fn new_plan(&self, people: &[Account; 2]) -> String {
        let [owner, editor] = people;
        let plan = owner.create_plan(&self.nodes[0]).await;
        owner
            .set_role(&self.nodes[0], &plan, editor, "editor")
            .await;
        plan
    }

    /// Waits until every replica holds the same, `complete` content: those of `clients`, wherever
    /// they are, and what every node gives to stock clients that come now.
    pub(crate) async fn converged(
        &self,
        reading: &Reading<'_>,
        clients: &[Client],
        complete: impl Fn(&Value) -> bool,
    ) -> Value {
        let content = converge_by(reading.by, clients, &reading.roots, complete).await;
        let given = self.read(reading).await;
        assert!(
            given == content,
            "who comes now gets something else than those who are there hold"
        );
        content
    }

    /// What every node gives to stock clients that come now, once it is the same.
    pub(crate) async fn read(&self, reading: &Reading<'_>) -> Value {
        loop {
            let in_time = Instant::now() < reading.by;
            let mut contents = Vec::new();
            for node in &self.nodes {
                contents.extend(reading.contents_on(node).await);
            }
            if contents.windows(2).all(|pair| pair[0] == pair[1]) {
                return contents.swap_remove(0);
            }
            assert!(in_time, "clients that come now do not all get the same");
        }
    }
}

/// What is compared, and by whom it is read.
pub(crate) struct Reading<'a> {
    pub(crate) readers: &'a Readers,
    pub(crate) plan: &'a str,
    pub(crate) account: &'a Account,
    pub(crate) roots: Value,
    /// When the clients that are there must hold the same, at the latest.
    pub(crate) by: Instant,
}

impl Reading<'_> {
    async fn contents_on(&self, node: &Server) -> Vec<Value> {
        let mut contents = Vec::new();
        for (driver, lib) in [
            (&self.readers.javascript, "hocuspocus-4.8"),
            (&self.readers.javascript, "y-websocket-3.1"),
            (&self.readers.python, PYCRDT),
        ] {
            let connect = Connect::new(node, lib, self.plan, &self.account.token);
            let fresh = driver.join(connect).await;
            contents.push(fresh.read(&self.roots).await);
            fresh.tell("destroy", json!({})).await;
        }
        contents
    }
}

/// The processes for clients that have never been there before.
pub(crate) struct Readers {
    pub(crate) javascript: Driver,
    pub(crate) python: Driver,
}

impl Readers {
    pub(crate) async fn start() -> Self {
        let (javascript, python) = tokio::join!(Driver::javascript(), Driver::python());
        Self { javascript, python }
    }
}
