// One step: its line, and below it, once it is opened, all that happened in it.

import { CallCard } from './card';
import type { Desk } from './desk';
import { disclose, h, icon, put, setText, svg } from './dom';
import { LiveMarkdown } from './markdown_dom';
import { dollars, seconds } from './phrases';
import type { Step } from './steps';
import { ThoughtView } from './thought';
import type { ChartSegment } from './types';
import { counted, t, told, toldParts } from '../words';

const BAR_WIDTH = 84;
const BAR_SECONDS = 12;

/** What is to be noted of a reply, by its mark. */
function markWords(mark: string): string {
  const words: Record<string, string> = {
    no_reasoning: t('The reply came without reasoning.'),
    cut_at_limit: t('The reply was cut at its token limit.'),
    no_usage: t('The endpoint gave no token counts; they are estimated.')
  };
  return words[mark] ?? mark;
}

/** What the current step is called until its reasoning has told. */
function beginning(phase: string): string | undefined {
  const words: Record<string, string> = {
    waiting: t('Waiting for the first token'),
    retrying: t('Waiting to try again'),
    reasoning: t('Thinking'),
    answer: t('Answering'),
    arguments: t('Writing a tool call')
  };
  return words[phase];
}

/** The spans of a step as a bar; all bars of a run share one scale. */
export function phaseBar(segments: readonly ChartSegment[]): SVGElement {
  const total = segments.reduce((sum, [, , t0, t1]) => sum + t1 - t0, 0);
  const scale = BAR_WIDTH / Math.max(BAR_SECONDS, total);
  let x = 0;
  const rects = segments.map(([, phase, t0, t1]) => {
    const width = Math.max(1, (t1 - t0) * scale - 0.8);
    const rect = svg('rect', {
      class: `f-${phase}`,
      x: x.toFixed(1),
      y: 0,
      width: width.toFixed(1),
      height: 6
    });
    x += width + 0.8;
    return rect;
  });
  return svg('svg', { class: 'bar', width: BAR_WIDTH, height: 6, 'aria-hidden': 'true' }, ...rects);
}

export class StepView {
  readonly node = h('div', { class: 'item', role: 'listitem' });
  readonly row: HTMLButtonElement;
  private readonly gist = h('span', { class: 'gist', dir: 'auto' });
  private readonly deed = h('span', { class: 'deed' });
  private readonly barBox = h('span', { class: 'barbox' });
  private readonly time = h('span', { class: 'dur' });
  private readonly cost = h('span', { class: 'cost' });
  private readonly body = h('div', { class: 'body', hidden: true });
  private parts: Body | null = null;
  private rowKey = '';
  private barKey = '';
  isOpen = false;

  constructor(
    readonly step: Step,
    private readonly desk: Desk,
    onToggle: (view: StepView) => void
  ) {
    const number = h('span', { class: 'no' }, step.number.toLocaleString('en-US'));
    const label = [
      icon('chev', 'chev'),
      number,
      this.gist,
      this.deed,
      this.barBox,
      this.time,
      this.cost
    ];
    this.row = h('button', { class: 'st', type: 'button', 'data-step': step.number }, ...label);
    this.row.addEventListener('click', () => onToggle(this));
    this.node.append(this.row, this.body);
    disclose(this.row, this.body, false);
  }

  setOpen(isOpen: boolean): void {
    if (isOpen === this.isOpen) {
      return;
    }
    this.isOpen = isOpen;
    this.node.classList.toggle('open', isOpen);
    disclose(this.row, this.body, isOpen);
    this.update();
  }

  /** Redraw what has changed. */
  update(): void {
    const { step, desk } = this;
    const isCurrent = desk.isCurrent(step);
    const fresh = isCurrent && !step.gist && !step.calls.length;
    setText(this.gist, fresh ? (beginning(desk.scene.view.phase) ?? step.line) : step.line);
    this.tick();
    const key = [step.tools, step.outcome, step.failed, isCurrent, step.calls.length].join();
    if (key !== this.rowKey) {
      this.rowKey = key;
      this.deed.replaceChildren(...this.deedNodes(isCurrent));
    }
    if (this.isOpen) {
      this.parts ??= new Body(step, desk, this.body);
      this.parts.update();
    }
  }

  /** Count on: time and bar. */
  tick(): void {
    const { step, desk } = this;
    const { meter } = desk.scene;
    const isCurrent = desk.isCurrent(step);
    const figures = meter.figures(step.number);
    const [wall, cost] = [figures?.['wall_s'], figures?.['cost_usd']];
    setText(this.cost, typeof cost === 'number' ? dollars(cost) : '');
    const began = meter.began(step.number);
    const took = isCurrent && began !== null ? desk.now() - began : wall;
    setText(this.time, typeof took === 'number' ? seconds(took) : '');
    const spans = meter.segmentsOf(step.number, desk.now());
    const failed = step.failed && !step.calls.some(call => !call.isError);
    const drawn = failed
      ? spans.map((s): ChartSegment => (s[1] === 'tool' ? [s[0], 'retry', s[2], s[3]] : s))
      : spans;
    const barKey = drawn.map(([, phase, t0, t1]) => `${phase}${(t1 - t0).toFixed(1)}`).join();
    if (barKey !== this.barKey) {
      this.barKey = barKey;
      this.barBox.replaceChildren(phaseBar(drawn));
    }
    if (isCurrent && this.isOpen) {
      this.parts?.tick();
    }
  }

  toggleSaw(): void {
    this.parts?.toggleSaw();
  }

  private deedNodes(isCurrent: boolean): (Node | string)[] {
    const { step } = this;
    const running = step.calls.find(call => !call.done);
    if (isCurrent && running) {
      const word = running.question ? t('waiting for you') : t('running');
      const [i, n] = [step.calls.indexOf(running) + 1, step.calls.length];
      const words = n > 1 ? t('{word}, call {i} of {n}', { word, i, n }) : word;
      return [h('span', { class: 'wide m' }, words)];
    }
    if (!step.outcome) {
      return [h('span', { class: 'tl m' }, step.tools)];
    }
    const isAnswer = !step.calls.length && !step.lost?.nCalls;
    const denied = step.calls.some(call => call.decision === 'deny');
    const sign = isAnswer
      ? icon('answer', 'c-answer')
      : step.failed
        ? icon('cross', 'c-error')
        : denied
          ? icon('diamond', 'c-warn')
          : step.calls.some(call => call.stopped)
            ? icon('stop', 'm')
            : icon('check', 'c-ok');
    const outcome = toldParts(step.outcome);
    const words = h('span', { class: step.failed ? 'c-error' : '' }, outcome);
    const said =
      step.failed &&
      h('span', { class: 'vh' }, step.unrepaired ? t('failed: ') : t('failed and repaired: '));
    return [
      h('span', { class: 'tl m' }, step.tools),
      h('span', { class: 'arr', 'aria-hidden': 'true' }, step.tools && '→'),
      h('span', { class: 'oc el' }, sign, ' ', said, words)
    ];
  }
}

/** The inside of an open step; built when it is first opened. */
class Body {
  private readonly before = h('div');
  private readonly thought: ThoughtView;
  private readonly said = new LiveMarkdown();
  private readonly saidBox = h('div', { class: 'said', hidden: true });
  private readonly writing = h('div', { class: 'm s writing', hidden: true });
  private readonly after = h('div', { class: 'm s' });
  private readonly missing = h('div', { class: 'm s' });
  private readonly cards: CallCard[] = [];
  private key = '';

  constructor(
    private readonly step: Step,
    private readonly desk: Desk,
    host: HTMLElement
  ) {
    this.thought = new ThoughtView(step, desk);
    this.saidBox.append(this.said.node);
    host.append(
      this.before,
      this.thought.node,
      this.saidBox,
      this.writing,
      this.after,
      this.missing
    );
  }

  update(): void {
    const { step } = this;
    const key = [
      step.retries.length,
      step.steered.length,
      step.notes.length,
      step.marks.length
    ].join();
    if (key !== this.key) {
      this.key = key;
      this.before.replaceChildren(...this.happenings());
      this.after.replaceChildren(...step.marks.map(mark => h('div', {}, markWords(mark))));
    }
    this.thought.update();
    const said = step.liveAnswer || step.content;
    this.saidBox.hidden = !said;
    put(this.saidBox, { 'aria-busy': step.liveAnswer ? 'true' : null });
    this.said.update(said);
    this.writing.hidden = !step.liveArguments;
    setText(
      this.writing,
      step.liveArguments
        ? t('Writing a tool call, {characters}', {
            characters: counted(step.liveArguments, 'character')
          })
        : ''
    );
    for (const call of step.calls) {
      let card = this.cards[call.index];
      if (!card) {
        card = new CallCard(call, step, this.desk);
        this.cards[call.index] = card;
        this.after.before(card.node);
      }
      card.update();
    }
    const { archive } = this.desk;
    const isWhole = !step.isLine || archive.get(step.number) === step;
    this.missing.hidden = isWhole || this.desk.isCurrent(step);
    setText(this.missing, this.missing.hidden ? '' : archive.words(step.number));
  }

  tick(): void {
    this.cards.forEach(card => card.tick());
  }

  toggleSaw(): void {
    this.cards.forEach(card => card.toggleSaw());
  }

  private happenings(): HTMLElement[] {
    const { step } = this;
    const retries = step.retries.map(row => {
      const words = [
        h('b', {}, t('Attempt {n} failed.', { n: row.attempt })),
        ` ${told(row.reason)}`
      ];
      const head = h(
        'div',
        { class: 'line' },
        icon('retry', 'c-error'),
        h('span', { dir: 'auto' }, ...words)
      );
      if (!row.discarded) {
        return h('div', { class: 'happened' }, head);
      }
      const note = h(
        'div',
        { class: 'm s' },
        t('What it had streamed; it was discarded and is not in the history:')
      );
      return h(
        'div',
        { class: 'happened' },
        head,
        note,
        h('p', { class: 'gone m', dir: 'auto' }, row.discarded)
      );
    });
    const steered = step.steered.map(text => {
      const said = h('span', { dir: 'auto' }, h('b', {}, t('You wrote: ')), text);
      return h('div', { class: 'line you' }, icon('you', 'c-warn'), said);
    });
    const notes = step.notes.map(note =>
      h('div', { class: 'line m s' }, icon('clock'), h('span', {}, told(note)))
    );
    return [...retries, ...steered, ...notes];
  }
}
