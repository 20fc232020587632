// The first line: state, who, step, time, and Stop, which is always last; once the run has ended,
// its summary, which opens and closes the trace.

import type { Desk } from './desk';
import { button, h, icon, put, ring, setText } from './dom';
import { count, dollars, elapsed, seconds, stoppingWords, whoOf } from './phrases';
import { stateOf } from './state';
import { reconcile } from './step_list';
import type { StepDoor } from './step_door';
import { counted, listed, t, told } from '../words';

const PHASE_ICONS: Record<string, readonly [string, string]> = {
  reasoning: ['think', 'c-reason'],
  answer: ['answer', 'c-answer'],
  arguments: ['code', 'c-args'],
  running: ['code', 'c-tool'],
  waiting: ['clock', 'c-wait'],
  queued: ['clock', 'c-wait']
};
const LEADS: Record<string, readonly [string, string]> = {
  asking: ['diamond', 'c-warn'],
  retrying: ['retry', 'c-warn'],
  stopping: ['stop', 'c-warn'],
  paused: ['pause', ''],
  answer: ['check', 'c-ok'],
  stopped: ['stop', 'm'],
  limit: ['pause', 'c-warn'],
  error: ['cross', 'c-error']
};

/** Longer words than this, in characters, take more than one line. */
const LINE_LENGTH = 60;

export class Header {
  readonly node = h('div', { class: 'hd' });
  readonly badge = badgeNode();
  readonly tools = h('span', { class: 'tools' });
  private readonly lead = h('span', { class: 'lead' });
  private readonly who = h('span', { class: 'who nw' });
  private readonly phase = h('span', { class: 'lead' });
  private readonly words = h('span', { class: 'words' });
  private readonly usual = h('span', { class: 'm nw usual' });
  private readonly step = h('span', { class: 'm nw' });
  private readonly time = h('span', { class: 'm nw' });
  /** Its buttons go to a line of their own together where there is no room. */
  private readonly acts = h('span', { class: 'keep' });
  private readonly stop: HTMLButtonElement;
  private readonly decision: HTMLButtonElement;
  /** What the run as a whole asks: whether to go on past a limit. */
  readonly question = h('div', { class: 'act', role: 'group', tabindex: -1, hidden: true });
  private readonly summary: HTMLButtonElement;
  private key = '';
  private asked = '';
  /** When a stop was asked for, in the run's seconds. */
  private stopAskedAt: number | null = null;

  constructor(
    private readonly desk: Desk,
    private readonly door: StepDoor,
    onStop: () => Promise<unknown>,
    onFold: () => boolean,
    onDecision: () => void
  ) {
    this.decision = button({ class: 'b' }, onDecision, t('Go to the decision'));
    this.stop = button(
      { class: 'b' },
      () => void this.askStop(onStop),
      icon('stop', 'c-error'),
      t('Stop')
    );
    this.summary = h('button', { class: 'sum', type: 'button', 'aria-expanded': 'true' });
    this.summary.addEventListener('click', () => {
      put(this.summary, { 'aria-expanded': String(onFold()) });
    });
  }

  update(): void {
    const { desk } = this;
    const { view } = desk.scene;
    this.badge.hidden = !view.scripted;
    this.drawQuestion();
    if (view.running) {
      this.running();
    } else {
      this.over();
    }
  }

  private drawQuestion(): void {
    const { live, scene } = this.desk;
    const asked = live ? scene.view.question : null;
    this.question.hidden = asked === null;
    if (asked && this.asked !== asked.key) {
      this.asked = asked.key;
      const text = told(asked.text);
      put(this.question, { 'aria-label': text });
      const answer = (decision: 'run' | 'deny') => (): void => {
        this.desk.decide(asked.key, { decision }).catch(() => undefined); // it is still asked
      };
      this.question.replaceChildren(
        button({ class: 'b big pri' }, answer('run'), text.replace(/[?？]$/, '')),
        button({ class: 'b big' }, answer('deny'), t('Stop here'))
      );
    }
  }

  /** To the way to the question, and no further: a key pressed twice would answer it. */
  focus(): void {
    this.decision.focus({ preventScroll: true });
  }

  /** Ask the run to stop, as the button does. */
  press(): void {
    if (!this.stop.disabled && this.stop.isConnected) {
      this.stop.click();
    }
  }

  private async askStop(onStop: () => Promise<unknown>): Promise<void> {
    this.stopAskedAt = this.desk.now();
    put(this.stop, { disabled: true });
    setText(this.words, t('Stopping'));
    try {
      await onStop();
    } catch {
      this.stopAskedAt = null;
      put(this.stop, { disabled: false });
      setText(
        this.words,
        t('The kernel did not answer; interrupt it with the notebook’s own stop button')
      );
    }
  }

  private running(): void {
    const { desk } = this;
    const { view, meter } = desk.scene;
    const key = `${view.phase} ${view.place} ${desk.live}`;
    if (key !== this.key) {
      this.key = key;
      this.layRunning();
    }
    setText(this.who, whoOf(view.scripted, view.model));
    const state = desk.live
      ? stateOf(view, desk.now())
      : t('This trace was saved while the run went on');
    const asked = view.phase === 'stopping' ? null : this.stopAskedAt;
    const going = this.door.words || state;
    const words = asked === null ? going : stoppingWords(desk.now() - asked);
    this.node.classList.toggle('long', words.length > LINE_LENGTH);
    setText(this.words, words);
    const ttft = meter.metrics().run['ttft_s'];
    setText(
      this.usual,
      view.phase === 'waiting' && typeof ttft === 'number'
        ? t('usually {time}', { time: seconds(ttft) })
        : ''
    );
    setText(this.step, view.lastStep ? t('step {n}', { n: view.lastStep.number }) : '');
    setText(this.time, elapsed(desk.now()));
  }

  private layRunning(): void {
    const { desk } = this;
    const { phase } = desk.scene.view;
    const lead = desk.live && phase !== 'answer' ? LEADS[phase] : undefined;
    this.lead.replaceChildren(lead ? icon(...lead) : desk.live ? ring() : icon('clock', 'm'));
    const shown = desk.live ? PHASE_ICONS[phase] : undefined;
    this.phase.replaceChildren(...(shown ? [icon(...shown)] : []));
    put(this.node, { class: 'hd' });
    const state = h('span', { class: 'state' }, this.phase, this.words);
    const given = (part: HTMLElement | false): part is HTMLElement => Boolean(part);
    const decision = phase === 'asking' && this.decision;
    const acts = [desk.live && decision, ...this.door.controls, desk.live && this.stop];
    reconcile(this.acts, acts.filter(given));
    const parts = [
      this.lead,
      this.who,
      h('span', { class: 'sep' }),
      state,
      this.usual,
      this.step,
      this.time,
      h('span', { class: 'grow' }),
      this.tools,
      this.acts
    ];
    reconcile(this.node, parts);
  }

  private over(): void {
    const { view, meter } = this.desk.scene;
    const { run } = meter.metrics();
    const number = (name: string): number | null =>
      typeof run[name] === 'number' ? run[name] : null;
    const [sign, color] = LEADS[view.reason] ?? ['check', ''];
    const calls = view.nCalls ? t(', ') + counted(view.nCalls, 'tool call') : '';
    const out = { n: count(number('completion_tokens')) };
    const cost = number('cost_usd');
    const right = [
      seconds(number('wall_s') ?? meter.t),
      run['estimated'] ? t('{n} tokens out est.', out) : t('{n} tokens out', out),
      cost === null ? t('cost —') : dollars(cost, run['unknown_attempts']),
      whoOf(view.scripted, view.model)
    ];
    put(this.node, { class: 'hd over' });
    const changes = view.changes();
    const n = view.compacted.length;
    const parts = [
      icon('chev', 'chev'),
      icon(sign, color),
      h('span', {}, h('b', {}, counted(view.nSteps, 'step')), calls),
      h('span', { class: 'm' }, listed(view.counts(), n && counted(n, 'compaction'))),
      changes && h('span', { class: 'chip names', title: changes }, h('code', {}, changes)),
      h('span', { class: 'grow' }),
      ...right.map(words => h('span', { class: 'm s nw' }, words))
    ];
    this.summary.replaceChildren(...parts.filter((part): part is HTMLElement => Boolean(part)));
    if (this.summary.parentNode !== this.node) {
      this.node.replaceChildren(this.summary);
    }
  }
}

/** The badge that stands at every scripted run. */
export function badgeNode(): HTMLElement {
  const words = t(
    'replies written by people, paced by a timer. Tools and numbers are real; the thinking is not.'
  );
  return h('div', { class: 'badge' }, h('b', {}, t('SCRIPTED')), ` · ${words}`);
}
