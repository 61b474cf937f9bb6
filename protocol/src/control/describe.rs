//! The control channel described for programs: a JSON Schema of every method, notification and error.
//!
//! ```text
//! for_each_call!, for_each_notice! -> schema of each type -> named, read well -> schema/control.json
//! ```
//!
//! Parameters are called after their method (`plan.create` is `PlanCreate`), since types of several nouns
//! have one name; what they carry is called as in the code. What comes in is described as it is read, what
//! goes out as it is written.

use std::any::type_name;
use std::collections::BTreeMap;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::message::FailureObject;
use super::{Call, IDEMPOTENCY_KEY_BYTES_MAX, Notice};
use crate::error_code::ErrorCode;
use crate::{for_each_call, for_each_notice};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
const KEY: &str = "idempotency_key";

/// What keeps the channel from being described; each is mended beside the type it names.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// Definitions need names of their own.
    #[error("two types are called {0} in the schema: give one of them #[schemars(rename = …)]")]
    SameName(String),
    /// One definition serves both ways.
    #[error(
        "{0} is written otherwise than it is read, or two types are called so: let what has a default be \
         left out when it is written, or give one of the two #[schemars(rename = …)]"
    )]
    TwoFaced(String),
    /// The first line says what a method is for.
    #[error("the doc comment of {0}'s parameters must begin with \"`{0}`: \" and say what it is")]
    NoSummary(String),
    /// Links lead nowhere outside of the code.
    #[error(
        "the doc comment \"{0}\" has a link that the schema cannot follow: say it without a link, and a \
         limit by #[schemars(length(max = …))] or #[schemars(range(max = …))] at the field"
    )]
    DeadLink(String),
}

/// The description, as it is in `schema/control.json`.
pub fn to_json() -> Result<Value, Flaw> {
    let mut writer = Writer::new();
    macro_rules! add {
        ($($call:ty),+ $(,)?) => { $(writer.add_call::<$call>()?;)+ };
    }
    for_each_call!(add);
    macro_rules! add {
        ($($notice:ty),+ $(,)?) => { $(writer.add_notice::<$notice>()?;)+ };
    }
    for_each_notice!(add);
    writer.finish()
}

struct Writer {
    incoming: SchemaGenerator,
    outgoing: SchemaGenerator,
    /// Parameters, by the name that their method gives them.
    named: Map<String, Value>,
    methods: Map<String, Value>,
    notifications: Map<String, Value>,
    /// Definitions whose description may link a method's type, with that link and the method.
    answers: Vec<(String, String, &'static str)>,
}

impl Writer {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12();
        Self {
            incoming: settings.clone().for_deserialize().into_generator(),
            outgoing: settings.for_serialize().into_generator(),
            named: Map::new(),
            methods: Map::new(),
            notifications: Map::new(),
            answers: Vec::new(),
        }
    }

    fn add_call<C>(&mut self) -> Result<(), Flaw>
    where
        C: Call + JsonSchema,
        C::Answer: JsonSchema,
    {
        let mut params = C::json_schema(&mut self.incoming);
        let key = params.pointer_mut(&format!("/properties/{KEY}"));
        let changes = key.is_some();
        if let Some(key) = key.and_then(Value::as_object_mut) {
            key.insert("minLength".to_owned(), json!(1));
            key.insert("maxLength".to_owned(), json!(IDEMPOTENCY_KEY_BYTES_MAX));
        }
        let (summary, params) = self.name(C::METHOD, params)?;
        let result = self.outgoing.subschema_for::<C::Answer>();
        if let Some(reference) = result.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
            self.answers.push((name, link_to::<C>(), C::METHOD));
        }
        let method =
            json!({ "summary": summary, "changes": changes, "params": params, "result": result });
        self.methods.insert(C::METHOD.to_owned(), method);
        Ok(())
    }

    fn add_notice<N: Notice + JsonSchema>(&mut self) -> Result<(), Flaw> {
        let params = N::json_schema(&mut self.outgoing);
        let (summary, params) = self.name(N::METHOD, params)?;
        let notification = json!({ "summary": summary, "params": params });
        self.notifications
            .insert(N::METHOD.to_owned(), notification);
        Ok(())
    }

    /// Keeps parameters under their method's name; answers what the method is for, and a reference.
    fn name(&mut self, method: &str, mut params: Schema) -> Result<(String, Value), Flaw> {
        let summary = params
            .get("description")
            .and_then(Value::as_str)
            .and_then(|text| text.strip_prefix(&format!("`{method}`: ")))
            .map(|text| capitalized(&text.replace('\n', " ")))
            .ok_or_else(|| Flaw::NoSummary(method.to_owned()))?;
        params.insert("description".to_owned(), json!(summary));
        let name: String = method.split(['.', '_']).map(capitalized).collect();
        let reference = json!({ "$ref": format!("#/$defs/{name}") });
        match self.named.insert(name.clone(), params.to_value()) {
            Some(_) => Err(Flaw::SameName(name)),
            None => Ok((summary, reference)),
        }
    }

    fn finish(mut self) -> Result<Value, Flaw> {
        let error = self.outgoing.subschema_for::<FailureObject<'static>>();
        let mut definitions = self.named;
        for (name, schema) in self.incoming.take_definitions(true) {
            if definitions.contains_key(&name) {
                return Err(Flaw::SameName(name));
            }
            definitions.insert(name, schema);
        }
        for (name, schema) in self.outgoing.take_definitions(true) {
            if definitions.get(&name).is_some_and(|other| *other != schema) {
                return Err(Flaw::TwoFaced(name));
            }
            definitions.insert(name, schema);
        }
        expect_own_names(&definitions)?;
        for (name, link, method) in &self.answers {
            let description = definitions
                .get_mut(name)
                .and_then(|it| it.get_mut("description"));
            if let Some(Value::String(text)) = description {
                *text = text.replace(link, &format!("`{method}`"));
            }
        }
        for definition in definitions.values_mut() {
            leave_out_nulls(definition);
            read_well(definition)?;
        }
        let codes = error_codes(&definitions);
        Ok(json!({
            "$schema": DRAFT,
            "title": "The control channel of convene",
            "description": "What a client may ask for beside the document itself, what a server tells it unasked, and how \
                            either fails: JSON-RPC 2.0, as section 7 of SPEC.md says. Answers may get new members: \
                            ignore those that you do not know.",
            "methods": self.methods,
            "notifications": self.notifications,
            "errors": { "object": error, "codes": codes },
            "$defs": definitions,
        }))
    }
}

/// How the doc comment of an answer names the type of its call.
fn link_to<C>() -> String {
    let name = type_name::<C>().rsplit("::").next().unwrap_or_default();
    format!("[`{name}`]")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The generator tells types of one name apart by a number, which would say nothing to a reader and move
/// when another type is added.
fn expect_own_names(definitions: &Map<String, Value>) -> Result<(), Flaw> {
    for name in definitions.keys() {
        let base = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        if base != name && definitions.contains_key(base) {
            return Err(Flaw::SameName(base.to_owned()));
        }
    }
    Ok(())
}

/// What may be left out is left out: that `null` is read as the same is no part of the protocol, and
/// nothing is written so.
fn leave_out_nulls(schema: &mut Value) {
    if let Some(fields) = schema.as_object_mut() {
        let required = fields.get("required").cloned().unwrap_or_default();
        let required: Vec<&str> = required
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let members = fields.get_mut("properties").and_then(Value::as_object_mut);
        for (name, member) in members.into_iter().flatten() {
            if let Some(member) = member.as_object_mut()
                && !required.contains(&name.as_str())
            {
                leave_out_null(member);
            }
        }
    }
    for part in parts(schema) {
        leave_out_nulls(part);
    }
}

fn leave_out_null(member: &mut Map<String, Value>) {
    if member.get("default").is_some_and(Value::is_null) {
        member.remove("default");
    }
    if let Some(Value::Array(types)) = member.get_mut("type") {
        types.retain(|it| it != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            member.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = member.get_mut("anyOf") {
        choices.retain(|it| *it != json!({ "type": "null" }));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            member.remove("anyOf");
            member.extend(only);
        }
    }
}

/// Makes descriptions whole lines without links: a linked limit becomes the number that the schema has
/// beside it.
fn read_well(schema: &mut Value) -> Result<(), Flaw> {
    if let Some(fields) = schema.as_object_mut() {
        let limit = ["maxItems", "maxLength", "maximum"]
            .iter()
            .find_map(|name| fields.get(*name));
        let limit = limit.map(Value::to_string);
        if let Some(Value::String(text)) = fields.get_mut("description") {
            *text = text.replace('\n', " ");
            if let Some(limit) = limit
                && let Some((before, rest)) = text.split_once("[`")
                && let Some((_, after)) = rest.split_once("_MAX`]")
            {
                *text = format!("{before}{limit}{after}");
            }
            if text.contains("[`") {
                return Err(Flaw::DeadLink(text.clone()));
            }
        }
    }
    parts(schema).into_iter().try_for_each(read_well)
}

fn parts(schema: &mut Value) -> Vec<&mut Value> {
    match schema {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Every code with JSON-RPC's number for it and what it means.
fn error_codes(definitions: &Map<String, Value>) -> BTreeMap<&'static str, Value> {
    let described = definitions.get("ErrorCode").and_then(|it| it.get("oneOf"));
    let described: Vec<&Value> = described
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    let codes = ErrorCode::ALL.map(|code| {
        let own = described
            .iter()
            .find(|it| it.get("const").is_some_and(|name| name == code.as_str()));
        let meaning = own.and_then(|it| it.get("description"));
        (
            code.as_str(),
            json!({ "number": code.json_rpc(), "meaning": meaning }),
        )
    });
    codes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linked_limit_is_said_as_a_number_and_no_other_link_is_left() {
        let mut field = json!({ "description": "In order;\nat most [`OPS_MAX`].", "maxItems": 7 });
        read_well(&mut field).unwrap();
        assert_eq!(field["description"], "In order; at most 7.");
        let mut field = json!({ "items": { "description": "As [`Op`] says." } });
        assert!(matches!(read_well(&mut field), Err(Flaw::DeadLink(_))));
        let mut field = json!({ "description": "At most [`OPS_MAX`]." });
        assert!(matches!(read_well(&mut field), Err(Flaw::DeadLink(_))));
    }

    #[test]
    fn what_may_be_left_out_is_never_null() {
        let mut schema = json!({
            "properties": {
                "a": { "type": ["string", "null"], "default": null },
                "b": { "type": ["string", "null"] },
                "c": { "anyOf": [{ "$ref": "#/$defs/C" }, { "type": "null" }] },
            },
            "required": ["b"],
        });
        leave_out_nulls(&mut schema);
        let members = json!({
            "a": { "type": "string" },
            "b": { "type": ["string", "null"] },
            "c": { "$ref": "#/$defs/C" },
        });
        assert_eq!(schema["properties"], members);
    }

    #[test]
    fn types_of_one_name_are_not_numbered() {
        let names = |names: &[&str]| {
            let named = names.iter().map(|name| ((*name).to_owned(), json!({})));
            named.collect::<Map<String, Value>>()
        };
        assert!(expect_own_names(&names(&["Hash", "Sha2"])).is_ok());
        let flaw = expect_own_names(&names(&["Note", "Note2"]));
        assert!(matches!(flaw, Err(Flaw::SameName(name)) if name == "Note"));
    }
}
