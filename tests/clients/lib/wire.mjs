// The WebSocket class handed to a client: the one of `ws`, with everything that passes counted.

import WebSocket from "ws";

/** The sockets of one client over time. */
export class Wire {
  opens = 0;
  /** How each socket ended: the close code, 1006 when there was no close frame. */
  closes = [];
  /** What kept a socket from opening. */
  errors = [];
  textFrames = 0;
  current = null;

  /** `on` is told of `opened()`, `sent(bytes)` and `received(bytes)`. */
  constructor(on, headers = {}) {
    const wire = this;
    this.Socket = class extends WebSocket {
      constructor(url, protocols) {
        super(url, protocols ?? [], { headers });
        wire.#count(this, on);
      }

      send(data, ...rest) {
        on.sent(new Uint8Array(data));
        super.send(data, ...rest);
      }
    };
  }

  #count(socket, on) {
    this.current = socket;
    socket.on("open", () => {
      this.opens += 1;
      on.opened();
    });
    socket.on("close", (code, reason) => this.closes.push({ code, reason: reason.toString() }));
    socket.on("error", (error) => this.errors.push(error.message));
    socket.on("message", (data, isBinary) => {
      if (isBinary) on.received(new Uint8Array(data));
      else this.textFrames += 1;
    });
  }

  /** Writes a frame that the library did not; it is not counted. */
  send(bytes) {
    WebSocket.prototype.send.call(this.current, bytes);
  }

  /** Ends the connection as a lost network does: no close frame. */
  cut() {
    this.current.terminate();
  }

  status() {
    const { opens, closes, errors } = this;
    return { opens, closes, errors, text_frames: this.textFrames };
  }
}
