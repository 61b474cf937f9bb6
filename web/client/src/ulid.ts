// Ids that nobody else makes up: a prefix and a ULID.

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** 48 bits of milliseconds and 80 random ones, in Crockford's base 32: later ones sort behind earlier ones. */
export function ulid(now = Date.now()): string {
    let time = "";
    for (let rest = now, at = 0; at < 10; at++) {
        time = DIGITS.charAt(rest % 32) + time;
        rest = Math.floor(rest / 32);
    }
    const random = crypto.getRandomValues(new Uint8Array(16));
    return time + Array.from(random, (byte) => DIGITS.charAt(byte % 32)).join("");
}
