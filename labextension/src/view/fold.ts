// What a run looks like: a bounded fold of its events. Mirrors nbagent/view/run_view.py.

import type { Call } from './call';
import { callKey, lineOf, LINES_MAX, type StepLine } from './lines';
import { contentOf, noteSent, reasoningOf, sentWords } from './messages';
import { blockOf } from './outputs';
import { bounded } from './pictures';
import { clean, clip, gist, oneLine } from './phrases';
import { countWords, mergedRanges, rangeOf } from './ranges';
import { Step } from './steps';
import type {
  Changes,
  Compaction,
  Event,
  EventOf,
  Message,
  Output,
  Picture,
  Place,
  RangeSnapshot,
  RunQuestion,
  RunStarted,
  Sent,
  SentPart,
  Snapshot
} from './types';
import { t } from '../words';

export const FULL_STEPS = 50;
const REASONING_LIMIT = 8_000;
const ANSWER_LIMIT = 64_000;
const SAW_LIMIT = 6_000;
const SUMMARY_LIMIT = 6_000;
const OUTPUTS_PER_CALL = 20;
const NAMES_SHOWN = 12;

type Handlers = { [K in Event['kind']]: (event: EventOf<K>) => void };

/** Folds a run's events for display; `apply` each event once, in order. */
export class RunView {
  runId = '';
  started: RunStarted | null = null;
  steps: Step[] = [];
  /** The steps before those, as lines, as far as this view has seen them. */
  lines: StepLine[] = [];
  ranges: RangeSnapshot[] = [];
  compacted: Compaction[] = [];
  /** What calls were made, by `callKey`. */
  readonly called = new Set<string>();
  pictures = new Map<string, Picture>();
  sent: SentPart[] = [];
  sentBytes = 0;
  added = new Set<string>();
  changed = new Set<string>();
  files = new Set<string>();
  answer = '';
  phase = 'starting';
  reason = '';
  text = '';
  /** What the person is asked about the run, while they are. */
  question: RunQuestion | null = null;
  /** Where it rests, and the name of that pause, while it does. */
  rest: { place: Place; key: string } = { place: '', key: '' };
  t = 0;
  faults: string[] = [];
  untilT = 0;
  stopT = 0;
  /** Words of a stored run that its events are no longer there to make again. */
  base: Snapshot | null = null;

  /** What is to be said of the step whose request is about to go. */
  private notes: string[] = [];
  private readonly on: Handlers = {
    run_started: event => {
      this.started = event;
      this.runId = event.run_id;
    },
    step_started: event => this.stepStarted(event),
    delta: event => this.delta(event),
    reply_received: event => this.replyReceived(event),
    retry_scheduled: event => this.retryScheduled(event),
    approval_asked: event => {
      this.step(event.step).call(event.index, event.name).ask(event);
      this.phase = 'asking';
    },
    approval_given: event => {
      this.step(event.step).call(event.index).decide(event);
      this.phase = 'running';
    },
    paused: event => {
      this.phase = 'paused';
      this.text = oneLine(clean(event.why), 300);
      this.question = event.question ? { key: event.key ?? '', text: event.question } : null;
      this.rest = { place: event.place ?? '', key: event.key ?? '' };
    },
    edited: event => {
      const step = this.step(event.step);
      if (event.place === 'reply' && event.message) this.takeReply(step, event.message);
      if (event.place === 'request') step.note(t('The request was edited by you.'));
      else if (event.place === 'reply') {
        step.note(t('The reply was edited by you.'));
      } else if (event.place === 'result') {
        step.call(event.index).see(event.content ?? '', SAW_LIMIT);
      }
    },
    kernel_awaited: event => {
      this.phase = event.over ? 'running' : 'queued';
    },
    stop_asked: event => {
      this.phase = 'stopping';
      this.stopT = event.t;
    },
    steered: event => this.step(event.step).steer(event.text),
    compacting: event => {
      this.phase = 'compacting';
      this.count(event.sent);
    },
    compacted: event => {
      const words = oneLine(clean(event.text), 400);
      if (this.phase === 'compacting') this.phase = 'replied';
      this.notes = [words];
      if (this.lastStep?.number === event.step) this.putNotes(this.lastStep);
      const earlier = this.compacted.slice(-99).map(([step, told]): Compaction => [step, told, '']);
      this.compacted = [
        ...earlier,
        [event.step, words, clip(clean(event.summary ?? ''), SUMMARY_LIMIT)]
      ];
    },
    resumed: event => {
      this.step(event.step).note(oneLine(clean(event.text), 300));
      this.question = null;
      if (event.fresh) [this.added, this.changed] = [new Set(), new Set()];
    },
    tool_started: event => this.toolStarted(event),
    tool_output: event => this.toolOutput(event),
    tool_finished: event => this.toolFinished(event),
    run_finished: event => {
      this.reason = this.phase = event.reason;
      this.answer = clip(clean(event.answer ?? ''), ANSWER_LIMIT);
      this.text = clip(clean(event.text ?? ''), 2_000);
    }
  };

  /** Take one event into the view; a broken one is noted and otherwise left out. */
  apply(event: Event): void {
    const handler = this.on[event.kind] as ((event: Event) => void) | undefined;
    try {
      this.t = handler ? Math.max(this.t, event.t) : this.t;
      handler?.(event);
    } catch (error) {
      const what = `${event.kind}: ${String(error)}`;
      this.faults = [...this.faults.slice(-9), oneLine(clean(what), 200)];
    }
  }

  /** Where the run rests for the person to step; '' while it goes on. */
  get place(): Place {
    return this.running && this.phase === 'paused' ? this.rest.place : '';
  }
  get scripted(): boolean {
    return this.started?.scripted ?? this.base?.scripted ?? false;
  }
  get running(): boolean {
    return !this.reason;
  }
  get model(): string {
    return this.scripted ? 'scripted' : (this.started?.model ?? this.base?.model ?? '');
  }
  get note(): string {
    return this.started ? clean(this.started.note ?? '') : (this.base?.note ?? '');
  }
  get nSteps(): number {
    return this.steps.length + this.ranges.reduce((sum, r) => sum + r.n_steps, 0);
  }
  get nCalls(): number {
    const kept = this.steps.reduce((sum, s) => sum + s.calls.length, 0);
    return kept + this.ranges.reduce((sum, r) => sum + r.n_calls, 0);
  }
  get lastStep(): Step | undefined {
    return this.steps[this.steps.length - 1];
  }

  /** Names that tool code made or changed: `+df_clean ~df`, at most twelve. */
  changes(): string {
    const names = [...[...this.added].map(n => `+${n}`), ...[...this.changed].map(n => `~${n}`)];
    const nMore = names.length - NAMES_SHOWN;
    const more = nMore > 0 ? t(' and {n} more', { n: nMore }) : '';
    return names.length ? names.slice(0, NAMES_SHOWN).join(' ') + more : (this.base?.changes ?? '');
  }

  /** How many calls failed, were repaired or denied: `1 failed and repaired`. */
  counts(): string {
    return countWords(this.steps, this.ranges);
  }

  /** What left for the model: `sent 14 kB: prompt, df (summary), 3 tool results, 0 files`. */
  sentWords(): string {
    return this.base?.sent && !this.sent.length
      ? this.base.sent
      : sentWords(this.sent, this.sentBytes);
  }

  private step(number: number): Step {
    const found = [...this.steps].reverse().find(step => step.number === number);
    if (found) {
      return found;
    }
    const step = new Step(number, this.t);
    this.steps.push(step);
    if (this.steps.length > FULL_STEPS) {
      this.shorten();
    }
    return step;
  }

  /** The oldest step becomes a line, and part of a range. */
  private shorten(): void {
    const oldest = this.steps.shift();
    if (!oldest) {
      return;
    }
    this.lines.push(lineOf(oldest));
    if (this.lines.length > LINES_MAX) {
      this.lines.shift();
    }
    this.ranges = mergedRanges([...this.ranges, rangeOf(oldest)]);
    bounded(this.pictures, this.pictureKeys());
  }

  private stepStarted(event: EventOf<'step_started'>): void {
    const step = this.step(event.step);
    step.t = event.t;
    step.attempt = event.attempt ?? 1;
    step.endStreaming();
    if (event.note) this.notes.push(oneLine(clean(event.note), 200));
    this.putNotes(step);
    this.phase = 'waiting';
    this.question = null;
    this.text = '';
    this.count(event.sent);
  }

  private putNotes(step: Step): void {
    this.notes.forEach(words => step.note(words));
    this.notes = [];
  }

  private count(sent: Sent[] = []): void {
    for (const piece of sent) {
      this.sentBytes += piece.n_bytes;
      noteSent(this.sent, piece);
    }
  }

  private delta(event: EventOf<'delta'>): void {
    const step = this.step(event.step);
    if (event.phase === 'reasoning') {
      step.liveReasoning = (step.liveReasoning + event.text).slice(-REASONING_LIMIT);
      step.nReasoning += event.text.length;
    } else if (event.phase === 'answer') {
      step.liveAnswer = (step.liveAnswer + event.text).slice(-ANSWER_LIMIT);
    } else {
      step.liveArguments += event.text.length;
    }
    this.phase = event.phase;
  }

  private replyReceived(event: EventOf<'reply_received'>): void {
    const step = this.step(event.step);
    this.takeReply(step, event.message);
    step.marks = event.marks ?? [];
    step.reasoningTokens = event.usage?.reasoning_tokens ?? step.reasoningTokens;
    step.endStreaming();
    this.phase = 'replied';
  }

  private takeReply(step: Step, message: Message): void {
    const reasoning = clean(reasoningOf(message));
    step.reasoning = clip(reasoning, REASONING_LIMIT);
    step.gist = gist(reasoning);
    step.content = clip(clean(contentOf(message)), ANSWER_LIMIT);
  }

  private retryScheduled(event: EventOf<'retry_scheduled'>): void {
    this.phase = 'retrying';
    this.text = oneLine(clean(event.text), 300);
    this.untilT = event.until_t;
    if (event.attempt > 0) {
      const step = this.step(event.step);
      const discarded = clip(clean(event.discarded ?? ''), 2_000);
      const row = { attempt: event.attempt, reason: this.text, discarded };
      step.retries = [...step.retries.slice(-9), row];
      step.liveReasoning = step.liveAnswer = '';
    }
  }

  private toolStarted(event: EventOf<'tool_started'>): void {
    const call = this.step(event.step).call(event.index, event.name);
    call.begin(event);
    const key = callKey(call);
    call.again = this.called.has(key);
    this.called.add(key);
    call.linkRepair(this.steps.filter(s => event.step - 3 <= s.number && s.number < event.step));
    this.phase = 'running';
    this.text = '';
  }

  private toolOutput(event: EventOf<'tool_output'>): void {
    const call = this.step(event.step).call(event.index);
    const kind = event.output.output_type;
    if (kind === 'clear_output') {
      call.outputs = [];
      return;
    }
    if (kind === 'update_display_data' && call.outputs.length) {
      call.outputs.pop();
    }
    if (!call.joinsStream(event.output)) {
      this.show(call, event.output);
    }
  }

  private toolFinished(event: EventOf<'tool_finished'>): void {
    const step = this.step(event.step);
    const call = step.call(event.index, event.name);
    call.outputs = [];
    call.nOutputsLeftOut = 0;
    for (const output of event.display ?? []) {
      this.show(call, output);
    }
    call.finish(event, SAW_LIMIT);
    if (event.changes) {
      this.noteChanges(event.changes);
    }
    if (!event.is_error) {
      call.markRepaired(this.steps);
    }
    step.tEnd = event.t;
    this.phase = 'replied';
  }

  private show(call: Call, output: Output): void {
    const [block, picture] = blockOf(output);
    if (picture) {
      if (!this.pictures.has(picture.key)) {
        this.pictures.set(picture.key, picture);
      }
      bounded(this.pictures, this.pictureKeys());
    }
    if (call.outputs.length >= OUTPUTS_PER_CALL) {
      call.outputs.splice(OUTPUTS_PER_CALL / 2, 1);
      call.nOutputsLeftOut++;
    }
    call.outputs.push(block);
  }

  /** The keys of the figures that the kept steps show, in order. */
  pictureKeys(): string[] {
    const blocks = this.steps.flatMap(step => step.calls.flatMap(call => call.outputs));
    return blocks.flatMap(block => (block.kind === 'image' ? [block.picture] : []));
  }

  private noteChanges(changes: Changes): void {
    const short = (name: string): string => oneLine(clean(name), 60);
    (changes.added ?? []).forEach(name => this.added.add(short(name)));
    (changes.changed ?? [])
      .filter(name => !this.added.has(name))
      .forEach(name => this.changed.add(short(name)));
    (changes.removed ?? []).forEach(name => this.added.delete(name));
    (changes.files ?? []).forEach(name => this.files.add(oneLine(clean(name), 200)));
  }
}
