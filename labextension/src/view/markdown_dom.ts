// The Markdown tree as nodes. A link shows its URL and leads nowhere by itself; nothing is fetched.

import { h } from './dom';
import { codeLines } from './highlight';
import { type Inline, type Node as Block, parse } from './markdown';

const PYTHON = new Set(['', 'py', 'python', 'python3', 'ipython']);

/** Markdown as a list of elements. */
export function markdown(source: string): HTMLElement[] {
  return parse(source).map(element);
}

function element(node: Block): HTMLElement {
  switch (node.kind) {
    case 'heading': {
      const attributes = {
        class: `h${node.level}`,
        dir: 'auto',
        role: 'heading',
        'aria-level': node.level + 2
      };
      return h('p', attributes, ...inlines(node.inline));
    }
    case 'paragraph':
      return h('p', { dir: 'auto' }, ...inlines(node.inline));
    case 'code': {
      const lines = PYTHON.has(node.lang.toLowerCase()) ? codeLines(node.text) : [[node.text]];
      const nodes = lines.flatMap((line, i) => (i ? ['\n', ...line] : line));
      return h('pre', { class: 'block', tabindex: 0 }, ...nodes);
    }
    case 'list': {
      const items = node.items.map(blocks => h('li', { dir: 'auto' }, ...item(blocks)));
      const start = node.ordered && node.start !== 1 ? { start: node.start } : {};
      return node.ordered ? h('ol', start, ...items) : h('ul', {}, ...items);
    }
    case 'table':
      return table(node);
    case 'quote':
      return h('blockquote', {}, ...node.blocks.map(element));
    case 'rule':
      return h('hr');
  }
}

function item(blocks: Block[]): (globalThis.Node | string)[] {
  const [first, ...rest] = blocks;
  return first?.kind === 'paragraph'
    ? [...inlines(first.inline), ...rest.map(element)]
    : blocks.map(element);
}

function table(node: Block & { kind: 'table' }): HTMLElement {
  const row = (cells: Inline[][], tag: 'th' | 'td'): HTMLElement => {
    const inside = cells.map((cell, i) => {
      const scope = tag === 'th' ? { scope: 'col' } : {};
      return h(tag, { class: `a-${node.align[i] || 'left'}`, ...scope }, ...inlines(cell));
    });
    return h('tr', {}, ...inside);
  };
  const head = h('thead', {}, row(node.head, 'th'));
  const body = h('tbody', {}, ...node.rows.map(cells => row(cells, 'td')));
  return h('div', { class: 'scroll', tabindex: 0 }, h('table', { class: 't' }, head, body));
}

function inlines(pieces: Inline[]): (globalThis.Node | string)[] {
  return pieces.flatMap(pieceNodes);
}

function pieceNodes(piece: Inline): (globalThis.Node | string)[] {
  switch (piece[0]) {
    case 'text':
      return [piece[1]];
    case 'code':
    case 'math':
      return [h('code', {}, piece[1])];
    case 'break':
      return [h('br')];
    case 'link': {
      const url = h('code', { class: 'url' }, piece[2]);
      const label = inlines(piece[1]);
      const same = piece[1].length === 1 && piece[1][0]?.[1] === piece[2];
      return label.length && !same ? [...label, ' (', url, ')'] : [url];
    }
    case 'strong':
      return [h('b', {}, ...inlines(piece[1]))];
    case 'em':
      return [h('i', {}, ...inlines(piece[1]))];
    case 'strike':
      return [h('del', {}, ...inlines(piece[1]))];
  }
}

/** Markdown that streams: blocks that are whole stay as they are, only the last ones are redrawn. */
export class LiveMarkdown {
  readonly node = h('div', { class: 'md' });
  private readonly tail = h('div');
  private source = '';
  private settled = 0;

  constructor() {
    this.node.append(this.tail);
  }

  update(source: string): void {
    if (source === this.source) {
      return;
    }
    if (!source.startsWith(this.source)) {
      this.node.replaceChildren(this.tail);
      this.settled = 0;
    }
    this.source = source;
    const end = settledEnd(source, this.settled);
    if (end > this.settled) {
      this.tail.before(...markdown(source.slice(this.settled, end)));
      this.settled = end;
    }
    this.tail.replaceChildren(...markdown(source.slice(this.settled)));
  }
}

/** Where the last paragraph that cannot change any more ends: at a blank line outside of a fence. */
function settledEnd(source: string, from: number): number {
  let [end, at, open] = [from, from, false];
  const lines = source.slice(from).split('\n');
  lines.slice(0, -1).forEach((line, i) => {
    at += line.length + 1;
    open = /^ {0,3}(```|~~~)/.test(line) ? !open : open;
    const next = lines[i + 1] ?? '';
    if (!open && !line.trim() && /^[^\s\-*+\d|>]/.test(next)) {
      end = at;
    }
  });
  return end;
}
