// Where short messages appear.

import { CircleAlert, X } from "lucide-react";
import { useSyncExternalStore } from "react";
import { dismiss, toastStore } from "./toast.ts";

export function Toasts() {
    const toasts = useSyncExternalStore(toastStore.subscribe, toastStore.snapshot);
    return (
        <section className="toasts" aria-live="polite" aria-label="Messages">
            {toasts.map(({ id, say, kind, act }) => (
                <div key={id} className={`toast ${kind}`} role={kind === "error" ? "alert" : "status"}>
                    {kind === "error" && <CircleAlert size={16} aria-hidden />}
                    <span>{say}</span>
                    {act && (
                        <button
                            type="button"
                            className="link"
                            onClick={() => {
                                dismiss(id);
                                act.run();
                            }}
                        >
                            {act.say}
                        </button>
                    )}
                    <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
                        <X size={14} aria-hidden />
                    </button>
                </div>
            ))}
        </section>
    );
}
