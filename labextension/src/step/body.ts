// A JSON text with the places of its parts: what a request pane shows are slices of the very text
// that goes on the wire, never a text that was parsed and written again.

export interface JsonNode {
  kind: 'object' | 'array' | 'text' | 'value';
  start: number;
  end: number;
  items: JsonItem[];
}
export interface JsonItem {
  /** As it is written, with its quotes; '' in an array. */
  key: string;
  node: JsonNode;
}

/** Find the parts of a JSON text; null if it is none. */
export function scan(text: string): JsonNode | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return new Scanner(text).value();
}

/** Reads a text that is known to be JSON. */
class Scanner {
  private at = 0;

  constructor(private readonly text: string) {}

  value(): JsonNode {
    this.blank();
    const start = this.at;
    const sign = this.text[start];
    if (sign === '{' || sign === '[') return this.several(start, sign === '{');
    this.at = sign === '"' ? this.textEnd() : this.wordEnd();
    return { kind: sign === '"' ? 'text' : 'value', start, end: this.at, items: [] };
  }

  private several(start: number, isObject: boolean): JsonNode {
    const items: JsonItem[] = [];
    this.at++;
    this.blank();
    while (!'}]'.includes(this.text[this.at] ?? '')) {
      items.push(this.item(isObject));
      this.blank();
      if (this.text[this.at] === ',') this.at++;
      this.blank();
    }
    this.at++;
    return { kind: isObject ? 'object' : 'array', start, end: this.at, items };
  }

  private item(isKeyed: boolean): JsonItem {
    if (!isKeyed) return { key: '', node: this.value() };
    const start = this.at;
    this.at = this.textEnd();
    const key = this.text.slice(start, this.at);
    this.blank();
    this.at++; // the colon
    return { key, node: this.value() };
  }

  private blank(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }

  private wordEnd(): number {
    let end = this.at;
    while (/[\w+.-]/.test(this.text[end] ?? '')) end++;
    return end;
  }

  private textEnd(): number {
    for (let from = this.at + 1; ; ) {
      const quote = this.text.indexOf('"', from);
      let before = quote;
      while (this.text[before - 1] === '\\') before--;
      if ((quote - before) % 2 === 0) return quote + 1;
      from = quote + 1;
    }
  }
}

/** How many characters of a text its first bytes are, as UTF-8. */
export function charsOf(text: string, nBytes: number): number {
  const bytes = new TextEncoder().encode(text).subarray(0, Math.max(0, nBytes));
  // As a stream: a character of which only a part is there is left out.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true }).length;
}

/** The same JSON over several lines; every word, number and text in it stays as it is written. */
export function spread(text: string, node = scan(text), indent = ''): string {
  if (!node) return text;
  if (!node.items.length) return text.slice(node.start, node.end);
  const inner = `${indent} `;
  const [open, close] = node.kind === 'object' ? '{}' : '[]';
  const lines = node.items.map(item => {
    const key = item.key && `${item.key}: `;
    return `${inner}${key}${spread(text, item.node, inner)}`;
  });
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}
