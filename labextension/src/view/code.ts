// A tool call's code: highlighted, folded beyond twelve lines, with the failing line marked, or as
// the difference to the failed call that it tries again.

import { button, h } from './dom';
import { codeLines } from './highlight';
import { counted, t } from '../words';

const SHOWN_LINES = 12;

/** Code as a node; `badLine` (from 1) is marked. */
export function codeNode(code: string, isPython: boolean, badLine = 0): HTMLElement {
  const lines = isPython ? codeLines(code) : code.split('\n').map(line => [line]);
  const nodes = lines.map((line, i) => {
    const bad = i + 1 === badLine;
    const hidden = bad && h('span', { class: 'vh' }, t('failed here: '));
    return h('span', { class: bad ? 'ln bad' : 'ln' }, hidden, ...line, '\n');
  });
  return folded(nodes);
}

/** A difference as `line_diff` writes it: each line behind its sign. */
export function diffNode(diff: string): HTMLElement {
  const nodes = diff.split('\n').map(line => {
    const sign = line.slice(0, 1);
    const kind = sign === '+' ? 'ln add' : sign === '-' ? 'ln del' : 'ln';
    const words = sign === '+' ? t('added: ') : sign === '-' ? t('removed: ') : '';
    const said = words && h('span', { class: 'vh' }, words);
    const shown = h('span', { class: 'sg', 'aria-hidden': 'true' }, sign === '-' ? '−' : sign);
    const text = codeLines(line.slice(2))[0] ?? [];
    return h('span', { class: kind }, shown, said, ...text, '\n');
  });
  return folded(nodes);
}

function folded(lines: HTMLElement[]): HTMLElement {
  const shown = lines.length > SHOWN_LINES + 2 ? lines.slice(0, SHOWN_LINES) : lines;
  const pre = h('pre', { tabindex: 0 }, ...shown);
  const box = h('div', { class: 'code' }, pre);
  if (shown.length < lines.length) {
    const more = button(
      { class: 'more' },
      () => {
        pre.append(...lines.slice(shown.length));
        more.remove();
        pre.focus();
      },
      counted(lines.length - shown.length, 'more line')
    );
    box.append(more);
  }
  return box;
}

/** The line of the code that a traceback points at, from 1; 0 if it does not say. */
export function failingLine(code: string, trace: string): number {
  const lines = code.split('\n').map(line => line.trim());
  for (const found of [...trace.matchAll(/^-+> ?(\d+) (.*)$/gm)].reverse()) {
    const number = Number(found[1]);
    if (lines[number - 1] && lines[number - 1] === (found[2] ?? '').trim()) {
      return number;
    }
  }
  const said = [...trace.matchAll(/(?:Cell In\[\d+\]|File "?<[^>\n]*>"?), line (\d+)/g)].at(-1);
  return said ? Number(said[1]) : 0;
}
