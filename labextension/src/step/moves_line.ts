// The line of moves, grouped by step: where the run was, is, and where one may go.

import { button, h, put, setText } from '../view/dom';
import type { StepModel } from './model';
import type { Move } from './types';
import { moveName, signOf } from './words';
import { counted, t } from '../words';

/** So many steps stand in the page at once, around the one that is shown. */
const STEPS_SHOWN = 24;

export class MovesLine {
  private readonly line = h('div', { class: 'mvs', role: 'group', 'aria-label': t('Moves') });
  private readonly field = h('input', {
    class: 'in',
    type: 'number',
    'aria-label': t('Go to move')
  });
  private readonly of = h('span');
  readonly node = h(
    'div',
    { class: 'tlb' },
    h('span', { class: 'm s', 'aria-hidden': 'true' }, t('Moves')),
    this.line,
    h(
      'label',
      { class: 's m row nw' },
      h('span', { class: 'goto' }, t('go to')),
      this.field,
      this.of
    )
  );
  private key = '';

  constructor(private readonly model: StepModel) {
    const go = (): void => void model.goTo(Number(this.field.value));
    this.field.addEventListener('keydown', event => {
      if (event.key === 'Enter') go();
    });
    this.field.addEventListener('change', go);
  }

  update(): void {
    const { model } = this;
    put(this.field, { min: model.first, max: model.count });
    setText(this.of, t('of {n}', { n: model.count }));
    const moves = model.moves?.moves ?? [];
    const last = moves.at(-1);
    const key = [model.runId, model.at, moves.length, last?.mark, last?.edited].join();
    if (key === this.key) return;
    this.key = key;
    this.field.value = model.at ? String(model.at) : '';
    this.draw(moves);
  }

  private draw(moves: readonly Move[]): void {
    const root = this.line.getRootNode() as ShadowRoot | Document;
    const hadFocus = this.line.contains(root.activeElement);
    const groups = grouped(moves);
    const at = groups.findIndex(([, each]) => each.some(move => move.n === this.model.at));
    const first = Math.max(0, Math.min(at - STEPS_SHOWN / 2, groups.length - STEPS_SHOWN));
    const shown = groups.slice(first, first + STEPS_SHOWN);
    const left = groups.length - first - shown.length;
    this.line.replaceChildren(
      ...(first
        ? [h('span', { class: 'xs m nw' }, t('{steps} before', { steps: counted(first, 'step') }))]
        : []),
      ...shown.map(([step, each]) => this.group(step, each)),
      ...(left
        ? [h('span', { class: 'xs m nw' }, t('{steps} after', { steps: counted(left, 'step') }))]
        : [])
    );
    const current = this.line.querySelector<HTMLElement>('[aria-current]');
    if (hadFocus) current?.focus({ preventScroll: true });
    this.reveal(current);
  }

  private group(step: number, moves: readonly Move[]): HTMLElement {
    const number = h('span', { class: 'xs m', 'aria-hidden': 'true' }, String(step));
    return h('span', { class: 'mg' }, number, ...moves.map(move => this.button(move)));
  }

  /** Only the current one is reached by Tab; the arrow keys go on from there. */
  private button(move: Move): HTMLElement {
    const isAt = move.n === this.model.at;
    const color = move.mark === 'error' ? ' c-error' : move.mark === 'denied' ? ' c-warn' : '';
    const shape = {
      class: `mv${color}${isAt ? ' at' : ''}${move.edited ? ' ed' : ''}`,
      'aria-label': moveName(move),
      title: moveName(move),
      'aria-current': isAt ? 'step' : null,
      tabindex: isAt ? 0 : -1
    };
    return button(shape, () => void this.model.goTo(move.n), signOf(move));
  }

  /** Scroll the line alone, so that the page stays where it is. */
  private reveal(current: HTMLElement | null): void {
    if (!current) return;
    const { line } = this;
    const from = current.offsetLeft;
    const end = from + current.offsetWidth + 40;
    if (from - 40 < line.scrollLeft) line.scrollLeft = from - 40;
    else if (end > line.scrollLeft + line.clientWidth) line.scrollLeft = end - line.clientWidth;
  }
}

function grouped(moves: readonly Move[]): [step: number, moves: Move[]][] {
  const groups: [number, Move[]][] = [];
  for (const move of moves) {
    const last = groups.at(-1);
    if (last?.[0] === move.step) last[1].push(move);
    else groups.push([move.step, [move]]);
  }
  return groups;
}
