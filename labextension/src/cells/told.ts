// What the trace of a run tells of it, where it stands in the notebook.

import { dollars, gist, seconds } from '../view/phrases';
import type { TraceJson } from '../view/types';
import { TRACE_MIME } from '../renderer';
import { isCode, type SharedNotebook } from './shared';

const WHY_CHARS = 240;

export interface Told {
  /** The place of the cell that shows the trace; −1 if none does. */
  readonly at: number;
  /** The first sentence of the answer, in Markdown; '' as long as there is none. */
  readonly why: string;
  /** How long the run took, and what it cost. */
  readonly facts: string;
}

/** Read what a notebook holds of a run. */
export function toldBy(notebook: SharedNotebook, run: string): Told {
  for (const [at, cell] of notebook.cells.entries()) {
    const outputs = isCode(cell) ? cell.getOutputs() : [];
    for (const output of outputs) {
      const { data } = output as { data?: Readonly<Record<string, unknown>> };
      const trace = data?.[TRACE_MIME] as TraceJson | undefined;
      if (trace?.run_id === run) return { at, ...answerOf(trace) };
    }
  }
  return { at: -1, why: '', facts: '' };
}

function answerOf({ snapshot, metrics, running }: TraceJson): Omit<Told, 'at'> {
  if (running) return { why: '', facts: '' };
  const { wall_s: took, cost_usd: cost } = metrics?.run ?? {};
  const facts = [
    typeof took === 'number' && seconds(took),
    typeof cost === 'number' && dollars(cost)
  ];
  return { why: gist(snapshot?.answer ?? '', WHY_CHARS), facts: facts.filter(Boolean).join(', ') };
}
