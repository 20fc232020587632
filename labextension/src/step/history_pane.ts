// The conversation as cards: what is new since the last request, what was edited, what is cached.

import { button, disclose, h, icon, segments } from '../view/dom';
import { clean, size } from '../view/phrases';
import { counted, t, told } from '../words';
import type { Card, History, MoveFacts } from './types';
import type { Pane } from './tabs';

export class HistoryPane implements Pane {
  readonly node = h('div', { class: 'fill' });
  private drawn: History | null = null;
  private showsAll = false;

  update({ history }: MoveFacts): void {
    if (history === this.drawn) return;
    this.drawn = history;
    this.draw(history);
  }

  private draw(history: History): void {
    const { messages } = history;
    const cards = messages.map(card => this.card(card));
    const cached = cards.slice(0, history.n_cached);
    const since = history.since ? t('Since request {n}', { n: history.since }) : t('New');
    const choice = segments(
      t('Which text is shown'),
      [since, t('All text')],
      i => {
        this.showsAll = i === 1;
        this.draw(history);
        this.node.querySelectorAll<HTMLElement>('.bar .seg button')[i]?.focus();
      },
      this.showsAll ? 1 : 0
    );
    const bar = h(
      'div',
      { class: 'bar' },
      h('span', { class: 'm s grow' }, amount(messages)),
      choice
    );
    const head = cached.length > 0 && h('div', { class: 'pre' }, ...cached.flat());
    const rest = cards.slice(history.n_cached).flat();
    this.node.replaceChildren(bar, h('div', { class: 'list' }, head, ...rest), foot(history));
  }

  private card(card: Card): HTMLElement[] {
    const isMarked = card.is_new || card.joins || card.edited;
    const kind = card.gone ? 'gone' : card.edited ? 'ed' : isMarked ? 'new' : '';
    const [mark, said] = {
      gone: ['−', t('compacted')],
      ed: ['~', t('edited')],
      new: ['+', t('new')],
      '': ['', '']
    }[kind];
    const text = h('div', { class: 'mx', dir: 'auto' }, ...textNodes(card));
    const row: HTMLButtonElement = button(
      { class: `ms ${kind}` },
      () => disclose(row, text, text.hidden),
      h('span', { class: `sgn ${kind === 'ed' ? 'c-warn' : ''}`, 'aria-hidden': 'true' }, mark),
      said && h('span', { class: 'vh' }, said + t(': ')),
      h('span', { class: 'ro' }, clean(card.role)),
      h('span', { class: 'el', dir: 'auto' }, ...titleOf(card)),
      h('span', { class: 'xs m nw' }, size(card.n_bytes)),
      icon('chev', 'chev')
    );
    disclose(row, text, this.showsAll || kind !== '');
    return [row, text];
  }
}

function titleOf(card: Card): (Node | string | false)[] {
  const joins = card.joins && h('b', {}, t('joins on the next move'));
  const edited = card.edited && t('edited by you');
  const words = joins || edited ? '' : clean(told(card.title));
  return [joins, joins && edited && t(', '), edited, words].filter(part => part !== '');
}

function textNodes(card: Card): HTMLElement[] {
  const text = h('pre', { class: 'text' }, clean(card.text) || t('(no text)'));
  return card.was
    ? [
        h(
          'pre',
          { class: 'text m was' },
          h('span', { class: 'vh' }, t('before: ')),
          h('s', {}, clean(card.was))
        ),
        text
      ]
    : [text];
}

function amount(messages: readonly Card[]): string {
  const kept = messages.filter(card => !card.gone);
  const joins = kept.filter(card => card.joins);
  const words = counted(kept.length - joins.length, 'message');
  if (!joins.length) return words;
  const isTool = joins.every(card => card.role === 'tool');
  const joining = counted(joins.length, isTool ? 'result' : 'message');
  return t('{messages}, {joining} in hand', { messages: words, joining });
}

function foot(history: History): HTMLElement {
  const cached = history.messages.slice(0, history.n_cached).filter(card => !card.gone);
  const prefix = cached.length
    ? t('cacheable prefix, {messages}', { messages: counted(cached.length, 'message') })
    : '';
  const has = (test: (card: Card) => boolean): boolean => history.messages.some(test);
  return h(
    'div',
    { class: 'ft2 s m' },
    prefix && h('span', {}, h('span', { class: 'sw pre', 'aria-hidden': 'true' }), prefix),
    h('span', {}, h('b', { class: 'c-ok' }, '+'), ` ${t('new')}`),
    h('span', {}, h('b', { class: 'c-warn' }, '~'), ` ${t('edited')}`),
    has(card => card.gone ?? false) && h('span', {}, h('b', {}, '−'), ` ${t('compacted')}`)
  );
}
