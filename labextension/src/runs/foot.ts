// The footer: what today's runs have used.

import { h, put, setText } from '../view/dom';
import { dayStart } from './groups';
import type { RunRow } from './store';
import { spentSince } from './words';
import { t } from '../words';

export class Foot {
  readonly node = h('div', { class: 'pf2' });
  private readonly cost = h('b', {});
  private readonly tokens = h('b', {});
  private readonly spent: HTMLElement;
  private readonly written: HTMLElement;

  constructor() {
    this.spent = h('span', {}, this.cost, ' ', h('span', { class: 'm' }, t('today')));
    this.written = h('span', {}, this.tokens, ' ', h('span', { class: 'm' }, t('tokens written')));
    this.node.append(this.spent, this.written);
  }

  show(rows: readonly RunRow[], now: Date): void {
    const { cost, tokens } = spentSince(rows, dayStart(now, 0));
    setText(this.cost, cost);
    setText(this.tokens, tokens);
    put(this.spent, { hidden: cost === '' });
    const title = t('Tokens that models wrote in the runs of today');
    put(this.written, { title });
  }
}
