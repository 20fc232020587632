// Building nodes. Text is only ever set as text; no string becomes markup.

const SVG = 'http://www.w3.org/2000/svg';

type Child = Node | string | null | undefined | false;
export type Attributes = Record<string, string | number | boolean | null | undefined>;

/** Make an element: `class` and other attributes by name; false, null and undefined are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  put(node, attributes);
  node.append(...present(children));
  return node;
}

/** A text in which what stands between backticks is code. */
export function coded(text: string): (string | HTMLElement)[] {
  return text.split(/`([^`\n]+)`/).map((part, i) => (i % 2 ? h('code', {}, part) : part));
}

/** Make an SVG element. */
export function svg(tag: string, attributes: Attributes = {}, ...children: Child[]): SVGElement {
  const node = document.createElementNS(SVG, tag);
  put(node, attributes);
  node.append(...present(children));
  return node;
}

/** Set attributes; false, null and undefined remove them. */
export function put(node: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) {
      node.removeAttribute(name);
    } else {
      node.setAttribute(name, value === true ? '' : String(value));
    }
  }
}

function present(children: readonly Child[]): (Node | string)[] {
  return children.filter((child): child is Node | string => Boolean(child));
}

/** A button with a name; `onClick` is its only listener. */
export function button(
  attributes: Attributes,
  onClick: (event: MouseEvent) => void,
  ...children: Child[]
): HTMLButtonElement {
  const node = h('button', { type: 'button', class: 'b', ...attributes }, ...children);
  node.addEventListener('click', onClick);
  return node;
}

/** A row of buttons of which one is pressed. */
export function segments(
  label: string,
  names: readonly string[],
  choose: (index: number) => void,
  first = 0
): HTMLElement {
  const buttons: HTMLButtonElement[] = names.map((name, i) => {
    const node = h('button', { type: 'button', 'aria-pressed': String(i === first) }, name);
    node.addEventListener('click', () => {
      buttons.forEach((other, k) => put(other, { 'aria-pressed': String(k === i) }));
      choose(i);
    });
    return node;
  });
  return h('span', { class: 'seg', role: 'group', 'aria-label': label }, ...buttons);
}

/** Change the text of an element, only if it differs; what is only longer is appended. */
export function setText(node: Node, text: string): void {
  const inner = node.firstChild;
  if (!(inner instanceof Text) || node.childNodes.length > 1) {
    if (node.textContent !== text) {
      node.textContent = text;
    }
    return;
  }
  const old = inner.data;
  if (old.length && text.length > old.length && text.startsWith(old)) {
    inner.appendData(text.slice(old.length));
  } else if (old !== text) {
    inner.data = text;
  }
}

const ICONS: Record<string, string> = {
  chev: 'M4.5 3l4 4-4 4',
  back: 'M9 3L5 7l4 4',
  stop: 'M4 4h6v6H4z',
  pause: 'M5 3v8M9 3v8',
  step: 'M3 3l5 4-5 4zM11 3v8',
  check: 'M2.5 7.5l3 3 6-7',
  cross: 'M3.5 3.5l7 7m0-7l-7 7',
  think: 'M2 4.5c1.5-2 3.5 2 5 0s3.5 2 5 0M2 9.5c1.5-2 3.5 2 5 0s3.5 2 5 0',
  code: 'M2 4l3 3-3 3M7 10.5h5',
  answer: 'M2 3.5h10M2 7h10M2 10.5h6',
  clock: 'M12 7A5 5 0 1 1 2 7a5 5 0 0 1 10 0M7 4v3l2 1.5',
  find: 'M10 6A4 4 0 1 1 2 6a4 4 0 0 1 8 0M9 9l3.5 3.5',
  dots: 'M3 7h.1M7 7h.1M11 7h.1',
  retry: 'M11.5 7a4.5 4.5 0 1 1-1.3-3.2M11.5 1.5v3h-3',
  diamond: 'M7 1.5L12.5 7 7 12.5 1.5 7zM7 4.5v3M7 9.3v.1',
  unfold: 'M4 5l3-3 3 3M4 9l3 3 3-3',
  fold: 'M4 2l3 3 3-3M4 12l3-3 3 3',
  down: 'M7 2v9M3 7.5l4 4 4-4',
  up: 'M7 12V3M3 6.5l4-4 4 4',
  keys: 'M1.5 3h11v8h-11zM3.5 5.5h.1M6 5.5h.1M8.5 5.5h.1M4.5 8.5h5',
  you: 'M7 7a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M2.5 12.5c0-5 9-5 9 0'
};

/** A 14 px icon; it says nothing by itself, so that a word must stand beside it. */
export function icon(name: string, color = ''): SVGElement {
  const filled = name === 'stop' ? ' f' : '';
  const path = svg('path', { d: ICONS[name] ?? '' });
  const shape = {
    class: `i${filled} ${color}`.trim(),
    viewBox: '0 0 14 14',
    'aria-hidden': 'true'
  };
  return svg('svg', shape, path);
}

/** The ring of a state that goes on. */
export function ring(): HTMLElement {
  return h('span', { class: 'spin', 'aria-hidden': 'true' });
}

/** A section that opens and closes, and the button for it. */
export function disclose(toggle: Element, panel: HTMLElement, isOpen: boolean): void {
  toggle.setAttribute('aria-expanded', String(isOpen));
  panel.hidden = !isOpen;
}

/** Whether a key belongs to an input method's composition. Safari says so of the last one only by
 * its code. */
export function composes(event: KeyboardEvent): boolean {
  return event.isComposing || (event as { readonly keyCode: number }).keyCode === 229;
}
