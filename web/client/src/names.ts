// What things of a plan are called, and the zone and currency that its values are read and shown in.

import type { Content } from "./content.ts";
import { rootNamed, titleField } from "./schema.ts";
import { bag, type Surroundings } from "./value.ts";

/** Always of the content that `content` gives now: a plan that is loaded anew has another. */
export class Names implements Surroundings {
    constructor(private readonly content: () => Content) {}

    get zone(): string {
        const { tz } = this.meta;
        return typeof tz === "string" ? tz : "UTC";
    }

    get cur(): string | undefined {
        const { cur } = this.meta;
        return typeof cur === "string" ? cur : undefined;
    }

    title(root: string, id: string): string | undefined {
        const row = this.content().roots.get(root)?.get(id);
        if (!row) return undefined;
        const field = titleField(rootNamed(root));
        const said = field ? row.fields[field.name] : undefined;
        if (typeof said === "string" && said !== "") return said;
        if (root === "travel") {
            const { speaker_id: speaker, user_id: user } = bag(row.fields.who);
            const name = typeof speaker === "string" && speaker !== "" ? this.title("speakers", speaker) : user;
            return `${String(row.fields.kind ?? "journey")} of ${String(name ?? "nobody yet")}`;
        }
        if (root === "comments") return String(row.fields.body ?? "").slice(0, 60) || "comment";
        return `untitled ${rootNamed(root).noun}`;
    }

    named(root: string, title: string): string[] {
        const content = this.content().roots.get(root);
        if (!content) return [];
        const wanted = title.trim().toLowerCase();
        const fits = ({ id }: { id: string }) => this.title(root, id)?.trim().toLowerCase() === wanted;
        const living = content.living().filter(fits);
        return (living.length > 0 ? living : content.list().filter(fits)).map(({ id }) => id);
    }

    private get meta(): Record<string, unknown> {
        return this.content().root("meta").fields;
    }
}
