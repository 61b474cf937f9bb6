// y-websocket, every version: one provider, one socket, one document.

import * as decoding from "lib0/decoding";
import { WebsocketProvider as V2_1 } from "y-websocket-2.1";
import { WebsocketProvider as V3_0 } from "y-websocket-3.0";
import { WebsocketProvider as V3_1 } from "y-websocket-3.1";
import { WebsocketProvider as V3_1Rc } from "y-websocket-3.1-rc";

import { clockAfter, clockIn, ownClock } from "./clock.mjs";
import { Wire } from "./wire.mjs";

const PROVIDERS = {
  "y-websocket-2.1": V2_1,
  "y-websocket-3.0": V3_0,
  "y-websocket-3.1": V3_1,
  "y-websocket-3.1-rc": V3_1Rc,
};

const SYNC = 0;
const STEP_1 = 0;

export class YWebsocket {
  /** The end of the own edits that the server has sent back: it does so once they are committed. */
  ackedClock = 0;
  /** The end of the own edits that the server's sync step 1 named. */
  #knownClock = 0;
  /** Set by y-websocket 3.1 when it gives up for good. */
  #closed = null;

  constructor(doc, { lib, url, plan, token, token_by = "query" }) {
    this.doc = doc;
    this.tokenBy = token_by;
    const wire = {
      opened: () => {},
      sent: () => {},
      received: (frame) => this.#received(frame),
    };
    const headers = token_by === "header" ? { authorization: `Bearer ${token}` } : {};
    this.wire = new Wire(wire, headers);
    this.provider = new PROVIDERS[lib](url, plan, doc, {
      WebSocketPolyfill: this.wire.Socket,
      // Clients of one process would otherwise sync past the server.
      disableBc: true,
      params: token_by === "query" ? { token } : {},
      protocols: token_by === "subprotocol" ? ["convene", `convene.token.${token}`] : [],
    });
    this.provider.on("closed", (close) => {
      this.#closed = close;
    });
  }

  get awareness() {
    return this.provider.awareness;
  }

  #received(frame) {
    const decoder = decoding.createDecoder(frame);
    if (decoding.readVarUint(decoder) !== SYNC) return;
    const step = decoding.readVarUint(decoder);
    const body = decoding.readVarUint8Array(decoder);
    const { clientID } = this.doc;
    if (step === STEP_1) {
      this.#knownClock = Math.max(this.#knownClock, clockIn(body, clientID));
    } else {
      this.ackedClock = Math.max(this.ackedClock, clockAfter(body, clientID));
    }
    this.onAcked?.();
  }

  setToken(token) {
    if (this.tokenBy === "query") this.provider.params = { token };
    else this.provider.protocols = ["convene", `convene.token.${token}`];
  }

  disconnect() {
    this.provider.disconnect();
  }

  reconnect() {
    this.provider.connect();
  }

  cut() {
    this.wire.cut();
  }

  sendFrame(bytes) {
    this.wire.send(bytes);
  }

  call() {
    throw new Error("the y-websocket dialect has no control channel");
  }

  destroy() {
    this.editor?.destroy();
    this.writer?.stop();
    this.provider.destroy();
  }

  status() {
    const { provider, doc } = this;
    return {
      ...this.wire.status(),
      client_id: doc.clientID,
      connected: provider.wsconnected,
      synced: provider.synced,
      saved: Math.max(this.ackedClock, this.#knownClock) >= ownClock(doc),
      // The release candidate shows people whether their edits are saved.
      green: provider.syncStatus ? provider.syncStatus.status === "green" : null,
      closed_for_good: this.#closed,
      gave_up: !provider.shouldConnect,
    };
  }
}
