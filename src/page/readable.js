// Bodies in a readable form: XML and JSON indented, forms decoded.

import { el } from "./dom.js";

const INDENT = "  ";
/** The pattern of CDATA sections and tags; the parts between them are text. */
const PIECES = /(<!\[CDATA\[[\s\S]*?\]\]>|<[^>]*>)/;

/**
 * XML with each element on a line of its own. The browser's parser is not used, since the documents' XML is not
 * well-formed (`<MsgId>…</MsgID>`), and half of a body must be readable, too.
 */
export function prettyXml(xml) {
  const pieces = xml.split(PIECES).filter((piece) => piece.trim() !== "");
  const lines = [];
  let depth = 0;
  let isOpen = false;
  for (const piece of pieces) {
    const isTag = piece.startsWith("<") && !piece.startsWith("<!");
    const isEnd = isTag && piece.startsWith("</");
    if (isEnd) depth = Math.max(0, depth - 1);
    // The text and the end tag of an element stay on the line of its start tag.
    if (isOpen && (isEnd || !isTag)) lines.push(lines.pop() + piece);
    else lines.push(INDENT.repeat(depth) + piece);
    const isStart = isTag && !isEnd && !piece.startsWith("<?") && !piece.endsWith("/>");
    if (isStart) depth += 1;
    isOpen = isStart || (isOpen && !isTag);
  }
  return lines.join("\n");
}

/** JSON on several lines; null if the text is not JSON. */
export function prettyJson(words) {
  try {
    return JSON.stringify(JSON.parse(words), null, 2);
  } catch {
    return null;
  }
}

/** The error message in an answer, if it is JSON that has one. */
export function sentence(answer) {
  try {
    const { errmsg, msg, error } = JSON.parse(answer);
    return String(errmsg ?? msg ?? error ?? answer).trim();
  } catch {
    return answer.trim();
  }
}

/** The names and values of `a=b&c=d`, decoded, as a table. */
export function formTable(form, label) {
  const rows = [...new URLSearchParams(form)].map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)));
  return table(rows, label);
}

/** The headers as a table. */
export const headerTable = (headers, label) =>
  table(headers.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value))), label);

const table = (rows, label) => el("table", { class: "pairs", "aria-label": label }, el("tbody", {}, rows));
