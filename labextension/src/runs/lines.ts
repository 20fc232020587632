// The nodes of the list's lines. A line that is drawn again changes what differs and nothing else.

import { button, h, icon, put, ring, setText } from '../view/dom';
import { type Item, titleOf } from './groups';
import { isLive, needsYou, type RunRow, type RunState } from './store';
import type { Line } from './windowed';
import { interruptedNote, isQueued, secondLine, stateWord } from './words';
import { t } from '../words';

/** What lines let a person do. */
export interface Desk {
  /** The line that the keys are at; its buttons are in the order of Tab. */
  isCurrent(key: string): boolean;
  toggle(item: Item & { kind: 'head' }): void;
  open(row: RunRow): void;
  decide(row: RunRow): void;
  stop(row: RunRow): void;
  resume(row: RunRow): void;
  more(): void;
}

const ICONS: Readonly<Record<RunState, readonly [name: string, color: string]>> = {
  running: ['', ''],
  waiting: ['diamond', 'c-warn'],
  paused: ['pause', 'c-warn'],
  retrying: ['retry', 'c-warn'],
  answer: ['check', 'c-ok'],
  stopped: ['stop', 'm'],
  limit: ['stop', 'm'],
  error: ['cross', 'c-error'],
  interrupted: ['cross', 'c-error']
};

/** A run's state as a sign. */
export function signOf(row: RunRow): Element {
  if (isQueued(row)) return icon('clock', 'm');
  const [name, color] = ICONS[row.state];
  return name ? icon(name, color) : ring();
}

/** Make the node of a line. */
export function lineOf(item: Item, desk: Desk): Line {
  switch (item.kind) {
    case 'head':
      return new HeadLine(item, desk);
    case 'run':
      return new RunLine(item, desk);
    case 'note':
      return noteLine();
    case 'more':
      return moreLine(desk);
  }
}

class HeadLine implements Line {
  readonly node = h('div', {});
  private readonly name = h('b', {});
  private readonly count = h('span', { class: 'm' });
  private readonly toggle: HTMLButtonElement;

  constructor(
    private item: Item & { kind: 'head' },
    private readonly desk: Desk
  ) {
    const sign = icon('chev');
    sign.classList.add('chev');
    const toggle = (): void => this.desk.toggle(this.item);
    this.toggle = button({ class: 'gh' }, toggle, sign, this.name, this.count);
    this.node.append(this.toggle);
  }

  update(item: Item): void {
    if (item.kind !== 'head') return;
    this.item = item;
    setText(this.name, titleOf(item.group.name));
    setText(this.count, String(item.group.rows.length));
    put(this.toggle, {
      'aria-expanded': String(item.open),
      tabindex: this.desk.isCurrent(item.key) ? 0 : -1
    });
  }
}

class RunLine implements Line {
  readonly node = h('div', { class: 'rn2' });
  private readonly sign = h('span', { class: 'icn' });
  private readonly word = h('span', { class: 'vh' });
  private readonly title = h('span', { class: 'ti', dir: 'auto' });
  private readonly urgent = h('b', { class: 'c-warn' });
  private readonly rest = h('span', {});
  private readonly place = h('span', { class: 'ra' });
  private readonly main: HTMLButtonElement;
  private row: RunRow;
  private drawn: RunRow | null = null;

  constructor(
    item: Item & { kind: 'run' },
    private readonly desk: Desk
  ) {
    this.row = item.row;
    const second = h('span', { class: 'mt2 m s', dir: 'auto' }, this.urgent, this.rest);
    const open = (): void => this.desk.open(this.row);
    this.main = button({ class: 'rb' }, open, this.sign, this.word, this.title, second);
    this.node.append(this.main, this.place);
  }

  update(item: Item): void {
    if (item.kind !== 'run') return;
    const isCurrent = this.desk.isCurrent(item.key);
    this.node.classList.toggle('sel', isCurrent);
    this.main.tabIndex = isCurrent ? 0 : -1;
    if (this.drawn !== item.row) this.draw(item.row);
    const act = this.place.firstElementChild;
    if (act instanceof HTMLElement) act.tabIndex = isCurrent ? 0 : -1;
  }

  private draw(row: RunRow): void {
    const old = this.drawn;
    this.row = this.drawn = row;
    if (old?.state !== row.state || isQueued(old) !== isQueued(row)) {
      this.sign.replaceChildren(signOf(row));
      setText(this.word, `${stateWord(row)}: `);
      this.drawAct(row);
    }
    setText(this.title, row.title || row.run_id);
    const { urgent, rest } = secondLine(row);
    setText(this.urgent, urgent);
    setText(this.rest, urgent ? ` ${rest}` : rest);
    put(this.main, { title: `${row.title}\n${[urgent, rest].filter(Boolean).join(' · ')}` });
  }

  /** The one button that a row has, if it has one. */
  private drawAct(row: RunRow): void {
    const had = this.place.contains(activeIn(this.node));
    this.place.replaceChildren(...this.act(row));
    if (had) this.main.focus({ preventScroll: true }); // its button is gone, or another one
  }

  private act(row: RunRow): HTMLElement[] {
    if (needsYou(row)) return [button({}, () => this.desk.decide(this.row), t('Decide'))];
    if (isLive(row)) {
      const shape = { class: 'b ghost', 'aria-label': t('Stop'), title: t('Stop') };
      return [button(shape, () => this.desk.stop(this.row), icon('stop', 'c-error'))];
    }
    if (row.state !== 'interrupted') return [];
    return [button({}, () => this.desk.resume(this.row), t('Resume'))];
  }
}

function noteLine(): Line {
  const node = h('div', { class: 'left2' });
  const update = (item: Item): void => {
    if (item.kind === 'note') setText(node, interruptedNote(item.row));
  };
  return { node, update };
}

function moreLine(desk: Desk): Line {
  const more = button({}, () => desk.more(), t('Show more'));
  const node = h('div', { class: 'more' }, more);
  const update = (item: Item): void => {
    more.tabIndex = desk.isCurrent(item.key) ? 0 : -1;
  };
  return { node, update };
}

function activeIn(node: Node): Element | null {
  return (node.getRootNode() as Document | ShadowRoot).activeElement;
}
