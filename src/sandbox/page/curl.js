// Requests as commands for a shell.

/** The headers that curl adds itself. */
const OWN_HEADERS = new Set(["host", "content-length", "connection", "transfer-encoding", "accept", "accept-encoding"]);

/** The request of an attempt as a command for a POSIX shell. */
export function curl({ method, query, headers }, url, body) {
  const joint = url.includes("?") ? "&" : "?";
  const sent = headers.filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
  // curl omits a header with an empty value, unless it ends with a semicolon.
  const options = sent.map(([name, value]) => `--header ${quoted(value === "" ? `${name};` : `${name}: ${value}`)}`);
  return [
    `curl --include --globoff --request ${quoted(method)}`,
    ...options,
    `--data-raw ${quoted(body)}`,
    quoted(`${url}${joint}${query}`),
  ].join(" \\\n  ");
}

/** A text as one word for a shell: within single quotes only the quote itself has a meaning. */
const quoted = (words) => `'${words.replaceAll("'", String.raw`'\''`)}'`;
