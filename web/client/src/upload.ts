// Sends a file to the server in parts, for an import.

import type { Requests } from "./control.ts";

/** What the server takes in one file. */
export const UPLOAD_BYTES_MAX = 32 * 1024 * 1024;
/** A message holds 1 MiB, and a part is a third longer in base64. */
const PART_BYTES = 512 * 1024;

function base64(bytes: Uint8Array): string {
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(text);
}

/** Answers what names the upload in `plan.import`. `onPart` hears which share is there, up to 1. */
export async function upload(control: Requests, file: Blob, onPart?: (share: number) => void): Promise<string> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let { upload: id, received } = await control.call("upload.begin", { bytes: bytes.length });
    while (received < bytes.length) {
        const data = base64(bytes.subarray(received, received + PART_BYTES));
        ({ received } = await control.call("upload.append", { upload: id, at: received, data }));
        onPart?.(received / bytes.length);
    }
    return id;
}
