//! The files that are built into the binary: each with its media type and its forms, as it is and packed.

use std::collections::HashMap;

use axum::body::Bytes;
use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The endings of packed forms and the codings they are, the best first. `scripts/pack-page.mjs` writes them.
const PACKED: [(&str, &str); 2] = [(".br", "br"), (".gz", "gzip")];

/// How much of a digest tells two contents apart.
const TAG_BYTES: usize = 16;

/// Every file, by its path without a slash in front.
#[derive(Debug)]
pub(super) struct Files(HashMap<&'static str, File>);

/// One file.
#[derive(Debug)]
pub(super) struct File {
    /// Its media type.
    pub(super) kind: &'static str,
    plain: Form,
    packed: Vec<Form>,
}

/// One way to send a file.
#[derive(Debug)]
pub(super) struct Form {
    /// What is sent.
    pub(super) body: Bytes,
    /// The name of exactly these bytes.
    pub(super) tag: HeaderValue,
    /// How it is coded, if it is.
    pub(super) coding: Option<&'static str>,
}

impl Files {
    /// Sorts out which of `all` are packed forms of others.
    pub(super) fn new(all: &[(&'static str, &'static [u8])]) -> Self {
        let bodies: HashMap<&str, &'static [u8]> = all.iter().copied().collect();
        let is_packed = |path: &str| {
            let plain = PACKED.iter().find_map(|(end, _)| path.strip_suffix(end));
            plain.is_some_and(|plain| bodies.contains_key(plain))
        };
        let plain = all.iter().filter(|(path, _)| !is_packed(path));
        let files = plain.map(|(path, body)| {
            let packed = PACKED.iter().filter_map(|(end, coding)| {
                let body = bodies.get(format!("{path}{end}").as_str())?;
                Some(Form::new(body, Some(coding)))
            });
            let file = File {
                kind: media_type(path),
                plain: Form::new(body, None),
                packed: packed.collect(),
            };
            (*path, file)
        });
        Self(files.collect())
    }

    /// The file at `path`.
    pub(super) fn find(&self, path: &str) -> Option<&File> {
        self.0.get(path)
    }
}

impl File {
    /// The best form that is as it is or in a coding that `accepts` says yes to.
    pub(super) fn form(&self, accepts: impl Fn(&str) -> bool) -> &Form {
        let packed = self.packed.iter();
        packed
            .filter(|form| form.body.len() < self.plain.body.len())
            .find(|form| form.coding.is_some_and(&accepts))
            .unwrap_or(&self.plain)
    }
}

impl Form {
    fn new(body: &'static [u8], coding: Option<&'static str>) -> Self {
        let digest = Sha256::digest(body);
        let start = digest.get(..TAG_BYTES).unwrap_or_default();
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(start));
        Self {
            body: Bytes::from_static(body),
            // Letters, digits, `-` and `_` in quotes are always a value.
            tag: HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\"")),
            coding,
        }
    }
}

/// The media type of what a page is made of. Browsers are told not to guess, so nothing else would be used.
fn media_type(path: &str) -> &'static str {
    let end = path.rsplit_once('.').map_or("", |(_, end)| end);
    match end {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "webp" => "image/webp",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        Files::new(&[
            ("index.html", b"<!doctype html>"),
            ("assets/a.js", b"let a = 'a long script';"),
            ("assets/a.js.br", b"br"),
            ("assets/a.js.gz", b"gzip"),
            ("assets/b.css", b"b"),
            ("assets/b.css.gz", b"not shorter"),
            ("archive.gz", b"of itself"),
        ])
    }

    #[test]
    fn a_packed_form_is_no_file_of_its_own() {
        let files = files();
        assert!(files.find("assets/a.js.br").is_none());
        assert!(files.find("assets/a.js.gz").is_none());
        assert!(files.find("archive.gz").is_some());
        assert!(files.find("").is_none() && files.find("/index.html").is_none());
    }

    #[test]
    fn the_best_form_is_sent_that_is_taken_and_shorter() {
        let files = files();
        let coding = |path, taken: &[&str]| {
            let file = files.find(path).unwrap();
            file.form(|coding| taken.contains(&coding)).coding
        };
        assert_eq!(coding("assets/a.js", &["gzip", "br"]), Some("br"));
        assert_eq!(coding("assets/a.js", &["gzip"]), Some("gzip"));
        assert_eq!(coding("assets/a.js", &[]), None);
        assert_eq!(coding("assets/b.css", &["gzip", "br"]), None);
    }

    #[test]
    fn every_form_has_a_tag_of_its_own() {
        let files = files();
        let file = files.find("assets/a.js").unwrap();
        let tags =
            ["br", "gzip", "none"].map(|taken| file.form(|coding| coding == taken).tag.clone());
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
        assert_eq!(tags[0].len(), 24);
    }

    #[test]
    fn every_file_of_the_page_has_a_media_type() {
        let page: &[(&'static str, &'static [u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));
        for (path, file) in &Files::new(page).0 {
            assert_ne!(file.kind, "application/octet-stream", "{path}");
        }
    }
}
