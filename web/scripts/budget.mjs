// Fails the build when the page grows over its budget: what a browser fetches before the first plan is on the screen,
// and everything there is, in bytes after gzip.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const FIRST_BYTES_MAX = 260_000;
const ALL_BYTES_MAX = 460_000;

const dist = new URL("../dist/", import.meta.url);
const index = readFileSync(new URL("index.html", dist), "utf8");
if (/<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=/.test(index))
    throw new Error("index.html has something inline, which the CSP forbids");

let first = 0;
let all = 0;
for (const name of readdirSync(new URL("assets/", dist)).sort()) {
    if (!/\.(js|css)$/.test(name)) continue;
    const bytes = gzipSync(readFileSync(new URL(`assets/${name}`, dist)), { level: 9 }).length;
    const early = index.includes(name);
    all += bytes;
    if (early) first += bytes;
    console.log(`${String(bytes).padStart(8)} ${early ? "first" : "later"} ${name}`);
}
console.log(`${String(first).padStart(8)} of ${FIRST_BYTES_MAX} first, ${all} of ${ALL_BYTES_MAX} in all`);
if (first > FIRST_BYTES_MAX || all > ALL_BYTES_MAX) throw new Error("the page is over its budget");
