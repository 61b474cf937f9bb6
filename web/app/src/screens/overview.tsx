// The plan at a glance, and the facts that everything else depends on.

import { daysBetween, draftOf, isDay, isMoney, rootNamed, showMoney, showValue, wallOf, words } from "@convene/client";
import { useContent, usePlan, usePlanState, useVersions } from "../context.ts";
import { FieldRow } from "../field/row.tsx";
import { useFound } from "../live-context.ts";
import { href } from "../route.ts";
import { budgetTotals } from "../totals.ts";
import { LISTS, PLACED, plural, ROOT_WORDS } from "../words.ts";
import { FindingCard } from "./finding.tsx";

const META = rootNamed("meta");
const BRIEF = rootNamed("brief");

export function Overview() {
    const plan = usePlan();
    const meta = useContent("meta");
    const brief = useContent("brief");
    const names = useVersions(PLACED);
    const { findings, total, loading } = useFound();
    const { mayEdit } = usePlanState();
    const { content } = plan;
    const dates = meta.fields.dates as { start?: string; end?: string } | undefined;
    const today = wallOf(new Date().toISOString(), plan.around.zone)?.day ?? "";
    const left = dates?.start && isDay(dates.start) ? daysBetween(today, dates.start) : undefined;
    const live = (root: string) => content.root(root).living();
    const sessions = live("sessions");
    const speakers = live("speakers");
    const tasks = live("tasks").filter(({ fields }) => fields.state !== "done" && fields.state !== "dropped");
    const totals = budgetTotals(content, plan.around.cur);
    const balance = totals ? totals.income.minor - totals.expense.minor : 0;
    const cap = brief.fields.budget_cap;
    const blocks = findings.filter(({ severity }) => severity === "block");
    const fresh = meta.fields.dates === undefined && sessions.length === 0;
    const when =
        dates &&
        showValue(
            META.fields.find(({ name }) => name === "dates") ?? { name: "dates", kind: "record", needed: true },
            dates,
            plan.around,
        );
    const place = meta.fields.place as { city?: string; country?: string } | undefined;
    return (
        <div className="page">
            <header className="page-head">
                <h1>{String(meta.fields.name ?? "This event has no name yet")}</h1>
                <p className="sub">
                    {[
                        when,
                        place?.city ? `${place.city}${place.country ? `, ${place.country}` : ""}` : undefined,
                        meta.fields.format ? words(String(meta.fields.format)) : undefined,
                    ]
                        .filter(Boolean)
                        .join(" · ") || "Dates, place and currency are below: much else depends on them."}
                </p>
            </header>
            {fresh && mayEdit && (
                <p className="notice">
                    Begin with three facts below: the event's dates, its place, and how many people you expect. Or{" "}
                    <a href={href("p", plan.id, "files")}>import a schedule</a> that you have.
                </p>
            )}
            <dl className="facts">
                {left !== undefined && (
                    <Fact
                        name={left >= 0 ? "Until it begins" : "Since it began"}
                        value={left === 0 ? "Today" : plural(Math.abs(left), "day")}
                        note={dates?.start === dates?.end ? "one day" : when}
                    />
                )}
                {!draftOf(plan.id) && (
                    <Fact
                        name="Findings"
                        value={loading ? "…" : String(total)}
                        note={loading ? "looking" : blocks.length > 0 ? `${blocks.length} block` : "nothing blocks"}
                        to={href("p", plan.id, "findings")}
                        bad={blocks.length > 0}
                    />
                )}
                <Fact
                    name="Sessions"
                    value={sessions.length.toLocaleString("en")}
                    note={`${sessions.filter(({ fields }) => fields.slot).length.toLocaleString("en")} have a slot`}
                    to={href("p", plan.id, "sessions")}
                />
                <Fact
                    name="Speakers"
                    value={speakers.length.toLocaleString("en")}
                    note={`${speakers.filter(({ fields }) => fields.status === "confirmed").length.toLocaleString("en")} confirmed`}
                    to={href("p", plan.id, "speakers")}
                />
                <Fact
                    name="Open tasks"
                    value={tasks.length.toLocaleString("en")}
                    note={`${tasks.filter(({ fields }) => fields.state === "blocked").length} blocked`}
                    to={href("p", plan.id, "tasks")}
                />
                <Fact
                    name="Budget"
                    value={
                        totals
                            ? `${balance < 0 ? "−" : "+"}${showMoney({ minor: Math.abs(balance), cur: totals.cur })}`
                            : "—"
                    }
                    note={
                        totals
                            ? `${showMoney(totals.income)} in, ${showMoney(totals.expense)} out`
                            : `no ${live("budget").length === 0 ? "lines" : "prices"} yet`
                    }
                    to={href("p", plan.id, "budget")}
                    bad={balance < 0}
                />
            </dl>
            {totals && (totals.foreign > 0 || totals.open > 0) && (
                <p className="sub small-print">
                    Not in the sums:{" "}
                    {[
                        totals.foreign > 0
                            ? plural(totals.foreign, "line in another currency", "lines in other currencies")
                            : "",
                        totals.open > 0
                            ? plural(totals.open, "line without a price or a count", "lines without a price or a count")
                            : "",
                    ]
                        .filter(Boolean)
                        .join(", ")}
                    .{isMoney(cap) && cap.cur === totals.cur && ` The cap is ${showMoney(cap)}.`}
                </p>
            )}
            {blocks.length > 0 && (
                <section className="panel" aria-label="What blocks">
                    <h2>What blocks</h2>
                    {blocks.slice(0, 3).map((finding) => (
                        <FindingCard key={finding.key} finding={finding} />
                    ))}
                    {blocks.length > 3 && <a href={href("p", plan.id, "findings")}>All {blocks.length}</a>}
                </section>
            )}
            <div className="columns">
                <section className="panel" aria-label="Event">
                    <h2>Event</h2>
                    {META.fields
                        .filter(({ name }) => name !== "schema")
                        .map((field) => (
                            <FieldRow
                                key={field.name}
                                root="meta"
                                id=""
                                field={field}
                                value={meta.fields[field.name]}
                                names={names}
                            />
                        ))}
                </section>
                <section className="panel" aria-label="Brief">
                    <h2>Brief</h2>
                    {BRIEF.fields.map((field) => (
                        <FieldRow
                            key={field.name}
                            root="brief"
                            id=""
                            field={field}
                            value={brief.fields[field.name]}
                            names={names}
                        />
                    ))}
                </section>
            </div>
            <nav className="panel" aria-label="What the plan holds">
                <h2>What the plan holds</h2>
                <ul className="holds">
                    {LISTS.map((root) => (
                        <li key={root}>
                            <a href={href("p", plan.id, root)}>
                                {ROOT_WORDS[root]?.title}{" "}
                                <span className="count">{live(root).length.toLocaleString("en")}</span>
                            </a>
                        </li>
                    ))}
                </ul>
            </nav>
        </div>
    );
}

function Fact({
    name,
    value,
    note,
    to,
    bad,
}: {
    name: string;
    value: string;
    note?: string | undefined;
    to?: string;
    bad?: boolean;
}) {
    return (
        <div className={bad ? "fact bad" : "fact"}>
            <dt>{to ? <a href={to}>{name}</a> : name}</dt>
            <dd className="fact-value">{value}</dd>
            {note && <dd className="fact-note">{note}</dd>}
        </div>
    );
}
