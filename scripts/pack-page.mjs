// Packs every text of a built page with Brotli and gzip, beside it, so that the server has nothing to pack while it serves:
//
//   node scripts/pack-page.mjs web/dist

import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const TEXTS = /\.(css|html|ico|js|json|map|mjs|svg|txt|wasm|webmanifest)$/;
// A packet holds as much anyway.
const BYTES_MIN = 1024;

const folder = process.argv[2];
if (!folder) throw new Error("say which folder to pack: node scripts/pack-page.mjs web/dist");

async function pack(path) {
  const plain = await readFile(path);
  if (plain.length < BYTES_MIN) return;
  const quality = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
  };
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(plain, { params: quality }),
    promisify(gzip)(plain, { level: constants.Z_BEST_COMPRESSION }),
  ]);
  await writeFile(`${path}.br`, br);
  await writeFile(`${path}.gz`, gz);
}

const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const texts = entries.filter((entry) => entry.isFile() && TEXTS.test(entry.name));
if (texts.length === 0) throw new Error(`${folder} has no page in it`);
await Promise.all(texts.map((entry) => pack(join(entry.parentPath ?? entry.path, entry.name))));
