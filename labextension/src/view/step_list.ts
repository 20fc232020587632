// The list of rows: windowed when it is long, following the end of a live run unless the reader
// has scrolled. It scrolls itself, never the page.

import type { Desk } from './desk';
import { button, h, icon, put } from './dom';
import { Folding } from './folding';
import { type Group, MANY_STEPS, outline, type Row, unfolded, wayTo } from './outline';
import { betweenNode, columnHeads, rangeNode } from './range_row';
import { StepView } from './step_view';
import { Step } from './steps';
import { t } from '../words';

const WINDOW_FROM = 60;
const ROW_HEIGHT = 30;
/** A guess, until an open step has been drawn. */
const OPEN_HEIGHT = 320;
const MARGIN = 200;
const NEAR_END = 24;

export class StepList {
  readonly node = h('div', { class: 'listbox' });
  readonly folding = new Folding();
  private readonly scroller = h('div', { class: 'steps', role: 'list', 'aria-label': t('Steps') });
  private readonly heads = columnHeads();
  private readonly above = h('div', { class: 'space', 'aria-hidden': 'true' });
  private readonly below = h('div', { class: 'space', 'aria-hidden': 'true' });
  private readonly jump: HTMLButtonElement;
  private readonly views = new Map<string, StepView>();
  private readonly heights = new Map<string, number>();
  private readonly fixed = new Map<string, { node: HTMLElement; stamp: string }>();
  private readonly observer: ResizeObserver | null;
  /** Steps of which a line alone is left, for those rows that were drawn. */
  private readonly stubs = new Map<string, Step>();
  private top: Row[] = [];
  private rows: Row[] = [];
  /** The steps to show alone, null for all. */
  only: ReadonlySet<number> | null = null;
  private following = true;
  private lastTop = 0;

  /**
   * @param desk the run
   * @param onSight called when other rows have come in sight
   */
  constructor(
    private readonly desk: Desk,
    private readonly onSight: () => void
  ) {
    this.jump = button(
      { class: 'b jump', hidden: true },
      () => this.toEnd(),
      icon('down'),
      t('Jump to latest')
    );
    this.node.append(this.heads, this.scroller, this.jump);
    this.scroller.addEventListener('scroll', () => this.scrolled(), { passive: true });
    this.observer =
      typeof ResizeObserver === 'undefined'
        ? null
        : new ResizeObserver(entries => {
            for (const { target } of entries) {
              const { dataset, offsetHeight } = target as HTMLElement;
              if (offsetHeight > 0) {
                this.heights.set(dataset['key'] ?? '', offsetHeight); // 0: it has left the page
              }
            }
            this.keepEnd();
          });
  }

  /** Redraw after events; steps that are not on the page are left alone. */
  update(): void {
    const { desk } = this;
    const { view } = desk.scene;
    this.folding.follow(view, desk.live, key => this.views.get(key)?.node);
    this.top = outline(view, desk.live, this.folding.isOpen, this.only);
    this.rows = unfolded(this.top, this.folding.isOpen);
    const last = (view.lastStep?.number ?? 1).toLocaleString('en-US');
    this.node.style.setProperty('--no', `${Math.max(2, last.length)}ch`);
    const many = view.nSteps > MANY_STEPS;
    this.node.classList.toggle('many', many);
    this.heads.hidden = !many;
    put(this.scroller, { 'aria-busy': desk.live ? 'true' : null });
    this.draw();
    this.forget();
  }

  /** Count on in the current step. */
  tick(): void {
    const last = this.desk.scene.view.lastStep;
    if (last) {
      this.views.get(`s${last.number}`)?.tick();
    }
  }

  /** The keys of all rows, in order. */
  keys(): string[] {
    return this.rows.map(row => row.key);
  }

  /** Bring a row onto the page, opened if asked, and give it the focus. */
  reveal(key: string, open: boolean, focus = true): HTMLElement | null {
    for (const group of wayTo(this.top, key) ?? []) {
      this.folding.set(group, true);
    }
    if (open) {
      this.folding.set(key, true);
    }
    this.update();
    const index = this.rows.findIndex(row => row.key === key);
    if (index < 0) {
      return null;
    }
    if (!this.nodeOf(key)?.isConnected) {
      this.scroller.scrollTop = this.offset(index);
      this.draw();
    }
    const node = this.nodeOf(key);
    if (node && focus) {
      node.querySelector<HTMLElement>('.st')?.focus({ preventScroll: true });
      node.scrollIntoView({ block: 'nearest' });
    }
    return node ?? null;
  }

  toggle(key: string, isOpen = !this.folding.isOpen(key)): void {
    this.folding.set(key, isOpen);
    this.heights.delete(key);
    this.update();
  }

  /** Open or close every step, and the groups that hold them. */
  setAll(isOpen: boolean): void {
    const all = unfolded(this.top, () => true);
    this.folding.setAll(
      all.map(row => row.key),
      isOpen
    );
    this.heights.clear();
    this.update();
  }

  /** The ranges of a long run. */
  ranges(): Group[] {
    return this.top.filter(row => row.kind === 'group');
  }

  /** Which of them is open and in sight; -1 if none is. */
  shown(): number {
    const { scrollTop, clientHeight } = this.scroller;
    let [y, at, found] = [0, -1, -1];
    for (const row of this.rows) {
      at += row.kind === 'group' && row.depth === 0 ? 1 : 0;
      y += this.height(row);
      const isIn = y > scrollTop && y - this.height(row) < scrollTop + clientHeight;
      const open = isIn && row.kind !== 'group' ? at : -1;
      const isHead = isIn && row.kind === 'group' && this.folding.isOpen(row.key);
      found = found < 0 ? (isHead ? at : open) : found;
    }
    return found;
  }

  /** Open a range at the top of the list, and close the others. */
  openRange(index: number): void {
    const ranges = this.ranges();
    ranges.forEach((range, i) => this.folding.set(range.key, i === index));
    this.update();
    const at = this.rows.findIndex(row => row.key === ranges[index]?.key);
    this.following = false;
    this.scroller.scrollTop = this.offset(Math.max(at, 0));
    this.draw();
    this.onSight();
  }

  viewOf(key: string): StepView | undefined {
    return this.views.get(key);
  }

  /** Whether the end of a live run is in sight, and follows. */
  toEnd(): void {
    this.following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.draw();
  }

  dispose(): void {
    this.observer?.disconnect();
  }

  private scrolled(): void {
    const { scrollTop } = this.scroller;
    const atEnd = this.isAtEnd();
    // What grows moves the end away, but only a reader moves the view up.
    this.following = atEnd || (this.following && scrollTop >= this.lastTop);
    this.lastTop = scrollTop;
    this.jump.hidden = this.following || !this.desk.live;
    if (this.rows.length > WINDOW_FROM) {
      this.draw();
    }
    this.onSight();
  }

  private height(row: Row): number {
    const isOpen = (row.kind === 'step' || row.kind === 'line') && this.folding.isOpen(row.key);
    return this.heights.get(row.key) ?? (isOpen ? OPEN_HEIGHT : ROW_HEIGHT);
  }

  private offset(index: number): number {
    return this.rows.slice(0, index).reduce((sum, row) => sum + this.height(row), 0);
  }

  /** The first and the last row that are drawn. */
  private window(): [number, number] {
    if (this.rows.length <= WINDOW_FROM) {
      return [0, this.rows.length];
    }
    const from = this.scroller.scrollTop - MARGIN;
    const to = this.scroller.scrollTop + (this.scroller.clientHeight || 600) + MARGIN;
    let [y, first, last] = [0, this.rows.length, 0];
    this.rows.forEach((row, i) => {
      const bottom = y + this.height(row);
      if (bottom >= from && y <= to) {
        first = Math.min(first, i);
        last = i + 1;
      }
      y = bottom;
    });
    return first < last ? [first, last] : [Math.max(0, this.rows.length - 30), this.rows.length];
  }

  private draw(): void {
    const [first, last] = this.window();
    const nodes = this.rows.slice(first, last).map((row, i) => this.rowNode(row, first + i));
    this.above.style.height = `${this.offset(first)}px`;
    this.below.style.height = `${this.rows.slice(last).reduce((sum, row) => sum + this.height(row), 0)}px`;
    const wanted: Node[] = [this.above, ...nodes, this.below];
    reconcile(this.scroller, wanted);
    this.keepEnd();
  }

  /** Stay at the end of a live run, or offer the way to it. */
  private keepEnd(): void {
    if (this.following && this.desk.live) {
      this.scroller.scrollTop = this.scroller.scrollHeight;
      this.lastTop = this.scroller.scrollTop;
    }
    this.jump.hidden = !this.desk.live || this.following;
  }

  private isAtEnd(): boolean {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    return scrollTop + clientHeight >= scrollHeight - NEAR_END;
  }

  private rowNode(row: Row, index: number): HTMLElement {
    const isStep = row.kind === 'step' || row.kind === 'line';
    const node = isStep ? this.stepNode(row) : this.fixedNode(row);
    put(node, {
      'aria-posinset': index + 1,
      'aria-setsize': this.rows.length,
      'data-key': row.key
    });
    this.observer?.observe(node);
    return node;
  }

  private stepNode(row: Row & { kind: 'step' | 'line' }): HTMLElement {
    const isOpen = this.folding.isOpen(row.key);
    const step = this.stepOf(row, isOpen);
    let view = this.views.get(row.key);
    if (view?.step !== step) {
      const hadFocus = view?.row.matches(':focus') ?? false;
      const before = view?.node;
      view = new StepView(step, this.desk, () => this.toggle(row.key));
      this.views.set(row.key, view);
      before?.replaceWith(view.node);
      if (hadFocus) {
        view.row.focus({ preventScroll: true });
      }
    }
    view.node.classList.toggle('d1', row.depth === 1);
    view.node.classList.toggle('d2', row.depth === 2);
    view.setOpen(isOpen);
    view.update();
    return view.node;
  }

  /** A row's step: as it was kept, or as the kernel told it when it was opened. */
  private stepOf(row: Row & { kind: 'step' | 'line' }, isOpen: boolean): Step {
    const { archive } = this.desk;
    let step = row.kind === 'step' ? row.step : this.stubs.get(row.key);
    if (!step) {
      step = Step.ofLine((row as Row & { kind: 'line' }).line);
      this.stubs.set(row.key, step);
    }
    if (isOpen && step.isLine && !this.desk.isCurrent(step)) {
      archive.want(step.number);
    }
    return archive.get(step.number) ?? step;
  }

  private fixedNode(row: Row & { kind: 'group' | 'compacted' | 'left' }): HTMLElement {
    const known = this.fixed.get(row.key);
    const isOpen = this.folding.isOpen(row.key);
    const stamp =
      row.kind === 'group'
        ? `${row.last} ${row.nFailed} ${row.nRepaired} ${isOpen}`
        : row.kind === 'compacted'
          ? row.told
          : row.kind;
    if (known?.stamp === stamp) {
      return known.node;
    }
    const { scene } = this.desk;
    const node =
      row.kind === 'group'
        ? rangeNode(row, scene, isOpen, () => this.toggle(row.key), known?.node)
        : betweenNode(row, scene);
    this.fixed.set(row.key, { node, stamp });
    return node;
  }

  /** What is not on the page and was not opened leaves the memory. */
  private forget(): void {
    const kept = new Set(this.desk.scene.view.steps.map(step => `s${step.number}`));
    for (const [key, view] of this.views) {
      if (!kept.has(key) && !view.node.isConnected && !this.folding.isOpen(key)) {
        this.views.delete(key);
        this.stubs.delete(key);
      }
    }
  }

  private nodeOf(key: string): HTMLElement | undefined {
    return this.views.get(key)?.node ?? this.fixed.get(key)?.node;
  }
}

/** Make the children of a node these, touching only what differs: focus and scroll stay. */
export function reconcile(parent: Node, wanted: readonly Node[]): void {
  const keep = new Set(wanted);
  for (const child of [...parent.childNodes]) {
    if (!keep.has(child)) {
      child.remove();
    }
  }
  let at = parent.firstChild;
  for (const node of wanted) {
    if (node === at) {
      at = at.nextSibling;
    } else {
      parent.insertBefore(node, at);
    }
  }
}
