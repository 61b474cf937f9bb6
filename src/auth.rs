//! Who somebody is and what they may do: passwords, tokens, principals, roles and capabilities.
//!
//! Nothing here reads storage or a socket. A token becomes a [`principal::Principal`]; a principal
//! and a role become a [`access::Grant`]; a grant hands out the capability that the functions
//! which read or write a document require.

pub mod access;
pub mod principal;

pub mod opaque_token;
pub mod password;
pub mod throttle;
pub mod token;
