// What a screen reader hears: milestones, at most one in two seconds, the last one wins; alerts once.

import { h } from './dom';

const APART_MS = 2_000;

export class Announcer {
  readonly node: HTMLElement;
  private readonly polite = h('div', { role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' });
  private readonly urgent = h('div', { role: 'alert', 'aria-atomic': 'true' });
  private last = '';
  private next = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private saidAt = -Infinity;

  constructor() {
    this.node = h('div', { class: 'vh' }, this.polite, this.urgent);
  }

  say(text: string): void {
    if (text === (this.next || this.last)) {
      return;
    }
    this.next = text;
    const wait = this.saidAt + APART_MS - performance.now();
    if (wait <= 0) {
      this.flush();
    } else {
      this.timer ??= setTimeout(() => this.flush(), wait);
    }
  }

  alert(text: string): void {
    if (this.urgent.textContent !== text) {
      this.urgent.textContent = text;
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.saidAt = performance.now();
    this.last = this.next;
    this.next = '';
    this.polite.textContent = this.last;
  }
}
