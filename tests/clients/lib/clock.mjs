// How far a replica's own edits have come: clocks inside encoded updates and state vectors.

import * as Y from "yjs";

/** Where the own clock of `doc` stands. */
export const ownClock = (doc) => Y.getState(doc.store, doc.clientID);

/** Where the clock of `clientId` stands after `update`; 0 when it holds nothing of it. */
export function clockAfter(update, clientId) {
  let end = 0;
  for (const struct of Y.decodeUpdate(update).structs) {
    if (struct.id.client === clientId && !(struct instanceof Y.Skip)) {
      end = Math.max(end, struct.id.clock + struct.length);
    }
  }
  return end;
}

/** What an encoded state vector knows of `clientId`. */
export const clockIn = (vector, clientId) => Y.decodeStateVector(vector).get(clientId) ?? 0;
