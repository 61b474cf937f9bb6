// A dialog over the page, with a title, for what cannot be done beside it.

import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode, RefObject } from "react";

interface Props {
    title: string;
    open: boolean;
    onClose?: () => void;
    children: ReactNode;
    wide?: boolean;
    /** Where one goes on; the first thing that takes keys when left out. */
    focus?: RefObject<HTMLElement | null>;
}

export function Dialog({ title, open, onClose, children, wide, focus }: Props) {
    return (
        <Base.Root open={open} onOpenChange={(next) => !next && onClose?.()} disablePointerDismissal={!onClose}>
            <Base.Portal>
                <Base.Backdrop className="backdrop" />
                <Base.Popup className={wide ? "dialog wide" : "dialog"} {...(focus ? { initialFocus: focus } : {})}>
                    <header className="dialog-head">
                        <Base.Title className="dialog-title">{title}</Base.Title>
                        {onClose && (
                            <Base.Close className="icon-button" aria-label="Close">
                                <X size={16} aria-hidden />
                            </Base.Close>
                        )}
                    </header>
                    {children}
                </Base.Popup>
            </Base.Portal>
        </Base.Root>
    );
}
