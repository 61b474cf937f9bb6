//! The image is made of files that are there and of no others, and runs the server as it wants to be run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::net::SocketAddr;

use parse_dockerfile::{Command, CopyInstruction, HealthcheckArguments, Instruction, Source};

use super::{expect_none, read, root};

/// What `pick` takes of the instructions of the Dockerfile, in their order.
fn instructions<T>(pick: impl Fn(&Instruction<'_>) -> Option<T>) -> Vec<T> {
    let text = read("Dockerfile");
    let file = parse_dockerfile::parse(&text).unwrap();
    file.instructions.iter().filter_map(pick).collect()
}

/// The same of an instruction that is there once.
fn instruction<T: Debug>(pick: impl Fn(&Instruction<'_>) -> Option<T>) -> T {
    let [one] = <[T; 1]>::try_from(instructions(pick)).unwrap();
    one
}

/// The settings that the image has by itself.
pub(super) fn image_environment() -> BTreeMap<String, String> {
    let lines = instructions(|one| {
        let Instruction::Env(env) = one else {
            return None;
        };
        Some(env.arguments.value.to_string())
    });
    lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Where a node in a container listens.
pub(super) fn listens() -> SocketAddr {
    image_environment()["CONVENE_LISTEN"].parse().unwrap()
}

fn words(command: &Command<'_>) -> Vec<String> {
    let Command::Exec(words) = command else {
        // One in between would not hand on the signal that stops the server.
        panic!("{command:?} runs in a shell")
    };
    let words = words.value.iter().map(|word| word.value.to_string());
    words.collect()
}

/// Whether `.dockerignore` keeps `path` from the builder; the last rule that fits counts.
fn is_ignored(path: &str) -> bool {
    let rules = read(".dockerignore");
    let rules = rules
        .lines()
        .filter(|rule| !rule.is_empty() && !rule.starts_with('#'));
    rules.fold(false, |ignored, rule| {
        let (fits, ignores) = rule
            .strip_prefix('!')
            .map_or((rule, true), |rule| (rule, false));
        let matches = if fits == "*" {
            true
        } else if let Some(name) = fits.strip_prefix("**/") {
            path.split('/').any(|part| part == name)
        } else {
            assert!(
                !fits.contains(['*', '?', '[']),
                "{rule} is not understood here"
            );
            path == fits || path.starts_with(&format!("{fits}/"))
        };
        if matches { ignores } else { ignored }
    })
}

#[test]
fn the_image_is_made_of_files_that_are_there() {
    let copied: BTreeSet<String> = instructions(|one| {
        let Instruction::Copy(copy) = one else {
            return None;
        };
        // With an option it copies from another stage.
        copy.options.is_empty().then(|| sources(copy))
    })
    .into_iter()
    .flatten()
    .collect();
    let missing = copied
        .iter()
        .filter(|path| !root().join(path).exists() || is_ignored(path))
        .cloned()
        .collect();
    expect_none(
        "the builder does not see what the Dockerfile copies",
        &missing,
    );
    // Cargo reads the manifest of every member, also of those that are not built.
    let needed = [
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "src",
        "migrations",
        "web",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(workspace_members());
    let missing = needed.filter(|path| !copied.contains(path)).collect();
    expect_none(
        "the server cannot be built from what the Dockerfile copies",
        &missing,
    );
    for secret in [
        ".env",
        "data/secret_key",
        "target/release/convene",
        ".git/config",
        "src/.env",
        "web/.env",
        "web/dist/index.html",
        "web/node_modules/.convene/page",
    ] {
        assert!(is_ignored(secret), "{secret} would go to the builder");
    }
}

fn sources(copy: &CopyInstruction<'_>) -> Vec<String> {
    let paths = copy.src.iter().map(|source| {
        let Source::Path(path) = source else {
            panic!("{source:?} is no path")
        };
        path.value.to_string()
    });
    paths.collect()
}

fn workspace_members() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let list = manifest.split_once("members = [").unwrap().1;
    let list = list.split_once(']').unwrap().0;
    list.split(',')
        .map(|member| member.trim().trim_matches('"').to_owned())
        .collect()
}

#[test]
fn the_image_runs_the_server_as_nobody_special() {
    let account = instruction(|one| {
        let Instruction::User(user) = one else {
            return None;
        };
        Some(user.arguments.value.to_string())
    });
    assert!(!["root", "0"].contains(&account.as_str()));
    let program = instruction(|one| {
        let Instruction::Entrypoint(entry) = one else {
            return None;
        };
        Some(words(&entry.arguments))
    });
    assert_eq!(program, ["convene"]);
}

#[test]
fn the_image_is_built_by_the_oldest_rust_and_node_that_will_do() {
    let [page, builder, server] = <[String; 3]>::try_from(instructions(|one| {
        let Instruction::From(from) = one else {
            return None;
        };
        Some(from.image.value.to_string())
    }))
    .unwrap();
    let manifest = read("Cargo.toml");
    let version = manifest.split_once("rust-version = \"").unwrap().1;
    let version = version.split_once('"').unwrap().0;
    let suite = builder.strip_prefix(&format!("rust:{version}-slim-"));
    // The libraries that the binary was linked with are those it finds.
    assert_eq!(
        suite,
        Some(server["debian:".len()..].trim_end_matches("-slim"))
    );
    assert!(page.starts_with("node:20-"), "{page}");
}

#[test]
fn the_last_rule_that_fits_a_path_counts() {
    assert!(is_ignored("docs") && !is_ignored("src") && !is_ignored("src/app.rs"));
    assert!(is_ignored("srcs") && is_ignored("loadtests/peers/node_modules/ws"));
}

#[test]
fn the_image_asks_the_server_for_its_health_and_stops_it_in_order() {
    let check = instruction(|one| {
        let Instruction::Healthcheck(check) = one else {
            return None;
        };
        let HealthcheckArguments::Cmd { arguments, .. } = &check.arguments else {
            return None;
        };
        Some(words(arguments))
    });
    assert_eq!(check, ["convene", "health"]);
    let commands = read("src/main.rs");
    assert!(commands.contains("    Health,\n"), "no such command");
    let signal = instruction(|one| {
        let Instruction::Stopsignal(signal) = one else {
            return None;
        };
        Some(signal.arguments.value.to_string())
    });
    assert_eq!(signal, "SIGTERM");
}

#[test]
fn the_image_serves_everybody_on_the_port_it_names() {
    assert!(listens().ip().is_unspecified());
    let exposed = instruction(|one| {
        let Instruction::Expose(expose) = one else {
            return None;
        };
        Some(expose.arguments[0].value.to_string())
    });
    assert_eq!(exposed, listens().port().to_string());
}
