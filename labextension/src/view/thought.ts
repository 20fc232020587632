// Reasoning: streams muted in a window of about six lines, and is one line when it is done.

import type { Desk } from './desk';
import { button, disclose, h, icon, put, setText } from './dom';
import { isHeld } from './held';
import { clean, count, seconds } from './phrases';
import type { Step } from './steps';
import { counted, t } from '../words';

const MAX_PARAGRAPHS = 60;

export class ThoughtView {
  readonly node = h('div', { class: 'rz', hidden: true });
  private readonly words = h('span');
  private readonly tokens = h('span');
  private readonly gist = h('span', { class: 'el', dir: 'auto' });
  private readonly text = h('div', { class: 'win', dir: 'auto' });
  private readonly toggle: HTMLButtonElement;
  private nShown = 0;
  private isLive = false;
  private isOpen = false;
  private isRest = false;

  constructor(
    private readonly step: Step,
    private readonly desk: Desk
  ) {
    const label = [
      icon('chev', 'chev'),
      icon('think', 'c-reason'),
      this.words,
      this.tokens,
      this.gist
    ];
    this.toggle = button({ class: 'lab' }, () => this.open(!this.isOpen), ...label);
    this.node.append(this.toggle, this.text);
  }

  update(): void {
    const { step } = this;
    if (step.liveReasoning && (!this.isRest || this.nShown !== step.nReasoning)) {
      this.stream();
    } else if (step.liveReasoning) {
      return; // it rests until its reply is whole
    } else if (step.reasoning && (this.isLive || this.isRest || !this.nShown)) {
      this.settle();
    } else if (!step.reasoning && (this.isLive || this.isRest)) {
      this.node.hidden = true; // an attempt was discarded; its text stands with the retry
    }
  }

  private stream(): void {
    if (!this.isLive) {
      this.isLive = true;
      this.isRest = false;
      this.nShown = 0;
      this.text.replaceChildren();
      this.node.hidden = false;
      put(this.node, { class: 'rz live', 'aria-busy': 'true' });
      setText(this.words, t('Reasoning'));
      setText(this.gist, '');
      this.open(this.isOpen);
    }
    const fresh = Math.min(this.step.nReasoning - this.nShown, this.step.liveReasoning.length);
    if (fresh > 0) {
      this.append(clean(this.step.liveReasoning.slice(-fresh)));
      this.nShown = this.step.nReasoning;
    }
    setText(
      this.tokens,
      t('{n} tokens est.', { n: count(this.desk.scene.meter.estimateOf('reasoning')) })
    );
    if (this.desk.scene.view.phase !== 'reasoning') {
      this.rest();
    }
  }

  /** The reply has gone on to its answer or call: the thought is over, its count still a guess. */
  private rest(): void {
    this.isRest = true;
    const held = isHeld(this.node);
    this.isLive = false;
    put(this.node, { class: 'rz done', 'aria-busy': null });
    setText(this.words, this.took());
    this.open(this.isOpen || held);
  }

  private took(): string {
    const length = this.desk.scene.meter
      .segmentsOf(this.step.number, this.desk.now())
      .filter(([, phase]) => phase === 'reasoning')
      .reduce((sum, [, , t0, t1]) => sum + t1 - t0, 0);
    return length ? t('Thought for {time}', { time: seconds(length) }) : t('Reasoning');
  }

  /** Append a piece; a line end begins a new paragraph, so that nothing is written twice. */
  private append(piece: string): void {
    piece.split(/\n+/).forEach((part, i) => {
      const last = this.text.lastElementChild;
      if (!last || (i > 0 && last.firstChild)) {
        this.text.append(h('p', {}, part));
      } else if (part) {
        const inner = last.firstChild;
        if (inner instanceof Text) {
          inner.appendData(part);
        } else {
          last.append(part);
        }
      }
    });
    while (this.text.childElementCount > MAX_PARAGRAPHS) {
      this.text.firstElementChild?.remove();
    }
  }

  private settle(): void {
    const wasLive = this.isLive;
    this.isLive = this.isRest = false;
    this.nShown = 1;
    this.node.hidden = false;
    put(this.node, { class: 'rz done', 'aria-busy': null });
    const tokens = this.step.reasoningTokens;
    setText(this.words, this.took());
    setText(this.tokens, tokens ? counted(tokens, 'token') : '');
    const line = this.step.reasoning.trim().split('\n')[0] ?? '';
    setText(this.gist, `“${line.slice(0, 160)}${line.length > 160 ? '…' : ''}”`);
    const paragraphs = this.step.reasoning.split(/\n+/).filter(part => part.trim());
    this.text.replaceChildren(...paragraphs.map(part => h('p', {}, part)));
    this.open(this.isOpen || (wasLive && isHeld(this.node)));
  }

  /** While it streams "open" means the whole text instead of the window. */
  private open(isOpen: boolean): void {
    this.isOpen = isOpen;
    put(this.node, { 'data-open': isOpen ? 'true' : null });
    disclose(this.toggle, this.text, isOpen);
    this.text.hidden = !isOpen && !this.isLive;
  }
}
