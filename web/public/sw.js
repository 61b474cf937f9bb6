// Keeps the page itself on the device, so that a plan can be opened without a network: the newest page that there was,
// and the files it named, whose names change with what is in them.

const CACHE = "convene-page-1";
const FILES_MAX = 60;
const WAIT_MS = 4000;

self.addEventListener("install", (event) => {
    event.waitUntil(caches.open(CACHE).then((cache) => cache.add("/")));
    self.skipWaiting();
});

self.addEventListener("activate", (event) => {
    const others = (names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
    event.waitUntil(
        caches
            .keys()
            .then(others)
            .then(() => self.clients.claim()),
    );
});

async function page(request) {
    const cache = await caches.open(CACHE);
    try {
        const answer = await fetch(request, { signal: AbortSignal.timeout(WAIT_MS) });
        if (answer.ok) await cache.put("/", answer.clone());
        return answer;
    } catch (error) {
        const kept = await cache.match("/");
        if (kept) return kept;
        throw error;
    }
}

async function file(request) {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(request);
    if (kept) return kept;
    const answer = await fetch(request);
    if (answer.ok) {
        await cache.put(request, answer.clone());
        const names = await cache.keys();
        const files = names.filter(({ url }) => new URL(url).pathname.startsWith("/assets/"));
        for (const old of files.slice(0, Math.max(0, files.length - FILES_MAX))) await cache.delete(old);
    }
    return answer;
}

self.addEventListener("fetch", (event) => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== "GET" || origin !== self.location.origin) return;
    if (request.mode === "navigate" && pathname === "/") event.respondWith(page(request));
    else if (pathname.startsWith("/assets/") || pathname === "/icon.svg") event.respondWith(file(request));
});
