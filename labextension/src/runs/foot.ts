// The footer: what today's runs have used, and how much of a day's budget that is.

import { h, put, setText } from '../view/dom';
import { dollars, share } from '../view/phrases';
import { dayStart } from './groups';
import type { RunRow } from './store';
import { spentSince } from './words';
import { t } from '../words';

export class Foot {
  readonly node = h('div', { class: 'pf2' });
  /** What a person means to spend a day, in dollars; 0 where they have not said. */
  budgetUsd = 0;
  private readonly cost = h('b', {});
  private readonly tokens = h('b', {});
  private readonly spent: HTMLElement;
  private readonly written: HTMLElement;
  private readonly level = h('i', {});
  private readonly gauge = h('span', { class: 'gauge', role: 'img' }, this.level);
  private readonly budget = h('span', { class: 'm' });
  private readonly ofBudget = h('span', { class: 'bud' }, this.gauge, this.budget);

  constructor() {
    this.spent = h('span', {}, this.cost, ' ', h('span', { class: 'm' }, t('today')));
    this.written = h('span', {}, this.tokens, ' ', h('span', { class: 'm' }, t('tokens written')));
    this.node.append(this.spent, this.written, this.ofBudget);
  }

  show(rows: readonly RunRow[], now: Date): void {
    const { cost, tokens, usd } = spentSince(rows, dayStart(now, 0));
    setText(this.cost, cost);
    setText(this.tokens, tokens);
    put(this.spent, { hidden: cost === '' });
    const title = t('Tokens that models wrote in the runs of today');
    put(this.written, { title });
    this.showBudget(usd);
  }

  private showBudget(usd: number): void {
    this.ofBudget.hidden = !(this.budgetUsd > 0);
    if (this.ofBudget.hidden) return;
    const used = usd / this.budgetUsd;
    this.level.style.width = `${Math.min(used, 1) * 100}%`;
    const label = t('{share} of your budget of a day', { share: share(used) });
    put(this.gauge, { 'aria-label': label, title: label });
    this.gauge.classList.toggle('full', used >= 1);
    setText(this.budget, t('of {cost}', { cost: dollars(this.budgetUsd) }));
    put(this.budget, { title: t('A budget is shown and stops nothing; each run has a limit.') });
  }
}
