// A new run from a move on: what the fork keeps, and what it cannot give back.

import { button, composes, h, icon, setText } from '../view/dom';
import { clean } from '../view/phrases';
import { sign } from './icons';
import type { ForkFacts } from './types';
import { counted, t, told } from '../words';

export interface ForkActions {
  fork(fresh: boolean): Promise<void>;
  close(): void;
}

/** The dialog: two choices, in the words of what the kernel knows.
 *
 * @param n the move
 * @param isEdited whether what was in hand there is another in the fork
 * @param canFresh whether there can be a kernel of its own for it
 */
export function forkDialog(
  n: number,
  isEdited: boolean,
  canFresh: boolean,
  facts: Promise<ForkFacts>,
  act: ForkActions
): HTMLElement {
  const here = choice(t('Go on in this kernel'), true);
  const fresh = choice(t('Fresh kernel, run recorded cells again'), false);
  const fault = h('p', { class: 's c-error', role: 'alert' });
  const fork = button({ class: 'b big pri' }, () => go(), t('Fork'), key('↵'));
  const say = (error: unknown): void =>
    setText(fault, told(error instanceof Error ? error.message : String(error)));
  const go = (): void => {
    if (fork.getAttribute('aria-disabled') === 'true') return;
    fork.setAttribute('aria-disabled', 'true');
    setText(fault, '');
    act.fork(fresh.radio.checked).catch((error: unknown) => {
      fork.removeAttribute('aria-disabled');
      say(error);
    });
  };
  fresh.radio.disabled = !canFresh;
  setText(here.words, t('Asking the kernel …'));
  facts.then(known => tell(known, here.words, fresh.words), say);
  const node = h('div', {
    class: 'sheet',
    role: 'dialog',
    'aria-label': t('Fork from move {n}', { n })
  });
  const close = (): void => act.close();
  node.append(head(n, isEdited, close), here.node, fresh.node, fault, foot(fork, close));
  node.addEventListener('keydown', event => {
    const isEnter = event.key === 'Enter' && !(event.target as Element).closest('button');
    if (!isEnter || composes(event)) return;
    event.preventDefault();
    event.stopPropagation();
    go();
  });
  return node;
}

function head(n: number, isEdited: boolean, close: () => void): HTMLElement {
  const stays = isEdited
    ? t('With your edit. This run stays as it is.')
    : t('This run stays as it is, byte for byte.');
  return h(
    'div',
    { class: 'row top1' },
    sign('fork'),
    h('b', { class: 'nw' }, t('Fork from move {n}', { n })),
    h('span', { class: 'm grow' }, stays),
    button({ class: 'b ghost', 'aria-label': t('Close') }, close, icon('cross'))
  );
}

function foot(fork: HTMLElement, close: () => void): HTMLElement {
  const words = t('Recorded replies are reused up to here; requests after it are new.');
  const cancel = button({ class: 'b big' }, close, t('Cancel'), key('Esc'));
  return h('div', { class: 'row end1' }, h('span', { class: 'm s grow' }, words), cancel, fork);
}

function key(words: string): HTMLElement {
  return h('kbd', { 'aria-hidden': 'true' }, words);
}

function choice(
  name: string,
  isChosen: boolean
): { node: HTMLElement; radio: HTMLInputElement; words: HTMLElement } {
  const radio = h('input', { type: 'radio', name: 'nba-fork', checked: isChosen });
  const words = h('span', { class: 'm s' });
  const node = h('label', { class: 'opt' }, radio, h('span', {}, h('b', {}, name), h('br'), words));
  return { node, radio, words };
}

function tell(facts: ForkFacts, here: HTMLElement, fresh: HTMLElement): void {
  const names = facts.changed.split(/\s+/).filter(Boolean);
  const chips = names.flatMap(name => [' ', h('code', {}, clean(name))]);
  const said =
    told(facts.words_here) ||
    (names.length
      ? t('It is not rewound. Changed since:')
      : t('It is not rewound; no name has changed since.'));
  here.replaceChildren(clean(said), ...(said.includes(names[0] ?? '\0') ? [] : chips));
  const cells = counted(facts.n_worked, 'cell');
  const words = t('{cells} that worked; skipped: {n} that failed.', { cells, n: facts.n_failed });
  const written = facts.files.join(t(', '));
  const files = written && ` ${t('They write {names}.', { names: written })}`;
  fresh.replaceChildren(clean(told(facts.words_fresh) || words + files));
}
