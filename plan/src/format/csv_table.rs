//! One root as a table of comma-separated values, both ways: for spreadsheets and for lists from elsewhere.
//!
//! The first column is the id, so that a table comes back to the things it came from; a table without one
//! is matched by names. An empty cell says nothing: it changes nothing and takes nothing away.
//! What a table cannot hold are empty texts and maps, and fields that the schema does not know.

mod cell;

use std::collections::{BTreeMap, BTreeSet};

use csv::{ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use serde_json::{Map, Value as Json, json};

use self::cell::{Cells, guarded, unguarded};
use super::report::quote;
use super::{Import, Place, Report, Unreadable, limited, normalised, text_of};
use crate::content::{Content, Fields, ONE, Value};
use crate::rank::spread;
use crate::schema::roots::EVERY_ENTITY;
use crate::schema::{Field, Kind, Root, Shape};

/// What follows a money field's name in the name of its currency's column.
const CURRENCY: &str = "_cur";

/// Which column of a table is which field, where their names differ: by the column's name.
pub type Mapping = BTreeMap<String, String>;

/// Fields in the order of columns, the id apart.
fn columns(root: &Root) -> impl Iterator<Item = &'static Field> {
    let every = EVERY_ENTITY.iter().filter(|field| field.name != "id");
    let every = every.filter(move |_| root.prefix().is_some());
    root.fields.iter().chain(every)
}

/// Writes the entities of a root, archived ones too; `needs` has a row a tag, and a root of one thing a
/// row. Reports what the table has no place for.
pub fn write(plan: &Content, root: &Root) -> (String, Report) {
    let mut report = Report::default();
    let mut rows = vec![header(root)];
    if root.shape == Shape::Counts {
        for (tag, value) in plan.entity(root.name, ONE).into_iter().flatten() {
            let count = value.plain().map(Json::to_string).unwrap_or_default();
            rows.push(vec![guarded(tag), count]);
        }
    } else {
        let mut entities: Vec<(&str, &Fields)> = plan.entities(root.name).collect();
        entities.sort_by_key(|(id, fields)| (crate::content::rank(fields), *id));
        for (id, fields) in entities {
            let at = Place::Thing(format!("{}.{id}", root.name));
            let mut row: Vec<String> = root.prefix().map(|_| guarded(id)).into_iter().collect();
            for field in columns(root) {
                row.extend(Cells::write(field, fields.get(field.name), (&at, &mut report)).0);
            }
            for name in fields.keys().filter(|name| root.field(name).is_none()) {
                report.note(&at, name, "has no column, and is left out");
            }
            rows.push(row);
        }
    }
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        if let Err(error) = writer.write_record(&row) {
            report.note(&Place::Whole, "", format!("a row is left out: {error}"));
        }
    }
    let bytes = writer.into_inner().unwrap_or_default();
    (String::from_utf8_lossy(&bytes).into_owned(), report)
}

fn header(root: &Root) -> Vec<String> {
    if root.shape == Shape::Counts {
        return vec!["tag".to_owned(), "count".to_owned()];
    }
    let mut names: Vec<String> = root.prefix().map(|_| "id".to_owned()).into_iter().collect();
    for field in columns(root) {
        names.push(field.name.to_owned());
        if field.kind == Kind::Money {
            names.push(format!("{}{CURRENCY}", field.name));
        }
    }
    names
}

/// Reads a table of one root. Columns are fields by their names in any case, with blanks or `-` for `_`,
/// or by `mapping`; commas, semicolons or tabs are between them.
pub fn read(file: &[u8], root: &'static Root, mapping: &Mapping) -> Result<Import, Unreadable> {
    let text = text_of(file)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .from_reader(text.as_bytes());
    let names = reader.headers().map_err(|error| syntax(&error))?.clone();
    let mut reading = Reading {
        root,
        import: Import {
            if_new: if_new(root),
            ..Import::default()
        },
        columns: Vec::new(),
        keys: BTreeSet::new(),
        repeated: BTreeMap::new(),
        order: Vec::new(),
    };
    reading.header(&names, mapping)?;
    let (mut line, mut passed) = (1, 0);
    for (number, record) in reader.records().enumerate() {
        limited(root.name, number + 1)?;
        let record = record.map_err(|error| syntax(&error))?;
        // Where the reader says that a record begins, the end of the line before may still be.
        let begins = record.position().map_or(0, csv::Position::byte);
        let begins = usize::try_from(begins).unwrap_or(text.len());
        let rest = text.get(begins..).unwrap_or_default();
        let begins = begins + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        let between = text.as_bytes().get(passed..begins).unwrap_or_default();
        (line, passed) = (line + super::lines(between), begins);
        reading.row(&record, &Place::Line(line));
    }
    for (key, rank) in reading.order.iter().zip(spread(None, reading.order.len())) {
        let fields = reading.import.content.entity_mut(root.name, key);
        fields
            .entry("rank".to_owned())
            .or_insert(Value::Plain(json!(rank)));
    }
    reading.import.fit();
    Ok(reading.import)
}

fn syntax(error: &csv::Error) -> Unreadable {
    let line = error.position().map_or(1, csv::Position::line);
    Unreadable::Syntax {
        line: usize::try_from(line).unwrap_or(usize::MAX),
        say: error.to_string(),
    }
}

/// What stands between the names of the first line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or("");
    let count = |delimiter: u8| first.bytes().filter(|byte| *byte == delimiter).count();
    let mut delimiters = [b',', b';', b'\t'];
    // The sort is stable: a comma wins where there is none of them.
    delimiters.sort_by_key(|delimiter| std::cmp::Reverse(count(*delimiter)));
    delimiters.first().copied().unwrap_or(b',')
}

/// What a row for something new need not say.
fn if_new(root: &Root) -> Vec<(&'static str, Map<String, Json>)> {
    let json = match root.name {
        "venues" => json!({ "status": "lead" }),
        "sessions" => json!({ "kind": "talk", "state": "draft", "minutes": 30 }),
        "speakers" => json!({ "kind": "cfp", "status": "idea" }),
        "sponsors" => json!({ "stage": "prospect" }),
        "budget" => json!({ "state": "estimate" }),
        "contracts" => json!({ "state": "draft" }),
        "tasks" | "compliance" => json!({ "state": "todo" }),
        "campaigns" | "travel" => json!({ "state": "idea" }),
        "risks" => json!({ "state": "open" }),
        _ => json!({}),
    };
    json.as_object()
        .map(|fields| (root.name, fields.clone()))
        .into_iter()
        .collect()
}

/// What one column says.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Id,
    Field(&'static Field),
    /// Of the money in the other column.
    Currency(&'static Field),
    Unknown,
}

struct Reading {
    root: &'static Root,
    import: Import,
    columns: Vec<(Column, String)>,
    keys: BTreeSet<String>,
    /// How many rows there are for a key that is taken.
    repeated: BTreeMap<String, usize>,
    order: Vec<String>,
}

impl Reading {
    fn header(&mut self, names: &StringRecord, mapping: &Mapping) -> Result<(), Unreadable> {
        let plain = |name: &str| normalised(name).replace([' ', '-'], "_");
        let mapping: BTreeMap<String, &String> = mapping
            .iter()
            .map(|(column, field)| (plain(column), field))
            .collect();
        for name in names {
            let given = mapping
                .get(&plain(name))
                .map_or_else(|| plain(name), |field| plain(field));
            let mut column = self.column(&given);
            if column == Column::Unknown {
                let say = format!(
                    "{} is no field of {}, and is left out",
                    quote(name),
                    self.root.name
                );
                self.import.report.note(&Place::Line(1), "", say);
            } else if self.columns.iter().any(|(other, _)| *other == column) {
                let say = format!("{} is there twice; the first one counts", quote(name));
                self.import.report.note(&Place::Line(1), "", say);
                column = Column::Unknown;
            }
            self.columns.push((column, name.to_owned()));
        }
        if self
            .columns
            .iter()
            .all(|(column, _)| *column == Column::Unknown)
        {
            let say = format!(
                "no column of its first line is a field of {}",
                self.root.name
            );
            return Err(Unreadable::Other {
                format: "table",
                say,
            });
        }
        Ok(())
    }

    fn column(&self, name: &str) -> Column {
        if self.root.shape == Shape::Counts {
            return match name {
                "tag" => Column::Id,
                "count" => Column::Field(COUNT),
                _ => Column::Unknown,
            };
        }
        if name == "id" && self.root.prefix().is_some() {
            return Column::Id;
        }
        if let Some(field) = self.root.field(name) {
            return Column::Field(field);
        }
        let money = name
            .strip_suffix(CURRENCY)
            .and_then(|name| self.root.field(name));
        match money {
            Some(field) if field.kind == Kind::Money => Column::Currency(field),
            Some(_) | None => Column::Unknown,
        }
    }

    fn row(&mut self, record: &StringRecord, at: &Place) {
        if record.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        if record.len() > self.columns.len() {
            let say = format!(
                "has {} cells for {} columns",
                record.len(),
                self.columns.len()
            );
            self.import.report.note(at, "", say);
        }
        let (mut id, mut fields) = (None, Fields::new());
        let mut currencies: BTreeMap<&str, &str> = BTreeMap::new();
        for ((column, _), cell) in self.columns.iter().zip(record) {
            if let Column::Currency(field) = column {
                currencies.insert(field.name, cell.trim());
            }
        }
        for ((column, _), cell) in self.columns.iter().zip(record) {
            let cell = unguarded(cell);
            if cell.is_empty() {
                continue;
            }
            match column {
                Column::Id => id = Some(cell.trim().to_owned()),
                Column::Field(field) => {
                    let currency = currencies.get(field.name).copied().unwrap_or("");
                    match Cells::read(field, cell, currency) {
                        Ok(value) => {
                            fields.insert(field.name.to_owned(), value);
                        }
                        Err(say) => {
                            let say = format!("{} is left out: {say}", quote(cell));
                            self.import.report.note(at, field.name, say);
                        }
                    }
                }
                Column::Currency(_) | Column::Unknown => {}
            }
        }
        self.take(id, fields, at);
    }

    fn take(&mut self, id: Option<String>, mut fields: Fields, at: &Place) {
        let root = self.root;
        match root.shape {
            Shape::One => {
                if !self.keys.insert(ONE.to_owned()) {
                    let say = format!("{} is one thing; this row is left out", root.name);
                    self.import.report.note(at, "", say);
                    return;
                }
                *self.import.content.entity_mut(root.name, ONE) = fields;
            }
            Shape::Counts => {
                let (Some(tag), Some(count)) = (id, fields.remove(COUNT.name)) else {
                    self.import
                        .report
                        .note(at, "", "has no tag or no count, and is left out");
                    return;
                };
                self.import
                    .content
                    .entity_mut(root.name, ONE)
                    .insert(tag, count);
            }
            Shape::Many { .. } => {
                let has_id = id.is_some();
                let mut key = id.unwrap_or_else(|| named(root, &fields));
                let wanted = key.clone();
                while !self.keys.insert(key.clone()) {
                    let number = self.repeated.entry(wanted.clone()).or_insert(1);
                    *number += 1;
                    key = format!("{wanted}#{number}");
                }
                if has_id && key != wanted {
                    let say = format!("{wanted} is there twice; this row is a thing of its own");
                    self.import.report.note(at, "id", say);
                }
                // Without an id, the name is what the same row is known by the next time.
                if !has_id || key != wanted {
                    let src = json!({ "kind": "import", "ref": key });
                    fields.entry("src".to_owned()).or_insert(Value::Plain(src));
                }
                if has_id && key == wanted {
                    fields.insert("id".to_owned(), Value::Plain(json!(key)));
                }
                self.order.push(key.clone());
                *self.import.content.entity_mut(root.name, &key) = fields;
            }
        }
    }
}

/// The one column of `needs` beside the tag.
const COUNT: &Field = &Field {
    name: "count",
    kind: Kind::Int(0, i64::MAX),
    is_needed: true,
};

/// What a row without an id is known by.
fn named(root: &Root, fields: &Fields) -> String {
    let keys = ["name", "title", "label", "party", "rule"];
    let name = keys
        .iter()
        .find_map(|key| fields.get(*key)?.plain()?.as_str());
    let name: String = normalised(name.unwrap_or("")).chars().take(60).collect();
    format!("csv/{}/{name}", root.name)
}

#[cfg(test)]
mod tests {
    use super::super::merge;
    use super::*;

    fn import(root: &str, text: &str) -> (Json, Vec<String>) {
        let import = read(text.as_bytes(), Root::of(root).unwrap(), &Mapping::new()).unwrap();
        let said = import
            .report
            .notes
            .iter()
            .map(ToString::to_string)
            .collect();
        (import.content.to_json()[root].clone(), said)
    }

    #[test]
    fn a_table_of_sponsors_is_read_with_money_in_its_currency() {
        let text = "\u{feff}ID;Name;Amount;amount_CUR;Asked On;Mood\r\nso_1;'=ACME;1234,5;EUR;2027-05-03;good\r\n\
            so_2;Bolt;1234.5;EUR;May;\r\n;Cog;7;;;;;\r\n";
        let (sponsors, said) = import("sponsors", text);
        assert_eq!(sponsors["so_1"]["name"], "=ACME");
        assert_eq!(sponsors["so_1"]["asked_on"], "2027-05-03");
        assert_eq!(
            sponsors["so_2"]["amount"],
            json!({"minor": 123_450, "cur": "EUR"})
        );
        assert_eq!(
            sponsors["csv/sponsors/cog"]["src"]["ref"],
            "csv/sponsors/cog"
        );
        assert_eq!(
            said,
            [
                "line 1: \"Mood\" is no field of sponsors, and is left out",
                "line 2: amount: \"1234,5\" is left out: must be a number as 1234.50, with its currency in amount_cur",
                "line 4: has 8 cells for 6 columns",
                "line 4: amount: \"7\" is left out: must be a number as 1234.50, with its currency in amount_cur",
                "sponsors.so_2: asked_on: \"May\" is left out: must be a day, YYYY-MM-DD",
            ]
        );
    }

    #[test]
    fn columns_are_mapped_and_people_are_found_by_their_names() {
        let root = Root::of("sessions").unwrap();
        let mapping = [
            ("Talk".to_owned(), "title".to_owned()),
            ("Who".to_owned(), "people".to_owned()),
        ]
        .into();
        let file = read(
            b"Talk,Who,needs\nKafka,Ada Alder; Bo,captions;stream\n",
            root,
            &mapping,
        )
        .unwrap();
        let mut plan = Content::default();
        for (id, name) in [("sp_1", "Ada Alder"), ("sp_2", "bo")] {
            plan.entity_mut("speakers", id)
                .insert("name".to_owned(), Value::Plain(json!(name)));
        }
        let mut new_id = |prefix: &str| format!("{prefix}_new");
        let ops = merge::ops(&plan, &file, &mut new_id);
        plan.apply(&ops).unwrap();
        let session = &plan.to_json()["sessions"]["se_new"];
        assert_eq!(session["people"], json!({"sp_1": {}, "sp_2": {}}));
        assert_eq!(session["needs"], json!({"captions": true, "stream": true}));
        assert_eq!(session["state"], "draft");
        assert_eq!(merge::ops(&plan, &file, &mut new_id), []);
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_written_as_text() {
        let mut plan = Content::default();
        for (id, name) in [
            ("tr_1", "=1+1"),
            ("tr_2", "'=x"),
            ("tr_3", "-5"),
            ("tr_4", "@a, \"b\""),
        ] {
            plan.entity_mut("tracks", id)
                .insert("name".to_owned(), Value::Plain(json!(name)));
        }
        let root = Root::of("tracks").unwrap();
        let (text, report) = write(&plan, root);
        assert!(report.is_empty());
        let expected = "id,name,color,rank,archived,src\r\ntr_1,'=1+1,,,,\r\ntr_2,''=x,,,,\r\n\
            tr_3,-5,,,,\r\ntr_4,\"'@a, \"\"b\"\"\",,,,\r\n";
        assert_eq!(text, expected);
        let again = read(text.as_bytes(), root, &Mapping::new()).unwrap();
        for id in ["tr_1", "tr_2", "tr_3", "tr_4"] {
            let name = again.content.field("tracks", id, "name");
            assert_eq!(name, plan.field("tracks", id, "name"));
        }
    }

    #[test]
    fn counts_and_single_things_have_tables_too() {
        let (needs, said) = import("needs", "tag,count\nvegan,12\nhalal,many\n,3\n");
        assert_eq!(needs, json!({"vegan": 12}));
        assert_eq!(said.len(), 3);
        let (meta, _) = import(
            "meta",
            "name,tz,dates\nConf,Europe/Berlin,\"{\"\"start\"\":\"\"2027-05-03\"\",\"\"end\"\":\"\"2027-05-04\"\"}\"\n",
        );
        assert_eq!(meta["dates"]["end"], "2027-05-04");
    }

    #[test]
    fn a_table_of_something_else_is_refused() {
        let root = Root::of("rooms").unwrap();
        let error = read(b"a,b\n1,2\n", root, &Mapping::new())
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "this is no table: no column of its first line is a field of rooms"
        );
        let many = format!("name\n{}", "x\n".repeat(5_001));
        let error = read(many.as_bytes(), root, &Mapping::new()).unwrap_err();
        assert_eq!(error, Unreadable::TooMany("rooms".to_owned()));
    }
}
