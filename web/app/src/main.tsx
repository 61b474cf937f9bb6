// Begins the page.

import "@fontsource-variable/inter/wght.css";
import "./style/tokens.css";
import "./style/parts.css";
import "./style/frame.css";
import "./style/table.css";
import "./style/screens.css";
import "./style/agenda.css";
import { Session } from "@convene/client";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { setTheme, theme } from "./theme.ts";

setTheme(theme());
const page = document.getElementById("page");
if (page) createRoot(page).render(<App session={new Session("")} />);

// The page opens without a network too; a development server has nothing to keep.
if (import.meta.env.PROD && "serviceWorker" in navigator) {
    navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}
