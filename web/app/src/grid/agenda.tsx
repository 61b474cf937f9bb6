// A day of the programme: rooms beside one another, time downwards. Sessions are dragged, moved by keys, or opened and
// given another slot in the drawer, which needs one press and no dragging.

import { instantOf, type Row, showWeekday } from "@convene/client";
import { type KeyboardEvent, type PointerEvent, useMemo, useState } from "react";
import { useContent, usePlan, usePlanState } from "../context.ts";
import { tell } from "../ui/toast.ts";
import { undoLast } from "../ui/undo.ts";
import { plural } from "../words.ts";
import { clock, type Placed, placeAll, wallAt } from "./agenda-layout.ts";

const PIXELS_PER_MINUTE = 2.2;
const LINE_PIXELS = 16;
const HEIGHT_PIXELS_MIN = 15;
const SNAP_MINUTES = 5;
/** A press that moves less is a press. */
const DRAG_PIXELS = 5;
const ELSEWHERE = "";

interface Props {
    rows: Row[];
    onOpen: (id: string) => void;
    openId: string | undefined;
}

interface Drag {
    id: string;
    title: string;
    minutes: number;
    /** From where in the session it is held, in minutes. */
    held: number;
    x: number;
    y: number;
    moving: boolean;
    over?: { room: string; from: number } | undefined;
}

export function Agenda({ rows, onOpen, openId }: Props) {
    const plan = usePlan();
    const { mayEdit } = usePlanState();
    const rooms = useContent("rooms");
    const tracks = useContent("tracks");
    const speakers = useContent("speakers");
    const meta = useContent("meta");
    const [chosen, setChosen] = useState<string>();
    const [drag, setDrag] = useState<Drag>();
    const zone = plan.around.zone;
    const placed = useMemo(() => placeAll(rows, zone), [rows, zone]);
    const loose = rows.filter((row) => !row.fields.slot && row.fields.state !== "cancelled");
    const dates = meta.fields.dates as { start?: string; end?: string } | undefined;
    const days = [...new Set([...placed.map(({ day }) => day), ...(dates?.start ? [dates.start] : [])])].sort();
    const day = chosen && days.includes(chosen) ? chosen : (days.find((one) => one >= (dates?.start ?? "")) ?? days[0]);
    const today = placed.filter((one) => one.day === day);
    const known = rooms.list().filter((room) => !room.archived || today.some((one) => one.room === room.id));
    const shown = known.map(({ id }) => id);
    const others = today.some(({ room }) => !shown.includes(room));
    const columns = others ? [...shown, ELSEWHERE] : shown;
    const first = Math.floor(Math.min(9 * 60, ...today.map(({ from }) => from)) / 60) * 60;
    const last = Math.ceil(Math.max(18 * 60, ...today.map(({ to }) => to)) / 60) * 60;
    const hours = Array.from({ length: (last - first) / 60 }, (_, at) => first + at * 60);
    const clashes = today.filter(({ lanes }) => lanes > 1).length;

    const name = (room: string) => (room === ELSEWHERE ? "Elsewhere" : (plan.title("rooms", room) ?? "Unknown room"));
    const put = (id: string, room: string, from: number) => {
        if (!day) return;
        const row = plan.content.root("sessions").get(id);
        if (row?.fields.locked === true) {
            tell(`“${plan.title("sessions", id)}” is locked. Unlock it in its details to move it.`);
            return;
        }
        const wall = wallAt(day, from);
        plan.set("sessions", id, "slot", { start: instantOf(wall.day, wall.time, zone), room_id: room });
        tell(`“${plan.title("sessions", id)}”: ${wall.time}, ${name(room)}.`, undoLast(plan));
    };

    const onKey = (event: KeyboardEvent, one: Placed) => {
        if (!mayEdit || !event.altKey) return;
        const at = columns.indexOf(one.room);
        const room =
            event.key === "ArrowLeft" ? columns[at - 1] : event.key === "ArrowRight" ? columns[at + 1] : one.room;
        const later = event.key === "ArrowDown" ? SNAP_MINUTES : event.key === "ArrowUp" ? -SNAP_MINUTES : 0;
        if (!event.key.startsWith("Arrow")) return;
        event.preventDefault();
        if (room !== undefined && room !== ELSEWHERE) put(one.row.id, room, one.from + later);
    };

    const target = (x: number, y: number, held: number): Drag["over"] => {
        const column = document
            .elementsFromPoint(x, y)
            .find(
                (element): element is HTMLElement =>
                    element instanceof HTMLElement && element.dataset.room !== undefined,
            );
        if (!column || column.dataset.room === ELSEWHERE) return undefined;
        const minutes = (y - column.getBoundingClientRect().top) / PIXELS_PER_MINUTE + first - held;
        return {
            room: column.dataset.room ?? "",
            from: Math.max(0, Math.round(minutes / SNAP_MINUTES) * SNAP_MINUTES),
        };
    };
    const onDown = (event: PointerEvent<HTMLElement>, row: Row, inGrid: boolean) => {
        if (!mayEdit || event.button !== 0 || event.pointerType === "touch") return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const held = inGrid ? (event.clientY - event.currentTarget.getBoundingClientRect().top) / PIXELS_PER_MINUTE : 0;
        const minutes = typeof row.fields.minutes === "number" ? row.fields.minutes : 30;
        const title = plan.title("sessions", row.id) ?? "";
        setDrag({ id: row.id, title, minutes, held, x: event.clientX, y: event.clientY, moving: false });
    };
    const onMove = (event: PointerEvent) => {
        if (!drag) return;
        const moving = drag.moving || Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > DRAG_PIXELS;
        if (!moving) return;
        const over = target(event.clientX, event.clientY, drag.held);
        if (!drag.moving || over?.room !== drag.over?.room || over?.from !== drag.over?.from)
            setDrag({ ...drag, moving, over });
    };
    const onUp = () => {
        if (drag?.moving && drag.over) put(drag.id, drag.over.room, drag.over.from);
        // The press that ends a drag opens nothing: the click comes after this.
        setTimeout(() => setDrag(undefined), 0);
    };
    const open = (id: string) => {
        if (!drag?.moving) onOpen(id);
    };

    if (columns.length === 0) {
        return <p className="empty agenda-empty">An agenda needs rooms. Add some, and give sessions a slot in them.</p>;
    }
    return (
        <div className="agenda">
            <div className="agenda-days">
                {days.map((one) => (
                    <button
                        key={one}
                        type="button"
                        className="day-tab"
                        aria-pressed={one === day}
                        onClick={() => setChosen(one)}
                    >
                        {showWeekday(one)}{" "}
                        <span className="count">{placed.filter((session) => session.day === one).length}</span>
                    </button>
                ))}
                <span className="sub">
                    {zone}
                    {clashes > 0 && (
                        <strong className="clash-count"> · {plural(clashes, "session")} at once in a room</strong>
                    )}
                </span>
            </div>
            {loose.length > 0 && (
                <details className="tray">
                    <summary>{plural(loose.length, "session")} without a slot</summary>
                    <div className="tray-cards">
                        {loose.map((row) => (
                            <button
                                key={row.id}
                                type="button"
                                className="tray-card"
                                onPointerDown={(event) => onDown(event, row, false)}
                                onPointerMove={onMove}
                                onPointerUp={onUp}
                                onClick={() => open(row.id)}
                            >
                                {plan.title("sessions", row.id)}
                            </button>
                        ))}
                    </div>
                </details>
            )}
            <section
                className="agenda-scroll"
                // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keys
                tabIndex={0}
                aria-label={day ? `Agenda of ${showWeekday(day)}` : "Agenda"}
            >
                <div
                    className="agenda-sheet"
                    style={{ gridTemplateColumns: `52px repeat(${columns.length}, minmax(148px, 1fr))` }}
                >
                    <div className="agenda-corner" />
                    {columns.map((room) => (
                        <h2 key={room} className="agenda-room">
                            {name(room)}
                        </h2>
                    ))}
                    <div className="agenda-times" style={{ height: (last - first) * PIXELS_PER_MINUTE }} aria-hidden>
                        {hours.map((hour) => (
                            <span key={hour} style={{ top: (hour - first) * PIXELS_PER_MINUTE }}>
                                {clock(hour)}
                            </span>
                        ))}
                    </div>
                    {columns.map((room) => (
                        <div
                            key={room}
                            className="agenda-column"
                            data-room={room}
                            style={{
                                height: (last - first) * PIXELS_PER_MINUTE,
                                backgroundSize: `100% ${60 * PIXELS_PER_MINUTE}px`,
                            }}
                        >
                            {today
                                .filter((one) => (room === ELSEWHERE ? !shown.includes(one.room) : one.room === room))
                                .map((one) => {
                                    const { row, from, to, lane, lanes } = one;
                                    const color = tracks.get(String(row.fields.track_id ?? ""))?.fields.color;
                                    const people = Object.keys((row.fields.people as object | null) ?? {})
                                        .map((id) => speakers.get(id)?.fields.name)
                                        .filter(Boolean)
                                        .join(", ");
                                    const title = plan.title("sessions", row.id) ?? "";
                                    const height = Math.max(HEIGHT_PIXELS_MIN, (to - from) * PIXELS_PER_MINUTE - 2);
                                    // The title first; when and who where there is room for it.
                                    const lines = Math.max(1, Math.floor((height - 4) / LINE_PIXELS));
                                    const classes = [
                                        "agenda-session",
                                        lanes > 1 ? "clash" : "",
                                        row.id === openId ? "open" : "",
                                        row.fields.state === "cancelled" ? "off" : "",
                                        lines === 1 ? "tiny" : "",
                                        drag?.moving && drag.id === row.id ? "dragged" : "",
                                    ];
                                    return (
                                        <button
                                            key={row.id}
                                            type="button"
                                            className={classes.filter(Boolean).join(" ")}
                                            title={`${title}, ${clock(from)} to ${clock(to)}${people ? `, ${people}` : ""}`}
                                            style={{
                                                top: (from - first) * PIXELS_PER_MINUTE,
                                                height,
                                                left: `${(lane / lanes) * 100}%`,
                                                width: `calc(${100 / lanes}% - 3px)`,
                                                ...(typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color)
                                                    ? { borderLeftColor: color }
                                                    : {}),
                                            }}
                                            onClick={() => open(row.id)}
                                            onKeyDown={(event) => onKey(event, one)}
                                            onPointerDown={(event) => onDown(event, row, true)}
                                            onPointerMove={onMove}
                                            onPointerUp={onUp}
                                            onPointerCancel={() => setDrag(undefined)}
                                        >
                                            <span
                                                className="agenda-title"
                                                style={{ WebkitLineClamp: Math.max(1, lines - 1) }}
                                            >
                                                {title}
                                            </span>
                                            {lines > 1 && (
                                                <span className="agenda-note">
                                                    {clock(from)}–{clock(to)}
                                                    {lanes > 1 && " · at once with another"}
                                                    {people && ` · ${people}`}
                                                </span>
                                            )}
                                        </button>
                                    );
                                })}
                            {drag?.moving && drag.over?.room === room && (
                                <div
                                    className="agenda-ghost"
                                    aria-hidden
                                    style={{
                                        top: (drag.over.from - first) * PIXELS_PER_MINUTE,
                                        height: drag.minutes * PIXELS_PER_MINUTE,
                                    }}
                                >
                                    {clock(drag.over.from)} {drag.title}
                                </div>
                            )}
                        </div>
                    ))}
                </div>
            </section>
        </div>
    );
}
