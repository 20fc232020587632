// A line to the agent while it runs: what is written waits for its next request.

import type { Desk } from './desk';
import { button, composes, h, icon, put, setText } from './dom';
import { counted, t } from '../words';

/** Notes whose words are shown while they wait; of more, their number is. */
const SHOWN = 3;

export class SteerLine {
  readonly node = h('div', { class: 'steer', hidden: true });
  private readonly input = h('input', {
    type: 'text',
    'aria-label': t('Note for the agent'),
    placeholder: t('Add a note for the agent; it reads it before its next request'),
    autocomplete: 'off',
    dir: 'auto'
  });
  private readonly queue = h('div', { class: 's queue', hidden: true });
  private readonly waiting: string[] = [];
  private nRead = 0;

  constructor(
    private readonly desk: Desk,
    private readonly say: (text: string) => Promise<unknown>
  ) {
    const send = button({ class: 'b big' }, () => this.send(), icon('up'), t('Send'));
    const line = h('div', { class: 'act' }, this.input, send);
    this.input.addEventListener('keydown', event => {
      // Enter that ends an input method's composition is no sending.
      if (event.key === 'Enter' && !composes(event)) this.send();
    });
    this.node.append(this.queue, line);
  }

  update(): void {
    const { desk } = this;
    this.node.hidden = !desk.live;
    const nRead = desk.scene.view.steps.reduce((sum, step) => sum + step.steered.length, 0);
    if (nRead > this.nRead) this.waiting.splice(0, nRead - this.nRead);
    this.nRead = nRead;
    this.drawQueue();
  }

  /** Put the focus into the line. */
  focus(): void {
    if (!this.node.hidden) this.input.focus({ preventScroll: true });
  }

  private send(): void {
    const text = this.input.value.trim();
    if (!text) return;
    put(this.input, { disabled: true });
    const ready = (): void => {
      put(this.input, { disabled: false });
      this.input.focus({ preventScroll: true });
    };
    this.say(text).then(
      () => {
        this.waiting.push(text);
        this.input.value = '';
        ready();
        this.drawQueue();
        this.desk.say(this.queue.textContent);
      },
      () => {
        ready();
        this.queue.hidden = false;
        setText(this.queue, t('The kernel did not answer; the note was not sent.'));
        this.desk.say(this.queue.textContent);
      }
    );
  }

  private drawQueue(): void {
    const n = this.waiting.length;
    this.queue.hidden = n === 0;
    if (!n) return;
    const words = this.waiting.slice(0, SHOWN).map(text => `“${text}”`);
    const more = n > SHOWN ? t(' and ') + counted(n - SHOWN, 'more note') : '';
    const notes = words.join(t(', ')) + more;
    setText(this.queue, t('Queued for the next request: {notes}', { notes }));
  }
}
