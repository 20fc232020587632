// A list of which only the lines in sight are in the page. A line keeps its node as long as it is
// about the same thing, wherever it moves; the one with the focus stays in the page out of sight.

import { h, put } from '../view/dom';
import type { Item } from './groups';
import { heightOfAll, indexAt, inSight, laidOut, type Slot } from './layout';

/** The node of a line, and how it is brought up to date. */
export interface Line {
  readonly node: HTMLElement;
  update(item: Item): void;
}

const MARGIN = 240;
const HEIGHTS: Readonly<Record<Item['kind'], number>> = { head: 32, run: 48, note: 72, more: 40 };

export class WindowedList {
  readonly node: HTMLElement;
  private readonly sizer = h('div', { class: 'sizer', role: 'list' });
  private items: readonly Item[] = [];
  private slots: readonly Slot[] = [];
  private readonly lines = new Map<string, Line>();
  /** Heights of lines whose text wraps, as they were measured. */
  private readonly measured = new Map<string, number>();
  private frame = 0;

  constructor(
    name: string,
    private readonly make: (item: Item) => Line
  ) {
    put(this.sizer, { 'aria-label': name });
    this.node = h('div', { class: 'list' }, this.sizer);
    this.node.addEventListener('scroll', () => this.request(), { passive: true });
  }

  /** Show other lines; what is in sight stays where it is, unless the top is in sight. */
  show(items: readonly Item[]): void {
    const { scrollTop } = this.node;
    const held = scrollTop > 0 ? this.slots[indexAt(this.slots, scrollTop)] : undefined;
    this.items = items;
    this.lay();
    const now = held && this.slots.find(({ key }) => key === held.key);
    if (now && now.top !== held.top) this.node.scrollTop = scrollTop + now.top - held.top;
    this.draw();
  }

  /** Draw what is in sight, once in the next frame. */
  request(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Bring a line into sight and give it the focus. */
  focus(key: string): void {
    const slot = this.slots.find(each => each.key === key);
    if (!slot) return;
    const { scrollTop, clientHeight } = this.node;
    if (slot.top < scrollTop) this.node.scrollTop = slot.top;
    else if (slot.top + slot.height > scrollTop + clientHeight) {
      this.node.scrollTop = slot.top + slot.height - clientHeight;
    }
    this.draw();
    this.lines.get(key)?.node.querySelector<HTMLElement>('button')?.focus({ preventScroll: true });
  }

  /** The line with the focus. */
  get focused(): string | null {
    const root = this.node.getRootNode() as Document | ShadowRoot;
    const line = root.activeElement?.closest<HTMLElement>('.it');
    return line && this.node.contains(line) ? (line.dataset['key'] ?? null) : null;
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
  }

  private lay(): void {
    this.slots = laidOut(this.items, ({ key, kind }) => this.measured.get(key) ?? HEIGHTS[kind]);
    this.sizer.style.height = `${heightOfAll(this.slots)}px`;
  }

  private draw(): void {
    const { scrollTop, clientHeight } = this.node;
    const [from, to] = inSight(this.slots, scrollTop, clientHeight, MARGIN);
    const held = this.focused;
    const wanted: number[] = [];
    for (let i = 0; i < this.items.length; i += 1) {
      if ((i >= from && i < to) || this.items[i]?.key === held) wanted.push(i);
    }
    const keys = new Set(wanted.map(i => this.items[i]?.key));
    for (const [key, { node }] of [...this.lines]) {
      if (keys.has(key)) continue;
      node.remove();
      this.lines.delete(key);
    }
    this.arrange(wanted.flatMap(i => this.drawn(i) ?? []));
    this.measure(wanted);
  }

  private drawn(index: number): HTMLElement | null {
    const [item, slot] = [this.items[index], this.slots[index]];
    if (!item || !slot) return null;
    let line = this.lines.get(item.key);
    if (!line) {
      line = this.make(item);
      line.node.classList.add('it');
      line.node.dataset['key'] = item.key;
      put(line.node, { role: 'listitem' });
      this.lines.set(item.key, line);
    }
    line.update(item);
    line.node.style.transform = `translateY(${slot.top}px)`;
    put(line.node, { 'aria-setsize': this.items.length, 'aria-posinset': index + 1 });
    return line.node;
  }

  /** Put nodes into their order without moving the one with the focus, which would lose it. */
  private arrange(nodes: readonly HTMLElement[]): void {
    const held = this.focused;
    const at = Math.max(
      nodes.findIndex(({ dataset }) => dataset['key'] === held),
      0
    );
    const first = nodes[at];
    if (!first) return;
    if (first.parentNode !== this.sizer) this.sizer.append(first);
    for (let i = at - 1; i >= 0; i -= 1) {
      const [node, next] = [nodes[i], nodes[i + 1]];
      if (node && next && node.nextSibling !== next) next.before(node);
    }
    for (let i = at + 1; i < nodes.length; i += 1) {
      const [node, last] = [nodes[i], nodes[i - 1]];
      if (node && last && last.nextSibling !== node) last.after(node);
    }
  }

  /** Lines whose text wraps get the height that they need. */
  private measure(drawn: readonly number[]): void {
    let changed = false;
    for (const i of drawn) {
      const item = this.items[i];
      if (item?.kind !== 'note') continue;
      const height = this.lines.get(item.key)?.node.offsetHeight ?? 0;
      if (!height || height === (this.measured.get(item.key) ?? HEIGHTS.note)) continue;
      this.measured.set(item.key, height);
      changed = true;
    }
    if (!changed) return;
    this.lay();
    this.draw();
  }
}
