// One output of a tool as nodes: text, table, figure, error, source.

import { button, disclose, h, setText } from './dom';
import { pictureUrl } from './outputs';
import { splitLines } from './phrases';
import { sizeWords } from './table';
import type { Block, Picture } from './types';
import { counted, listed, t, told } from '../words';

const SHOWN_LINES = 12;
const HEAD = 6;
type Pictures = ReadonlyMap<string, Picture>;

/** A block as a node. */
export function blockNode(block: Block, pictures: Pictures): HTMLElement {
  switch (block.kind) {
    case 'text':
      return textNode(block.text, block.name === 'stderr' ? 'stderr' : '');
    case 'table':
      return tableNode(block);
    case 'image':
      return imageNode(block, pictures);
    case 'error':
      return errorNode(block);
    case 'source':
      return h(
        'div',
        {},
        h('div', { class: 'm s' }, t('{what}, shown as text', { what: block.what })),
        textNode(block.text)
      );
    case 'below':
      return h(
        'div',
        { class: 'm s' },
        t('{what}, shown below this trace', { what: told(block.what) })
      );
  }
}

/** Text; more than twelve lines are folded to their head and tail. */
export function textNode(text: string, kind = ''): HTMLElement {
  const lines = splitLines(text);
  const shape = { class: `text ${kind}`.trim(), tabindex: 0, dir: 'auto' };
  if (lines.length <= SHOWN_LINES + 2) {
    return h('pre', shape, text.replace(/\n$/, ''));
  }
  const left = lines.length - 2 * HEAD;
  const pre = h('pre', shape, lines.slice(0, HEAD).join('\n'));
  const tail = h('pre', shape, lines.slice(-HEAD).join('\n'));
  const more = button(
    { class: 'more' },
    () => {
      setText(pre, text.replace(/\n$/, ''));
      more.remove();
      tail.remove();
      pre.focus();
    },
    counted(left, 'more line')
  );
  return h('div', { class: 'folded' }, pre, more, tail);
}

function imageNode(block: Block & { kind: 'image' }, pictures: Pictures): HTMLElement {
  const picture = pictures.get(block.picture);
  if (!picture) {
    const words = block.again
      ? t('The same figure as before')
      : t('Figure left out here; the run in memory still has it');
    return h('div', { class: 'm s' }, words);
  }
  const image = h('img', { class: 'fig', alt: told(block.alt), decoding: 'async' });
  image.src = pictureUrl(picture);
  return image;
}

function errorNode(block: Block & { kind: 'error' }): HTMLElement {
  const line = h(
    'pre',
    { class: 'text stderr', dir: 'auto' },
    h('b', {}, block.name),
    `: ${block.message}`
  );
  if (!block.traceback) {
    return line;
  }
  return h('div', {}, line, ...traceback(block));
}

/** A closed traceback and the button that opens it. */
export function traceback(block: Block & { kind: 'error' }): HTMLElement[] {
  const pre = h('pre', { class: 'text tb', tabindex: 0, hidden: true }, block.traceback);
  const toggle = button(
    { class: 'more', 'aria-expanded': 'false' },
    () => disclose(toggle, pre, pre.hidden),
    t('Traceback, {lines}', { lines: counted(block.n_lines, 'line') })
  );
  return [toggle, pre];
}

function isNumeric(value: string): boolean {
  const bare = value
    .trim()
    .replace(/^[-+]+/, '')
    .replaceAll(',', '')
    .replace('.', '')
    .replace(/%$/, '');
  return /^\d*$/.test(bare) || ['NaN', 'nan', '<NA>', '…', 'inf', '-inf'].includes(value.trim());
}

function tableNode(block: Block & { kind: 'table' }): HTMLElement {
  const n = Math.max(0, ...[...block.head, ...block.rows].map(row => row.length));
  const isLeft = Array.from(
    { length: n },
    (_, i) => !block.rows.every(row => isNumeric(row[i] ?? ''))
  );
  const row = (cells: readonly string[], inHead: boolean): HTMLElement => {
    const inside = cells.map((cell, i) => {
      const side = isLeft[i] ? 'a-left' : '';
      const scope = inHead ? { scope: 'col' } : { scope: 'row' };
      const isHead = cell !== '' && (inHead || i === 0);
      return isHead ? h('th', { class: side, ...scope }, cell) : h('td', { class: side }, cell);
    });
    return h('tr', {}, ...inside);
  };
  const head = h('thead', {}, ...block.head.map(cells => row(cells, true)));
  const body = h('tbody', {}, ...block.rows.map(cells => row(cells, false)));
  const table = h('table', { class: 't' }, block.head.length > 0 && head, body);
  const note = block.note && h('div', { class: 'm xs note' }, noteWords(block.note));
  return h('div', {}, h('div', { class: 'scroll', tabindex: 0 }, table), note);
}

/** How large a table is, as pandas or we have said it: `344 rows × 8 columns`. */
function noteWords(note: string): string {
  const found = /^([\d,]+) rows?(, | × )([\d,]+) columns?(, the first ones shown)?$/.exec(note);
  if (!found) return note;
  const [, rows = '', between = '', columns = '', cut] = found;
  const n = (text: string): number => Number(text.replaceAll(',', ''));
  return listed(sizeWords(n(rows), n(columns), t(between)), cut && t('the first ones shown'));
}
