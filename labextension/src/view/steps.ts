// The parts of a run's view: a step, a tool call, a range. Mirrors nbagent/view/steps.py.

import { lineDiff, ratio } from './diff';
import type { StepLine } from './lines';
import { TEXT_LIMIT, textBlock, wholeBlock } from './outputs';
import { clean, clip, gist, oneLine, splitLines, utf8Bytes } from './phrases';
import type {
  Block,
  CallSnapshot,
  ContentPart,
  Output,
  Retry,
  StepSnapshot,
  ToolFinished,
  ToolStarted
} from './types';

const CODE_LIMIT = 12_000;
const LIVE_LIMIT = 1_500;
const SAME_ENOUGH = 0.3;

/** One tool call as it is shown. `saw` is what the model got, bounded; `saw_bytes` its size. */
export class Call {
  name = '';
  title = '';
  code = '';
  isPython = false;
  edited = false;
  outputs: Block[] = [];
  nOutputsLeftOut = 0;
  outcome = '';
  isError = false;
  done = false;
  changes = '';
  saw = '';
  sawBytes = 0;
  sawImages = 0;
  cutBytes = 0;
  why = '';
  decision = '';
  by = '';
  repairs: number | null = null;
  repaired = false;
  diff = '';
  /** Whether the same call had been made before. */
  again = false;
  /** When it began and ended, in seconds since the run began; null where nobody stamped it. */
  tStart: number | null = null;
  tEnd: number | null = null;

  constructor(readonly index: number) {}

  /** Take over name, code and title from the call's start. */
  begin(event: ToolStarted): void {
    const code = event.arguments['code'];
    this.isPython = typeof code === 'string';
    const text = typeof code === 'string' ? code : argumentsText(event.arguments);
    this.code = clip(clean(text), CODE_LIMIT);
    this.edited = event.edited ?? false;
    this.title = this.isPython ? firstComment(text) : '';
    this.tStart = event.t;
  }

  /** Take over the outcome and what the model got. */
  finish(event: ToolFinished, sawLimit: number): void {
    this.done = true;
    this.isError = event.is_error ?? false;
    this.cutBytes = event.cut_bytes ?? 0;
    const [text, nImages] = seen(event.content);
    this.sawImages = nImages;
    this.saw = clip(clean(text), sawLimit);
    this.sawBytes = utf8Bytes(text);
    this.outcome = oneLine(clean(event.outcome ?? ''), 60) || this.outcomeOfOutputs();
    this.changes = event.changes ? oneLine(clean(changesText(event.changes)), 200) : '';
    this.tEnd = event.t;
  }

  private outcomeOfOutputs(): string {
    const error = this.outputs.find(block => block.kind === 'error');
    if (error) {
      return error.name;
    }
    const words: [string, string][] = [
      ['image', 'figure'],
      ['table', 'table'],
      ['below', 'shown below'],
      ['text', 'text']
    ];
    const found = words.find(([kind]) => this.outputs.some(block => block.kind === kind));
    return found?.[1] ?? (this.isError ? 'failed' : 'done');
  }

  /** Append a further piece of a running stream to its block; false if it is none. */
  joinsStream(output: Output): boolean {
    const last = this.outputs[this.outputs.length - 1];
    if (output.output_type !== 'stream' || typeof output.text !== 'string') {
      return false;
    }
    if (last?.kind !== 'text' || last.name !== output.name) {
      return false;
    }
    const text = last.text.slice(-TEXT_LIMIT) + output.text;
    this.outputs[this.outputs.length - 1] = textBlock(text, last.name);
    return true;
  }

  /** Link to the last failed call of the same tool in `before` that this one tries again. */
  linkRepair(before: readonly Step[]): void {
    const lines = splitLines(this.code);
    for (const step of [...before].reverse()) {
      for (const call of [...step.calls].reverse()) {
        if (call.name !== this.name || !call.done) {
          continue;
        }
        if (!call.isError || call.repaired) {
          return;
        }
        const old = splitLines(call.code);
        if (ratio(old, lines) >= SAME_ENOUGH) {
          this.repairs = step.number;
          this.diff = lineDiff(old, lines);
        }
        return;
      }
    }
  }

  /** This call worked: the failed call that it repairs, and that one's own, are repaired. */
  markRepaired(steps: readonly Step[]): void {
    let number = this.repairs;
    for (const step of [...steps].reverse()) {
      if (step.number !== number) {
        continue;
      }
      for (const call of step.calls) {
        if (call.name === this.name && call.isError) {
          call.repaired = true;
          number = call.repairs;
        }
      }
    }
  }

  snapshot(): CallSnapshot {
    const facts: CallSnapshot = {
      name: this.name,
      title: this.title,
      code: this.code,
      outputs: this.outputs,
      outcome: this.outcome,
      is_error: this.isError,
      done: this.done,
      changes: this.changes
    };
    const extra: CallSnapshot = {
      edited: this.edited,
      n_outputs_left_out: this.nOutputsLeftOut,
      saw: this.saw,
      saw_bytes: this.sawBytes,
      saw_images: this.sawImages,
      cut_bytes: this.cutBytes,
      why: this.why,
      decision: this.decision,
      by: this.by,
      ...(this.repairs === null ? {} : { repairs: this.repairs }),
      repaired: this.repaired,
      diff: this.diff,
      again: this.again
    };
    return { ...facts, ...filled(extra) };
  }

  static restore(data: CallSnapshot, index: number): Call {
    const call = new Call(index);
    call.name = data.name ?? '';
    call.title = data.title ?? '';
    call.code = data.code ?? '';
    call.outputs = (data.outputs ?? []).map(wholeBlock);
    call.outcome = data.outcome ?? '';
    call.isError = data.is_error ?? false;
    call.done = data.done ?? false;
    call.changes = data.changes ?? '';
    call.edited = data.edited ?? false;
    call.nOutputsLeftOut = data.n_outputs_left_out ?? 0;
    call.saw = data.saw ?? '';
    call.sawBytes = data.saw_bytes ?? 0;
    call.sawImages = data.saw_images ?? 0;
    call.cutBytes = data.cut_bytes ?? 0;
    call.why = data.why ?? '';
    call.decision = data.decision ?? '';
    call.by = data.by ?? '';
    call.repairs = data.repairs ?? null;
    call.repaired = data.repaired ?? false;
    call.diff = data.diff ?? '';
    call.again = data.again ?? false;
    call.isPython = call.name === 'run_python' || call.title !== '';
    return call;
  }
}

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
      const parts = this.calls.map(c => (c.decision === 'deny' ? 'denied' : c.outcome));
      return [...new Set(parts.filter(Boolean))].join(', ');
    }
    return this.content ? 'answer' : (this.lost?.outcome ?? this.stored?.outcome ?? '');
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

  snapshot(): StepSnapshot {
    const facts: StepSnapshot = {
      step: this.number,
      gist: this.line,
      tools: this.tools,
      outcome: this.outcome
    };
    const extra: StepSnapshot = {
      step: this.number,
      reasoning: this.reasoning,
      ...(this.reasoningTokens === null ? {} : { reasoning_tokens: this.reasoningTokens }),
      content: this.content,
      retries: this.retries,
      steered: this.steered,
      notes: this.notes,
      marks: this.marks
    };
    const live: Partial<StepSnapshot> = {};
    if (this.liveReasoning) {
      live.live_reasoning = clean(this.liveReasoning.slice(-LIVE_LIMIT));
    }
    if (this.liveAnswer) {
      live.live_answer = clean(this.liveAnswer);
    }
    return { ...facts, ...filled(extra), ...live, calls: this.calls.map(call => call.snapshot()) };
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

/** The first comment line of code, without its sign; '' if code comes first. */
export function firstComment(code: string): string {
  const found = /^\s*#+ *([^\n!%][^\n]*)/.exec(code);
  return found ? oneLine(clean(found[1] ?? ''), 90) : '';
}

function changesText(changes: NonNullable<ToolFinished['changes']>): string {
  const names = [
    ...(changes.added ?? []).map(name => `+${name}`),
    ...(changes.changed ?? []).map(name => `~${name}`),
    ...(changes.removed ?? []).map(name => `-${name}`)
  ];
  return names.join(' ');
}

function argumentsText(values: Record<string, unknown>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${pythonJson(value)}`)
    .join('\n');
}

/** JSON as Python's `json.dumps` spaces it. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(pythonJson).join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const items = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${pythonJson(v)}`);
    return `{${items.join(', ')}}`;
  }
  return JSON.stringify(value ?? null);
}

/** The text of what the model got, and how many pictures. */
function seen(content: string | ContentPart[]): [string, number] {
  if (typeof content === 'string') {
    return [content, 0];
  }
  const texts = content.filter(part => part.type === 'text').map(part => part.text ?? '');
  return [texts.join('\n'), content.length - texts.length];
}

/** The fields of a record that hold something. */
function filled<T extends object>(record: T): T {
  const kept = Object.entries(record).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : Boolean(value)
  );
  return Object.fromEntries(kept) as T;
}
