// The keys of a trace, only while the focus is inside of it; Esc leaves to the cell.

import { composes, h } from './dom';
import { GO, type Goal } from './goals';
import { t } from '../words';

export interface KeyActions {
  move(by: number): void;
  fold(isOpen: boolean): void;
  /** To the next or previous error; false if there is none left and it may not begin again. */
  error(by: number, wraps?: boolean): boolean;
  /** To what waits for the person; false if nothing does. */
  question(): boolean;
  stop(): void;
  saw(): void;
  find(): void;
  end(): void;
  help(): void;
  /** Write to the agent. */
  say(): void;
  /** Close what is open above the trace; false if nothing was. */
  back(): boolean;
  leave(): void;
}

/** The list of keys, as a part of the page. */
export function keysHelp(): HTMLElement {
  const help: [string, string][] = [
    ['↑ ↓', t('previous, next step')],
    ['← →', t('fold, unfold')],
    ['↵', t('open, or the focused button')],
    ['E, Shift+E', t('next, previous error')],
    ['M', t('you saw, model saw')],
    ['/', t('find in this trace')],
    ['End', t('jump to latest')],
    ['.', t('stop the run')],
    ['S', t('write to the agent')],
    ['A E D Y', t('in a question: approve, edit, deny, always')],
    ['Esc', t('leave to the cell')]
  ];
  const rows = help.flatMap(([key, words]) => [h('kbd', {}, key), h('span', {}, words)]);
  return h('div', { class: 'keys', role: 'note', 'aria-label': t('Keys'), hidden: true }, ...rows);
}

/** What a key does; null if the view has no use for it. */
function actionOf(event: KeyboardEvent, act: KeyActions): (() => void) | null {
  switch (event.key) {
    case 'ArrowUp':
      return () => act.move(-1);
    case 'ArrowDown':
      return () => act.move(1);
    case 'ArrowLeft':
      return () => act.fold(false);
    case 'ArrowRight':
      return () => act.fold(true);
    case 'e':
      return () => void act.error(1);
    case 'E':
      return () => void act.error(-1);
    case 'm':
    case 'M':
      return () => act.saw();
    case 's':
    case 'S':
      return () => act.say();
    case '.':
      return () => act.stop();
    case '/':
      return () => act.find();
    case 'End':
      return () => act.end();
    case '?':
      return () => act.help();
    case 'Escape':
      return () => {
        if (!act.back()) {
          act.leave();
        }
      };
    default:
      return null;
  }
}

/** Do what a host asks for. */
export function obey(host: HTMLElement, act: KeyActions): void {
  host.addEventListener(GO, event => {
    const goal = (event as CustomEvent<Goal>).detail;
    const by = goal === 'next-error' ? 1 : -1;
    if (goal === 'question' ? act.question() : act.error(by, false)) event.preventDefault();
  });
}

/** Listen to the keys inside a root; those that the host would take stay inside. */
export function listen(root: HTMLElement, act: KeyActions): void {
  root.addEventListener('keydown', event => {
    const target = event.target as HTMLElement;
    const own = target.closest('[role=slider],.scroll,pre,input,textarea,select');
    const typing = target.closest('input,textarea,select');
    const isArrow = event.key.startsWith('Arrow') || event.key === 'End';
    if (event.ctrlKey || event.metaKey || event.altKey || composes(event)) {
      return;
    }
    event.stopPropagation();
    if ((typing && event.key !== 'Escape') || (own && isArrow)) {
      return;
    }
    const action = actionOf(event, act);
    if (action) {
      event.preventDefault();
      action();
    }
  });
}
