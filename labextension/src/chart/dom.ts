// Making elements: HTML and SVG, with text as text.

const SVG = 'http://www.w3.org/2000/svg';
type Attributes = Readonly<Record<string, string | number>>;

/** An SVG element; numbers are written with at most two decimals. */
export function svg(
  name: string,
  attributes: Attributes = {},
  children: readonly (Node | string)[] = []
): SVGElement {
  const element = document.createElementNS(SVG, name);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** An HTML element. */
export function html<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  children: readonly (Node | string)[] = []
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  set(element, attributes);
  element.append(...children);
  return element;
}

function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, typeof value === 'number' ? short(value) : value);
  }
}

/** A coordinate, short. */
export function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
