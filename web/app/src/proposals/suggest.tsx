// Begins a draft: from there the whole plan is edited as it could be, and nothing of it counts before it is accepted.

import { type FormEvent, useRef, useState } from "react";
import { go, href } from "../route.ts";
import { Dialog } from "../ui/dialog.tsx";
import { reasonOf } from "../ui/toast.ts";
import { useProposals } from "./asking.ts";

const TITLE_MAX = 200;

export function Suggest({ onClose }: { onClose: () => void }) {
    const proposals = useProposals();
    const field = useRef<HTMLInputElement>(null);
    const [title, setTitle] = useState("");
    const [say, setSay] = useState<string>();
    const [busy, setBusy] = useState(false);
    const submit = async (event: FormEvent) => {
        event.preventDefault();
        if (title.trim() === "") {
            setSay("Say in a line what you suggest. You can change it before you submit.");
            return;
        }
        setBusy(true);
        try {
            const { draft } = await proposals.open(title.trim());
            onClose();
            go(href("p", draft));
        } catch (error) {
            setSay(reasonOf(error));
            setBusy(false);
        }
    };
    return (
        <Dialog title="Suggest changes" open onClose={onClose} focus={field}>
            <form className="form" onSubmit={submit} noValidate>
                <p className="dialog-text">
                    You get a draft of the whole plan and edit it as you like. Nothing of it is in the plan before
                    somebody accepts it; others can watch it grow.
                </p>
                <label className="form-field">
                    <span>What is it about?</span>
                    <input
                        ref={field}
                        className="input"
                        value={title}
                        maxLength={TITLE_MAX}
                        placeholder="Move the keynote to the main hall"
                        aria-invalid={say ? true : undefined}
                        aria-describedby={say ? "suggest-problem" : undefined}
                        onChange={(event) => {
                            setTitle(event.target.value);
                            setSay(undefined);
                        }}
                    />
                </label>
                <p id="suggest-problem" className="problem" role="alert" hidden={!say}>
                    {say}
                </p>
                <div className="form-acts">
                    <button type="button" className="button" onClick={onClose}>
                        Cancel
                    </button>
                    <button type="submit" className="button primary" disabled={busy}>
                        Begin
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
