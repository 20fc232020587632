// The bars at cells: what an agent changed there, and what a person can answer.

import { codeNode, diffNode } from '../view/code';
import { lineDiff } from '../view/diff';
import { button, disclose, h, icon } from '../view/dom';
import { splitLines } from '../view/phrases';
import { t, told } from '../words';
import { type Changes, textOf } from './answers';
import type { Gone, Mark } from './marks';

/** A button with a name for tests of focus: the bar is drawn anew under it. */
export function act(name: string, words: string, does: () => void, kind = 'b'): HTMLElement {
  return button({ class: kind, 'data-act': name }, does, words);
}

/** Whom the words name. */
export function whoOf({ who }: { who?: string }): string {
  return told(who ?? 'Kimi');
}

export interface MarkActs {
  accept(): void;
  reject(): void;
}

/** The bar of a cell that an agent wrote.
 *
 * @param touched whether a person has changed it since
 */
export function markBar(mark: Mark, source: string, touched: boolean, acts: MarkActs): HTMLElement {
  const isNew = mark.before === null;
  const who = whoOf(mark);
  const words = isNew ? t('{who} added this cell', { who }) : t('{who} edited this cell', { who });
  const [toggle, panel] = mark.before === null ? [] : changes(mark.before, source);
  const ask = question(touched, isNew, acts);
  const reject = act('reject', t('Reject'), () => (touched ? open(ask) : acts.reject()));
  const bar = h(
    'div',
    { class: `bar ${mark.kind}` },
    icon(isNew ? 'unfold' : 'code'),
    h('b', {}, words),
    touched && h('span', { class: 'm' }, t('you changed it since')),
    toggle,
    h('span', { class: 'grow' }),
    act('accept', t('Accept'), () => acts.accept()),
    reject,
    ask
  );
  return h('div', { role: 'group', 'aria-label': words }, bar, panel);
}

/** What to do with a text that a person has changed: asked in place, before anything is lost. */
function question(touched: boolean, isNew: boolean, acts: MarkActs): HTMLElement {
  const words = t('You have changed this cell since.');
  const put = isNew ? t('Remove the cell') : t('Put back the old');
  return h(
    'div',
    { class: 'ask', hidden: true, role: 'group', 'aria-label': words },
    touched && h('span', {}, words),
    act('keep', t('Keep mine'), () => acts.accept()),
    act('old', put, () => acts.reject())
  );
}

function open(ask: HTMLElement): void {
  ask.hidden = false;
  ask.querySelector('button')?.focus();
}

/** The button that shows a difference, and the difference. */
export function changes(before: string, after: string): [HTMLElement, HTMLElement] {
  const [old, now] = [splitLines(before), splitLines(after)];
  const diff = lineDiff(old, now);
  const count = (sign: string): number =>
    diff.split('\n').filter(line => line.startsWith(sign)).length;
  const panel = diffNode(diff);
  const toggle: HTMLElement = button(
    { class: 'b ghost', 'data-act': 'diff', 'aria-expanded': 'false' },
    () => disclose(toggle, panel, panel.hidden),
    `${t('Changes')} `,
    h('span', { class: 'minus' }, `−${count('-')}`),
    ' ',
    h('span', { class: 'plus' }, `+${count('+')}`)
  );
  panel.hidden = true;
  return [toggle, panel];
}

export interface GoneActs {
  restore(): void;
  keep(): void;
}

/** The bar where an agent deleted a cell. */
export function goneBar(gone: Gone, acts: GoneActs): HTMLElement {
  const words = t('{who} deleted a cell', { who: whoOf(gone) });
  const panel = codeNode(textOf(gone), gone.cell.cell_type === 'code');
  panel.hidden = true;
  const show: HTMLElement = button(
    { class: 'b ghost', 'data-act': 'show', 'aria-expanded': 'false' },
    () => disclose(show, panel, panel.hidden),
    t('Show')
  );
  const bar = h(
    'div',
    { class: 'bar deleted' },
    icon('cross'),
    h('b', {}, words),
    show,
    h('span', { class: 'grow' }),
    act('restore', t('Restore'), () => acts.restore()),
    act('keep', t('Keep deleted'), () => acts.keep())
  );
  return h('div', { role: 'group', 'aria-label': words }, bar, panel);
}

/** The bar after an answer. */
export function answeredBar(words: string, undo: () => void, close: () => void): HTMLElement {
  const cross = { class: 'b ghost', 'aria-label': t('Close'), 'data-act': 'close' };
  return h(
    'div',
    { class: 'bar', role: 'group', 'aria-label': words },
    icon('check'),
    h('span', { role: 'status' }, words),
    act('undo', t('Undo'), undo),
    h('span', { class: 'grow' }),
    button(cross, close, icon('cross'))
  );
}

export interface AllActs {
  accept(): void;
  revert(): void;
  go(by: 1 | -1): void;
}

/** The row above the notebook for all changes of one run. */
export function allBar(all: Changes, acts: AllActs): HTMLElement {
  const n = all.cells.length + all.gone.length;
  const words = n === 1 ? t('1 change by this run') : t('{n} changes by this run', { n });
  const step = (name: string, label: string, by: 1 | -1): HTMLElement =>
    button(
      { class: 'b ghost', 'aria-label': label, title: label, 'data-act': name },
      () => acts.go(by),
      icon(by < 0 ? 'up' : 'down')
    );
  return h(
    'div',
    { class: 'bar all', role: 'group', 'aria-label': words },
    icon('code'),
    h('b', {}, words),
    h('span', { class: 'm' }, all.run),
    step('previous', t('Previous change'), -1),
    step('next', t('Next change'), 1),
    h('span', { class: 'grow' }),
    act('accept-all', t('Accept all'), () => acts.accept()),
    act('revert-all', t('Revert all'), () => acts.revert())
  );
}
