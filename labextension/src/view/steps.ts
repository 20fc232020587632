// The parts of a run's view: a step with its calls. Mirrors nbagent/view/steps.py.

import { Call } from './call';
import type { StepLine } from './lines';
import { clean, clip, gist, oneLine } from './phrases';
import type { Retry, StepSnapshot } from './types';
import { t } from '../words';

/** One model call and the tool calls that it asked for. */
export class Step {
  attempt = 1;
  tEnd = 0;
  gist = '';
  reasoning = '';
  reasoningTokens: number | null = null;
  content = '';
  marks: string[] = [];
  calls: Call[] = [];
  retries: Retry[] = [];
  steered: string[] = [];
  notes: string[] = [];
  liveReasoning = '';
  liveAnswer = '';
  liveArguments = 0;
  /** How many characters have streamed, so that a view can append what it has not shown yet. */
  nReasoning = 0;
  /** Line, tools and outcome of a step that was read back from where it was stored. */
  stored: StepSnapshot | null = null;
  /** What is known of a step of which only a line is left. */
  lost: StepLine | null = null;

  constructor(
    readonly number: number,
    public t = 0
  ) {}

  /** The call at `index`, made if it is new. */
  call(index: number, name = ''): Call {
    let found = this.calls.find(call => call.index === index);
    if (!found) {
      found = new Call(index);
      this.calls.push(found);
    }
    found.name = oneLine(clean(name), 64) || found.name;
    return found;
  }

  /** What had streamed is whole now, or was discarded. */
  endStreaming(): void {
    this.liveReasoning = this.liveAnswer = '';
    this.liveArguments = this.nReasoning = 0;
  }

  /** The person said something before it. */
  steer(text: string): void {
    this.steered = [...this.steered.slice(-9), clip(clean(text), 2_000)];
  }

  /** Say something of the step that is not the model's word. */
  note(words: string): void {
    this.notes = [...this.notes.slice(-9), words];
  }

  /** What the step is about, in one line. */
  get line(): string {
    if (this.lost) {
      return this.lost.gist;
    }
    const title = this.calls.find(call => call.title)?.title ?? '';
    const first = this.gist || gist(clean(this.liveReasoning)) || title;
    const rest = this.calls.length ? this.calls[0]?.name : gist(this.content);
    return first || this.stored?.gist || rest || '…';
  }

  /** The tools it called: one name, one name with its count, or `name +1`. */
  get tools(): string {
    if (this.lost) {
      return this.lost.tools;
    }
    const names = this.calls.map(call => call.name);
    if (names.length <= 1) {
      return names.join('');
    }
    const same = new Set(names).size === 1;
    return same ? `${names[0]} ×${names.length}` : `${names[0]} +${names.length - 1}`;
  }

  /** How its calls ended, in a few words; `answer` for a step without calls. */
  get outcome(): string {
    if (this.calls.length) {
      const parts = this.calls.map(c => (c.decision === 'deny' ? t('denied') : c.outcome));
      return [...new Set(parts.filter(Boolean))].join(', ');
    }
    return this.content ? t('answer') : (this.lost?.outcome ?? this.stored?.outcome ?? '');
  }

  get failed(): boolean {
    return this.calls.some(call => call.isError) || (this.lost?.nFailed ?? 0) > 0;
  }

  /** Whether a failed call of it has not been repaired. */
  get unrepaired(): boolean {
    const lost = this.lost ? this.lost.nFailed > this.lost.nRepaired : false;
    return lost || this.calls.some(call => call.isError && !call.repaired);
  }

  /** Whether its texts are missing here: only its line was kept. */
  get isLine(): boolean {
    const said = this.reasoning || this.content || this.liveReasoning || this.liveAnswer;
    return !said && this.calls.every(call => call.done && !call.code && !call.outputs.length);
  }

  static ofLine(line: StepLine): Step {
    const step = new Step(line.number);
    step.lost = line;
    return step;
  }

  static restore(data: StepSnapshot): Step {
    const step = new Step(data.step);
    step.stored = data;
    step.gist = data.gist ?? '';
    step.reasoning = data.reasoning ?? '';
    step.reasoningTokens = data.reasoning_tokens ?? null;
    step.content = data.content ?? '';
    step.marks = data.marks ?? [];
    step.retries = data.retries ?? [];
    step.steered = data.steered ?? [];
    step.notes = data.notes ?? [];
    step.liveReasoning = data.live_reasoning ?? '';
    step.nReasoning = step.liveReasoning.length;
    step.liveAnswer = data.live_answer ?? '';
    step.calls = (data.calls ?? []).map((call, index) => Call.restore(call, index));
    return step;
  }
}
