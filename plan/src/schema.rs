//! The schema as data: which roots a plan has, which fields their entities have, and what a field may hold.
//!
//! The data is in [`roots`]; [`check`] compares values with it. A document may hold more than the schema
//! knows: that is kept, shown and never dropped, so an older server does not harm a newer plan.

pub mod check;
pub mod describe;
pub mod roots;

pub use check::Problem;
pub use roots::ROOTS;

/// The schema's version, kept in `meta.schema`.
pub const VERSION: i64 = 1;
/// Characters of a shared text at most.
pub const TEXT_CHARS_MAX: usize = 20_000;
/// Live entities of one root at most.
pub const ENTITIES_MAX: usize = 5_000;
/// Fields that say what people call a thing; a root has one of them, or none.
const NAMING: &[&str] = &["name", "title", "label", "party"];
/// The canonical JSON of one entity at most, in bytes.
pub const ENTITY_BYTES_MAX: usize = 256 << 10;

/// One root of the document, a shared map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Root {
    /// Its name in the document.
    pub name: &'static str,
    /// What the map holds.
    pub shape: Shape,
    /// What one of its entities is called, for people.
    pub noun: &'static str,
    /// The fields, in the order people read them.
    pub fields: &'static [Field],
}

/// What a root's map holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The fields of one thing.
    One,
    /// Things by their ids, whose ids begin with this.
    Many {
        /// As in `se_01J…`.
        prefix: &'static str,
    },
    /// A whole number by tag.
    Counts,
}

/// One field of an entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its key in the entity's map.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// Whether an entity without it is incomplete. It can be made without it all the same.
    pub is_needed: bool,
}

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A text that people write together: a shared text of at most [`TEXT_CHARS_MAX`] characters.
    Text,
    /// A short text, written as a whole: from so many characters to so many.
    Line(usize, usize),
    /// Yes or no.
    Bool,
    /// A whole number between two.
    Int(i64, i64),
    /// A number between two.
    Number(f64, f64),
    /// One of these.
    Enum(&'static [&'static str]),
    /// `YYYY-MM-DD`.
    Day,
    /// RFC 3339 with an offset.
    Instant,
    /// A name of the IANA time zone database.
    Zone,
    /// ISO 4217.
    Currency,
    /// ISO 3166-1 alpha-2.
    Country,
    /// A BCP 47 language tag.
    Language,
    /// `#rrggbb`.
    Color,
    /// `https://…` or `http://…`.
    Url,
    /// `{minor, cur}`: whole minor units of a currency.
    Money,
    /// The id of an entity of this root.
    Ref(&'static str),
    /// `{root, id, field?}`: any entity.
    AnyRef,
    /// A plain JSON object under one key, replaced as a whole: it never blends two edits.
    Record(&'static [Field]),
    /// A plain JSON list of records, replaced as a whole.
    List(&'static [Field]),
    /// A shared map by id of another root's entities; concurrent additions merge.
    Refs(&'static str, &'static Kind),
    /// A shared map by tag.
    Tags(&'static Kind),
    /// Always `true`: being there is what counts.
    Present,
    /// Any plain JSON.
    Json,
}

impl Root {
    /// The root with this name.
    pub fn of(name: &str) -> Option<&'static Self> {
        ROOTS.iter().find(|root| root.name == name)
    }

    /// The field with this name, also one that every entity has.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        let own = self.fields.iter().find(|field| field.name == name);
        own.or_else(|| match self.shape {
            Shape::Many { .. } => roots::EVERY_ENTITY.iter().find(|field| field.name == name),
            Shape::One | Shape::Counts => None,
        })
    }

    /// The field that says what people call one of its entities, if it has one.
    pub fn naming(&self) -> Option<&'static Field> {
        self.fields
            .iter()
            .find(|field| NAMING.contains(&field.name))
    }

    /// The path of an operation on one of its entities, or of what is `within` it: a field, and a member.
    pub fn path(&self, id: &str, within: &[&str]) -> Vec<String> {
        let entity = match self.shape {
            Shape::Many { .. } => Some(id),
            Shape::One | Shape::Counts => None,
        };
        let path = std::iter::once(self.name).chain(entity);
        path.chain(within.iter().copied())
            .map(str::to_owned)
            .collect()
    }

    /// The prefix of its entities' ids, if it has entities.
    pub fn prefix(&self) -> Option<&'static str> {
        match self.shape {
            Shape::Many { prefix } => Some(prefix),
            Shape::One | Shape::Counts => None,
        }
    }
}

impl Kind {
    /// Whether it is a shared map, whose members are changed one by one.
    pub fn is_set(&self) -> bool {
        matches!(self, Self::Refs(..) | Self::Tags(_))
    }
}
