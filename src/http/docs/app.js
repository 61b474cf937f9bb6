// Shows /openapi.json as a page to read. Everything becomes text nodes, never markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function resolve(api, schema) {
  if (!schema?.$ref) return schema ?? {};
  const name = schema.$ref.split("/").pop();
  return { ...api.components.schemas[name], title: name };
}

function typeName(api, schema) {
  const choices = schema?.oneOf ?? schema?.anyOf;
  if (choices) return choices.map((choice) => typeName(api, choice)).join(" or ");
  const known = resolve(api, schema);
  if (known.enum) return known.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (known.oneOf) return typeName(api, known);
  if (known.type === "array") return `list of ${typeName(api, known.items)}`;
  if (known.title) return known.title;
  return [known.type ?? "anything"].flat().join(" or ");
}

// Lists the fields of an object, and below it those of every object it mentions.
function fields(api, schema, seen = new Set()) {
  const parts = [];
  const known = resolve(api, schema);
  for (const choice of known.oneOf ?? known.anyOf ?? []) parts.push(...fields(api, choice, seen));
  if (known.items) parts.push(...fields(api, known.items, seen));
  if (!known.properties || seen.has(known.title)) return parts;
  seen.add(known.title);
  const rows = Object.entries(known.properties).map(([name, field]) =>
    element("tr", null,
      element("td", null, element("code", null, name)),
      element("td", null, typeName(api, field)),
      element("td", null, known.required?.includes(name) ? "always" : "may be left out"),
      element("td", null, field.description ?? resolve(api, field).description ?? "")));
  parts.push(element("table", null,
    element("caption", null, known.title ?? "object"),
    element("thead", null, element("tr", null,
      ...["field", "type", "there", "meaning"].map((head) => element("th", { scope: "col" }, head)))),
    element("tbody", null, ...rows)));
  for (const field of Object.values(known.properties)) parts.push(...fields(api, field, seen));
  return parts;
}

function bodyOf(content) {
  return Object.values(content?.content ?? {})[0]?.schema;
}

function request(api, path, method, operation) {
  const id = operation.operationId ?? `${method}${path}`;
  const section = element("section", { id },
    element("h2", null, element("span", { class: `method ${method}` }, method.toUpperCase()), " ",
      element("code", null, path)),
    element("p", null, operation.summary ?? ""),
    operation.description ? element("p", null, operation.description) : null,
    operation.security ? element("p", null, "Takes the header ",
      element("code", null, "Authorization: Bearer <access_token>"), ".") : null);
  const sent = bodyOf(operation.requestBody);
  if (sent) section.append(element("h3", null, "Send"), ...fields(api, sent));
  for (const [status, answer] of Object.entries(operation.responses ?? {})) {
    const body = bodyOf(answer);
    section.append(element("h3", null, status, " ", answer.description ?? ""));
    if (body && Number(status) < 400) section.append(...fields(api, body));
  }
  return section;
}

function show(api) {
  document.getElementById("about").textContent = `${api.info.description} Version ${api.info.version}.`;
  const main = document.getElementById("requests");
  const contents = document.getElementById("contents");
  main.replaceChildren();
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((method) => item[method])) {
      const section = request(api, path, method, item[method]);
      main.append(section);
      contents.append(element("li", null,
        element("a", { href: `#${section.id}` }, `${method.toUpperCase()} ${path}`)));
    }
  }
  main.append(element("section", { id: "errors" },
    element("h2", null, "Every refusal"),
    element("p", null, "has the same shape, whatever its status."),
    ...fields(api, { $ref: "#/components/schemas/ErrorBody" })));
  contents.append(element("li", null, element("a", { href: "#errors" }, "Every refusal")));
}

fetch("/openapi.json")
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
  .then(show)
  .catch((error) => {
    document.getElementById("requests").textContent = `Cannot read /openapi.json (${error.message}); reload the page.`;
  });
