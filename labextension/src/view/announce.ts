// What a screen reader hears: milestones, at most one in two seconds, the last one wins; alerts once.

import { h } from './dom';
import type { RunView } from './fold';
import { stateOf } from './state';
import { counted, t, told } from '../words';

const APART_MS = 2_000;

export class Announcer {
  readonly node: HTMLElement;
  // Both roles imply how urgently, and that the whole is read.
  private readonly polite = h('div', { role: 'status' });
  private readonly urgent = h('div', { role: 'alert' });
  private last = '';
  private next = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private saidAt = -Infinity;
  private followed = '';
  private asking = false;

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

  /** Say where the run is: its milestones, not its tokens. */
  follow(view: RunView): void {
    const step = view.lastStep;
    if (!view.running) {
      const words = counted(view.answer.split(/\s+/).length, 'word');
      this.milestone(view.answer ? t('Answer ready, {words}', { words }) : stateOf(view));
      return;
    }
    const failed = step?.calls.find(call => call.isError);
    const isAsking = view.phase === 'asking';
    if (isAsking && !this.asking) {
      this.urgent.textContent = ''; // the question before it may have had the same words
    }
    this.asking = isAsking;
    if (isAsking) {
      this.alert(stateOf(view));
      return;
    }
    if (failed && step) {
      const { name, outcome } = failed;
      this.alert(t('Step {n}: {name} failed, {outcome}', { n: step.number, name, outcome }));
    }
    const quiet =
      view.phase === 'waiting' ? t('waiting for the first token') : stateOf(view).toLowerCase();
    const words = view.phase === 'retrying' ? told(view.text) : quiet;
    this.milestone(step ? t('Step {n}: {words}', { n: step.number, words }) : words);
  }

  /** Say where the run is once: said again, it would take the place of what was said since. */
  private milestone(words: string): void {
    if (words !== this.followed) {
      this.followed = words;
      this.say(words);
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
