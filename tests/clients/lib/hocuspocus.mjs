// The Hocuspocus provider, every version: many documents on one socket.

import * as decoding from "lib0/decoding";
import * as V3_4 from "hocuspocus-3.4";
import * as V4_8 from "hocuspocus-4.8";

import { clockAfter, clockIn, ownClock } from "./clock.mjs";
import { until } from "./until.mjs";
import { Wire } from "./wire.mjs";

const LIBRARIES = { "hocuspocus-3.4": V3_4, "hocuspocus-4.8": V4_8 };

const SYNC = 0;
const STEP_1 = 0;
const SYNC_STATUS = 8;

/** Sockets that several clients share, by the name the test gave them. */
const shared = new Map();

/** One socket of the library, and who has a document on it. */
class Socket {
  /** Clients by the address in front of their frames. */
  byAddress = new Map();

  constructor({ lib, url, token, token_by }) {
    const on = {
      opened: () => {
        for (const client of this.byAddress.values()) client.opened();
      },
      sent: (frame) => this.#deliver(frame, "sent"),
      received: (frame) => this.#deliver(frame, "received"),
    };
    const headers = token_by === "header" ? { authorization: `Bearer ${token}` } : {};
    this.wire = new Wire(on, headers);
    const query = token_by === "query" ? `?token=${encodeURIComponent(token)}` : "";
    this.provider = new LIBRARIES[lib].HocuspocusProviderWebsocket({
      url: `${url}${query}`,
      WebSocketPolyfill: this.wire.Socket,
    });
  }

  #deliver(frame, way) {
    if (frame.length === 1) return;
    const decoder = decoding.createDecoder(frame);
    const client = this.byAddress.get(decoding.readVarString(decoder));
    client?.[way](decoding.readVarUint(decoder), decoder);
  }

  static of({ socket, ...options }) {
    if (socket === undefined) return new Socket(options);
    if (!shared.has(socket)) shared.set(socket, new Socket(options));
    return shared.get(socket);
  }
}

export class Hocuspocus {
  /** The end of the own edits that the server has acknowledged. */
  ackedClock = 0;
  /** The end of the own edits that the server's sync step 1 named: committed, the status was lost. */
  #knownClock = 0;
  /** Ends of the updates that were sent and have had no status yet. */
  #unanswered = [];
  #denied = [];
  #stateless = [];
  #tokensAsked = 0;
  #notApplied = 0;
  #calls = 0;

  constructor(doc, options) {
    const { lib, plan, token, token_by = "frame", session_aware = false, flush_ms } = options;
    this.doc = doc;
    this.token = token_by === "frame" ? token : "";
    this.socket = Socket.of({ ...options, token_by });
    this.isAlone = options.socket === undefined;
    this.provider = new LIBRARIES[lib].HocuspocusProvider({
      name: plan,
      document: doc,
      websocketProvider: this.socket.provider,
      sessionAwareness: session_aware,
      flushDelay: flush_ms ?? false,
      token: () => {
        this.#tokensAsked += 1;
        return this.token;
      },
      onAuthenticationFailed: ({ reason }) => this.#denied.push(reason),
      onStateless: ({ payload }) => this.#stateless.push(JSON.parse(payload)),
    });
    // Only version 4 has addresses beyond the name.
    this.address = this.provider.effectiveName ?? plan;
    this.socket.byAddress.set(this.address, this);
    this.provider.attach();
  }

  get awareness() {
    return this.provider.awareness;
  }

  opened() {
    this.#unanswered = [];
  }

  sent(type, decoder) {
    if (type !== SYNC || decoding.readVarUint(decoder) === STEP_1) return;
    const update = decoding.readVarUint8Array(decoder);
    this.#unanswered.push(clockAfter(update, this.doc.clientID));
  }

  // One status comes for every update and step 2, in their order.
  received(type, decoder) {
    if (type === SYNC && decoding.readVarUint(decoder) === STEP_1) {
      const known = clockIn(decoding.readVarUint8Array(decoder), this.doc.clientID);
      this.#knownClock = Math.max(this.#knownClock, known);
    }
    if (type !== SYNC_STATUS) return;
    const end = this.#unanswered.shift() ?? 0;
    if (decoding.readVarUint(decoder) === 1) {
      this.ackedClock = Math.max(this.ackedClock, end);
      this.onAcked?.();
    } else {
      this.#notApplied += 1;
    }
  }

  setToken(token) {
    this.token = token;
  }

  disconnect() {
    this.socket.provider.disconnect();
  }

  async reconnect() {
    // Resolves only after a server frame; the test waits for what it needs itself.
    this.socket.provider.connect();
  }

  cut() {
    this.socket.wire.cut();
  }

  sendFrame(bytes) {
    this.socket.wire.send(bytes);
  }

  /** Sends a request and waits for its answer. */
  async call(method, params, ms) {
    this.#calls += 1;
    const id = `call-${this.#calls}`;
    this.provider.sendStateless(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    const answer = () => this.#stateless.find((message) => message.id === id);
    await until(() => answer() !== undefined, ms, () => `no answer to ${method}`);
    return answer();
  }

  destroy() {
    this.editor?.destroy();
    this.writer?.stop();
    this.provider.destroy();
    this.socket.byAddress.delete(this.address);
    if (this.isAlone) this.socket.provider.destroy();
  }

  status() {
    const { provider, doc, socket } = this;
    const committed = Math.max(this.ackedClock, this.#knownClock) >= ownClock(doc);
    return {
      ...socket.wire.status(),
      client_id: doc.clientID,
      connected: socket.provider.status === "connected",
      synced: provider.synced,
      saved: provider.synced && provider.unsyncedChanges === 0 && committed,
      unsynced_changes: provider.unsyncedChanges,
      authenticated: provider.isAuthenticated,
      scope: provider.authorizedScope ?? null,
      denied: this.#denied,
      not_applied: this.#notApplied,
      tokens_asked: this.#tokensAsked,
      stateless: this.#stateless,
    };
  }
}
