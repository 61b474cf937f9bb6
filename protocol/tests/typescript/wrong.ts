// Mistakes that the types must find: each line that ends in "wrong", and no other.

import type { ChangingMethods, Methods, Notifications, Op } from "./control";

declare function call<M extends keyof Methods>(method: M, params: Methods[M]["params"]): Promise<Methods[M]["result"]>;
declare const changed: Notifications["member.changed"]["params"];

void call("plan.rename", { plan: "p" }); // wrong
void call("plan.get", {}); // wrong
void call("plan.get", { plan: 7 }); // wrong
void call("plan.get", { plan: "p", other: 1 }); // wrong
void call("plan.list", { plan: "p" }); // wrong
void call("plan.export", { plan: "p", format: "docx" }); // wrong
void call("plan.get", { plan: "p" }).then((plan) => plan.title); // wrong
export const op: Op = { op: "set", path: ["meta", "name"] }; // wrong
export const role: string = changed.role; // wrong
export const method: ChangingMethods = "plan.get"; // wrong
void call("plan.get", { plan: "p" }).then((plan) => plan.name);
