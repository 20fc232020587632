// The status-bar item: one for all runs. A click opens the run that it speaks of, or the panel.

import { Widget } from '@lumino/widgets';
import { button, h, icon, put, ring } from '../view/dom';
import { followTheme } from '../view/theme';
import type { LiveStore } from './live_store';
import type { RunRow } from './store';
import { STATUS_STYLES } from './styles';
import { mostUrgent, type Sign, Unseen, type Urgent } from './urgent';
import { t } from '../words';

const SIGNS: Readonly<Record<Exclude<Sign, 'running'>, readonly [name: string, color: string]>> = {
  needs: ['diamond', 'c-warn'],
  retrying: ['retry', 'c-warn'],
  answer: ['check', 'c-ok']
};

export class StatusItem extends Widget {
  private readonly item: HTMLButtonElement;
  private readonly unseen: Unseen;
  private drawn = '';
  private told: Urgent | null = null;

  /** @param isSeen whether the person looks at a run's notebook or trace */
  constructor(
    private readonly store: LiveStore,
    isSeen: (row: RunRow) => boolean,
    private readonly showPanel: () => void
  ) {
    super();
    this.addClass('nbagent-status');
    this.unseen = new Unseen(isSeen);
    this.item = button({ class: 'sbi' }, () => this.press());
    const root = h('div', { class: 'nba' }, h('style', {}, STATUS_STYLES), this.item);
    this.node.attachShadow({ mode: 'open' }).append(root);
    followTheme(root, this.node);
    store.changed.connect(() => this.tell());
    this.tell();
  }

  /** Whether there is anything to be said. */
  get isActive(): boolean {
    return this.told !== null;
  }

  /** The person looks elsewhere now. */
  look(): void {
    this.unseen.look();
    this.tell();
  }

  private tell(): void {
    this.unseen.take(this.store.rows);
    this.told = mostUrgent(this.store.rows, this.unseen.row, new Date());
    const drawn = JSON.stringify(this.told);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.setHidden(this.told === null);
    if (this.told) this.draw(this.told);
  }

  private draw({ sign, strong, parts, scripted }: Urgent): void {
    const chip = h('span', { class: 'chip dash' }, t('scripted, not Kimi'));
    this.item.replaceChildren(
      sign === 'running' ? ring() : icon(...SIGNS[sign]),
      ...(scripted ? [chip] : []),
      ...(strong ? [h('b', {}, strong)] : []),
      ...parts.map(part => h('span', {}, part))
    );
    const said = [scripted ? t('scripted, not Kimi') : '', strong, ...parts].filter(Boolean);
    put(this.item, { title: said.join(', '), 'aria-label': said.join(', ') });
  }

  private press(): void {
    const { runId = '', sign } = this.told ?? {};
    this.unseen.row = null;
    this.tell();
    if (runId && sign === 'needs') this.store.decide(runId);
    else if (runId) this.store.open(runId);
    else this.showPanel();
  }
}
