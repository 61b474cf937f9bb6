// The control channel without a page: what an agent or an operator of a test does while people look at the page.

import { WebSocket } from "ws";

const AUTH = 2;
const STATELESS = 5;
const ANSWERS_WITHIN_MS = 10_000;

function varUint(value) {
  const bytes = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 128);
  }
}

function varString(text) {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([varUint(bytes.length), bytes]);
}

/** Reads a message: where it is from, of what type, and the rest. */
function read(bytes) {
  let at = 0;
  const uint = () => {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const length = uint();
    at += length;
    return bytes.subarray(at - length, at).toString("utf8");
  };
  return { address: text(), type: uint(), uint, text };
}

export class Control {
  #socket;
  #token;
  #count = 0;
  #waiting = new Map();

  constructor(socket, token) {
    this.#socket = socket;
    this.#token = token;
    socket.addEventListener("message", ({ data }) => this.#hear(Buffer.from(data)));
  }

  /** Connects to the server at `url` with an access token, or the token of an agent. */
  static async open(url, token) {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
    socket.binaryType = "arraybuffer";
    await new Promise((opened, failed) => {
      socket.addEventListener("open", opened, { once: true });
      socket.addEventListener("error", failed, { once: true });
    });
    const control = new Control(socket, token);
    control.#send(AUTH, varUint(0), varString(token));
    return control;
  }

  /** Signs in, and connects as that account. */
  static async signIn(url, { email, password }) {
    const answer = await fetch(`${url}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    if (!answer.ok) throw new Error(`${email} cannot sign in: ${await answer.text()}`);
    return Control.open(url, (await answer.json()).access_token);
  }

  call(method, params) {
    const id = `t${++this.#count}`;
    this.#send(STATELESS, varString(JSON.stringify({ jsonrpc: "2.0", id, method, params })));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), ANSWERS_WITHIN_MS);
      this.#waiting.set(id, { timer, resolve, reject: (error) => reject(new Error(`${method}: ${JSON.stringify(error)}`)) });
    });
  }

  close() {
    this.#socket.close();
  }

  #send(type, ...parts) {
    this.#socket.send(Buffer.concat([varString("convene"), varUint(type), ...parts]));
  }

  #hear(bytes) {
    const { type, text } = read(bytes);
    if (type !== STATELESS) return;
    const { id, result, error } = JSON.parse(text());
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    error ? waiting.reject(error) : waiting.resolve(result);
  }
}
