/** Parts of the staff's overview ask for themselves anew; while nobody looks at the page they rest. */

const EVERY_MS = { "staff-refresh": 5_000, "staff-refresh-slow": 30_000 };

const tell = (name: string): boolean => document.body.dispatchEvent(new Event(name));

for (const [name, everyMs] of Object.entries(EVERY_MS)) {
  setInterval(() => {
    if (!document.hidden) tell(name);
  }, everyMs);
}
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) tell("staff-refresh");
});
