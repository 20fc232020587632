// A JSON text as rows that one can read: what is big is a chip that opens. All that is shown is
// cut from the text itself.

import { button, disclose, h } from '../view/dom';
import { clean, oneLine, size, utf8Bytes } from '../view/phrases';
import { counted, listed, t } from '../words';
import type { JsonItem, JsonNode } from './body';

/** Texts and lists up to so many characters stand in their row. */
const SHORT = 56;
const PREVIEW = 26;
const PREVIEW_IN_ROW = 18;

/** One row, and what its chips open below it. */
interface Row {
  bits: (Node | string)[];
  opened: HTMLElement[];
}

export class JsonRows {
  constructor(private readonly text: string) {}

  /** The rows of a message in a list; an old one is a single row. */
  message(node: JsonNode, isNew: boolean, end: string): HTMLElement[] {
    return isNew ? this.items(node, '    ', end) : [this.folded(node, end)];
  }

  /** The items of an object or a list, each in a row, short ones together. */
  items(node: JsonNode, indent: string, end = ''): HTMLElement[] {
    const [open, close] = node.kind === 'object' ? '{}' : '[]';
    const rows: HTMLElement[] = [];
    node.items.forEach((item, i) => {
      const isLast = i === node.items.length - 1;
      const row: Row = { bits: [i ? `${indent} ` : `${indent}${open}`], opened: [] };
      this.item(item, row);
      row.bits.push(isLast ? `${close}${end}` : ',');
      rows.push(rowNode(row));
    });
    return rows.length ? rows : [rowNode({ bits: [`${indent}${open}${close}${end}`], opened: [] })];
  }

  /** A key with its value. */
  item({ key, node }: JsonItem, row: Row): void {
    if (key) row.bits.push(h('span', { class: 'd' }, clean(key)), ': ');
    this.value(node, row);
  }

  private value(node: JsonNode, row: Row): void {
    const written = this.text.slice(node.start, node.end);
    if (node.kind === 'value') {
      row.bits.push(h('span', { class: /^[-\d]/.test(written) ? 'n' : 'k' }, written));
    } else if (node.kind === 'text') {
      this.string(written, row);
    } else if (written.length <= SHORT) {
      this.inline(node, row);
    } else {
      const [open, close] = node.kind === 'object' ? '{}' : '[]';
      const words = `${contents(node, this.text)}${size(utf8Bytes(written))}`;
      row.bits.push(`${open} `);
      this.chip(words, row, () => this.items(node, '      '));
      row.bits.push(` ${close}`);
    }
  }

  private string(written: string, row: Row): void {
    if (written.length <= SHORT) {
      row.bits.push(h('span', { class: 'q' }, clean(written)));
      return;
    }
    const whole = JSON.parse(written) as string;
    row.bits.push(
      h('span', { class: 'q' }, `"${oneLine(clean(whole.slice(0, 400)), PREVIEW)}"`),
      ' '
    );
    this.chip(size(utf8Bytes(written)), row, () => [
      h('pre', { class: 'text whole' }, clean(whole))
    ]);
  }

  /** A short list or object in its row. */
  private inline(node: JsonNode, row: Row): void {
    const [open, close] = node.kind === 'object' ? '{}' : '[]';
    row.bits.push(open ?? '');
    node.items.forEach((item, i) => {
      if (i) row.bits.push(', ');
      this.item(item, row);
    });
    row.bits.push(close ?? '');
  }

  /** A message in one row, with a chip that opens all of it. */
  private folded(node: JsonNode, end: string): HTMLElement {
    const row: Row = { bits: ['    {'], opened: [] };
    const part = (name: string): JsonNode | undefined =>
      node.items.find(item => item.key === `"${name}"`)?.node;
    const role = part('role');
    if (role) {
      this.item({ key: '"role"', node: role }, row);
      row.bits.push(', ');
    }
    const content = part('content');
    if (content?.kind === 'text' && !part('tool_calls')) {
      const whole = JSON.parse(this.text.slice(content.start, content.end)) as string;
      const said = `"${oneLine(clean(whole.slice(0, 400)), PREVIEW_IN_ROW)}"`;
      row.bits.push(
        h('span', { class: 'd' }, '"content"'),
        ': ',
        h('span', { class: 'q' }, said),
        ' '
      );
    }
    this.chip(messageWords(node, this.text), row, () => this.items(node, '     '));
    row.bits.push(`}${end}`);
    return rowNode(row);
  }

  private chip(words: string, row: Row, make: () => HTMLElement[]): void {
    const box = h('div', { class: 'opened', hidden: true });
    const chip: HTMLButtonElement = button(
      { class: 'fold', 'aria-expanded': 'false' },
      () => {
        if (!box.childElementCount) box.append(...make());
        disclose(chip, box, box.hidden);
      },
      words
    );
    row.bits.push(chip);
    row.opened.push(box);
  }
}

export function rowNode({ bits, opened }: Row): HTMLElement {
  const line = h('div', { class: 'rl' }, h('code', {}, ...bits));
  return opened.length ? h('div', {}, line, ...opened) : line;
}

/** What a list or an object holds: `5 tools, `, `run_python, `. */
function contents(node: JsonNode, text: string): string {
  const own = node.kind === 'object' ? nameOf(node, text) : '';
  const names = own ? [own] : node.items.map(item => nameOf(item.node, text)).filter(Boolean);
  if (node.kind === 'object' && !own) return '';
  if (names.length === 1) return `${names[0]}${t(', ')}`;
  const n = node.items.length;
  return (names.length ? counted(n, 'tool') : counted(n, 'item')) + t(', ');
}

/** The name in a tool's schema or in a call. */
function nameOf(node: JsonNode, text: string): string {
  for (const { key, node: value } of node.items) {
    const written = text.slice(value.start, value.end);
    if (key === '"name"' && value.kind === 'text') return clean(JSON.parse(written) as string);
    if (key === '"function"') return nameOf(value, text);
  }
  return '';
}

function messageWords(node: JsonNode, text: string): string {
  const find = (name: string): JsonNode | undefined =>
    node.items.find(item => item.key === `"${name}"`)?.node;
  const calls = find('tool_calls')?.items.length ?? 0;
  const content = find('content');
  const pictures =
    content?.kind === 'array' ? content.items.filter(item => isPicture(item, text)).length : 0;
  return listed(
    (find('reasoning_content') ?? find('reasoning')) && t('reasoning'),
    calls && counted(calls, 'call'),
    pictures && t('text and {images}', { images: counted(pictures, 'image') }),
    size(utf8Bytes(text.slice(node.start, node.end)))
  );
}

function isPicture({ node }: JsonItem, text: string): boolean {
  return text.slice(node.start, node.start + 60).includes('image_url');
}
