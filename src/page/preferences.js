// Language and theme: the browser's preference, unless the reader chose another one; the choice is stored.

/** The stored choice, or null; a browser may forbid storage. */
function storedChoice(name) {
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
    // The choice then holds until the page is closed.
  }
}

/** The language: `zh` or `en`. */
export function preferredLanguage() {
  const chosen = storedChoice("language");
  if (chosen === "zh" || chosen === "en") return chosen;
  const first = navigator.languages.find((tag) => /^(zh|en)\b/i.test(tag)) ?? "en";
  return first.slice(0, 2).toLowerCase();
}

export const rememberLanguage = (code) => remember("language", code);

const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** The theme: `dark` or `light`. */
export function preferredTheme() {
  const chosen = storedChoice("theme");
  if (chosen === "dark" || chosen === "light") return chosen;
  return systemDark.matches ? "dark" : "light";
}

export const rememberTheme = (name) => remember("theme", name);

/** Calls `changed` when the system changes its theme. */
export const onSystemTheme = (changed) => systemDark.addEventListener("change", changed);
