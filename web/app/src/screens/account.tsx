// Who is signed in, the colours of the page, and the way out.

import { LogOut, Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { useClient } from "../context.ts";
import { setTheme, type Theme, theme } from "../theme.ts";
import { Menu } from "../ui/menu.tsx";
import { Who } from "../ui/who.tsx";

export function AccountMenu() {
    const { session, user } = useClient();
    const [now, setNow] = useState<Theme>(theme());
    const choose = (next: Theme) => {
        setTheme(next);
        setNow(next);
    };
    const icon = {
        light: <Sun size={14} aria-hidden />,
        dark: <Moon size={14} aria-hidden />,
        auto: <Monitor size={14} aria-hidden />,
    };
    return (
        <Menu
            className="who-button"
            trigger={
                <>
                    <Who user={user} small />
                    <span className="unseen">, account and colours</span>
                </>
            }
            items={[
                {
                    say: now === "light" ? "Light colours (now)" : "Light colours",
                    icon: icon.light,
                    act: () => choose("light"),
                },
                {
                    say: now === "dark" ? "Dark colours (now)" : "Dark colours",
                    icon: icon.dark,
                    act: () => choose("dark"),
                },
                {
                    say: now === "auto" ? "As the device is set (now)" : "As the device is set",
                    icon: icon.auto,
                    act: () => choose("auto"),
                },
                "line",
                {
                    say: `Sign out ${user.email}`,
                    icon: <LogOut size={14} aria-hidden />,
                    act: () => void session.signOut(),
                },
            ]}
        />
    );
}
