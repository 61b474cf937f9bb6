// An open plan: the rail on the left, the bar on top, and whatever is looked at.

import { draftOf, isRoot, type PlanState, rootNamed } from "@convene/client";
import {
    Check,
    CircleHelp,
    CloudOff,
    CloudUpload,
    FolderInput,
    History as HistoryIcon,
    LoaderCircle,
    Mails,
    Menu as MenuIcon,
    PencilRuler,
    Rocket,
    Search,
    ShieldCheck,
    UserPlus,
    Users,
    X,
} from "lucide-react";
import {
    type ComponentType,
    lazy,
    type ReactNode,
    Suspense,
    useCallback,
    useEffect,
    useMemo,
    useRef,
    useState,
    useSyncExternalStore,
} from "react";
import { usePlanBody } from "../body.ts";
import { PlanContext, useClient, useContent, usePlan, usePlanState } from "../context.ts";
import { Live } from "../live.ts";
import { LiveContext, useFound } from "../live-context.ts";
import { go, href, useRoute } from "../route.ts";
import { setTheme, theme } from "../theme.ts";
import { tell } from "../ui/toast.ts";
import { GROUPS, LISTS, OVERVIEW_ICON as OverviewIcon, PLACED, plural, ROOT_WORDS } from "../words.ts";
import { AccountMenu } from "./account.tsx";
import { Broken } from "./broken.tsx";
import { Counts } from "./counts.tsx";
import { Files } from "./files.tsx";
import { Findings } from "./findings.tsx";
import { History } from "./history.tsx";
import { Kept } from "./kept.tsx";
import { Keys } from "./keys.tsx";
import { MembersScreen } from "./members.tsx";
import { Overview } from "./overview.tsx";
import { type Act, Palette } from "./palette.tsx";
import { People } from "./people.tsx";
import { DraftBanner, Proposals, ProposalsLink, SuggestDialog } from "./proposals.tsx";
import { TableScreen } from "./table.tsx";

export function PlanFrame({ id }: { id: string }) {
    const client = useClient();
    const plan = useMemo(() => client.plan(id), [client, id]);
    const [live, setLive] = useState<Live>();
    useEffect(() => {
        const made = new Live(plan);
        setLive(made);
        return () => {
            made.destroy();
            void client.leave(id);
        };
    }, [client, plan, id]);
    const { replica } = useSyncExternalStore(plan.subscribe, plan.snapshot);
    if (!live) return null;
    return (
        <PlanContext.Provider value={plan}>
            <LiveContext.Provider value={live}>
                {/* Another document means another set of everything that hangs on it. */}
                <Frame key={replica} />
            </LiveContext.Provider>
        </PlanContext.Provider>
    );
}

function useTitle(name: string | undefined): string {
    const meta = useContent("meta");
    const title = name ?? (typeof meta.fields.name === "string" ? meta.fields.name : "Plan");
    useEffect(() => {
        document.title = `${title} · convene`;
        return () => {
            document.title = "convene";
        };
    }, [title]);
    return title;
}

const PLACES: Record<string, string> = {
    o: "",
    f: "findings",
    h: "history",
    m: "members",
    i: "proposals",
    e: "files",
    s: "sessions",
    p: "speakers",
    r: "rooms",
    v: "venues",
    b: "budget",
    t: "tasks",
    l: "travel",
    k: "risks",
    c: "contracts",
};
const SINGLE = "convene:single-keys";

function Frame() {
    const plan = usePlan();
    const state = usePlanState();
    const { parts } = useRoute();
    const screen = parts[2] ?? "";
    const body = usePlanBody();
    const draft = draftOf(plan.id) !== undefined;
    const title = useTitle(body?.name);
    const [palette, setPalette] = useState(false);
    const [keys, setKeys] = useState(false);
    const [suggesting, setSuggesting] = useState(false);
    const [rail, setRail] = useState(false);
    const [single, setSingle] = useState(localStorage.getItem(SINGLE) !== "off");
    const going = useRef(0);

    const undo = useCallback(
        (redo: boolean) => {
            if (!plan.state.mayEdit) {
                tell("Your role in this plan does not allow edits, nor taking them back.");
                return;
            }
            const done = redo ? plan.undo.redo() : plan.undo.undo();
            if (!done) tell(redo ? "There is nothing to redo." : "There is nothing of yours to undo.");
        },
        [plan],
    );
    useEffect(() => {
        const onKey = (event: KeyboardEvent) => {
            const target = event.target instanceof HTMLElement ? event.target : document.body;
            const typing = target.closest("input, textarea, select, .text-host, [contenteditable]") !== null;
            const command = event.ctrlKey || event.metaKey;
            const key = event.key.toLowerCase();
            if (command && key === "k") {
                event.preventDefault();
                setPalette(true);
            } else if (command && (key === "z" || key === "y") && !typing) {
                event.preventDefault();
                undo(event.shiftKey || key === "y");
            } else if (!command && !event.altKey && !typing && single && !document.querySelector("[role=dialog]")) {
                const grid = target.closest(".grid") !== null;
                if (event.key === "?") setKeys(true);
                else if (event.key === "/") {
                    const field = document.querySelector<HTMLElement>("[data-filter]");
                    if (field) {
                        event.preventDefault();
                        field.focus();
                    } else setPalette(true);
                } else if (!grid && Date.now() - going.current < 1200 && PLACES[key] !== undefined) {
                    going.current = 0;
                    go(PLACES[key] === "" ? href("p", plan.id) : href("p", plan.id, PLACES[key] ?? ""));
                } else if (!grid && key === "g") going.current = Date.now();
            }
        };
        document.addEventListener("keydown", onKey);
        return () => document.removeEventListener("keydown", onKey);
    }, [plan, undo, single]);
    // A page that is left with unsaved words says so, unless they are kept on this device anyway.
    useEffect(() => {
        const onLeave = (event: BeforeUnloadEvent) => {
            if (plan.state.waiting > 0 && typeof indexedDB === "undefined") event.preventDefault();
        };
        window.addEventListener("beforeunload", onLeave);
        return () => window.removeEventListener("beforeunload", onLeave);
    }, [plan]);
    // biome-ignore lint/correctness/useExhaustiveDependencies: another place closes the rail
    useEffect(() => setRail(false), [parts]);

    const acts = useMemo<Act[]>(() => {
        const to = (say: string, ...path: string[]): Act => ({
            say,
            hint: "Go to",
            run: () => go(href("p", plan.id, ...path)),
        });
        const nextTheme = theme() === "dark" ? "light" : "dark";
        return [
            to("Overview"),
            ...PLACED.map((root) => to(ROOT_WORDS[root]?.title ?? root, root)),
            ...(draft
                ? []
                : [
                      to("Proposals", "proposals"),
                      to("Findings", "findings"),
                      to("History", "history"),
                      to("Releases", "releases"),
                      to("Outbox", "outbox"),
                      to("Members", "members"),
                      to("Import and export", "files"),
                      ...(body && body.role !== "viewer"
                          ? [{ say: "Suggest changes", hint: "Do", run: () => setSuggesting(true) }]
                          : []),
                  ]),
            ...(plan.state.mayEdit
                ? LISTS.map((root) => ({
                      say: `Add ${rootNamed(root).noun}`,
                      hint: "Do",
                      run: () => {
                          go(href("p", plan.id, root));
                          setTimeout(() => document.querySelector<HTMLElement>("[data-add]")?.click(), 80);
                      },
                  }))
                : []),
            { say: "Undo", hint: "Do", keys: "Ctrl Z", run: () => undo(false) },
            { say: "Redo", hint: "Do", keys: "Ctrl Shift Z", run: () => undo(true) },
            {
                say: nextTheme === "dark" ? "Dark colours" : "Light colours",
                hint: "Do",
                run: () => setTheme(nextTheme),
            },
            { say: "Keys", hint: "Show", keys: "?", run: () => setKeys(true) },
            { say: "All plans", hint: "Go to", run: () => go("#/") },
        ];
    }, [plan, undo, draft, body]);

    return (
        <div className="frame">
            <button type="button" className="skip" onClick={() => document.getElementById("main")?.focus()}>
                Skip to the content
            </button>
            <header className="bar">
                <button
                    type="button"
                    className="icon-button rail-button"
                    aria-label={rail ? "Close the menu" : "Open the menu"}
                    aria-expanded={rail}
                    onClick={() => setRail(!rail)}
                >
                    {rail ? <X size={18} aria-hidden /> : <MenuIcon size={18} aria-hidden />}
                </button>
                <a className="bar-home" href="#/" title="All plans">
                    <img src="/icon.svg" alt="All plans" width="22" height="22" />
                </a>
                <p className="bar-title">{title}</p>
                {body?.role === "suggester" && (
                    <button
                        type="button"
                        className="search-button"
                        aria-label="Suggest changes"
                        onClick={() => setSuggesting(true)}
                    >
                        <PencilRuler size={14} aria-hidden /> <span className="wide-only">Suggest changes</span>
                    </button>
                )}
                {!state.mayEdit && state.ready && !state.gone && (
                    <span
                        className={body?.role === "suggester" ? "badge plain wide-only" : "badge plain"}
                        title={state.readOnly ?? "Your role does not allow edits"}
                    >
                        Read only
                    </span>
                )}
                <span className="spring" />
                <SavedState state={state} />
                <People />
                {body?.role === "owner" && (
                    <a className="search-button wide-only" href={href("p", plan.id, "members")}>
                        <UserPlus size={14} aria-hidden /> Invite
                    </a>
                )}
                <button type="button" className="search-button" onClick={() => setPalette(true)}>
                    <Search size={14} aria-hidden /> <span className="wide-only">Search</span>{" "}
                    <kbd className="wide-only">Ctrl K</kbd>
                    <span className="unseen">and commands</span>
                </button>
                <button
                    type="button"
                    className="icon-button wide-only"
                    aria-label="Keys"
                    title="Keys (?)"
                    onClick={() => setKeys(true)}
                >
                    <CircleHelp size={16} aria-hidden />
                </button>
                <AccountMenu />
            </header>
            <Rail screen={screen} open={rail} />
            <main id="main" className="main" tabIndex={-1}>
                {state.gone ? (
                    <div className="page narrow">
                        <h1>This plan cannot be opened</h1>
                        <p className="notice warn">{state.gone}.</p>
                        <Kept />
                        <a className="button" href="#/">
                            All plans
                        </a>
                    </div>
                ) : !state.ready ? (
                    <p className="loading" role="status">
                        <LoaderCircle size={18} className="turning" aria-hidden /> Opening the plan…
                    </p>
                ) : (
                    <>
                        {state.readOnly && <p className="notice warn top">{state.readOnly}</p>}
                        {state.warning && !state.readOnly && <p className="notice warn top">{state.warning}</p>}
                        <DraftBanner />
                        <Kept />
                        <Broken key={screen}>
                            <Screen screen={screen} />
                        </Broken>
                    </>
                )}
            </main>
            <SuggestDialog open={suggesting} onClose={() => setSuggesting(false)} />
            {palette && <Palette acts={acts} onClose={() => setPalette(false)} />}
            {keys && (
                <Keys
                    single={single}
                    onSingle={(on) => {
                        setSingle(on);
                        localStorage.setItem(SINGLE, on ? "on" : "off");
                    }}
                    onClose={() => setKeys(false)}
                />
            )}
        </div>
    );
}

// Fetched when somebody goes there: few do, and all wait for what is fetched first.
const Releases = lazy(() => import("./releases.tsx").then(({ Releases: it }) => ({ default: it })));
const Outbox = lazy(() => import("./outbox.tsx").then(({ Outbox: it }) => ({ default: it })));

function Later({ of: Part }: { of: ComponentType }) {
    return (
        <Suspense fallback={<p className="empty">Asking the server…</p>}>
            <Part />
        </Suspense>
    );
}

function Screen({ screen }: { screen: string }): ReactNode {
    const draft = draftOf(usePlan().id) !== undefined;
    if (screen === "") return <Overview />;
    // A draft is the plan's own parts and nothing that the server says of a plan.
    if (draft && !PLACED.includes(screen)) return <Nothing />;
    if (screen === "proposals") return <Proposals />;
    if (screen === "findings") return <Findings />;
    if (screen === "history") return <History />;
    if (screen === "releases") return <Later of={Releases} />;
    if (screen === "outbox") return <Later of={Outbox} />;
    if (screen === "members") return <MembersScreen />;
    if (screen === "files") return <Files />;
    if (screen === "needs") return <Counts />;
    if (isRoot(screen) && ROOT_WORDS[screen]) return <TableScreen key={screen} root={rootNamed(screen)} />;
    return <Nothing />;
}

function Nothing() {
    return (
        <div className="page narrow">
            <h1>There is nothing here</h1>
            <p className="sub">The link leads to a part of the plan that does not exist.</p>
        </div>
    );
}

function SavedState({ state }: { state: PlanState }) {
    const { saved, waiting } = state;
    const say = {
        loading: "Opening…",
        saved: "All changes saved",
        saving: waiting > 0 ? `Saving ${plural(waiting, "change")}…` : "Syncing…",
        offline: waiting > 0 ? `Offline, ${plural(waiting, "edit")} kept here` : "Offline",
    }[saved];
    const Icon = { loading: LoaderCircle, saved: Check, saving: CloudUpload, offline: CloudOff }[saved];
    return (
        <span className={`saved ${saved}`} role="status" title={say}>
            <Icon size={14} aria-hidden /> <span className="saved-say">{say}</span>
        </span>
    );
}

function Rail({ screen, open }: { screen: string; open: boolean }) {
    const plan = usePlan();
    const draft = draftOf(plan.id) !== undefined;
    const { findings, total } = useFound();
    const blocks = findings.filter(({ severity }) => severity === "block").length;
    const link = (path: string, title: string, icon: ReactNode, extra?: ReactNode) => (
        <li key={path}>
            <a
                className="rail-link"
                href={path === "" ? href("p", plan.id) : href("p", plan.id, path)}
                aria-current={screen === path ? "page" : undefined}
            >
                {icon}
                <span>{title}</span>
                {extra}
            </a>
        </li>
    );
    return (
        <nav className={open ? "rail shown" : "rail"} aria-label="Parts of the plan">
            <ul>
                {link("", "Overview", <OverviewIcon size={15} aria-hidden />)}
                {!draft && <ProposalsLink active={screen === "proposals"} />}
                {!draft &&
                    link(
                        "findings",
                        "Findings",
                        <ShieldCheck size={15} aria-hidden />,
                        total > 0 ? (
                            <span className={blocks > 0 ? "rail-count bad" : "rail-count"}>
                                {total}
                                <span className="unseen"> found{blocks > 0 ? `, ${blocks} block` : ""}</span>
                            </span>
                        ) : null,
                    )}
            </ul>
            {GROUPS.map((group) => (
                <section key={group.title} aria-label={group.title}>
                    <h2 className="rail-head">{group.title}</h2>
                    <ul>
                        {group.roots.map((root) => {
                            const said = ROOT_WORDS[root];
                            return said ? link(root, said.title, <said.icon size={15} aria-hidden />) : null;
                        })}
                    </ul>
                </section>
            ))}
            <section aria-label="About the plan" hidden={draft}>
                <h2 className="rail-head">Plan</h2>
                <ul>
                    {link("history", "History", <HistoryIcon size={15} aria-hidden />)}
                    {link("releases", "Releases", <Rocket size={15} aria-hidden />)}
                    {link("outbox", "Outbox", <Mails size={15} aria-hidden />)}
                    {link("members", "Members", <Users size={15} aria-hidden />)}
                    {link("files", "Import and export", <FolderInput size={15} aria-hidden />)}
                </ul>
            </section>
        </nav>
    );
}
