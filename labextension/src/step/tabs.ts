// History → Request → Reply → Tool ↺: the tabs are the loop. The one that moves next opens itself.

import { button, h, put, setText } from '../view/dom';
import { seconds, size } from '../view/phrases';
import type { StepModel } from './model';
import type { MoveFacts, Place } from './types';
import { callsWords } from './words';
import { t } from '../words';

export interface Pane {
  readonly node: HTMLElement;
  update(facts: MoveFacts): void;
}

export const TABS = ['History', 'Request', 'Reply', 'Tool'] as const;
export type Tab = (typeof TABS)[number];
const OPENS: Record<Place, Tab> = {
  '': 'Reply',
  request: 'Request',
  reply: 'Reply',
  call: 'Tool',
  result: 'Tool'
};

export class Tabs {
  readonly node = h('div', { class: 'rt' });
  private readonly list = h('div', {
    class: 'tabs',
    role: 'tablist',
    'aria-label': t('What moves')
  });
  private readonly panel = h('div', { class: 'pane', role: 'tabpanel', tabindex: 0 });
  private readonly buttons = new Map<Tab, { button: HTMLButtonElement; more: HTMLElement }>();
  private open: Tab = 'History';
  private openedAt = '';
  /** Whether `open` was chosen for a move of which nothing is known yet. */
  private isEarly = false;
  private form: HTMLElement | null = null;

  constructor(
    private readonly model: StepModel,
    private readonly panes: Record<Tab, Pane>
  ) {
    TABS.forEach((tab, i) => {
      const more = h('span', { class: 'xs m' });
      const node = button(
        { class: 'tb', role: 'tab' },
        () => this.show(tab),
        nameOf(tab),
        ' ',
        more
      );
      node.addEventListener('keydown', event => this.pressed(event, i));
      this.buttons.set(tab, { button: node, more });
      const arrow = i < TABS.length - 1 ? '→' : '↺';
      this.list.append(node, h('span', { class: 'arr', 'aria-hidden': 'true' }, arrow));
    });
    this.node.append(this.list, this.panel);
  }

  update(): void {
    const { model } = this;
    const facts = model.shown;
    if (!facts) return;
    const key = `${model.runId} ${facts.n} ${facts.place}`;
    if (key !== this.openedAt) {
      this.openedAt = key;
      if (!this.isEarly) this.open = OPENS[facts.place];
      this.isEarly = false;
      this.panel.scrollTop = 0;
    }
    for (const [tab, { button: node, more }] of this.buttons) {
      const [words, isOld] = labelOf(tab, facts);
      setText(more, words);
      node.classList.toggle('no', isOld);
    }
    this.draw(facts);
  }

  show(tab: Tab): void {
    const { shown, at } = this.model;
    this.open = tab;
    this.isEarly = shown?.n !== at;
    this.panel.scrollTop = 0;
    this.mark();
    if (shown) this.draw(shown);
  }

  /** Put a form in the place of the pane, or (null) take it away. */
  setForm(form: HTMLElement | null): void {
    this.form = form;
    if (this.model.shown) this.draw(this.model.shown);
  }

  private mark(): void {
    for (const [tab, { button: node }] of this.buttons) {
      const isOpen = tab === this.open;
      put(node, { 'aria-selected': String(isOpen), tabindex: isOpen ? 0 : -1 });
    }
    put(this.panel, { 'aria-label': nameOf(this.open) });
  }

  private draw(facts: MoveFacts): void {
    this.mark();
    const pane = this.panes[this.open];
    if (!this.form) pane.update(facts);
    const shown = this.form ?? pane.node;
    if (this.panel.firstChild !== shown) this.panel.replaceChildren(shown);
  }

  /** Arrow keys go from tab to tab, as everywhere. */
  private pressed(event: KeyboardEvent, i: number): void {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = TABS[(i + by + TABS.length) % TABS.length] ?? 'History';
    this.show(next);
    this.buttons.get(next)?.button.focus({ preventScroll: true });
  }
}

function nameOf(tab: Tab): string {
  return { History: t('History'), Request: t('Request'), Reply: t('Reply'), Tool: t('Tool') }[tab];
}

/** What a tab's label says besides its name, and whether that is of an earlier step. */
function labelOf(tab: Tab, facts: MoveFacts): [words: string, isOld: boolean] {
  const { history, request, reply, tool } = facts;
  if (tab === 'History') return [historyWords(history.messages), false];
  const part = { Request: request, Reply: reply, Tool: tool }[tab];
  if (!part || part.step !== facts.step) return [t('not yet'), true];
  if (tab === 'Request') return [size(request?.n_bytes ?? 0), false];
  if (tab === 'Reply') return [replyWords(reply?.message['tool_calls']), false];
  if (tool?.state === 'waits') return [t('waits'), false];
  return [tool?.is_error ? t('error') : seconds(tool?.wall_s), false];
}

function historyWords(
  messages: readonly { is_new: boolean; joins: boolean; gone?: boolean }[]
): string {
  const kept = messages.filter(card => !card.gone);
  const joins = kept.filter(card => card.joins).length;
  const fresh = joins || kept.filter(card => card.is_new).length;
  const n = kept.length - joins;
  return fresh ? `${n}, +${fresh}` : String(n);
}

function replyWords(calls: unknown): string {
  return callsWords(Array.isArray(calls) ? calls.length : 0);
}
