// The way from one failure to the next.

import { button, h, icon, put, setText } from './dom';
import type { RunView } from './fold';
import { hasFailed, lineOf } from './lines';

export class ErrorButtons {
  private readonly back = button(
    { hidden: true, title: 'Previous error (Shift+E)', 'aria-label': 'Previous error' },
    () => this.go(-1),
    icon('back')
  );
  private readonly words = h('span', {}, 'Next error');
  private readonly count = h('span');
  private readonly next = button(
    { hidden: true, title: 'Next error (E)' },
    () => this.go(1),
    icon('cross', 'c-error'),
    this.words,
    this.count,
    h('kbd', {}, 'E')
  );
  readonly nodes = [this.back, this.next];
  /** Where it has gone last, for when the focus has left the trace since. */
  private last: string | undefined;

  /**
   * @param view the run as it is now
   * @param at the key of the row that has the focus
   * @param show brings a row onto the page, opened
   */
  constructor(
    private readonly view: () => RunView,
    private readonly at: () => string | undefined,
    private readonly show: (key: string) => void
  ) {}

  update(isLong: boolean): void {
    const n = this.failed().length;
    this.next.hidden = n === 0;
    this.back.hidden = n === 0 || !isLong;
    put(this.words, { class: this.view().running ? 'vh' : '' });
    setText(this.count, `(${n.toLocaleString('en-US')})`);
  }

  /** Go to the next or previous one; false if there is none and it may not begin again. */
  go(by: number, wraps = true): boolean {
    const steps = this.failed();
    const from = this.at() ?? this.last;
    const at = Number(from?.slice(1) ?? (by > 0 ? -1 : Infinity));
    const next =
      by > 0
        ? (steps.find(step => step > at) ?? (wraps ? steps[0] : undefined))
        : (steps.filter(step => step < at).at(-1) ?? (wraps ? steps.at(-1) : undefined));
    this.last = next === undefined ? undefined : `s${next}`;
    if (this.last) this.show(this.last);
    return next !== undefined;
  }

  private failed(): number[] {
    const view = this.view();
    return [...view.lines, ...view.steps.map(lineOf)].filter(hasFailed).map(line => line.number);
  }
}
