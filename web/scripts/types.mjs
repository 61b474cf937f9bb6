// Writes client/src/generated/control.ts: the types of the control channel, and the names of the methods that change
// something, which a program needs too.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const schema = new URL("../../protocol/schema/", import.meta.url);
const target = new URL("../client/src/generated/", import.meta.url);

const types = execFileSync(process.execPath, [new URL("typescript.mjs", schema).pathname], { encoding: "utf8" });
const { methods } = JSON.parse(readFileSync(new URL("control.json", schema), "utf8"));
const changing = Object.keys(methods).filter((name) => methods[name].changes);

mkdirSync(target, { recursive: true });
writeFileSync(
    new URL("control.ts", target),
    `${types}\n/** The methods that take an \`idempotency_key\`. */\nexport const CHANGING: ReadonlySet<string> = new Set(${JSON.stringify(changing)});\n`,
);
