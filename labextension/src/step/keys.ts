// The keys of the step view, while the focus is inside of it.

import { composes, h } from '../view/dom';
import { t } from '../words';

export interface KeyActions {
  back(): void;
  forward(): void;
  step(): void;
  continue(): void;
  edit(): void;
  fork(): void;
  end(): void;
  stop(): void;
  toNow(): void;
  help(): void;
  escape(): void;
}

export function stepKeysHelp(): HTMLElement {
  const help: [string, string][] = [
    ['← →', t('back, forward: only looks')],
    ['↵', t('step: one move of the run')],
    ['C', t('continue to the next tool, error or answer')],
    ['E', t('edit what is in hand')],
    ['F', t('fork from here')],
    ['R', t('run to the end')],
    ['.', t('stop the run')],
    ['End', t('back to now')],
    ['Esc', t('close a form, then the keys, then leave to the cell')]
  ];
  const rows = help.flatMap(([key, words]) => [h('kbd', {}, key), h('span', {}, words)]);
  return h(
    'div',
    { class: 'keys', role: 'note', 'aria-label': t('Keys of the step view'), hidden: true },
    ...rows
  );
}

export function listenForSteps(root: HTMLElement, act: KeyActions): void {
  const actions: Record<string, () => void> = {
    ArrowLeft: () => act.back(),
    ArrowRight: () => act.forward(),
    Enter: () => act.step(),
    c: () => act.continue(),
    e: () => act.edit(),
    f: () => act.fork(),
    r: () => act.end(),
    '.': () => act.stop(),
    End: () => act.toNow(),
    '?': () => act.help(),
    Escape: () => act.escape()
  };
  root.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || composes(event)) return;
    event.stopPropagation();
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const action = actions[key];
    if (!action || (isTaken(event.target as HTMLElement, key) && key !== 'Escape')) return;
    event.preventDefault();
    action();
  });
}

/** Whether what has the focus needs the key itself. */
function isTaken(target: HTMLElement, key: string): boolean {
  if (target.closest('textarea,select,input[type=number],.sheet')) return true;
  if (key === 'Enter') return target.closest('button') !== null;
  const isRadio = target.closest('input[type=radio]') !== null;
  return (isRadio || target.closest('pre') !== null) && (key.startsWith('Arrow') || key === 'End');
}
