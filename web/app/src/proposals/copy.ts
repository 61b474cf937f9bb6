// What this device keeps of a draft, once nobody writes it any more.

import { type Client, forgetDocument } from "@convene/client";

export async function forgetDraft(client: Client, address: string): Promise<void> {
    await client.leave(address);
    await forgetDocument(localStorage, client.user.id, address);
}
