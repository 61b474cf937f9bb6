// Who is in the plan and may do what.

import { type Door, type Invited, type MemberBody, RequestError } from "@convene/client";
import { Copy, UserMinus } from "lucide-react";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { useClient, usePlan } from "../context.ts";
import { useLive } from "../live-context.ts";
import { go } from "../route.ts";
import { Dialog } from "../ui/dialog.tsx";
import { copyText, reasonOf, tell, tellError } from "../ui/toast.ts";
import { Who } from "../ui/who.tsx";
import { ago } from "../words.ts";
import { Agents } from "./proposals.tsx";

const ROLES: Record<string, string> = {
    owner: "Edits, decides, and says who is in",
    approver: "Edits, and decides",
    editor: "Edits everything",
    suggester: "Reads, and suggests",
    viewer: "Reads",
};

export function MembersScreen() {
    const plan = usePlan();
    const live = useLive();
    const [members, setMembers] = useState<MemberBody[]>();
    const [error, setError] = useState<string>();
    const [leaving, setLeaving] = useState<MemberBody>();
    const load = useCallback(async () => {
        try {
            const answer = await plan.control.call("member.list", { plan: plan.id });
            setMembers(answer.members);
            setError(undefined);
        } catch (problem) {
            setError(reasonOf(problem));
        }
    }, [plan]);
    useEffect(() => {
        void load();
        return live.onChanged(() => void load());
    }, [load, live]);
    // Agents stand by themselves below.
    const people = members?.filter(({ kind }) => kind !== "agent");
    const own = members?.find(({ user }) => user === plan.user.id);
    const owner = own?.role === "owner";
    const setRole = async (member: MemberBody, role: string) => {
        try {
            await plan.control.call("member.set_role", { plan: plan.id, email: member.email, role });
            tell(`${member.name} is ${/^[aeo]/.test(role) ? "an" : "a"} ${role} now.`);
        } catch (problem) {
            tellError(problem);
        }
        await load();
    };
    const remove = async (member: MemberBody) => {
        setLeaving(undefined);
        try {
            await plan.control.call("member.remove", { plan: plan.id, user: member.user });
            tell(`${member.name} is no longer in this plan.`);
            if (member.user === plan.user.id) go("#/");
            else await load();
        } catch (problem) {
            tellError(problem);
        }
    };
    return (
        <div className="page narrow">
            <header className="page-head">
                <h1>Members</h1>
                <p className="sub">
                    Who is in this plan, and what they may do. A role counts at once, also for a page that is open.
                </p>
            </header>
            {error && <p className="notice warn">{error}</p>}
            {!members && !error && <p className="empty">Asking the server…</p>}
            <ul className="people">
                {people?.map((member) => (
                    <li key={member.user} className="person">
                        <Who user={{ id: member.user, name: member.name }} />
                        <span className="person-name">
                            <strong>{member.name}</strong>
                            {member.user === plan.user.id && <span className="badge plain">You</span>}
                            <span className="person-note">
                                {member.email}
                                {member.added_at ? ` · since ${ago(member.added_at)}` : ""}
                            </span>
                        </span>
                        {owner ? (
                            <select
                                className="input select compact"
                                aria-label={`Role of ${member.name}`}
                                value={member.role}
                                onChange={({ target }) => void setRole(member, target.value)}
                            >
                                {Object.keys(ROLES).map((role) => (
                                    <option key={role} value={role}>
                                        {role}
                                    </option>
                                ))}
                            </select>
                        ) : (
                            <span className="badge plain">{member.role}</span>
                        )}
                        {(owner || member.user === plan.user.id) && (
                            <button
                                type="button"
                                className="icon-button"
                                aria-label={member.user === plan.user.id ? "Leave this plan" : `Remove ${member.name}`}
                                onClick={() => setLeaving(member)}
                            >
                                <UserMinus size={15} aria-hidden />
                            </button>
                        )}
                    </li>
                ))}
            </ul>
            {owner && <Invite />}
            {owner && <Add onDone={load} />}
            <Agents owner={owner} />
            <section className="panel">
                <h2>Roles</h2>
                <dl className="roles">
                    {Object.entries(ROLES).map(([role, say]) => (
                        <div key={role}>
                            <dt>{role}</dt>
                            <dd>{say}</dd>
                        </div>
                    ))}
                </dl>
            </section>
            {leaving && (
                <Dialog
                    title={leaving.user === plan.user.id ? "Leave this plan?" : `Remove ${leaving.name}?`}
                    open
                    onClose={() => setLeaving(undefined)}
                >
                    <p className="dialog-text">
                        {leaving.user === plan.user.id
                            ? "You can only come back when an owner adds you again."
                            : "Their open pages close this plan at once. What they wrote stays."}
                    </p>
                    <div className="form-acts">
                        <button type="button" className="button" onClick={() => setLeaving(undefined)}>
                            Cancel
                        </button>
                        <button type="button" className="button danger" onClick={() => void remove(leaving)}>
                            {leaving.user === plan.user.id ? "Leave" : "Remove"}
                        </button>
                    </div>
                </Dialog>
            )}
        </div>
    );
}

function RoleSelect() {
    return (
        <label className="form-field">
            <span>Role</span>
            <select name="role" className="input select" defaultValue="editor">
                {Object.keys(ROLES).map((role) => (
                    <option key={role} value={role}>
                        {role}
                    </option>
                ))}
            </select>
        </label>
    );
}

function Add({ onDone }: { onDone: () => Promise<void> }) {
    const plan = usePlan();
    const [say, setSay] = useState<string>();
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const form = event.currentTarget;
        const data = new FormData(form);
        const email = String(data.get("email") ?? "").trim();
        if (!/^\S+@\S+$/.test(email)) {
            setSay("Write the e-mail address that they signed up with.");
            return;
        }
        try {
            const member = await plan.control.call("member.set_role", {
                plan: plan.id,
                email,
                role: String(data.get("role")),
            });
            form.reset();
            tell(`${member.name} is in.`);
            await onDone();
        } catch (error) {
            const missing = error instanceof RequestError && error.code === "not_found";
            setSay(
                missing
                    ? "Nobody has signed up with this address. Make an invitation for it instead."
                    : reasonOf(error),
            );
        }
    };
    return (
        <section className="panel">
            <h2>Add somebody who has an account</h2>
            <form className="inline-form" onSubmit={submit} noValidate>
                <label className="form-field grow">
                    <span>E-mail address</span>
                    <input
                        name="email"
                        type="email"
                        className="input"
                        autoComplete="off"
                        aria-invalid={say ? true : undefined}
                        aria-describedby="add-problem"
                        onInput={() => setSay(undefined)}
                    />
                </label>
                <RoleSelect />
                <button type="submit" className="button">
                    Add
                </button>
            </form>
            <p id="add-problem" className="problem" role="alert" hidden={!say}>
                {say}
            </p>
        </section>
    );
}

function Invite() {
    const plan = usePlan();
    const { session } = useClient();
    const [door, setDoor] = useState<Door>();
    // A link is no use to somebody whom the server does not let in.
    useEffect(() => {
        let here = true;
        session
            .door()
            .then((answer) => here && setDoor(answer))
            .catch(() => undefined);
        return () => {
            here = false;
        };
    }, [session]);
    const [invited, setInvited] = useState<Invited>();
    const [say, setSay] = useState<string>();
    const link = invited ? `${location.origin}${location.pathname}#/invite/${invited.code}` : "";
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        const email = String(data.get("email") ?? "").trim();
        try {
            setInvited(
                await plan.control.call("member.invite", {
                    plan: plan.id,
                    role: String(data.get("role")),
                    ...(email ? { email } : {}),
                }),
            );
            setSay(undefined);
        } catch (error) {
            setSay(reasonOf(error));
        }
    };
    return (
        <section className="panel">
            <h2>Invite by a link</h2>
            <p className="sub">
                Whoever opens it makes an account or signs in, and is in this plan. It works once, for a week. The
                server sends nothing: give the link to whom it is for.
            </p>
            {door && door.registration !== "open" && (
                <p className="notice">
                    {door.registration === "invite"
                        ? "Who has no account here also needs a code of this server, which whoever runs it makes with “convene user invite”."
                        : "This server takes no new accounts, so a link is only of use to somebody who has one."}
                </p>
            )}
            <form className="inline-form" onSubmit={submit} noValidate>
                <label className="form-field grow">
                    <span>Only for this address (may be left out)</span>
                    <input name="email" type="email" className="input" autoComplete="off" />
                </label>
                <RoleSelect />
                <button type="submit" className="button primary">
                    Make a link
                </button>
            </form>
            <p className="problem" role="alert" hidden={!say}>
                {say}
            </p>
            {invited && (
                <p className="invite-link">
                    <input
                        className="input"
                        readOnly
                        aria-label="Invitation link"
                        value={link}
                        onFocus={(event) => event.currentTarget.select()}
                    />
                    <button type="button" className="button" onClick={() => copyText(link)}>
                        <Copy size={14} aria-hidden /> Copy
                    </button>
                    <span className="sub">
                        It is shown this once. Good until{" "}
                        {new Date(invited.expires_at).toLocaleString("en-GB", {
                            dateStyle: "medium",
                            timeStyle: "short",
                        })}
                        .
                    </span>
                </p>
            )}
        </section>
    );
}
