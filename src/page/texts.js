// The texts that all pages share, the texts that a page adds, and the current language.

/** Each text in English and in Chinese. */
const TEXTS = {
  "language": ["中文", "English"],
  "language.label": ["切换到中文", "Switch to English"],
  "theme.dark": ["Use the dark theme", "使用深色主题"],
  "theme.light": ["Use the light theme", "使用浅色主题"],
  "cancel": ["Cancel", "取消"],
  "close": ["Close", "关闭"],
  "span.ms": ["{n} ms", "{n} 毫秒"],
  "span.s": ["{n} s", "{n} 秒"],
  "span.min": ["{n} min", "{n} 分钟"],
  "span.h": ["{n} h", "{n} 小时"],
  "copy": ["Copy", "复制"],
  "copied": ["Copied", "已复制"],
  "copy.failed": ["The browser does not let this page copy: select the text instead.", "浏览器不允许本页复制，请手动选择文本。"],
  "raw": ["Raw", "原文"],
  "failed": ["That did not work: {why}", "操作失败：{why}"],
  "live.live": ["Live", "实时"],
  "live.connecting": ["Connecting…", "连接中…"],
  "live.lost": ["Connection lost, trying again…", "连接中断，正在重试…"],
};

/** Adds the texts of a page or of a part of it: names with their English and Chinese words. */
export const addTexts = (texts) => Object.assign(TEXTS, texts);

const LANGUAGES = ["en", "zh"];
let language = 0;

/** The current language: `en` or `zh`. */
export const currentLanguage = () => LANGUAGES[language];

/** Sets the current language. */
export function setLanguage(code) {
  language = Math.max(0, LANGUAGES.indexOf(code));
}

/** A text in the current language, with `{name}` replaced; `fallback` if there is no text of that name. */
export function text(name, values = {}, fallback = name) {
  const found = Object.hasOwn(TEXTS, name) ? TEXTS[name][language] : String(fallback);
  return found.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

/** Sets the texts of the elements that are written in HTML. */
export function translate(root, values) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text, values);
  for (const element of root.querySelectorAll("[data-text-placeholder]")) element.placeholder = text(element.dataset.textPlaceholder, values);
  for (const element of root.querySelectorAll("[data-text-label]")) element.setAttribute("aria-label", text(element.dataset.textLabel, values));
}

/** A time span in milliseconds, in its shortest form. */
export const shortSpan = (ms) => (ms < 1000 ? text("span.ms", { n: Math.round(ms) }) : text("span.s", { n: (ms / 1000).toFixed(ms < 10_000 ? 1 : 0) }));

/** A function that formats a value in the current language; `make(locale)` gives a formatter, which is kept, as making one is slow. */
export function inBothLanguages(make) {
  const formatters = ["en-GB", "zh-CN"].map(make);
  return (value) => formatters[language].format(value);
}

const SECONDS = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

/** A time of day with seconds, in the current language. */
export const clockTime = inBothLanguages((locale) => new Intl.DateTimeFormat(locale, SECONDS));

/** A time of day with milliseconds. */
export const preciseTime = inBothLanguages((locale) => new Intl.DateTimeFormat(locale, { ...SECONDS, fractionalSecondDigits: 3 }));
