// The panel: a head, the list, a foot. It draws what the store has, when the store has changed.

import { Widget } from '@lumino/widgets';
import { button, composes, h, icon, put, setText } from '../view/dom';
import { followTheme } from '../view/theme';
import type { Acts } from './acts';
import { emptyState } from './empty';
import { FindLine } from './find';
import { Foot } from './foot';
import { type GroupName, grouped, isOpenAtFirst, type Item, itemsOf, matching } from './groups';
import { runsIcon } from './icon';
import { actionOf } from './keys';
import { lineOf } from './lines';
import type { LiveStore } from './live_store';
import type { RunRow } from './store';
import { PANEL_STYLES } from './styles';
import { WindowedList } from './windowed';
import { t } from '../words';

export const PANEL_ID = 'nbagent-runs';

export class RunsPanel extends Widget {
  private readonly root = h('div', { class: 'nba pnl', role: 'region' });
  private readonly note = h('div', { class: 'said', role: 'status', hidden: true });
  private readonly fault = h('div', { class: 'said err', role: 'alert', hidden: true });
  private readonly none = h('div', { class: 'said', hidden: true });
  private readonly empty: HTMLElement;
  private readonly find: FindLine;
  private readonly foot = new Foot();
  private readonly list: WindowedList;
  private readonly folded = new Map<GroupName, boolean>();
  private items: readonly Item[] = [];
  /** The line that the keys are at. */
  private current = '';
  private acts: Acts | null = null;
  private unfollow: () => void = () => undefined;
  private frame = 0;

  constructor(
    private readonly store: LiveStore,
    howToKey: () => Promise<void>
  ) {
    super();
    this.id = PANEL_ID;
    this.addClass('nbagent-runs');
    this.title.icon = runsIcon;
    this.title.caption = t('Kimi runs');
    this.list = new WindowedList(t('Kimi runs'), item => lineOf(item, this));
    this.find = new FindLine(
      () => this.draw(),
      text => void this.store.server.search(text).catch(() => undefined) // what is here was found
    );
    this.empty = emptyState(() => void howToKey());
    this.build();
    store.changed.connect(this.request);
  }

  /** What its rows let a person do. */
  lead(acts: Acts): void {
    this.acts = acts;
  }

  /** @param usd what a person means to spend a day, in dollars; 0 where they have not said */
  setBudget(usd: number): void {
    this.foot.budgetUsd = usd;
    this.request();
  }

  /** Say that something could not be done; '' takes it back. */
  say(text: string): void {
    setText(this.fault, text);
    this.fault.hidden = text === '';
  }

  override dispose(): void {
    this.store.changed.disconnect(this.request);
    cancelAnimationFrame(this.frame);
    this.list.dispose();
    this.unfollow();
    super.dispose();
  }

  // What lines ask

  isCurrent(key: string): boolean {
    return key === this.current;
  }
  toggle({ key, group, open }: Item & { kind: 'head' }): void {
    this.current = key;
    this.folded.set(group.name, open);
    this.draw();
  }
  open(row: RunRow): void {
    this.choose(row);
    this.store.open(row.run_id);
  }
  decide(row: RunRow): void {
    this.choose(row);
    this.store.decide(row.run_id);
  }
  stop(row: RunRow): void {
    this.acts?.stop(row);
  }
  resume(row: RunRow): void {
    this.acts?.resume(row);
  }
  more(): void {
    this.acts?.attempt(() => this.store.server.more());
  }

  // The shell's messages

  protected override onAfterShow(): void {
    this.store.show(true);
    this.draw();
  }
  protected override onAfterAttach(): void {
    this.unfollow = followTheme(this.root, this.node);
    if (this.isVisible) this.onAfterShow();
  }
  protected override onBeforeHide(): void {
    this.store.show(false);
  }
  protected override onBeforeDetach(): void {
    this.store.show(false);
    this.unfollow();
  }
  protected override onResize(): void {
    this.list.request();
  }
  protected override onActivateRequest(): void {
    this.focusLine(this.items.some(({ key }) => key === this.current) ? this.current : undefined);
  }

  private build(): void {
    const more = { class: 'b ghost', 'aria-label': t('More'), title: t('More') };
    const dots = button(more, () => this.openMenu(dots), icon('dots'));
    put(dots, { 'aria-haspopup': 'menu' });
    const head = h('div', { class: 'ph' }, h('h2', {}, t('Kimi runs')), this.find.toggle, dots);
    put(this.root, { 'aria-label': t('Kimi runs') });
    this.root.append(
      h('style', {}, PANEL_STYLES),
      head,
      this.find.node,
      this.fault,
      this.note,
      this.none,
      this.empty,
      this.list.node,
      this.foot.node
    );
    this.node.attachShadow({ mode: 'open' }).append(this.root);
    this.root.addEventListener('keydown', event => this.pressed(event));
    this.list.node.addEventListener('contextmenu', event => this.contextMenu(event));
    this.list.node.addEventListener('focusin', () => this.followFocus());
  }

  private choose(row: RunRow): void {
    this.current = `run:${row.run_id}`;
    this.draw();
  }

  private readonly request = (): void => {
    if (!this.isVisible) return;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  };

  private draw(): void {
    const { rows, serverNote } = this.store;
    const { text } = this.find;
    const shown = matching(rows, text);
    const isOpen = (name: GroupName): boolean => {
      const folded = this.folded.get(name);
      return folded === undefined ? isOpenAtFirst(name) || text !== '' : !folded;
    };
    const now = new Date();
    const isCurrent = this.current.replace(/^(run|note):/, '');
    this.items = itemsOf(grouped(shown, now), isOpen, isCurrent, this.store.hasMore);
    if (!this.items.some(({ key }) => key === this.current)) this.current = this.firstKey();
    setText(this.note, serverNote);
    this.note.hidden = serverNote === '';
    this.empty.hidden = rows.length > 0 || text !== '';
    this.list.node.hidden = !this.empty.hidden;
    this.none.hidden = text === '' || shown.length > 0;
    setText(this.none, t('No run matches “{text}”.', { text }));
    this.foot.node.hidden = rows.length === 0;
    this.foot.show(rows, now);
    this.list.show(this.items);
  }

  private firstKey(): string {
    return (this.items.find(({ kind }) => kind === 'run') ?? this.items[0])?.key ?? '';
  }

  private get currentRow(): RunRow | undefined {
    const item = this.items.find(({ key }) => key === this.current);
    return item?.kind === 'run' ? item.row : undefined;
  }

  /** The line with the focus is the current one, however it got it. */
  private followFocus(): void {
    const { focused } = this.list;
    if (focused === null || focused === this.current) return;
    this.current = focused;
    this.draw();
  }

  private focusLine(key = this.firstKey()): void {
    this.current = key;
    this.draw();
    if (key) this.list.focus(key);
    else this.find.toggle.focus();
  }

  private pressed(event: KeyboardEvent): void {
    if (composes(event) || event.altKey || event.metaKey) return;
    const isInList = this.list.focused !== null;
    const act = actionOf(event, isInList, {
      move: by => this.move(by),
      end: () => this.focusLine(this.items.filter(({ kind }) => kind !== 'note').at(-1)?.key),
      home: () => this.focusLine(this.items[0]?.key),
      fold: isOpen => this.fold(isOpen),
      find: () => this.find.open(),
      remove: () => this.currentRow && this.acts?.remove(this.currentRow),
      stop: () => this.currentRow && this.acts?.stop(this.currentRow),
      menu: () => this.openMenu(this.list.node)
    });
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  private move(by: number): void {
    const lines = this.items.filter(({ kind }) => kind !== 'note');
    const at = lines.findIndex(({ key }) => key === this.current);
    const next = lines[Math.min(Math.max(at + by, 0), lines.length - 1)];
    if (next) this.focusLine(next.key);
  }

  /** Fold or unfold the group of the current line. */
  private fold(isOpen: boolean): void {
    const at = this.items.findIndex(({ key }) => key === this.current);
    const heads = this.items.slice(0, at + 1).filter(({ kind }) => kind === 'head');
    const head = heads.at(-1);
    if (head?.kind !== 'head') return;
    if (head.key === this.current) this.folded.set(head.group.name, !isOpen);
    if (!isOpen || head.key === this.current) this.focusLine(head.key);
  }

  private contextMenu(event: MouseEvent): void {
    const line = (event.target as Element).closest<HTMLElement>('.it');
    const item = this.items.find(({ key }) => key === line?.dataset['key']);
    if (item?.kind !== 'run') return;
    event.preventDefault();
    event.stopPropagation();
    this.current = item.key;
    this.draw();
    const back = (): void => this.list.focus(this.current);
    this.acts?.openMenu(item.row, event.clientX, event.clientY, back);
  }

  /** The current run's menu, below a button or beside its line. */
  private openMenu(near: HTMLElement): void {
    const line = near === this.list.node ? this.focusedBox() : null;
    const { left, bottom } = (line ?? near).getBoundingClientRect();
    const back = (): void => (line ? this.list.focus(this.current) : near.focus());
    this.acts?.openMenu(this.currentRow, left + (line ? 24 : 0), bottom, back);
  }

  private focusedBox(): Element | null {
    return this.node.shadowRoot?.activeElement?.closest('.it') ?? null;
  }
}
