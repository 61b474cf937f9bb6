// Why something is proposed: the author's words, what it refers to, and what could go wrong.

import { type Citation, isRoot, type Proposal, rootNamed, type Surroundings } from "@convene/client";
import { CircleCheck, CircleHelp, CircleX } from "lucide-react";
import { usePlan } from "../context.ts";
import { href } from "../route.ts";
import { ROOT_WORDS } from "../words.ts";
import { Badge } from "./badge.tsx";
import { Place } from "./change.tsx";
import { RISK } from "./words.ts";

export function Why({ proposal, around }: { proposal: Proposal; around: Surroundings }) {
    const { rationale, about } = proposal;
    const { risk, confidence, citations = [] } = about;
    return (
        <>
            {rationale !== "" && <p className="rationale">{rationale}</p>}
            {(risk || confidence !== undefined) && (
                <dl className="risk">
                    {risk && (
                        <div>
                            <dt>Risk</dt>
                            <dd>
                                <Badge said={RISK[risk.level]} />{" "}
                                {risk.reversible ? "It can be taken back." : "It cannot be taken back."}
                            </dd>
                        </div>
                    )}
                    {risk?.effect && (
                        <div>
                            <dt>What follows</dt>
                            <dd>{risk.effect}</dd>
                        </div>
                    )}
                    {risk?.mitigation && (
                        <div>
                            <dt>Against that</dt>
                            <dd>{risk.mitigation}</dd>
                        </div>
                    )}
                    {confidence !== undefined && (
                        <div>
                            <dt>How sure</dt>
                            <dd>{confidence} of 100, says the author</dd>
                        </div>
                    )}
                </dl>
            )}
            {citations.length > 0 && (
                <section className="citations" aria-label="What it refers to">
                    <h3>Refers to</h3>
                    <ul>
                        {citations.map((citation) => (
                            <Cited
                                key={`${citation.kind}${citation.ref}${citation.quote ?? ""}`}
                                {...{ citation, around }}
                            />
                        ))}
                    </ul>
                </section>
            )}
        </>
    );
}

function Cited({ citation, around }: { citation: Citation; around: Surroundings }) {
    const { kind, ref, quote, verified } = citation;
    return (
        <li className="citation">
            <p>
                <Target kind={kind} target={ref} around={around} /> <Verified kind={kind} verified={verified} />
            </p>
            {quote && <blockquote>{quote}</blockquote>}
        </li>
    );
}

function Verified({ kind, verified }: { kind: Citation["kind"]; verified: boolean | undefined }) {
    const known = kind === "plan" || kind === "rule";
    if (verified === true)
        return (
            <span className="mark good">
                <CircleCheck size={13} aria-hidden /> Found there
            </span>
        );
    if (verified === false)
        return (
            <span className={known ? "mark bad" : "mark warn"}>
                <CircleX size={13} aria-hidden /> {known ? "Not found" : "Quote not verified"}
            </span>
        );
    return (
        <span className="mark plain">
            <CircleHelp size={13} aria-hidden /> Not looked up
        </span>
    );
}

function Target({ kind, target, around }: { kind: Citation["kind"]; target: string; around: Surroundings }) {
    const plan = usePlan();
    if (kind === "url") {
        // Only what a browser opens as a page; anything else is shown as it is.
        if (!/^https?:\/\//i.test(target)) return <span className="ref">{target}</span>;
        return (
            <a className="ref" href={target} target="_blank" rel="noreferrer noopener">
                {target}
                <span className="unseen"> (opens another page)</span>
            </a>
        );
    }
    if (kind === "rule") return <span className="ref">The rule “{target.replaceAll(/[_-]/g, " ")}”</span>;
    if (kind === "source") return <span className="ref">{target}</span>;
    const path = target.split("/");
    const [root = "", id = "", field] = path;
    const linked = isRoot(root) && ROOT_WORDS[root] && rootNamed(root).holds === "many";
    const named = <Place path={path} around={around} />;
    if (!linked) return <span className="ref">{named}</span>;
    return (
        <a
            className="ref"
            href={`${href("p", plan.id, root, id)}${field ? `?field=${encodeURIComponent(field)}` : ""}`}
        >
            {named}
        </a>
    );
}
