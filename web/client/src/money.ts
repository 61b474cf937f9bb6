// Money: whole minor units and a currency, so that nothing is ever rounded.

export const MONEY_HINT = "write an amount and a currency, such as 1250 EUR";

export interface Money {
    minor: number;
    cur: string;
}

export function isMoney(value: unknown): value is Money {
    const money = value as Money | null;
    return typeof money === "object" && money !== null && Number.isSafeInteger(money.minor) && isCurrency(money.cur);
}

const exponents = new Map<string, number>();

/** How many decimals a currency has by ISO 4217. */
function exponentOf(cur: string): number {
    let exponent = exponents.get(cur);
    if (exponent === undefined) {
        exponent = new Intl.NumberFormat("en", { style: "currency", currency: cur }).resolvedOptions()
            .maximumFractionDigits as number;
        exponents.set(cur, exponent);
    }
    return exponent;
}

let currencies: Set<string> | undefined;

export function isCurrency(cur: unknown): cur is string {
    currencies ??= new Set(Intl.supportedValuesOf("currency"));
    return typeof cur === "string" && currencies.has(cur);
}

/** As a decimal, "18000.00", which a spreadsheet reads. */
export function decimalOf(money: Money): string {
    const exponent = exponentOf(money.cur);
    const digits = String(Math.abs(money.minor)).padStart(exponent + 1, "0");
    const whole = digits.slice(0, digits.length - exponent);
    const sign = money.minor < 0 ? "-" : "";
    return exponent === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-exponent)}`;
}

/** As a decimal with its currency, "18,000.00 EUR", which `parseMoney` reads. */
export function writtenMoney(money: Money): string {
    const [whole = "", part] = decimalOf(money).split(".");
    const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
    return `${part === undefined ? grouped : `${grouped}.${part}`} ${money.cur}`;
}

const shown = new Map<string, Intl.NumberFormat>();

/** For people: "€18,000", "$1,200.50". Cents are left out when there are none. */
export function showMoney(money: Money): string {
    const exponent = exponentOf(money.cur);
    const whole = money.minor % 10 ** exponent === 0;
    const key = `${money.cur}${whole}`;
    let format = shown.get(key);
    if (!format) {
        const digits = whole ? 0 : exponent;
        format = new Intl.NumberFormat("en", {
            style: "currency",
            currency: money.cur,
            minimumFractionDigits: digits,
            maximumFractionDigits: digits,
        });
        shown.set(key, format);
    }
    return format.format(money.minor / 10 ** exponent);
}

const SIGNS: Record<string, string> = { "€": "EUR", $: "USD", "£": "GBP", "¥": "JPY", "₹": "INR" };

/** Reads "18000", "18,000.50", "USD 20" or "€5"; without a currency it is `cur`, and with neither nothing is guessed. A sentence when it cannot be read. */
export function parseMoney(text: string, cur: string | undefined): Money | string {
    const said = /[A-Za-z]{3}/.exec(text)?.[0].toUpperCase();
    const sign = Object.keys(SIGNS).find((one) => text.includes(one));
    const currency = said ?? (sign ? SIGNS[sign] : undefined) ?? cur;
    if (currency === undefined) return MONEY_HINT;
    if (!isCurrency(currency)) return `“${currency}” is no currency: write a code such as EUR or USD`;
    const digits = text.replace(/[A-Za-z]{3}/, "").replace(/[€$£¥₹\s_’']/g, "");
    const match = /^(-?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$/.exec(digits);
    if (!match) return `write an amount as 1250 or 1,250.50${said ? "" : `, in ${currency}`}`;
    const exponent = exponentOf(currency);
    const decimals = match[3] ?? "";
    if (decimals.length > exponent) {
        return exponent === 0 ? `${currency} has no decimals` : `${currency} has at most ${exponent} decimals`;
    }
    const minor = Number(`${match[1]}${match[2]?.replaceAll(",", "")}${decimals.padEnd(exponent, "0")}`);
    if (!Number.isSafeInteger(minor)) return "this amount is too large";
    return { minor: minor === 0 ? 0 : minor, cur: currency };
}
