// The client library of convene: everything a page needs to share a plan, and nothing that draws.

export { checkValue } from "./check.ts";
export * from "./client.ts";
export * from "./content.ts";
export { Control } from "./control.ts";
export * from "./device.ts";
export * from "./difference.ts";
export * from "./draft.ts";
export type { Edit } from "./editing.ts";
export type * from "./generated/control.ts";
export * from "./money.ts";
export * from "./plan.ts";
export * from "./presence.ts";
export * from "./proposal-difference.ts";
export type { ChangeBody, ChangeClass, Proposal, ProposalStatus } from "./proposal-wire.ts";
export * from "./proposals.ts";
export * from "./rank.ts";
export * from "./read.ts";
export * from "./schema.ts";
export { type Door, RequestError, Session, type SessionState, type User } from "./session.ts";
export * from "./show.ts";
export type { KeptEdit, KeptEdits } from "./typed.ts";
export * from "./upload.ts";
export * from "./value.ts";
export * from "./word-difference.ts";
export * from "./zone.ts";
