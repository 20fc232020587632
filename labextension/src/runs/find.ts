// The search line: rows that are here are filtered at once; the server is asked for more when the
// typing rests.

import { button, composes, h, icon, put } from '../view/dom';
import { t } from '../words';

const REST_MS = 300;
const LEAST_CHARS = 2;

export class FindLine {
  readonly node: HTMLElement;
  readonly toggle: HTMLButtonElement;
  private readonly input: HTMLInputElement;
  private timer = 0;

  constructor(
    private readonly filter: () => void,
    private readonly askFor: (text: string) => void
  ) {
    const name = t('Search runs');
    this.input = h('input', { type: 'search', 'aria-label': name, placeholder: name });
    const close = { class: 'b ghost', 'aria-label': t('Close search'), title: t('Close search') };
    this.node = h(
      'div',
      { class: 'fb', role: 'search', hidden: true },
      this.input,
      button(close, () => this.close(), icon('cross'))
    );
    const shape = { class: 'b ghost', 'aria-label': name, title: name, 'aria-expanded': 'false' };
    this.toggle = button(
      shape,
      () => (this.node.hidden ? this.open() : this.close()),
      icon('find')
    );
    this.input.addEventListener('input', event => this.typed((event as InputEvent).isComposing));
    this.input.addEventListener('compositionend', () => this.typed(false));
    this.node.addEventListener('keydown', event => {
      if (event.key !== 'Escape' || composes(event)) return;
      event.stopPropagation();
      this.close();
    });
  }

  get text(): string {
    return this.node.hidden ? '' : this.input.value.trim();
  }

  open(): void {
    this.node.hidden = false;
    put(this.toggle, { 'aria-expanded': 'true' });
    this.input.focus();
    this.input.select();
    this.filter();
  }

  private close(): void {
    clearTimeout(this.timer);
    this.node.hidden = true;
    put(this.toggle, { 'aria-expanded': 'false' });
    this.toggle.focus();
    this.filter();
  }

  /** @param isHalf whether an input method has not yet taken what stands there: that asks nobody */
  private typed(isHalf: boolean): void {
    clearTimeout(this.timer);
    this.filter();
    const { text } = this;
    if (!isHalf && text.length >= LEAST_CHARS) {
      this.timer = window.setTimeout(() => this.askFor(text), REST_MS);
    }
  }
}
