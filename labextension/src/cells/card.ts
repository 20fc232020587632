// What an agent proposes for a cell: nothing is changed until the person chooses.

import { codeNode, diffNode } from '../view/code';
import { lineDiff } from '../view/diff';
import { button, h, icon } from '../view/dom';
import { markdown } from '../view/markdown_dom';
import { splitLines } from '../view/phrases';
import { t } from '../words';
import { act } from './bars';
import type { Op, Proposed } from './protocol';
import type { Told } from './told';

/** An operation that can be proposed. */
export type Proposable = Extract<Op, { op: 'insert' | 'edit' | 'delete' }>;

/** How a person chose. */
export type How = 'replaced' | 'inserted' | 'dismissed';

export interface Proposal {
  readonly request: Proposed;
  readonly op: Proposable;
}

export interface CardActs {
  /** Do what is proposed; `runs` says whether the cell then runs. */
  take(runs: boolean): void;
  below(): void;
  /** Null where the run's trace is not in this notebook. */
  readonly trace: (() => void) | null;
  close(): void;
}

/** The card of a proposal.
 *
 * @param told what its run has told since
 * @param source of the cell that it is about; null if that is not there, or is another one now
 * @param isCode whether what it writes can run
 */
export function card(
  { op }: Proposal,
  told: Told,
  source: string | null,
  isCode: boolean,
  acts: CardActs
): HTMLElement {
  const isFix = op.op === 'edit';
  const title = isFix
    ? t('Suggested fix')
    : op.op === 'insert'
      ? t('Suggested cell')
      : t('Suggested: delete this cell');
  const facts = [told.facts, op.op === 'delete' ? '' : t('not run yet')].filter(Boolean);
  const cross = { class: 'b ghost', 'aria-label': t('Dismiss'), 'data-act': 'close' };
  const head = h(
    'div',
    { class: 'hd' },
    icon('check', 'c-ok'),
    h('b', {}, title),
    h('span', { class: 'm s el grow' }, facts.join(', ')),
    button(cross, () => acts.close(), icon('cross'))
  );
  const stale = isFix && source === null && t('The cell has changed since this was suggested.');
  return h(
    'section',
    { class: 'run', role: 'group', 'aria-label': title },
    head,
    told.why && h('div', { class: 'why', dir: 'auto' }, ...markdown(told.why)),
    stale && h('div', { class: 'why c-warn' }, stale),
    body(op, source, isCode),
    buttons(op, source, isCode, acts)
  );
}

function body(op: Proposable, source: string | null, isCode: boolean): HTMLElement | null {
  if (op.op === 'delete') return source === null ? null : codeNode(source, isCode);
  if (op.op === 'insert' || source === null) return codeNode(op.source, isCode);
  return diffNode(lineDiff(splitLines(source), splitLines(op.source)));
}

function buttons(
  { op }: Proposable,
  source: string | null,
  isCode: boolean,
  acts: CardActs
): HTMLElement {
  const words = { edit: t('Replace'), insert: t('Insert'), delete: t('Delete the cell') }[op];
  const andRun = op === 'edit' ? t('Replace and run') : t('Insert and run');
  const runs = isCode && op !== 'delete';
  const main = button(
    { class: 'b pri', 'data-act': 'take' },
    () => acts.take(runs),
    runs ? andRun : words,
    h('kbd', { 'aria-hidden': 'true' }, '↵')
  );
  const { trace } = acts;
  return h(
    'div',
    { class: 'act' },
    (op === 'insert' || source !== null) && main,
    op === 'insert' && runs && act('put', words, () => acts.take(false)),
    op === 'edit' && act('below', t('Insert below'), () => acts.below()),
    h('span', { class: 'grow' }),
    trace && act('trace', t('Trace'), trace, 'b ghost')
  );
}
