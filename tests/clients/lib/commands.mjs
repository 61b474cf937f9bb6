// What the driver can be told to do, by name.

import { open, reload } from "./clients.mjs";
import { edit, read, sorted } from "./content.mjs";
import { openEditor } from "./editor.mjs";
import { until } from "./until.mjs";
import { Watcher, Writer } from "./writer.mjs";

/** Every client by the name the test gave it. */
const clients = new Map();

function find(name) {
  const client = clients.get(name);
  if (!client) throw new Error(`there is no client ${name}`);
  return client;
}

const COMMANDS = {
  /** Opens a document. Answers at once; `wait` waits. */
  connect({ client, ...options }) {
    if (clients.has(client)) throw new Error(`there is a client ${client} already`);
    clients.set(client, open(options));
    return { client_id: find(client).doc.clientID };
  },

  /** Drops the replica and opens the document anew, as a page does after a refusal. */
  reload({ client, ...changes }) {
    clients.set(client, reload(find(client), changes));
    return { client_id: find(client).doc.clientID };
  },

  destroy({ client }) {
    find(client).destroy();
    clients.delete(client);
  },

  disconnect: ({ client }) => find(client).disconnect(),
  reconnect: ({ client }) => find(client).reconnect(),
  /** Breaks the connection under the client without a close frame. */
  cut: ({ client }) => find(client).cut(),
  set_token: ({ client, token }) => find(client).setToken(token),
  status: ({ client }) => find(client).status(),

  /** Performs edits in one transaction. */
  edit({ client, ops }) {
    edit(find(client).doc, ops);
  },

  read: ({ client, roots }) => read(find(client).doc, roots),

  /** Waits until the client is `synced`, `saved`, or until its content is `content`. */
  async wait({ client, state, content, roots, ms }) {
    const one = find(client);
    if (state) {
      await until(() => one.status()[state] === true, ms, () => {
        return `${client} is not ${state}: ${JSON.stringify(one.status())}`;
      });
      return;
    }
    const wanted = JSON.stringify(sorted(content));
    const found = () => JSON.stringify(read(one.doc, roots));
    await until(() => found() === wanted, ms, () => {
      return `${client} holds ${found().slice(0, 2000)} and not ${wanted.slice(0, 2000)}`;
    });
  },

  set_presence({ client, state }) {
    find(client).awareness.setLocalState(state);
  },

  presence({ client }) {
    const states = [...find(client).awareness.getStates()];
    return states.map(([client_id, state]) => ({ client_id, state }));
  },

  /** A real Tiptap editor on the client's document. */
  async open_editor({ client, field }) {
    const one = find(client);
    one.editor = await openEditor(one.doc, field);
  },

  type_text: ({ client, text }) => find(client).editor.typeText(text),
  type_heading: ({ client, text, level }) => find(client).editor.typeHeading(text, level),
  type_list: ({ client, items }) => find(client).editor.typeList(items),
  editor_html: ({ client }) => ({ html: find(client).editor.html() }),

  /** A control request in a stateless message. */
  call: ({ client, method, params, ms }) => find(client).call(method, params, ms),

  /** Bytes on the client's own socket, beside what its library sends. */
  send_hex({ client, hex }) {
    find(client).sendFrame(Buffer.from(hex, "hex"));
  },

  /** Keeps writing marks until it is stopped or the process ends. */
  start_writer({ client, every_ms, prefix, file }) {
    const one = find(client);
    one.writer = new Writer(one, { everyMs: every_ms, prefix, file });
  },

  stop_writer: ({ client }) => find(client).writer.stop(),

  /** Notes every mark that others wrote, as it appears. */
  start_watcher({ client, file }) {
    const one = find(client);
    one.watcher = new Watcher(one, file);
  },
};

export function run({ do: name, ...options }) {
  const command = COMMANDS[name];
  if (!command) throw new Error(`there is no command ${name}`);
  return command(options);
}
