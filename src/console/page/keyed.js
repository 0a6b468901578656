// Lists that survive a refresh: unchanged elements stay in the document, and the focus stays on its control.

const kept = new WeakMap();

/** Shows `items` in `list`; `key(item)` is an item's identity, and `render(item)` its element, made anew only if the item changed. */
export function showItems(list, items, { key, render }) {
  const before = kept.get(list) ?? new Map();
  const after = new Map();
  const wanted = new Set(items.map(key));
  // An element that goes must not be in the way of those that stay: moving an element takes the focus from it.
  for (const [name, { element }] of before) if (!wanted.has(name)) element.remove();
  let place = list.firstChild;
  for (const item of items) {
    const words = JSON.stringify(item);
    const old = before.get(key(item));
    const element = old?.words === words ? old.element : replaced(old?.element, render(item));
    after.set(key(item), { words, element });
    if (old && old.element === place && element !== place) place = element;
    if (element === place) place = place.nextSibling;
    else list.insertBefore(element, place);
  }
  kept.set(list, after);
}

/** Puts a new element in the place of an old one, which passes its focus on. */
function replaced(old, element) {
  if (!old?.isConnected) return element;
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(element);
  if (hadFocus) (element.querySelector("a, button") ?? element).focus({ preventScroll: true });
  return element;
}

/** Fills `root` with new children, and gives the focus back to the control that had it, found by its `data-control`. */
export function refill(root, children) {
  const control = root.contains(document.activeElement) ? document.activeElement.dataset.control : null;
  root.replaceChildren(...children);
  if (control) root.querySelector(`[data-control="${CSS.escape(control)}"]`)?.focus({ preventScroll: true });
}
