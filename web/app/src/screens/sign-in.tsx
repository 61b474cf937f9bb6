// Signing in and up, and the password once more when a sign-in has ended.

import { type Door, RequestError, type Session, sentence } from "@convene/client";
import { type FormEvent, type HTMLInputAutoCompleteAttribute, type ReactNode, useEffect, useId, useState } from "react";
import { Dialog } from "../ui/dialog.tsx";

const KNOWN = "convene:known";

interface Problems {
    [field: string]: string;
}

/** What the server says about a field stands beside it; anything else below all. */
function problemsOf(error: unknown): Problems {
    if (!(error instanceof RequestError)) return { form: String(error) };
    const problems: Problems = {};
    for (const { field, message } of error.fields) problems[field] = sentence(message);
    if (error.fields.length === 0) {
        const wait = error.retryAfterMs ? ` Try again in ${Math.ceil(error.retryAfterMs / 1000)} s.` : "";
        const message = sentence(error.message);
        problems.form = `${message}${/[.!?]$/.test(message) ? "" : "."}${wait}`;
    }
    return problems;
}

/** What the server takes; a server that cannot be asked is treated as one that takes everybody. */
const UNASKED: Door = { registration: "open", has_accounts: true };

function useDoor(session: Session): Door | undefined {
    // Whoever was here before signs in and waits for nothing.
    const [door, setDoor] = useState<Door | undefined>(localStorage.getItem(KNOWN) === null ? undefined : UNASKED);
    useEffect(() => {
        let here = true;
        session
            .door()
            .catch(() => UNASKED)
            .then((answer) => here && setDoor(answer));
        return () => {
            here = false;
        };
    }, [session]);
    return door;
}

export function SignIn({ session, invited }: { session: Session; invited: boolean }) {
    const door = useDoor(session);
    if (!door)
        return (
            <Card title="convene">
                <p role="status">One moment…</p>
            </Card>
        );
    const { registration, has_accounts: some } = door;
    if (!some && registration === "closed")
        return (
            <Card title="Nobody has an account here yet">
                <About />
                <p>
                    This server takes no accounts from here. Whoever runs it can let the first one in with{" "}
                    <code>CONVENE_REGISTRATION=invite</code> and <code>convene user invite</code>.
                </p>
            </Card>
        );
    // Where nobody is yet it begins otherwise; what somebody has typed already outlives any other answer.
    return <Form key={String(some)} session={session} invited={invited} door={door} />;
}

function About() {
    return (
        <p>
            convene is where a team plans an event together: programme, people, money, work and risks, in one plan that
            everybody sees change.
        </p>
    );
}

function Card({ title, children }: { title: string; children: ReactNode }) {
    return (
        <main className="door" id="main">
            <div className="door-card">
                <p className="door-brand">
                    <img src="/icon.svg" alt="" width="32" height="32" /> convene
                </p>
                <h1>{title}</h1>
                {children}
            </div>
        </main>
    );
}

function Form({ session, invited, door }: { session: Session; invited: boolean; door: Door }) {
    const first = !door.has_accounts;
    const [fresh, setFresh] = useState(
        first || (invited && door.registration !== "closed" && localStorage.getItem(KNOWN) === null),
    );
    const [problems, setProblems] = useState<Problems>({});
    const [asked, setAsked] = useState(false);
    const code = asked || door.registration === "invite";
    const [busy, setBusy] = useState(false);
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        const text = (name: string) => String(data.get(name) ?? "");
        const found: Problems = {};
        if (fresh && text("name").trim() === "") found.name = "Write the name that others shall see.";
        if (!/^\S+@\S+$/.test(text("email").trim()))
            found.email = "Write your e-mail address, such as ada@example.org.";
        if (fresh && new TextEncoder().encode(text("password")).length < 8)
            found.password = "Take at least 8 characters; a few words are best.";
        else if (text("password") === "") found.password = "Write your password.";
        if (fresh && code && text("invite").trim() === "") found.invite = "Write the code that you were given.";
        setProblems(found);
        if (Object.keys(found).length > 0) {
            event.currentTarget.querySelector<HTMLElement>(`[name=${Object.keys(found)[0]}]`)?.focus();
            return;
        }
        setBusy(true);
        try {
            if (fresh)
                await session.signUp(
                    text("name").trim(),
                    text("email").trim(),
                    text("password"),
                    text("invite").trim() || undefined,
                );
            else await session.signIn(text("email").trim(), text("password"));
            localStorage.setItem(KNOWN, "yes");
        } catch (error) {
            // A server that could not be asked before may want one.
            if (fresh && error instanceof RequestError && error.code === "forbidden") setAsked(true);
            setProblems(problemsOf(error));
            setBusy(false);
        }
    };
    const make = first ? "Make the first account" : "Make an account";
    return (
        <Card title={fresh ? make : "Sign in"}>
            {first && (
                <>
                    <About />
                    <p>
                        Nobody has an account on this server yet. Yours is the first; you can invite the others from it.
                    </p>
                </>
            )}
            {invited && (
                <p className="notice">
                    You were invited to a plan. {fresh ? "Make an account to open it." : "Sign in to open it."}
                </p>
            )}
            <form className="form" onSubmit={submit} noValidate key={String(fresh)}>
                {fresh && (
                    <FormField
                        name="name"
                        label="Your name"
                        autoComplete="name"
                        problem={problems.name}
                        hint="Others see it beside what you do"
                    />
                )}
                <FormField
                    name="email"
                    label="E-mail address"
                    type="email"
                    autoComplete="username"
                    problem={problems.email}
                    hint={fresh ? "You sign in with it; nothing is sent to it" : undefined}
                />
                <FormField
                    name="password"
                    label="Password"
                    type="password"
                    autoComplete={fresh ? "new-password" : "current-password"}
                    problem={problems.password}
                    hint={fresh ? "At least 8 characters" : undefined}
                />
                {fresh && code && (
                    <FormField
                        name="invite"
                        label="Invitation code of this server"
                        problem={problems.invite}
                        hint="Whoever runs this server makes one with “convene user invite”"
                    />
                )}
                <p className="problem" role="alert" hidden={!problems.form}>
                    {problems.form}
                </p>
                <button type="submit" className="button primary wide" disabled={busy}>
                    {busy ? "One moment…" : fresh ? make : "Sign in"}
                </button>
            </form>
            {first ? null : door.registration === "closed" ? (
                <p className="door-other">New here? This server takes no new accounts; ask whoever runs it.</p>
            ) : (
                <p className="door-other">
                    {fresh ? "You have an account?" : "New here?"}{" "}
                    <button
                        type="button"
                        className="link"
                        onClick={() => {
                            setFresh(!fresh);
                            setProblems({});
                        }}
                    >
                        {fresh ? "Sign in" : "Make an account"}
                    </button>
                </p>
            )}
        </Card>
    );
}

interface FieldProps {
    name: string;
    label: string;
    type?: string;
    autoComplete?: HTMLInputAutoCompleteAttribute;
    problem?: string | undefined;
    hint?: string | undefined;
}

function FormField({ name, label, type = "text", autoComplete = "off", problem, hint }: FieldProps) {
    const id = useId();
    return (
        <div className="form-field">
            <label htmlFor={id}>{label}</label>
            <input
                id={id}
                name={name}
                type={type}
                className="input"
                autoComplete={autoComplete}
                aria-invalid={problem ? true : undefined}
                aria-describedby={problem || hint ? `${id}-note` : undefined}
            />
            {problem ? (
                <p id={`${id}-note`} className="problem" role="alert">
                    {problem}
                </p>
            ) : (
                hint && (
                    <p id={`${id}-note`} className="hint">
                        {hint}
                    </p>
                )
            )}
        </div>
    );
}

/** Over the page, which stays as it is behind it. */
export function PasswordAgain({ session }: { session: Session }) {
    const [problem, setProblem] = useState<string>();
    const [busy, setBusy] = useState(false);
    if (session.state.is !== "ended") return null;
    const { user } = session.state;
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const password = String(new FormData(event.currentTarget).get("password") ?? "");
        if (password === "") {
            setProblem("Write your password.");
            return;
        }
        setBusy(true);
        try {
            await session.again(password);
        } catch (error) {
            setProblem(Object.values(problemsOf(error))[0]);
            setBusy(false);
        }
    };
    return (
        <Dialog title="Your password once more" open>
            <form className="form" onSubmit={submit} noValidate>
                <p className="dialog-text">
                    Your sign-in has ended. The page stays as it is, and what you typed is kept on this device.
                </p>
                <input type="hidden" name="username" autoComplete="username" value={user.email} readOnly />
                <FormField
                    name="password"
                    label={`Password of ${user.email}`}
                    type="password"
                    autoComplete="current-password"
                    problem={problem}
                />
                <div className="form-acts">
                    <button type="button" className="button" onClick={() => void session.signOut()}>
                        Sign out
                    </button>
                    <button type="submit" className="button primary" disabled={busy}>
                        Go on
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
