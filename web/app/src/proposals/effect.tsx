// What follows from accepting all that can be: findings, money, dates.

import { type ProposalEffect, type Surroundings, showInstant, showMoney, showWeekday } from "@convene/client";
import { ArrowRight, CircleAlert, CircleCheck } from "lucide-react";
import { useState } from "react";
import { plural } from "../words.ts";

const SHOWN_MAX = 8;

export function Effect({ effect, around }: { effect: ProposalEffect; around: Surroundings }) {
    const { cleared, caused, totals, dates, dates_left_out: left } = effect;
    const [all, setAll] = useState(false);
    const nothing = cleared.length + caused.length + totals.length + dates.length === 0;
    const shown = all ? dates : dates.slice(0, SHOWN_MAX);
    return (
        <section className="effect" aria-label="What follows">
            <h3>If all that can be is accepted</h3>
            {nothing && <p className="sub">No finding, no total of the budget and no date changes.</p>}
            {(cleared.length > 0 || caused.length > 0) && (
                <ul className="effect-list">
                    {cleared.map(({ key, say }) => (
                        <li key={key}>
                            <span className="mark good">
                                <CircleCheck size={13} aria-hidden /> Mends
                            </span>
                            <span>{say}</span>
                        </li>
                    ))}
                    {caused.map(({ key, say, severity }) => (
                        <li key={key}>
                            <span className={severity === "info" ? "mark plain" : "mark bad"}>
                                <CircleAlert size={13} aria-hidden /> Causes
                            </span>
                            <span>{say}</span>
                        </li>
                    ))}
                </ul>
            )}
            {(totals.length > 0 || dates.length > 0) && (
                <table className="sums effect-table">
                    <caption className="unseen">Totals and dates before and after</caption>
                    <thead>
                        <tr>
                            <th scope="col">What changes</th>
                            <th scope="col">Before</th>
                            <th scope="col">
                                <span className="unseen">becomes</span>
                            </th>
                            <th scope="col">After</th>
                        </tr>
                    </thead>
                    <tbody>
                        {totals.map(({ name, cur, before, after }) => (
                            <tr key={`${name}${cur}`}>
                                <th scope="row">{`${name.charAt(0).toUpperCase()}${name.slice(1)}`}</th>
                                <td>{showMoney({ minor: before, cur })}</td>
                                <td>
                                    <ArrowRight size={12} aria-hidden />
                                </td>
                                <td>
                                    {showMoney({ minor: after, cur })}{" "}
                                    <span className="sub">
                                        ({after > before ? "+" : "−"}
                                        {showMoney({ minor: Math.abs(after - before), cur })})
                                    </span>
                                </td>
                            </tr>
                        ))}
                        {shown.map(({ path, name, before, after }) => (
                            <tr key={path.join("/")}>
                                <th scope="row">
                                    {name} <span className="sub">{part(path)}</span>
                                </th>
                                <td>{when(before, around)}</td>
                                <td>
                                    <ArrowRight size={12} aria-hidden />
                                </td>
                                <td>{when(after, around)}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            )}
            {!all && dates.length > SHOWN_MAX && (
                <button type="button" className="link small" onClick={() => setAll(true)}>
                    Show all {plural(dates.length, "date")}
                </button>
            )}
            {left > 0 && (all || dates.length <= SHOWN_MAX) && (
                <p className="sub">And {plural(left, "more date")} that are not shown here.</p>
            )}
        </section>
    );
}

/** The last part of a path says which date of a thing it is. */
function part(path: string[]): string {
    return (path.at(-1) ?? "").replaceAll("_", " ");
}

function when(date: string | null | undefined, around: Surroundings): string {
    if (!date) return "none";
    return /^\d{4}-\d\d-\d\d$/.test(date) ? `${showWeekday(date)} ${date.slice(0, 4)}` : showInstant(date, around.zone);
}
