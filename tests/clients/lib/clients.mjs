// Opens a client of any published version.

import * as Y from "yjs";

import { edit } from "./content.mjs";
import { Hocuspocus } from "./hocuspocus.mjs";
import { YWebsocket } from "./ywebsocket.mjs";

/**
 * `lib` is a package of package.json; `at_once` are edits made before anything can have arrived;
 * the rest is the family's business.
 */
export function open(options) {
  const doc = new Y.Doc();
  if (options.client_id !== undefined) doc.clientID = options.client_id;
  const Family = options.lib.startsWith("y-websocket") ? YWebsocket : Hocuspocus;
  const client = new Family(doc, options);
  client.options = options;
  if (options.at_once) edit(doc, options.at_once);
  return client;
}

/** Leaves and opens again with an empty replica. */
export function reload(client, changes) {
  client.destroy();
  return open({ ...client.options, at_once: undefined, ...changes });
}
