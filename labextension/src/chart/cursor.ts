// A position in the chart that pointer and keys move, and that is read out: a slider without a
// handle. Keys are taken only while it has the focus; Escape is left to the notebook.

import { html } from './dom';

/** What a cursor moves over. */
export interface Track {
  /** The largest value; the smallest is 0. */
  max(): number;
  /** The value under the pointer, from its place inside the element, in pixels. */
  at(x: number, y: number): number;
  /** How far an arrow key moves, and a page key. */
  steps(): readonly [small: number, large: number];
  /** Show the value and put it in words; null takes the cursor away. */
  show(value: number | null): string;
  /** Open what stands there. */
  choose(value: number): void;
}

export class Cursor {
  readonly element: HTMLElement;
  private value = 0;
  /** Whether the pointer is over it; the focus is asked for. */
  private hovered = false;

  constructor(
    label: string,
    private readonly track: Track
  ) {
    this.element = html('div', {
      class: 'nba-cursor',
      role: 'slider',
      tabindex: '0',
      'aria-label': label,
      'aria-valuemin': '0',
      'aria-valuenow': '0'
    });
    this.listen();
  }

  /** The chart was drawn anew: the range may have grown. */
  refresh(): void {
    this.element.setAttribute('aria-valuemax', this.track.max().toFixed(1));
    if (this.hovered || this.element.matches(':focus')) this.move(this.value);
  }

  private listen(): void {
    const { element } = this;
    element.addEventListener('pointermove', event => {
      this.hovered = true;
      this.move(this.track.at(event.offsetX, event.offsetY));
    });
    element.addEventListener('pointerleave', () => {
      this.hovered = false;
      if (!element.matches(':focus')) this.track.show(null);
    });
    element.addEventListener('focus', () => this.move(this.value));
    element.addEventListener('blur', () => this.track.show(null));
    element.addEventListener('click', event => {
      this.move(this.track.at(event.offsetX, event.offsetY));
      this.track.choose(this.value);
    });
    element.addEventListener('keydown', event => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (!this.key(event.key)) return;
      event.preventDefault();
      event.stopPropagation(); // the notebook would move to another cell
    });
  }

  private key(name: string): boolean {
    const [small, large] = this.track.steps();
    if (name === 'Enter') {
      this.track.choose(this.value);
      return true;
    }
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: this.value + small,
      ArrowDown: this.value + small,
      ArrowLeft: this.value - small,
      ArrowUp: this.value - small,
      PageDown: this.value + large,
      PageUp: this.value - large,
      Home: 0,
      End: this.track.max()
    };
    const to = moves[name];
    if (to !== undefined) this.move(to);
    return to !== undefined;
  }

  private move(to: number): void {
    this.value = Math.min(Math.max(to, 0), this.track.max());
    this.element.setAttribute('aria-valuenow', this.value.toFixed(1));
    this.element.setAttribute('aria-valuetext', this.track.show(this.value));
  }
}
