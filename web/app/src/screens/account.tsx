// Who is signed in, the colours of the page, and the way out.

import { forgetAccount, unsavedOn } from "@convene/client";
import { LogOut, Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { useClient } from "../context.ts";
import { setTheme, type Theme, theme } from "../theme.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Menu } from "../ui/menu.tsx";
import { Who } from "../ui/who.tsx";
import { plural } from "../words.ts";

export function AccountMenu() {
    const { session, user } = useClient();
    const [now, setNow] = useState<Theme>(theme());
    const [unsaved, setUnsaved] = useState(0);
    const choose = (next: Theme) => {
        setTheme(next);
        setNow(next);
    };
    const leave = async () => {
        await session.signOut();
        await forgetAccount(localStorage, user.id);
    };
    const ask = () => {
        const count = unsavedOn(localStorage, user.id);
        if (count > 0) setUnsaved(count);
        else void leave();
    };
    const item = (say: string, value: Theme, icon: React.ReactNode) => ({
        say: now === value ? `${say} (now)` : say,
        icon,
        act: () => choose(value),
    });
    return (
        <>
            <Menu
                className="who-button"
                trigger={
                    <>
                        <Who user={user} small />
                        <span className="unseen">, account and colours</span>
                    </>
                }
                items={[
                    item("Light colours", "light", <Sun size={14} aria-hidden />),
                    item("Dark colours", "dark", <Moon size={14} aria-hidden />),
                    item("As the device is set", "auto", <Monitor size={14} aria-hidden />),
                    "line",
                    { say: `Sign out ${user.email}`, icon: <LogOut size={14} aria-hidden />, act: ask },
                ]}
            />
            <Dialog title="Not everything is saved" open={unsaved > 0} onClose={() => setUnsaved(0)}>
                <p className="dialog-text">
                    {plural(unsaved, "edit")} of yours {unsaved === 1 ? "is" : "are"} only on this device. Signing out
                    takes everything of yours from it, and {unsaved === 1 ? "this edit" : "these edits"} would be lost.
                </p>
                <div className="form-acts">
                    <button type="button" className="button danger" onClick={() => void leave()}>
                        Sign out and lose {unsaved === 1 ? "it" : "them"}
                    </button>
                    <button type="button" className="button primary" onClick={() => setUnsaved(0)}>
                        Stay
                    </button>
                </div>
            </Dialog>
        </>
    );
}
