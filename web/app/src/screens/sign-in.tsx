// Signing in and up, and the password once more when a sign-in has ended.

import { RequestError, type Session, sentence } from "@convene/client";
import { type FormEvent, type HTMLInputAutoCompleteAttribute, useId, useState } from "react";
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

export function SignIn({ session, invited }: { session: Session; invited: boolean }) {
    const [fresh, setFresh] = useState(invited && localStorage.getItem(KNOWN) === null);
    const [problems, setProblems] = useState<Problems>({});
    const [code, setCode] = useState(false);
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
            if (
                fresh &&
                error instanceof RequestError &&
                (error.code === "forbidden" || error.fields.some(({ field }) => field === "invite"))
            )
                setCode(true);
            setProblems(problemsOf(error));
            setBusy(false);
        }
    };
    return (
        <main className="door" id="main">
            <div className="door-card">
                <p className="door-brand">
                    <img src="/icon.svg" alt="" width="32" height="32" /> convene
                </p>
                <h1>{fresh ? "Make an account" : "Sign in"}</h1>
                {invited && (
                    <p className="notice">
                        You were invited to a plan. {fresh ? "Make an account to open it." : "Sign in to open it."}
                    </p>
                )}
                <form className="form" onSubmit={submit} noValidate key={String(fresh)}>
                    {fresh && <FormField name="name" label="Your name" autoComplete="name" problem={problems.name} />}
                    <FormField
                        name="email"
                        label="E-mail address"
                        type="email"
                        autoComplete="username"
                        problem={problems.email}
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
                            hint="This server only takes people who have one"
                        />
                    )}
                    <p className="problem" role="alert" hidden={!problems.form}>
                        {problems.form}
                    </p>
                    <button type="submit" className="button primary wide" disabled={busy}>
                        {busy ? "One moment…" : fresh ? "Make an account" : "Sign in"}
                    </button>
                </form>
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
            </div>
        </main>
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
