// The handle of the overview: a slider over ranges, and two buttons that do the same by a click.

import { html } from './dom';
import { t } from '../words';

export class RangeSlider {
  readonly element = html('div', {
    class: 'nba-cursor nba-range',
    role: 'slider',
    tabindex: '0',
    'aria-label': t('Range of steps that is open'),
    'aria-valuemin': '1'
  });
  readonly buttons: readonly HTMLButtonElement[];
  onHover: (x: number | null) => void = () => undefined;
  private n = 0;
  private value = -1;
  private edges: readonly number[] = [];

  constructor(private readonly choose: (index: number) => void) {
    const step = (by: number, sign: string, label: string): HTMLButtonElement => {
      const button = html('button', { type: 'button', class: 'b', 'aria-label': label }, [sign]);
      button.addEventListener('click', () => this.move(this.value + by));
      return button;
    };
    this.buttons = [step(-1, '‹', t('Previous range')), step(1, '›', t('Next range'))];
    this.listen();
  }

  /** Put it over the plot. */
  lay(left: number, width: number, height: number): void {
    Object.assign(this.element.style, {
      left: `${left}px`,
      top: '0',
      width: `${Math.max(width, 0)}px`,
      height: `${height}px`
    });
  }

  /** Take over how many ranges there are, which one is open (-1: none), and where each ends. */
  set(n: number, value: number, words: (i: number) => string, edges: readonly number[]): void {
    [this.n, this.value, this.edges] = [n, value, edges];
    const { element } = this;
    element.setAttribute('aria-valuemax', String(Math.max(n, 1)));
    element.setAttribute('aria-valuenow', String(Math.max(value, 0) + 1));
    const said = value < 0 ? t('No range is open; {n} in all', { n }) : words(value);
    element.setAttribute('aria-valuetext', said);
    const [back, on] = this.buttons;
    back?.toggleAttribute('disabled', value <= 0);
    on?.toggleAttribute('disabled', value >= n - 1);
  }

  /** The range at a place, in pixels from the left. */
  at(x: number): number {
    const found = this.edges.findIndex(edge => x < edge);
    return found < 0 ? this.n - 1 : found;
  }

  private move(to: number): void {
    const next = Math.min(Math.max(to, 0), this.n - 1);
    if (next === this.value || this.n === 0) return;
    this.value = next;
    this.choose(next);
  }

  private listen(): void {
    const { element } = this;
    const xOf = (event: PointerEvent): number =>
      event.clientX - element.getBoundingClientRect().left;
    element.addEventListener('pointerdown', event => {
      element.setPointerCapture(event.pointerId);
      this.move(this.at(xOf(event)));
    });
    element.addEventListener('pointermove', event => {
      this.onHover(xOf(event));
      if (element.hasPointerCapture(event.pointerId)) this.move(this.at(xOf(event)));
    });
    element.addEventListener('pointerleave', () => this.onHover(null));
    element.addEventListener('keydown', event => {
      if (event.altKey || event.ctrlKey || event.metaKey || !this.key(event.key)) return;
      event.preventDefault();
      event.stopPropagation(); // the notebook would move to another cell
    });
  }

  private key(name: string): boolean {
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: this.value + 1,
      ArrowDown: this.value + 1,
      ArrowLeft: this.value - 1,
      ArrowUp: this.value - 1,
      PageDown: this.value + 3,
      PageUp: this.value - 3,
      Home: 0,
      End: this.n - 1
    };
    const to = moves[name];
    if (to !== undefined) this.move(to);
    return to !== undefined;
  }
}
