// Building of elements. Foreign texts are only set through `textContent` and `link`, so that they are never read as HTML.

/**
 * An element with properties and children. Strings become text nodes; null, undefined and false are left out.
 * `class`, `data` and `aria-*`, `role` and `for` are attributes, `on` holds listeners, all other names are DOM properties.
 */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key === "class") element.className = value;
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key === "on") for (const [event, run] of Object.entries(value)) element.addEventListener(event, run);
    else if (key.startsWith("aria-") || key === "role" || key === "for") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An element of a drawing. */
export function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** A decorative icon of `icons.svg`; the control around it has the label. */
export function icon(name) {
  const drawing = svg("svg", { class: "icon", "aria-hidden": "true" });
  drawing.append(svg("use", { href: `icons.svg#icon-${name}` }));
  return drawing;
}

/** The address in normal form if a browser may open it (`http` and `https` only), else null. */
export function safeAddress(address) {
  if (typeof address !== "string" || !/^https?:\/\//i.test(address.trim())) return null;
  try {
    return new URL(address.trim()).href;
  } catch {
    return null;
  }
}

/** A link to `address`, or a span with its text if it may not be opened. */
export function link(address, properties, ...children) {
  const href = safeAddress(address);
  if (href) return el("a", { ...properties, href, target: "_blank", rel: "noopener noreferrer" }, ...children);
  const shown = address ? el("span", { class: "dead-link" }, String(address)) : null;
  return el("span", properties, ...children, shown);
}

/** Text whose web addresses can be clicked. */
export function linked(text) {
  return String(text)
    .split(/(https?:\/\/[^\s<>"'，。）)]+)/)
    .map((part, index) => (index % 2 && safeAddress(part) ? link(part, { class: "inline-link" }, part) : part));
}

/** A picture, which is replaced by its address if it cannot be loaded. */
export function picture(address, properties) {
  const href = address?.startsWith?.("/") && !address.startsWith("//") ? address : safeAddress(address);
  if (!href) return el("span", { class: "no-picture" }, icon("image"), el("span", { class: "dead-link" }, String(address ?? "")));
  const image = el("img", { ...properties, loading: "lazy", decoding: "async", referrerPolicy: "no-referrer" });
  image.addEventListener("error", () => {
    image.replaceWith(el("span", { class: "no-picture" }, icon("image"), el("span", { class: "dead-link" }, href)));
  });
  image.src = href;
  return image;
}
