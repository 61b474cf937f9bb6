//! The integration tests: real servers, real databases and the published clients.

#![cfg(test)]

mod accounts;
mod agents;
mod backup;
mod browser;
mod busy_room;
mod cluster_command;
mod demo;
mod durability;
mod examples;
mod first_visitors;
mod greedy;
mod http;
mod kill;
mod meeting;
mod nodes;
mod outage;
mod past;
mod planning;
mod proposals;
mod reconnecting;
mod refusals;
mod storage;
mod support;
mod tokens;
mod upgrade;
