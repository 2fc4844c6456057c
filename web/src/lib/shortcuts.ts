/** What to do on a key or a sequence: `"/"`, `"mod+k"`, `"g p"`. */
export type Bindings = Record<string, () => void>;

/** How long the second key of a sequence is waited for, in ms. */
const PATIENCE = 1200;

interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey?: boolean;
}

export function nameOf(press: Press): string {
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  if (!press.ctrlKey && !press.metaKey) return key;
  return press.shiftKey && key.length === 1 ? `mod+shift+${key}` : `mod+${key}`;
}

/** Is the user writing? Then single keys are text, not commands. */
export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT") {
    return true;
  }
  if (!(target instanceof HTMLInputElement)) return false;
  return !["checkbox", "radio", "range", "button"].includes(target.type);
}

/** Follows key presses and finds the binding that they complete. */
export function createMatcher(now: () => number = Date.now) {
  let waiting = "";
  let since = 0;
  return (press: Press, bindings: Bindings): (() => void) | null => {
    if (press.altKey || ["Shift", "Control", "Meta", "Alt"].includes(press.key)) return null;
    const name = nameOf(press);
    const sequence = waiting !== "" && now() - since < PATIENCE ? `${waiting} ${name}` : name;
    waiting = "";
    if (bindings[sequence]) return bindings[sequence];
    if (bindings[name] && sequence !== name) return bindings[name];
    if (Object.keys(bindings).some((binding) => binding.startsWith(`${name} `))) {
      waiting = name;
      since = now();
    }
    return null;
  };
}
