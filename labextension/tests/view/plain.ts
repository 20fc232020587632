// The run as plain text, without any time, cost or id. Mirrors nbagent/trace/plain.py.

import type { RunView } from '../../src/view/fold';
import { counted } from '../../src/words';

/** Stands in the first line and at the answer of every scripted run . */
export const BADGE =
  'SCRIPTED · replies written by people, paced by a timer. ' +
  'Tools and numbers are real; the thinking is not.';

/** `5 steps, 5 tool calls`, by what the view counts. */
function headWords(view: RunView): string {
  const calls = view.nCalls ? `, ${counted(view.nCalls, 'tool call')}` : '';
  return counted(view.nSteps, 'step') + calls;
}

function summaryWords(view: RunView): string {
  const words = [headWords(view), view.counts()].filter(Boolean).join(', ');
  return `${words}. ${view.changes()}`.trim();
}

function stepLines(view: RunView): string[] {
  const older = view.ranges.map(
    r => `${r.first} to ${r.last}: ${r.n_calls} tool calls, ${r.n_failed} failed`
  );
  const steps = view.steps.map(step => {
    const deed = [step.tools, '->', step.outcome].filter(Boolean).join(' ');
    return `${step.number}  ${step.line}${step.outcome ? `  ${deed}` : ''}`;
  });
  return [...older, ...steps];
}

/** A run that has ended as plain text; `withSteps` says whether each step has a line. */
export function plainText(view: RunView, withSteps: boolean): string {
  const badge = view.scripted ? [BADGE] : [];
  const parts = [[...badge, summaryWords(view)].join(' ')];
  parts.push(...(view.note ? [view.note] : []), ...(withSteps ? stepLines(view) : []));
  if (view.text && view.reason !== 'answer') {
    parts.push(view.text);
  }
  if (view.answer) {
    parts.push('', ...badge, view.answer);
  }
  return parts.join('\n');
}
