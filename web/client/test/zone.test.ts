import { expect, test } from "vitest";
import { addDays, daysBetween, instantOf, isDay, isZone, wallOf } from "../src/zone.ts";

test("an instant has the offset that the zone has then", () => {
    expect(instantOf("2027-05-03", "14:00", "Europe/Berlin")).toBe("2027-05-03T14:00:00+02:00");
    expect(instantOf("2027-01-03", "14:00", "Europe/Berlin")).toBe("2027-01-03T14:00:00+01:00");
    expect(instantOf("2027-05-03", "09:30", "Asia/Kolkata")).toBe("2027-05-03T09:30:00+05:30");
    expect(instantOf("2027-05-03", "09:30", "America/St_Johns")).toBe("2027-05-03T09:30:00-02:30");
    expect(instantOf("2027-05-03", "00:00", "UTC")).toBe("2027-05-03T00:00:00+00:00");
});

test("the clock shows again what was written, on every hour of days on which clocks change", () => {
    for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham"]) {
        for (const day of ["2027-03-14", "2027-03-28", "2027-04-04", "2027-10-03", "2027-10-31", "2027-11-07"]) {
            for (let hour = 4; hour < 24; hour++) {
                const time = `${String(hour).padStart(2, "0")}:15`;
                expect(wallOf(instantOf(day, time, zone), zone), `${zone} ${day} ${time}`).toEqual({ day, time });
            }
        }
    }
});

test("an hour that is skipped becomes a time that there is", () => {
    const instant = instantOf("2027-03-28", "02:30", "Europe/Berlin");
    expect(["01:30", "03:30"]).toContain(wallOf(instant, "Europe/Berlin")?.time);
});

test("what is no instant has no clock", () => {
    for (const wrong of ["", "2027-05-03", "2027-05-03T14:00:00", "soon"]) expect(wallOf(wrong, "UTC")).toBeUndefined();
});

test("days are read strictly", () => {
    expect(isDay("2028-02-29")).toBe(true);
    for (const wrong of ["2027-02-29", "2027-5-3", "20270503", "2027-05-03T00:00"]) expect(isDay(wrong)).toBe(false);
    expect(daysBetween("2027-02-28", "2027-03-01")).toBe(1);
    expect(addDays("2027-12-31", 1)).toBe("2028-01-01");
    expect(isZone("Europe/Berlin")).toBe(true);
    expect(isZone("Europe/Nowhere")).toBe(false);
    expect(isZone("+02:00")).toBe(false);
});
