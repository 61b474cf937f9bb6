// Waits for a condition, up to a deadline.

const LOOK_EVERY_MS = 10;

/** Resolves when `check` says so; after `ms` it fails with what `describe` says. */
export function until(check, ms, describe) {
  const deadline = performance.now() + ms;
  return new Promise((resolve, reject) => {
    const look = () => {
      if (check()) resolve();
      else if (performance.now() > deadline) reject(new Error(`after ${ms} ms: ${describe()}`));
      else setTimeout(look, LOOK_EVERY_MS);
    };
    look();
  });
}
