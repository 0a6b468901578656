// Language and theme: what the browser prefers, unless the reader chose otherwise; the choice is remembered.

/** What was chosen, or null; a browser may forbid to remember. */
function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // It holds until the page is closed.
  }
}

/** `zh` or `en`. */
export function preferredLanguage() {
  const chosen = remembered("language");
  if (chosen === "zh" || chosen === "en") return chosen;
  const first = navigator.languages.find((tag) => /^(zh|en)\b/i.test(tag)) ?? "en";
  return first.slice(0, 2).toLowerCase();
}

export const rememberLanguage = (code) => remember("language", code);

const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** `dark` or `light`. */
export function preferredTheme() {
  const chosen = remembered("theme");
  if (chosen === "dark" || chosen === "light") return chosen;
  return systemDark.matches ? "dark" : "light";
}

export const rememberTheme = (name) => remember("theme", name);

/** Calls `changed` when the system changes its theme. */
export const onSystemTheme = (changed) => systemDark.addEventListener("change", changed);
