// Elements without a library: `h` makes a tree, `patch` brings what stands on the page to it.
//
// `patch` leaves alone what has not changed, so that focus, a half-typed text and a screen reader's
// place survive a tick. Nothing here parses HTML: text is always text. Attributes that are style or
// script (`style`, `on…`) are not set: the page's policy forbids them.

export type Child = Node | string | number | null | undefined | false | Child[];
export type Attributes = Record<string, string | number | boolean | null | undefined>;

/** An element. `true` writes an empty attribute; `false`, null and undefined write none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Attributes | null,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (child == null || child === false) continue;
    if (Array.isArray(child)) append(parent, child);
    else
      parent.appendChild(typeof child === "object" ? child : document.createTextNode(`${child}`));
  }
}

/** The children of `target` become `children`: they meet by `data-key`, else by place and tag. */
export function patch(target: Element, children: Child[]): void {
  const fresh = document.createElement(target.tagName);
  append(fresh, children);
  patchChildren(target, fresh);
}

function patchChildren(target: Element, fresh: Element): void {
  let here: ChildNode | null = target.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const keyed = keyOf(wanted);
    while (here && keyed && isMeeting(here, wanted) === false && !keyAhead(fresh, here)) {
      const gone: ChildNode = here;
      here = here.nextSibling;
      gone.remove();
    }
    if (here && isMeeting(here, wanted)) {
      patchNode(here, wanted);
      here = here.nextSibling;
    } else {
      target.insertBefore(wanted, here);
    }
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
}

const keyOf = (node: Node): string | null =>
  node instanceof Element ? node.getAttribute("data-key") : null;

const keyAhead = (fresh: Element, node: Node): boolean => {
  const key = keyOf(node);
  return key != null && [...fresh.children].some((child) => keyOf(child) === key);
};

function isMeeting(one: Node, other: Node): boolean {
  if (one.nodeType !== other.nodeType || one.nodeName !== other.nodeName) return false;
  return keyOf(one) === keyOf(other);
}

function patchNode(here: Node, wanted: Node): void {
  if (!(here instanceof Element) || !(wanted instanceof Element)) {
    if (here.nodeValue !== wanted.nodeValue) here.nodeValue = wanted.nodeValue;
    return;
  }
  // Somebody else draws in it: a plot, an announcement.
  if (here.hasAttribute("data-own")) return;
  for (const { name } of [...here.attributes]) {
    // What its reader has unfolded stays unfolded.
    const isUnfolded = name === "open" && /^(DIALOG|DETAILS)$/.test(here.tagName);
    if (!wanted.hasAttribute(name) && !isUnfolded) here.removeAttribute(name);
  }
  for (const { name, value } of [...wanted.attributes]) {
    if (here.getAttribute(name) !== value) here.setAttribute(name, value);
  }
  patchChildren(here, wanted);
}

/** One listener for all controls below `root`: what `data-do` names is called on a press. */
export function onDo(
  root: Element,
  handlers: Record<string, (control: HTMLElement) => void>,
): void {
  root.addEventListener("click", (event) => {
    const control = (event.target as Element | null)?.closest<HTMLElement>("[data-do]");
    if (!control || control.getAttribute("aria-disabled") === "true") return;
    const handler = handlers[control.dataset["do"] ?? ""];
    if (!handler) return;
    event.preventDefault();
    handler(control);
  });
}
