// A view as JSON values, without pictures: what Python's `RunView.snapshot` stores, made of what
// the page has folded, so that the two folds can be compared.

import type { Call } from '../../src/view/call';
import { FULL_STEPS, type RunView } from '../../src/view/fold';
import { lineOf, type StepLine } from '../../src/view/lines';
import { clean, clip } from '../../src/view/phrases';
import { joined, rangeOf } from '../../src/view/ranges';
import type { Step } from '../../src/view/steps';
import type { CallSnapshot, Question, Snapshot, StepSnapshot } from '../../src/view/types';

const LIVE_LIMIT = 1_500;

export function snapshotOf(view: RunView, last = FULL_STEPS): Snapshot {
  const kept = view.steps.slice(-last);
  const older = view.steps.slice(0, -last);
  const ranges = [...view.ranges, ...(older.length ? [older.map(rangeOf).reduce(joined)] : [])];
  const head = view.started;
  return {
    model: view.model,
    host: head?.host ?? view.base?.host ?? '',
    operator: head?.operator ?? view.base?.operator ?? '',
    scripted: view.scripted,
    conversation: head?.conversation ?? '',
    prompt: head ? clip(clean(head.prompt), 4_000) : (view.base?.prompt ?? ''),
    note: view.note,
    state: view.running ? view.phase : view.reason,
    text: view.text,
    question: view.running ? view.question : null,
    answer: view.answer,
    changes: view.changes(),
    files: [...view.files].slice(0, 20),
    counts: view.counts(),
    sent: view.sentWords(),
    sent_parts: view.sent,
    ranges,
    lines: [...view.lines, ...older.map(lineOf)].map(packed),
    compacted: view.compacted,
    steps: kept.map(stepSnapshot),
    faults: view.faults
  };
}

export function packed(line: StepLine): string {
  const { number, nCalls, nFailed, nRepaired, marks, tools, outcome, gist } = line;
  return [number, nCalls, nFailed, nRepaired, marks, tools, outcome, gist].join('\t');
}

function stepSnapshot(step: Step): StepSnapshot {
  const facts: StepSnapshot = {
    step: step.number,
    gist: step.line,
    tools: step.tools,
    outcome: step.outcome
  };
  const extra: StepSnapshot = {
    step: step.number,
    reasoning: step.reasoning,
    ...(step.reasoningTokens === null ? {} : { reasoning_tokens: step.reasoningTokens }),
    content: step.content,
    retries: step.retries,
    steered: step.steered,
    notes: step.notes,
    marks: step.marks
  };
  const live: Partial<StepSnapshot> = {};
  if (step.liveReasoning) live.live_reasoning = clean(step.liveReasoning.slice(-LIVE_LIMIT));
  if (step.liveAnswer) live.live_answer = clean(step.liveAnswer);
  return { ...facts, ...filled(extra), ...live, calls: step.calls.map(callSnapshot) };
}

function callSnapshot(call: Call): CallSnapshot {
  const facts: CallSnapshot = {
    name: call.name,
    title: call.title,
    code: call.code,
    outputs: call.outputs,
    outcome: call.outcome,
    is_error: call.isError,
    done: call.done,
    changes: call.changes
  };
  const extra: CallSnapshot = {
    edited: call.edited,
    n_outputs_left_out: call.nOutputsLeftOut,
    saw: call.saw,
    saw_bytes: call.sawBytes,
    saw_images: call.sawImages,
    cut_bytes: call.cutBytes,
    why: call.why,
    decision: call.decision,
    by: call.by,
    ...(call.repairs === null ? {} : { repairs: call.repairs }),
    repaired: call.repaired,
    diff: call.diff,
    again: call.again,
    withheld: call.withheld,
    stopped: call.stopped
  };
  return {
    ...facts,
    ...filled(extra),
    ...(call.question ? { question: asked(call.question) } : {})
  };
}

/** The question as it is stored: what it is about stands in `code`. */
function asked({ key, about, content, reasons }: Question): Question {
  return { key, about, content, reasons };
}

/** The fields of a record that hold something. */
function filled<T extends object>(record: T): T {
  const kept = Object.entries(record).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : Boolean(value)
  );
  return Object.fromEntries(kept) as T;
}
