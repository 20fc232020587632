// One tool call as the view keeps it. Mirrors `Call` of nbagent/view/steps.py.

import { lineDiff, ratio } from './diff';
import { TEXT_LIMIT, textBlock, wholeBlock } from './outputs';
import { clean, clip, oneLine, splitLines, utf8Bytes } from './phrases';
import type { Step } from './steps';
import type {
  ApprovalAsked,
  ApprovalGiven,
  Block,
  CallSnapshot,
  ContentPart,
  Output,
  Question,
  ToolFinished,
  ToolStarted
} from './types';
import { t } from '../words';

const CODE_LIMIT = 12_000;
const ASKED_LIMIT = 6_000;
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
  /** Whether a stop ended it, or kept it from running. */
  stopped = false;
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
  /** What the person is asked about it, while they are. */
  question: Question | null = null;
  withheld = false;
  /** When it began and ended, in seconds since the run began; null where nobody stamped it. */
  tStart: number | null = null;
  tEnd: number | null = null;

  constructor(readonly index: number) {}

  /** Take over name, code and title from the call's start. */
  begin(event: ToolStarted): void {
    this.take(event.arguments);
    this.edited = event.edited ?? false;
    this.question = null;
    this.tStart = event.t;
  }

  private take(given: Record<string, unknown>): void {
    const code = given['code'];
    this.isPython = typeof code === 'string';
    const text = typeof code === 'string' ? code : argumentsText(given);
    this.code = clip(clean(text), CODE_LIMIT);
    this.title = this.isPython ? firstComment(text) : '';
  }

  /** Take over what the person is asked about the call, and what would run or leave. */
  ask(event: ApprovalAsked): void {
    if (event.arguments) {
      this.take(event.arguments);
    }
    if (event.about && event.about !== 'call') {
      this.tEnd = event.t; // the call is over; the person's time is not its own
    }
    this.why = oneLine(clean(event.why), 300);
    this.decision = '';
    const words = (text = ''): string => oneLine(clean(text), 200);
    this.question = {
      key: event.key ?? '',
      about: event.about ?? 'call',
      content: clip(clean(seen(event.content ?? '')[0]), ASKED_LIMIT),
      reasons: (event.reasons ?? []).map(reason => ({
        line: reason.line ?? 0,
        verb: words(reason.verb),
        doing: words(reason.doing),
        what: words(reason.what),
        detail: words(reason.detail)
      })),
      arguments: event.arguments ?? {}
    };
  }

  /** Take over what was decided about the call or its result. */
  decide(event: ApprovalGiven): void {
    this.question = null;
    this.by = oneLine(clean(event.by ?? 'you'), 40);
    if (event.about === 'outcome') {
      this.why = '';
    } else if (event.about !== 'result') {
      this.decision = event.decision;
      this.why = oneLine(clean(event.why ?? ''), 300) || this.why;
    } else if (event.decision === 'deny') {
      this.withheld = true;
    }
  }

  /** Take over the outcome and what the model got. */
  finish(event: ToolFinished, sawLimit: number): void {
    this.question = null;
    this.done = true;
    this.stopped = event.stopped ?? false;
    this.isError = (event.is_error ?? false) && !this.stopped && this.decision !== 'deny';
    this.cutBytes = event.cut_bytes ?? 0;
    this.see(event.content, sawLimit);
    this.outcome = oneLine(clean(event.outcome ?? ''), 60) || this.outcomeOfOutputs();
    this.changes = event.changes ? oneLine(clean(changesText(event.changes)), 200) : '';
    this.tEnd ??= event.t;
  }

  /** Take over what the model gets. */
  see(content: ToolFinished['content'], sawLimit: number): void {
    const [text, nImages] = seen(content);
    this.sawImages = nImages;
    this.saw = clip(clean(text), sawLimit);
    this.sawBytes = utf8Bytes(text);
  }

  private outcomeOfOutputs(): string {
    const error = this.outputs.find(block => block.kind === 'error');
    if (error) {
      return error.name;
    }
    const words: [string, string][] = [
      ['image', t('figure')],
      ['table', t('table')],
      ['below', t('shown below')],
      ['text', t('text')]
    ];
    const found = words.find(([kind]) => this.outputs.some(block => block.kind === kind));
    return found?.[1] ?? (this.isError ? t('failed') : t('done'));
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

  static restore(data: CallSnapshot, index: number): Call {
    const call = new Call(index);
    call.name = data.name ?? '';
    call.title = data.title ?? '';
    call.code = data.code ?? '';
    call.outputs = (data.outputs ?? []).map(wholeBlock);
    call.outcome = data.outcome ?? '';
    call.isError = data.is_error ?? false;
    call.stopped = data.stopped ?? false;
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
    call.question = data.question ?? null;
    call.withheld = data.withheld ?? false;
    call.isPython = call.name === 'run_python' || call.title !== '';
    return call;
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
