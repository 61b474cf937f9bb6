//! The containers of several nodes, their balancer and the server fit each other, as far as that can be
//! said without running them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use yaml_rust2::{Yaml, YamlLoader};

use super::documentation::{example, named_by_code};
use super::image::{image_environment, listens};
use super::{expect_none, identifier, read};

const COMPOSE: &str = "docker-compose.yml";
const BALANCER: &str = "deploy/haproxy.cfg";

/// What a node may need after its sockets are closed, when the database is away (ARCHITECTURE,
/// troubleshooting: "about half a minute").
const ENDS_WITHIN: Duration = Duration::from_secs(30);

fn compose() -> Yaml {
    let documents = YamlLoader::load_from_str(&read(COMPOSE)).unwrap();
    let [document] = <[Yaml; 1]>::try_from(documents).unwrap();
    document
}

/// The keys of a map, or the values of a list.
fn names(yaml: &Yaml) -> BTreeSet<String> {
    let keys = yaml.as_hash().into_iter().flat_map(|map| map.keys());
    let values = yaml.as_vec().into_iter().flatten();
    let names = keys.chain(values).map(|name| name.as_str().unwrap());
    names.map(str::to_owned).collect()
}

fn environment(service: &Yaml) -> BTreeMap<String, String> {
    let Some(map) = service["environment"].as_hash() else {
        return BTreeMap::new();
    };
    map.iter()
        // A number without quotes would be none of these texts.
        .map(|(name, value)| {
            (
                name.as_str().unwrap().into(),
                value.as_str().unwrap().into(),
            )
        })
        .collect()
}

/// The services that are made from the Dockerfile of this repository.
fn nodes(compose: &Yaml) -> BTreeMap<String, &Yaml> {
    compose["services"]
        .as_hash()
        .unwrap()
        .iter()
        .filter(|(_, service)| service["build"].as_str() == Some("."))
        .map(|(name, service)| (name.as_str().unwrap().to_owned(), service))
        .collect()
}

/// `500ms`, `2s`, `2m`.
fn duration(text: &str) -> Duration {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap();
    let (number, unit) = text.split_at(at);
    let number = number.parse().unwrap();
    match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_mins(number),
        _ => panic!("{text} has an unknown unit"),
    }
}

/// The words of every line of HAProxy's configuration that begins with `keyword`.
fn balancer_lines(keyword: &str) -> Vec<Vec<String>> {
    read(BALANCER)
        .lines()
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .filter(|words: &Vec<String>| words.first().is_some_and(|word| word == keyword))
        .collect()
}

/// The word behind `name` in the only line that begins with `keyword` and has it.
fn balancer_option(keyword: &str, name: &str) -> String {
    let values: Vec<String> = balancer_lines(keyword)
        .into_iter()
        .filter_map(|words| {
            let at = words.iter().position(|word| word == name)?;
            words.get(at + 1).cloned()
        })
        .collect();
    let [value] = <[String; 1]>::try_from(values).unwrap();
    value
}

#[test]
fn the_containers_are_two_nodes_and_what_they_need() {
    let compose = compose();
    let services = names(&compose["services"]);
    let expected = ["haproxy", "node-1", "node-2", "postgres", "redis"];
    assert!(services.iter().eq(expected), "{services:?}");
    let nodes = nodes(&compose);
    assert!(nodes.keys().eq(["node-1", "node-2"]), "{:?}", nodes.keys());
    for (node, service) in nodes {
        // One that begins earlier would give up, and be started again until the others are there.
        let needs = names(&service["depends_on"]);
        assert!(needs.iter().eq(["postgres", "redis"]), "{node}: {needs:?}");
        for need in needs {
            let condition = service["depends_on"][need.as_str()]["condition"].as_str();
            assert_eq!(condition, Some("service_healthy"), "{node}");
            assert!(compose["services"][need.as_str()]["healthcheck"].is_hash());
        }
        let environment = environment(service);
        assert!(environment["DATABASE_URL"].contains("@postgres:5432/"));
        assert_eq!(environment["REDIS_URL"], "redis://redis:6379");
    }
    // The nodes drain while it still serves, so it may not be stopped before them.
    assert!(names(&compose["services"]["haproxy"]["depends_on"]).is_empty());
}

#[test]
fn every_setting_of_a_container_is_in_the_example() {
    let compose = compose();
    let documented = example();
    let settings = nodes(&compose)
        .into_values()
        .flat_map(environment)
        .chain(image_environment())
        .map(|(name, _)| name);
    let unknown = settings
        .chain(variables().into_iter().map(|(name, _)| name))
        .filter(|name| !documented.contains_key(name))
        .collect();
    expect_none("a setting is not in .env.example", &unknown);
}

#[test]
fn the_balancer_knows_the_nodes_by_name_and_port() {
    let compose = compose();
    let expected: BTreeSet<String> = nodes(&compose)
        .keys()
        .map(|node| format!("server {node} {node}:{}", listens().port()))
        .collect();
    let servers = balancer_lines("server").into_iter();
    let servers: BTreeSet<String> = servers.map(|words| words.join(" ")).collect();
    assert_eq!(servers, expected);
}

#[test]
fn the_balancer_is_reached_and_reads_its_configuration() {
    let compose = compose();
    let balancer = &compose["services"]["haproxy"];
    let binds = balancer_lines("bind");
    let port = binds[0][1].trim_start_matches(':');
    let published = names(&balancer["ports"]);
    // Without TLS it is for this machine alone.
    let expected = format!("127.0.0.1:8080:{port}");
    assert!(published.iter().eq([&expected]), "{published:?}");
    let volumes = names(&balancer["volumes"]);
    let expected = format!("./{BALANCER}:/usr/local/etc/haproxy/haproxy.cfg:ro");
    assert!(volumes.iter().eq([&expected]), "{volumes:?}");
}

#[test]
fn health_is_asked_at_the_address_that_tells_it() {
    let path = balancer_option("http-check", "uri");
    let known = named_by_code(|name| name == path);
    assert!(known.contains(&path), "nobody serves {path}");
    assert_eq!(balancer_option("http-check", "status"), "200");
}

#[test]
fn a_node_has_the_time_to_leave() {
    let compose = compose();
    let defaults = example();
    for (node, service) in nodes(&compose) {
        let environment = environment(service);
        let seconds = |name: &str| {
            let value = environment.get(name).unwrap_or_else(|| &defaults[name]);
            Duration::from_secs(value.parse().unwrap())
        };
        let leave = seconds("CONVENE_LEAVE_SECONDS");
        let needs = leave + seconds("CONVENE_DRAIN_SECONDS") + ENDS_WITHIN;
        let grace = duration(service["stop_grace_period"].as_str().unwrap());
        assert!(
            grace >= needs,
            "{node} is killed after {grace:?}, and needs {needs:?}"
        );
        let checks = balancer_option("default-server", "fall").parse().unwrap();
        let notices = duration(&balancer_option("default-server", "inter")) * checks
            + duration(&balancer_option("timeout", "check"));
        assert!(
            leave > notices,
            "{node} leaves in {leave:?}, noticed after {notices:?}"
        );
        // What it serves meanwhile goes through the balancer.
        let balancer = compose["services"]["haproxy"]["stop_grace_period"].as_str();
        assert!(duration(balancer.unwrap()) >= grace);
    }
}

#[test]
fn nodes_believe_the_balancer_alone() {
    let compose = compose();
    let balancer = &compose["services"]["haproxy"]["networks"]["convene"]["ipv4_address"];
    let balancer: IpAddr = balancer.as_str().unwrap().parse().unwrap();
    let network = &compose["networks"]["convene"]["ipam"]["config"][0];
    let range = |name: &str| network[name].as_str().unwrap().parse::<IpNet>().unwrap();
    assert!(range("subnet").contains(&balancer));
    assert!(
        !range("ip_range").contains(&balancer),
        "another container may have taken {balancer}"
    );
    for (node, service) in nodes(&compose) {
        let trusted = &environment(service)["CONVENE_TRUSTED_PROXIES"];
        let trusted: IpNet = trusted.parse().unwrap();
        assert_eq!(trusted, IpNet::from(balancer), "{node}");
    }
    // Whatever a client claims is replaced by what the balancer knows.
    for header in ["X-Forwarded-For", "X-Forwarded-Proto"] {
        let set = balancer_lines("http-request").into_iter();
        let set = set.filter(|words| words[1] == "set-header" && words[2] == header);
        assert_eq!(set.count(), 1, "{header}");
    }
}

/// Every `${NAME…}` of the compose file: the name, and what stands behind it.
fn variables() -> Vec<(String, String)> {
    let text = read(COMPOSE);
    text.split("${")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
        .map(|inside| {
            let name = identifier(inside);
            (name.to_owned(), inside[name.len()..].to_owned())
        })
        .collect()
}

#[test]
fn no_secret_is_written_down() {
    for (name, rest) in variables() {
        assert!(rest.starts_with(":?"), "${{{name}}} may be empty");
    }
    let compose = compose();
    let mut broken = BTreeSet::new();
    for service in names(&compose["services"]) {
        for (name, value) in environment(&compose["services"][service.as_str()]) {
            let is_secret = ["SECRET", "PASSWORD", "TOKEN", "KEY"]
                .iter()
                .any(|word| name.contains(word));
            let password = value
                .split_once("://")
                .and_then(|(_, rest)| rest.rsplit_once('@'))
                .and_then(|(account, _)| account.split_once(':'))
                .map(|(_, password)| password.to_owned());
            let secret = password.or_else(|| is_secret.then(|| value.clone()));
            if secret.is_some_and(|secret| !secret.starts_with("${")) {
                broken.insert(format!("{service}: {name}"));
            }
        }
    }
    expect_none("a secret stands in docker-compose.yml", &broken);
}
