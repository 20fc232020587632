// The list of rows: windowed when it is long, following the end of a live run unless the reader
// has scrolled. It scrolls itself, never the page.

import type { Desk } from './desk';
import { button, h, icon, put } from './dom';
import { Folding } from './folding';
import { type Group, outline, type Row } from './outline';
import { dollars, plural, seconds } from './phrases';
import { phaseBar, StepView } from './step_view';
import type { ChartSegment } from './types';

const WINDOW_FROM = 60;
const ROW_HEIGHT = 30;
/** A guess, until an open step has been drawn. */
const OPEN_HEIGHT = 320;
const MARGIN = 300;
const NEAR_END = 24;

export class StepList {
  readonly node = h('div', { class: 'listbox' });
  readonly folding = new Folding();
  private readonly scroller = h('div', { class: 'steps', role: 'list', 'aria-label': 'Steps' });
  private readonly above = h('div', { class: 'space', 'aria-hidden': 'true' });
  private readonly below = h('div', { class: 'space', 'aria-hidden': 'true' });
  private readonly jump: HTMLButtonElement;
  private readonly views = new Map<string, StepView>();
  private readonly heights = new Map<string, number>();
  private readonly fixed = new Map<string, { node: HTMLElement; stamp: string }>();
  private readonly observer: ResizeObserver | null;
  private rows: Row[] = [];
  private following = true;
  private lastTop = 0;

  constructor(private readonly desk: Desk) {
    this.jump = button(
      { class: 'b jump', hidden: true },
      () => this.toEnd(),
      icon('down'),
      'Jump to latest'
    );
    this.node.append(this.scroller, this.jump);
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
    this.rows = outline(view, desk.live, this.folding.isOpen);
    const last = view.steps.at(-1)?.number ?? 1;
    this.scroller.style.setProperty('--no', `${Math.max(2, String(last).length)}ch`);
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
    const group = this.groupOf(key);
    if (group && !this.folding.isOpen(group)) {
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
      this.scroller.scrollTop = this.top(index);
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
    const all = outline(this.desk.scene.view, this.desk.live, () => true);
    this.folding.setAll(
      all.map(row => row.key),
      isOpen
    );
    this.heights.clear();
    this.update();
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

  private groupOf(key: string): string | undefined {
    const all = outline(this.desk.scene.view, this.desk.live, this.folding.isOpen);
    const holds = (row: Row): row is Group =>
      row.kind === 'group' && row.inside.some(r => r.key === key);
    return all.find(holds)?.key;
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
  }

  private height(row: Row): number {
    const isOpen = row.kind === 'step' && this.folding.isOpen(row.key);
    return this.heights.get(row.key) ?? (isOpen ? OPEN_HEIGHT : ROW_HEIGHT);
  }

  private top(index: number): number {
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
    this.above.style.height = `${this.top(first)}px`;
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
    this.jump.hidden = !this.desk.live || this.following || this.isAtEnd();
  }

  private isAtEnd(): boolean {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    return scrollTop + clientHeight >= scrollHeight - NEAR_END;
  }

  private rowNode(row: Row, index: number): HTMLElement {
    const node = row.kind === 'step' ? this.stepNode(row) : this.fixedNode(row);
    put(node, {
      'aria-posinset': index + 1,
      'aria-setsize': this.rows.length,
      'data-key': row.key
    });
    this.observer?.observe(node);
    return node;
  }

  private stepNode(row: Row & { kind: 'step' }): HTMLElement {
    let view = this.views.get(row.key);
    if (view?.step !== row.step) {
      view = new StepView(row.step, this.desk, () => this.toggle(row.key));
      this.views.set(row.key, view);
    }
    view.node.classList.toggle('sub', row.depth > 0);
    view.setOpen(this.folding.isOpen(row.key));
    view.update();
    return view.node;
  }

  private fixedNode(row: Exclude<Row, { kind: 'step' }>): HTMLElement {
    const known = this.fixed.get(row.key);
    const isOpen = this.folding.isOpen(row.key);
    const stamp =
      row.kind === 'group' ? `${row.last} ${row.nFailed} ${row.nRepaired} ${isOpen}` : row.kind;
    if (known?.stamp === stamp) {
      return known.node;
    }
    const node =
      row.kind === 'group' ? this.groupNode(row, isOpen, known?.node) : this.lineNode(row);
    this.fixed.set(row.key, { node, stamp });
    return node;
  }

  /** A range as one line; the same button stays, so that it keeps the focus when it opens. */
  private groupNode(group: Group, isOpen: boolean, old?: HTMLElement): HTMLElement {
    const { meter } = this.desk.scene;
    const { first, last } = group;
    const node = old ?? h('div', { class: 'item group', role: 'listitem' });
    let line = node.querySelector<HTMLButtonElement>('.st');
    if (!line) {
      line = h('button', { class: 'st', type: 'button' });
      line.addEventListener('click', () => this.toggle(group.key));
      node.append(line);
    }
    put(line, { 'aria-expanded': String(isOpen) });
    const counts = [plural(group.nSteps, 'step'), group.nCalls ? plural(group.nCalls, 'call') : '']
      .filter(Boolean)
      .join(', ');
    const failed = group.nFailed
      ? h(
          'span',
          { class: 'oc' },
          icon('cross', 'c-error'),
          ` ${group.nFailed} failed${repairedWords(group)}`
        )
      : h('span', { class: 'oc m' });
    const spans = this.spansOf(first, last);
    const sums = meter.metrics().steps.filter(row => row.step >= first && row.step <= last);
    const total = (key: string): number =>
      sums.reduce((sum, row) => sum + Number(row[key] ?? 0), 0);
    const cost = total('cost_usd');
    line.replaceChildren(
      icon('chev', 'chev'),
      h('span', { class: 'no' }, first === last ? String(first) : `${first}–${last}`),
      h(
        'span',
        { class: 'gist' },
        group.gist && h('span', { dir: 'auto' }, group.gist),
        ' ',
        h('span', { class: 'm s' }, counts)
      ),
      h('span', { class: 'deed' }, failed),
      h('span', { class: 'barbox' }, phaseBar(spans)),
      h('span', { class: 'dur' }, sums.length ? seconds(total('wall_s')) : ''),
      h('span', { class: 'cost' }, cost > 0 ? dollars(cost) : '')
    );
    return node;
  }

  /** Time by phase of some steps, as one bar. */
  private spansOf(first: number, last: number): ChartSegment[] {
    const sums = new Map<string, number>();
    const { meter } = this.desk.scene;
    for (let step = first; step <= last; step++) {
      for (const [, phase, t0, t1] of meter.segmentsOf(step, 0)) {
        sums.set(phase, (sums.get(phase) ?? 0) + t1 - t0);
      }
    }
    return [...sums].map(([phase, length]): ChartSegment => [0, phase, 0, length]);
  }

  private lineNode(row: Row & { kind: 'line' | 'left' }): HTMLElement {
    if (row.kind === 'left') {
      return h('div', { class: 'item left m s', role: 'listitem' }, row.words);
    }
    const { line } = row;
    const wall = this.desk.scene.meter.figures(line.number)?.['wall_s'];
    const deed = line.outcome
      ? [
          h('span', { class: 'tl m' }, line.tools),
          h('span', { class: 'arr' }, '→'),
          h(
            'span',
            { class: 'oc el' },
            line.nFailed ? icon('cross', 'c-error') : '',
            ` ${line.outcome}`
          )
        ]
      : [];
    return h(
      'div',
      { class: 'item sub', role: 'listitem' },
      h(
        'div',
        { class: 'st plain' },
        h('span'),
        h('span', { class: 'no' }, String(line.number)),
        h('span', { class: 'gist', dir: 'auto' }, line.gist),
        h('span', { class: 'deed' }, ...deed),
        h('span', { class: 'barbox' }, phaseBar(this.desk.scene.meter.segmentsOf(line.number, 0))),
        h('span', { class: 'dur' }, typeof wall === 'number' ? seconds(wall) : '')
      )
    );
  }

  /** Steps that have left the run's memory leave the list's too. */
  private forget(): void {
    const kept = new Set(this.desk.scene.view.steps.map(step => `s${step.number}`));
    for (const key of this.views.keys()) {
      if (!kept.has(key)) {
        this.views.delete(key);
      }
    }
  }

  private nodeOf(key: string): HTMLElement | undefined {
    return this.views.get(key)?.node ?? this.fixed.get(key)?.node;
  }
}

function repairedWords(group: Group): string {
  if (!group.nRepaired) {
    return '';
  }
  return group.nRepaired === group.nFailed ? ', repaired' : `, ${group.nRepaired} repaired`;
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
