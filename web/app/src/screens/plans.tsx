// All plans of the account.

import { type Control, isZone, type Op, type PlanBody } from "@convene/client";
import {
    Archive,
    ArchiveRestore,
    CopyPlus,
    MoreHorizontal,
    Pencil,
    Plus,
    Search,
    Telescope,
    Trash2,
} from "lucide-react";
import { type FormEvent, useCallback, useEffect, useMemo, useState } from "react";
import { useClient } from "../context.ts";
import { makeDemo } from "../demo.ts";
import { go, href } from "../route.ts";
import { Dialog } from "../ui/dialog.tsx";
import { type Item, Menu } from "../ui/menu.tsx";
import { reasonOf, tell, tellError } from "../ui/toast.ts";
import { ago } from "../words.ts";
import { AccountMenu } from "./account.tsx";
import { type Act, Palette } from "./palette.tsx";

/** The list as it was last, which is shown at once and without a network too. */
function remembered(user: string): PlanBody[] | undefined {
    try {
        return (JSON.parse(localStorage.getItem(`convene:plans:${user}`) ?? "null") as PlanBody[] | null) ?? undefined;
    } catch {
        return undefined;
    }
}

export function Plans() {
    const { control, user } = useClient();
    const [plans, setPlans] = useState<PlanBody[] | undefined>(() => remembered(user.id));
    const [error, setError] = useState<string>();
    const [palette, setPalette] = useState(false);
    const [asking, setAsking] = useState<
        { what: "create" } | { what: "rename" | "delete" | "duplicate"; plan: PlanBody }
    >();
    const load = useCallback(async () => {
        try {
            const { plans: found } = await control.call("plan.list", { archived: "with" });
            setPlans(found);
            localStorage.setItem(`convene:plans:${user.id}`, JSON.stringify(found));
            setError(undefined);
        } catch (problem) {
            setError(reasonOf(problem));
        }
    }, [control, user]);
    useEffect(() => {
        void load();
        return control.on("member.changed", () => void load());
    }, [load, control]);
    const putAway = async (plan: PlanBody, away: boolean) => {
        try {
            await control.call(away ? "plan.archive" : "plan.restore", { plan: plan.id });
            tell(away ? `“${plan.name}” is archived.` : `“${plan.name}” is back.`, {
                say: "Undo",
                run: () => void putAway(plan, !away),
            });
            await load();
        } catch (problem) {
            tellError(problem);
        }
    };
    useEffect(() => {
        const onKey = (event: KeyboardEvent) => {
            if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
            event.preventDefault();
            setPalette(true);
        };
        document.addEventListener("keydown", onKey);
        return () => document.removeEventListener("keydown", onKey);
    }, []);
    const acts = useMemo<Act[]>(
        () => [
            { say: "New plan", hint: "Do", run: () => setAsking({ what: "create" }) },
            ...(plans ?? []).map(({ id, name, archived_at }) => ({
                id,
                say: name,
                hint: archived_at ? "Plan, archived" : "Plan",
                run: () => go(href("p", id)),
            })),
        ],
        [plans],
    );
    const live = plans?.filter((plan) => !plan.archived_at) ?? [];
    const away = plans?.filter((plan) => plan.archived_at) ?? [];
    const items = (plan: PlanBody): (Item | "line")[] => {
        const copy: Item = {
            say: "Duplicate…",
            icon: <CopyPlus size={14} aria-hidden />,
            act: () => setAsking({ what: "duplicate", plan }),
        };
        if (plan.role !== "owner") return [copy];
        return [
            { say: "Rename…", icon: <Pencil size={14} aria-hidden />, act: () => setAsking({ what: "rename", plan }) },
            copy,
            plan.archived_at
                ? {
                      say: "Restore",
                      icon: <ArchiveRestore size={14} aria-hidden />,
                      act: () => void putAway(plan, false),
                  }
                : { say: "Archive", icon: <Archive size={14} aria-hidden />, act: () => void putAway(plan, true) },
            "line",
            {
                say: "Delete…",
                icon: <Trash2 size={14} aria-hidden />,
                danger: true,
                act: () => setAsking({ what: "delete", plan }),
            },
        ];
    };
    const row = (plan: PlanBody) => (
        <li key={plan.id} className="plan-row">
            <a className="plan-link" href={href("p", plan.id)}>
                <span className="plan-name">{plan.name}</span>
                <span className="person-note">
                    {plan.role} · changed {ago(plan.updated_at ?? plan.created_at)}
                </span>
            </a>
            <Menu
                label={`More for ${plan.name}`}
                trigger={<MoreHorizontal size={16} aria-hidden />}
                items={items(plan)}
            />
        </li>
    );
    return (
        <div className="plain-frame">
            <header className="bar">
                <span className="bar-home">
                    <img src="/icon.svg" alt="" width="22" height="22" />
                </span>
                <p className="bar-title">convene</p>
                <span className="spring" />
                <button type="button" className="search-button" onClick={() => setPalette(true)}>
                    <Search size={14} aria-hidden /> <span className="wide-only">Search</span>{" "}
                    <kbd className="wide-only">Ctrl K</kbd>
                    <span className="unseen">and commands</span>
                </button>
                <AccountMenu />
            </header>
            <main className="page narrow" id="main">
                <header className="page-head with-acts">
                    <h1>Plans</h1>
                    {live.length > 0 && (
                        <button type="button" className="button primary" onClick={() => setAsking({ what: "create" })}>
                            <Plus size={15} aria-hidden /> New plan
                        </button>
                    )}
                </header>
                {error && (
                    <p className="notice warn">
                        {error}{" "}
                        <button type="button" className="link" onClick={() => void load()}>
                            Try again
                        </button>
                    </p>
                )}
                {!plans && !error && (
                    <p className="empty" role="status">
                        Asking the server…
                    </p>
                )}
                {plans && live.length === 0 && <Welcome onCreate={() => setAsking({ what: "create" })} />}
                <ul className="plan-list">{live.map(row)}</ul>
                {away.length > 0 && (
                    <details className="aside-list">
                        <summary>{away.length} archived</summary>
                        <ul className="plan-list">{away.map(row)}</ul>
                    </details>
                )}
            </main>
            {palette && <Palette acts={acts} onClose={() => setPalette(false)} />}
            {asking &&
                (asking.what === "delete" ? (
                    <Delete plan={asking.plan} onClose={() => setAsking(undefined)} onDone={load} />
                ) : (
                    <Named asking={asking} onClose={() => setAsking(undefined)} onDone={load} />
                ))}
        </div>
    );
}

/** Nothing is here yet: what a plan is, and the ways to have one. */
function Welcome({ onCreate }: { onCreate: () => void }) {
    const { control, user } = useClient();
    const [busy, setBusy] = useState(false);
    const demo = async () => {
        setBusy(true);
        try {
            const plan = await makeDemo(control);
            go(href("p", plan.id));
            tell("This demo is yours alone, to try anything in. Archive or delete it from the list of plans.");
        } catch (error) {
            tellError(error);
            setBusy(false);
        }
    };
    return (
        <div className="empty-root">
            <p>
                Hello {user.name}. A plan holds everything about one event: programme, people, money, work and risks.
                Make the first one, or follow somebody’s invitation to theirs.
            </p>
            <div className="empty-acts">
                <button type="button" className="button primary" onClick={onCreate}>
                    <Plus size={15} aria-hidden /> New plan
                </button>
                <button type="button" className="button" disabled={busy} onClick={() => void demo()}>
                    <Telescope size={15} aria-hidden /> {busy ? "Making it…" : "Look around in a demo plan"}
                </button>
            </div>
            <p className="sub">
                The demo is a real conference of two days, with 24 talks and 40 sponsors; its money, contracts and tasks
                are invented, and twelve things in it are wrong on purpose.
            </p>
        </div>
    );
}

const NAME_CHARS_MAX = 200;

/** What is known of a new event: its name, and where its planner sits. A failure leaves an empty plan, which is one too. */
async function begin(control: Control, plan: string, name: string): Promise<void> {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const facts: [string, unknown][] = [
        ["schema", 1],
        ["name", name],
        ["tz", isZone(timeZone) ? timeZone : "UTC"],
        ["phase", "planning"],
    ];
    const ops = facts.map(([field, to]): Op => ({ op: "set", path: ["meta", field], to }));
    await control.call("plan.edit", { plan, ops }).catch(tellError);
}

function Named({
    asking,
    onClose,
    onDone,
}: {
    asking: { what: string; plan?: PlanBody };
    onClose: () => void;
    onDone: () => Promise<void>;
}) {
    const { control } = useClient();
    const [say, setSay] = useState<string>();
    const [busy, setBusy] = useState(false);
    const { what, plan } = asking;
    const title = what === "create" ? "New plan" : what === "rename" ? "Rename the plan" : "Duplicate the plan";
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
        if (name === "") {
            setSay("Give it a name, such as the event and its year.");
            return;
        }
        setBusy(true);
        try {
            if (what === "rename" && plan) await control.call("plan.update", { plan: plan.id, name });
            else {
                const made = plan
                    ? await control.call("plan.duplicate", { plan: plan.id, name })
                    : await control.call("plan.create", { name });
                if (!plan) await begin(control, made.id, name);
                go(href("p", made.id));
            }
            onClose();
            await onDone();
        } catch (error) {
            setSay(reasonOf(error));
            setBusy(false);
        }
    };
    return (
        <Dialog title={title} open onClose={onClose}>
            <form className="form" onSubmit={submit} noValidate>
                <label className="form-field">
                    <span>Name</span>
                    <input
                        name="name"
                        className="input"
                        defaultValue={
                            what === "rename" ? plan?.name : what === "duplicate" ? `${plan?.name} (copy)` : ""
                        }
                        maxLength={NAME_CHARS_MAX}
                        aria-invalid={say ? true : undefined}
                        aria-describedby="name-problem"
                        onInput={() => setSay(undefined)}
                        autoComplete="off"
                    />
                </label>
                {what === "duplicate" && (
                    <p className="sub">The copy has what the plan holds now, without its history and members.</p>
                )}
                <p id="name-problem" className="problem" role="alert" hidden={!say}>
                    {say}
                </p>
                <div className="form-acts">
                    <button type="button" className="button" onClick={onClose}>
                        Cancel
                    </button>
                    <button type="submit" className="button primary" disabled={busy}>
                        {what === "create" ? "Make it" : what === "rename" ? "Rename" : "Duplicate"}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

function Delete({ plan, onClose, onDone }: { plan: PlanBody; onClose: () => void; onDone: () => Promise<void> }) {
    const { control } = useClient();
    const [typed, setTyped] = useState("");
    const [say, setSay] = useState<string>();
    const fits = typed.trim() === plan.name;
    const submit = async (event: FormEvent) => {
        event.preventDefault();
        if (!fits) {
            setSay("This is not the plan's name.");
            return;
        }
        try {
            await control.call("plan.delete", { plan: plan.id });
            tell(`“${plan.name}” is deleted.`);
            onClose();
            await onDone();
        } catch (error) {
            setSay(reasonOf(error));
        }
    };
    return (
        <Dialog title="Delete this plan for everybody?" open onClose={onClose}>
            <form className="form" onSubmit={submit}>
                <p className="dialog-text">
                    Its content, history and members are gone, and there is no way back. To hide it instead, archive it.
                </p>
                <label className="form-field">
                    <span>
                        Type its name to confirm: <strong>{plan.name}</strong>
                    </span>
                    <input
                        className="input"
                        autoComplete="off"
                        value={typed}
                        aria-describedby="delete-problem"
                        onChange={(event) => {
                            setTyped(event.target.value);
                            setSay(undefined);
                        }}
                    />
                </label>
                <p id="delete-problem" className="problem" role="alert" hidden={!say}>
                    {say}
                </p>
                <div className="form-acts">
                    <button type="button" className="button" onClick={onClose}>
                        Cancel
                    </button>
                    <button type="submit" className="button danger" disabled={!fits}>
                        Delete for everybody
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
