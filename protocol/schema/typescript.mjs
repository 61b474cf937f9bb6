// Writes TypeScript types of the control channel:
//
//   node protocol/schema/typescript.mjs > control.d.ts
//
// It reads control.json beside it, or the file it is given, and knows the JSON Schema that is written there, no more:
// anything else ends it, so that no type says less than the schema by accident.

import { readFileSync } from "node:fs";

const IGNORED = new Set([
    "$schema", "default", "description", "format", "maximum", "maxItems", "maxLength", "minimum", "minItems", "minLength",
]);
const SCALARS = { boolean: "boolean", integer: "number", null: "null", number: "number", string: "string" };

const file = process.argv[2] ?? new URL("control.json", import.meta.url);
const control = JSON.parse(readFileSync(file, "utf8"));

const indent = (text) => text.replaceAll("\n", "\n    ");
const name = (key) => (/^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key));
const comment = (text) => (text ? `/** ${text.replaceAll("*/", "* /")} */\n` : "");

function only(schema, ...known) {
    const unknown = Object.keys(schema).filter((key) => !IGNORED.has(key) && !known.includes(key));
    if (unknown.length > 0) throw new Error(`cannot say as a type: ${unknown} of ${JSON.stringify(schema)}`);
}

function union(schemas) {
    if (!schemas.some((schema) => schema.description)) return schemas.map(type).join(" | ");
    return schemas.map((schema) => `\n    ${indent(`${comment(schema.description)}| ${type(schema)}`)}`).join("");
}

function members(schema) {
    const required = new Set(schema.required);
    return Object.entries(schema.properties).map(([key, member]) =>
        `${comment(member.description)}${name(key)}${required.has(key) ? "" : "?"}: ${type(member)};`);
}

function object(schema) {
    only(schema, "type", "properties", "required", "additionalProperties");
    const others = schema.additionalProperties;
    const own = schema.properties && `{\n    ${indent(members(schema).join("\n"))}\n}`;
    if (own && !others) return own;
    const rest = `Record<string, ${others === false ? "never" : type(others ?? true)}>`;
    return own ? `${own} & ${rest}` : rest;
}

function array(schema) {
    only(schema, "type", "items");
    const item = type(schema.items ?? true);
    return /^\w+$/.test(item) ? `${item}[]` : `(${item})[]`;
}

function type(schema) {
    if (schema === true) return "unknown";
    if (Array.isArray(schema.type)) return union(schema.type.map((one) => ({ ...schema, type: one })));
    for (const choice of ["oneOf", "anyOf"]) {
        if (!schema[choice]) continue;
        const { [choice]: choices, ...rest } = schema;
        // What every choice has is said once, beside them.
        if (rest.properties) return `${object(rest)} & (${union(choices)})`;
        only(schema, choice);
        return union(choices);
    }
    if (schema.$ref) {
        const { $ref, ...rest } = schema;
        const other = Object.keys(rest).some((key) => !IGNORED.has(key));
        return $ref.replace(/^#\/\$defs\//, "") + (other ? ` & ${type(rest)}` : "");
    }
    if ("const" in schema) {
        only(schema, "const", "type");
        return JSON.stringify(schema.const);
    }
    if (schema.enum) {
        only(schema, "enum", "type");
        return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    }
    if (schema.type === "object") return object(schema);
    if (schema.type === "array") return array(schema);
    only(schema, "type");
    if (schema.type === undefined) return "unknown";
    if (!(schema.type in SCALARS)) throw new Error(`no such type: ${schema.type}`);
    return SCALARS[schema.type];
}

function definition([key, schema]) {
    const body = type(schema);
    const isInterface = schema.type === "object" && body.startsWith("{") && !schema.oneOf && !schema.anyOf;
    return `${comment(schema.description)}export ${isInterface ? `interface ${key} ${body}` : `type ${key} = ${body};`}`.replace(" = \n", " =\n");
}

function table(title, description, rows, row) {
    const lines = Object.entries(rows).map(([key, it]) => `${comment(it.summary)}"${key}": { ${row(it)} };`);
    return `/** ${description} */\nexport interface ${title} {\n    ${indent(lines.join("\n"))}\n}`;
}

const parts = [
    "// Written by typescript.mjs from control.json; change neither here.",
    ...Object.entries(control.$defs).map(definition),
    table("Methods", "Every method that a client may call.", control.methods,
        (it) => `params: ${type(it.params)}; result: ${type(it.result)}`),
    table("Notifications", "Everything that the server says unasked.", control.notifications,
        (it) => `params: ${type(it.params)}`),
    `/** The methods that change something and take an \`idempotency_key\`. */\nexport type ChangingMethods = ${
        Object.keys(control.methods).filter((key) => control.methods[key].changes).map((key) => `"${key}"`).join(" | ")};`,
];
process.stdout.write(`${parts.join("\n\n")}\n`);
