"""Edits of a pycrdt document and its content as the same JSON that lib/content.mjs makes."""

from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

KINDS = {"text": Text, "rich": Text, "map": Map, "array": Array, "xml": XmlFragment}


def value(given):
    """A shared type made from what a command holds: {"$map": …}, {"$array": …}, {"$text": …}."""
    if not isinstance(given, dict):
        return given
    if "$map" in given:
        return Map({key: value(inner) for key, inner in given["$map"].items()})
    if "$array" in given:
        return Array([value(inner) for inner in given["$array"]])
    if "$text" in given:
        return Text(given["$text"])
    if "$bytes" in given:
        return bytes.fromhex(given["$bytes"])
    return given


def element(given: dict) -> XmlElement:
    children = given.get("children", [])
    contents = [XmlText(one) if isinstance(one, str) else element(one) for one in children]
    return XmlElement(given["name"], given.get("attributes", {}), contents)


def position(shared, at: int | None) -> int:
    """Counts from the end when negative: -1, or nothing, is behind the last."""
    length = len(shared.children) if isinstance(shared, XmlFragment) else len(shared)
    at = -1 if at is None else at
    return length + 1 + at if at < 0 else at


def perform(shared, op: dict) -> None:
    name, at = op["op"], op.get("at")
    if name == "text.insert":
        shared.insert(position(shared, at), op["text"], op.get("attributes"))
    elif name == "map.set":
        shared[op["key"]] = value(op["value"])
    elif name == "map.delete":
        del shared[op["key"]]
    elif name == "array.insert":
        for offset, one in enumerate(op["values"]):
            shared.insert(position(shared, at) + (0 if at in (None, -1) else offset), value(one))
    elif name == "xml.insert":
        shared.children.insert(position(shared, at), element(op["element"]))
    elif name in ("text.delete", "array.delete"):
        del shared[at : at + op["length"]]
    else:
        raise ValueError(f"there is no operation {name}")


def edit(doc: Doc, ops: list) -> None:
    """Performs `ops` in one transaction."""
    with doc.transaction():
        for op in ops:
            kind = op.get("kind", op["op"].split(".")[0])
            shared = doc.get(op["root"], type=KINDS[kind])
            for key in op.get("path", []):
                shared = shared[key]
            perform(shared, op)


def plain(json):
    """Numbers as JavaScript writes them, bytes as hex."""
    if isinstance(json, float) and json.is_integer():
        return int(json)
    if isinstance(json, bytes):
        return {"$bytes": json.hex()}
    if isinstance(json, dict):
        return {key: plain(inner) for key, inner in json.items()}
    if isinstance(json, (list, tuple)):
        return [plain(inner) for inner in json]
    return json


def delta(text) -> list:
    return [
        {"insert": inserted, **({"attributes": attributes} if attributes else {})}
        for inserted, attributes in text.diff()
    ]


def node(xml) -> dict:
    if isinstance(xml, XmlText):
        return {"delta": delta(xml)}
    children = [node(child) for child in xml.children]
    return {"name": xml.tag, "attributes": dict(xml.attributes), "children": children}


def contents(doc: Doc, name: str, kind: str):
    shared = doc.get(name, type=KINDS[kind])
    if kind == "text":
        return str(shared)
    if kind == "rich":
        return delta(shared)
    if kind == "xml":
        return [node(child) for child in shared.children]
    return shared.to_py()


def read(doc: Doc, roots: dict) -> dict:
    return plain({name: contents(doc, name, kind) for name, kind in roots.items()})


def same(found, wanted) -> bool:
    return found == plain(wanted)
