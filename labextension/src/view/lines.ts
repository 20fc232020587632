// Older steps as lines: of each what a list of thousands of steps shows, finds and counts.
// Mirrors nbagent/view/lines.py.

import { sha256 } from './sha256';
import type { Call } from './call';
import type { Step } from './steps';

export const LINES_MAX = 3_000;

/** What stays of a step that is no longer kept whole. */
export interface StepLine {
  number: number;
  nCalls: number;
  nFailed: number;
  nRepaired: number;
  /** `e` an attempt failed, `r` a call had been made before, `y` a person had a say. */
  marks: string;
  tools: string;
  outcome: string;
  gist: string;
}

export function lineOf(step: Step): StepLine {
  if (step.lost) {
    return step.lost;
  }
  return {
    number: step.number,
    nCalls: step.calls.length,
    nFailed: step.calls.filter(call => call.isError).length,
    nRepaired: step.calls.filter(call => call.repaired).length,
    marks: marksOf(step),
    tools: step.tools,
    outcome: step.outcome,
    gist: step.line
  };
}

function marksOf(step: Step): string {
  const decided = step.calls.some(
    call => call.edited || (call.decision !== '' && call.by === 'you')
  );
  const found: [string, boolean][] = [
    ['e', step.retries.length > 0],
    ['r', step.calls.some(call => call.again)],
    ['y', decided || step.steered.length > 0]
  ];
  return found.map(([letter, isSo]) => (isSo ? letter : '')).join('');
}

/** A line from the text of a snapshot. */
export function lineFrom(text: string): StepLine {
  const [number, nCalls, nFailed, nRepaired, marks = '', tools = '', outcome = '', ...rest] =
    text.split('\t');
  return {
    number: Number(number),
    nCalls: Number(nCalls),
    nFailed: Number(nFailed),
    nRepaired: Number(nRepaired),
    marks,
    tools,
    outcome,
    gist: rest.join(' ')
  };
}

/** Whether something failed in a step: a call, or an attempt to get a reply. */
export function hasFailed(line: StepLine): boolean {
  return line.nFailed > 0 || line.marks.includes('e');
}

/** What calls of the same tool with the same code or arguments have in common. */
export function callKey(call: Call): string {
  return sha256(`${call.name}\n${call.code}`).slice(0, 12);
}
