// Published versions of the plan: what each says to the public, what it held, and publishing the next.

import { type Line, type NextRelease, type ReleaseBody, rootNamed } from "@convene/client";
import { Copy, Download, Send } from "lucide-react";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { usePlanBody } from "../body.ts";
import { usePlan } from "../context.ts";
import { go, href, useRoute } from "../route.ts";
import { saveFile } from "../save.ts";
import { Dialog } from "../ui/dialog.tsx";
import { copyText, reasonOf, tell, tellError } from "../ui/toast.ts";
import { LISTS, plural, ROOT_WORDS } from "../words.ts";

const NAME_CHARS_MAX = 200;
const NOTE_CHARS_MAX = 5_000;
const LINES_SHOWN = 8;

const day = (at: string) => new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });

export function Releases() {
    const plan = usePlan();
    const owner = usePlanBody()?.role === "owner";
    const { parts } = useRoute();
    const [releases, setReleases] = useState<ReleaseBody[]>();
    const [error, setError] = useState<string>();
    const [publishing, setPublishing] = useState(false);
    const load = useCallback(async () => {
        try {
            setReleases((await plan.control.call("release.list", { plan: plan.id })).releases);
            setError(undefined);
        } catch (problem) {
            setError(reasonOf(problem));
        }
    }, [plan]);
    useEffect(() => void load(), [load]);
    const chosen = releases?.find(({ number }) => String(number) === parts[3]) ?? releases?.[0];
    const publish = owner && (
        <button type="button" className="button primary" onClick={() => setPublishing(true)}>
            <Send size={14} aria-hidden /> Publish a release…
        </button>
    );
    return (
        <div className="page">
            <header className="page-head with-acts">
                <div>
                    <h1>Releases</h1>
                    <p className="sub">
                        The plan as it was at one moment, with what the public sees differently since the release
                        before.
                    </p>
                </div>
                {releases && releases.length > 0 && publish}
            </header>
            {error && (
                <p className="notice warn">
                    {error}{" "}
                    <button type="button" className="link" onClick={() => void load()}>
                        Try again
                    </button>
                </p>
            )}
            {!releases && !error && <p className="empty">Asking the server…</p>}
            {releases?.length === 0 && (
                <div className="empty-root">
                    <p>
                        Nothing is published yet. The first release is what later ones are compared with: publish it
                        when the programme is fit to be shown.{owner ? "" : " Owners of the plan do that."}
                    </p>
                    {publish}
                </div>
            )}
            {releases && chosen && (
                <div className="beside">
                    <nav aria-label="Releases">
                        <ol className="version-list">
                            {releases.map((one) => (
                                <li key={one.number}>
                                    <a
                                        className="version"
                                        href={href("p", plan.id, "releases", String(one.number))}
                                        aria-current={one === chosen ? "page" : undefined}
                                    >
                                        <span className="version-name">
                                            {one.number}. {one.name}
                                        </span>
                                        <span className="person-note">
                                            {day(one.at)} · {one.by.name}
                                        </span>
                                    </a>
                                </li>
                            ))}
                        </ol>
                    </nav>
                    <OfRelease key={chosen.number} release={chosen} />
                </div>
            )}
            {publishing && (
                <Publish
                    onClose={() => setPublishing(false)}
                    onDone={async (done) => {
                        setPublishing(false);
                        await load();
                        go(href("p", plan.id, "releases", String(done.number)));
                        const drafts = done.drafts ?? 0;
                        tell(
                            `Release ${done.number} is published.`,
                            drafts > 0
                                ? {
                                      say: `${plural(drafts, "letter")} to send`,
                                      run: () => go(href("p", plan.id, "outbox")),
                                  }
                                : undefined,
                        );
                    }}
                />
            )}
        </div>
    );
}

/** A changelog as the public reads it; a long one is shown whole when it is asked for. */
function Lines({ lines, none }: { lines: Line[]; none: string }) {
    const [all, setAll] = useState(false);
    if (lines.length === 0) return <p className="sub">{none}</p>;
    return (
        <>
            <ul className="changes">
                {(all ? lines : lines.slice(0, LINES_SHOWN)).map((line, at) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: lines have no names, and a changelog stays in order
                    <li key={at} className="change">
                        <span className="change-say">
                            <span className="badge plain">{line.kind}</span> {line.say}
                        </span>
                    </li>
                ))}
            </ul>
            {!all && lines.length > LINES_SHOWN && (
                <button type="button" className="button small" onClick={() => setAll(true)}>
                    Show all {lines.length.toLocaleString("en")}
                </button>
            )}
        </>
    );
}

function OfRelease({ release }: { release: ReleaseBody }) {
    const plan = usePlan();
    const [content, setContent] = useState<{ plan?: Record<string, Record<string, unknown>> }>();
    const [error, setError] = useState<string>();
    useEffect(() => {
        let here = true;
        plan.control
            .call("release.get", { plan: plan.id, number: release.number })
            .then((answer) => here && setContent(answer.content as typeof content))
            .catch((problem) => here && setError(reasonOf(problem)));
        return () => {
            here = false;
        };
    }, [plan, release.number]);
    const held = LISTS.map((root) => {
        const things = Object.values(content?.plan?.[root] ?? {}) as { archived?: boolean }[];
        return { root, count: things.filter(({ archived }) => archived !== true).length };
    }).filter(({ count }) => count > 0);
    const text = release.changelog.map(({ say }) => `- ${say}`).join("\n");
    return (
        <section className="panel" aria-label={`Release ${release.number}`}>
            <header className="diff-head">
                <div>
                    <h2>{release.name}</h2>
                    <p className="sub">
                        Release {release.number}, published {day(release.at)} by {release.by.name}
                    </p>
                </div>
                <span className="acts">
                    {text !== "" && (
                        <button type="button" className="button small" onClick={() => copyText(text)}>
                            <Copy size={13} aria-hidden /> Copy the changelog
                        </button>
                    )}
                    <button
                        type="button"
                        className="button small"
                        disabled={!content}
                        onClick={() =>
                            saveFile(
                                `release-${release.number}.plan.json`,
                                "application/json",
                                JSON.stringify(content, null, 1),
                            )
                        }
                    >
                        <Download size={13} aria-hidden /> Save its plan.json
                    </button>
                </span>
            </header>
            {release.note && <p className="release-note">{release.note}</p>}
            <h3>What the public sees differently</h3>
            <Lines
                lines={release.changelog}
                none={
                    release.number === 1
                        ? "This is the first release; there is nothing to compare it with."
                        : "Nothing: what was changed since then is not for the public."
                }
            />
            <h3>What it held</h3>
            {error && <p className="notice warn">{error}</p>}
            {!content && !error && <p className="sub">Asking the server…</p>}
            {content && (
                <p>
                    {held
                        .map(({ root, count }) =>
                            plural(count, rootNamed(root).noun, ROOT_WORDS[root]?.title.toLowerCase() ?? root),
                        )
                        .join(", ") || "Nothing."}
                </p>
            )}
        </section>
    );
}

function Publish({ onClose, onDone }: { onClose: () => void; onDone: (done: ReleaseBody) => Promise<void> }) {
    const plan = usePlan();
    const [preview, setPreview] = useState<NextRelease>();
    const [problem, setProblem] = useState<string>();
    const [say, setSay] = useState<string>();
    const [busy, setBusy] = useState(false);
    useEffect(() => {
        let here = true;
        plan.control
            .call("release.preview", { plan: plan.id })
            .then((answer) => here && setPreview(answer))
            .catch((error) => here && setProblem(reasonOf(error)));
        return () => {
            here = false;
        };
    }, [plan]);
    const submit = async (event: FormEvent<HTMLFormElement>) => {
        event.preventDefault();
        const data = new FormData(event.currentTarget);
        const name = String(data.get("name") ?? "").trim();
        if (name === "") {
            setSay("Give it a name, such as “First schedule”.");
            return;
        }
        setBusy(true);
        try {
            const note = String(data.get("note") ?? "").trim();
            await onDone(
                await plan.control.call("release.publish", { plan: plan.id, name, ...(note ? { note } : {}) }),
            );
        } catch (error) {
            tellError(error);
            setBusy(false);
        }
    };
    const { waiting } = plan.state;
    return (
        <Dialog title={preview ? `Publish release ${preview.number}` : "Publish a release"} open onClose={onClose} wide>
            <form className="form" onSubmit={submit} noValidate>
                <section className="release-preview" aria-label="What it will say">
                    <h3>What it will say</h3>
                    <p className="sub">
                        The public sees sessions that have a slot and are not cancelled, with their people, rooms and
                        tracks.
                    </p>
                    {problem && <p className="notice warn">{problem}</p>}
                    {!preview && !problem && <p role="status">Comparing…</p>}
                    {preview && (
                        <Lines
                            lines={preview.changelog}
                            none={
                                preview.number === 1
                                    ? "The first release says nothing; later ones are compared with it."
                                    : "Nothing that the public sees is different since the release before."
                            }
                        />
                    )}
                    {preview && preview.recipients.length > 0 && (
                        <p className="sub">
                            {plural(preview.recipients.length, "letter")} will be drafted in the outbox, for{" "}
                            {preview.recipients
                                .slice(0, 10)
                                .map(({ name }) => name)
                                .join(", ")}
                            {preview.recipients.length > 10 ? " and others" : ""}. Nothing is sent by itself.
                        </p>
                    )}
                    {waiting > 0 && (
                        <p className="notice warn">
                            {plural(waiting, "edit")} of yours {waiting === 1 ? "is" : "are"} not saved yet and would
                            not be in it.
                        </p>
                    )}
                </section>
                <label className="form-field">
                    <span>Name</span>
                    <input
                        name="name"
                        className="input"
                        maxLength={NAME_CHARS_MAX}
                        autoComplete="off"
                        aria-invalid={say ? true : undefined}
                        aria-describedby="release-problem"
                        onInput={() => setSay(undefined)}
                    />
                </label>
                <p id="release-problem" className="problem" role="alert" hidden={!say}>
                    {say}
                </p>
                <label className="form-field">
                    <span>Note (may be left out)</span>
                    <textarea name="note" className="input area" rows={3} maxLength={NOTE_CHARS_MAX} />
                </label>
                <p className="sub">A release stays as it is; it cannot be changed or taken back.</p>
                <div className="form-acts">
                    <button type="button" className="button" onClick={onClose}>
                        Cancel
                    </button>
                    <button type="submit" className="button primary" disabled={busy || !preview}>
                        Publish
                    </button>
                </div>
            </form>
        </Dialog>
    );
}
