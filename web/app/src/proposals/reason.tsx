// A dialog that asks why. What was typed stays until it was taken, also when the page is left.

import { type FormEvent, useRef, useState } from "react";
import { Dialog } from "../ui/dialog.tsx";

const CHARS_MAX = 1_000;

interface Props {
    title: string;
    text: string;
    label: string;
    say: string;
    danger?: boolean;
    needed: boolean;
    /** By which what was typed is found again. */
    name: string;
    /** Why it was not taken; shown beside what was typed. */
    problem: string | undefined;
    /** Answers whether it was taken. */
    onSubmit: (reason: string) => Promise<boolean>;
    onClose: () => void;
}

export function Reason({ title, text, label, say, danger, needed, name, problem, onSubmit, onClose }: Props) {
    const key = `convene:reason:${name}`;
    const [reason, setReason] = useState(() => sessionStorage.getItem(key) ?? "");
    const [missing, setMissing] = useState(false);
    const [busy, setBusy] = useState(false);
    const area = useRef<HTMLTextAreaElement>(null);
    const change = (next: string) => {
        setReason(next);
        setMissing(false);
        if (next === "") sessionStorage.removeItem(key);
        else sessionStorage.setItem(key, next);
    };
    const submit = async (event: FormEvent) => {
        event.preventDefault();
        const words = reason.trim();
        if (needed && words === "") {
            setMissing(true);
            area.current?.focus();
            return;
        }
        setBusy(true);
        const taken = await onSubmit(words);
        setBusy(false);
        if (!taken) return;
        sessionStorage.removeItem(key);
        onClose();
    };
    const note = missing ? "Write a sentence: whoever proposed it reads it." : problem;
    return (
        <Dialog title={title} open onClose={onClose} focus={area}>
            <form className="form" onSubmit={submit} noValidate>
                <p className="dialog-text">{text}</p>
                <label className="form-field">
                    <span>{label}</span>
                    <textarea
                        ref={area}
                        className="input area"
                        rows={4}
                        maxLength={CHARS_MAX}
                        value={reason}
                        aria-invalid={missing ? true : undefined}
                        aria-describedby={note ? "reason-note" : undefined}
                        onChange={(event) => change(event.target.value)}
                        onKeyDown={(event) => {
                            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void submit(event);
                        }}
                    />
                </label>
                <p id="reason-note" className="problem" role="alert" hidden={!note}>
                    {note}
                </p>
                <div className="form-acts">
                    <button type="button" className="button" onClick={onClose}>
                        Cancel
                    </button>
                    <button type="submit" className={danger ? "button danger" : "button primary"} disabled={busy}>
                        {say}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
