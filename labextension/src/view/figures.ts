// What a step's figures say of its phases, where its events are not there to say it.

import { sum } from './streams';
import type { ChartSegment, Figure, StepFigures } from './types';

/** Failures in which nothing was generated, unless something had arrived by then. */
export const REFUSALS = /^(rate_limit|auth|quota|not_found|bad_request|overflow|not_an_api)$/;

/** Figures of a run that are the median over its steps. */
export const MEDIANS = ['ttft_s', 'ttfa_s', 'tokens_per_s'] as const;
/** Figures of a run that are the sum over its steps. */
export const TOTALS = [
  'model_s',
  'tool_s',
  'you_s',
  'wait_s',
  'completion_tokens',
  'reasoning_tokens',
  'tool_calls',
  'retries',
  'stalls',
  'stall_s',
  'cost_usd'
] as const;

/** How long each phase of a step took, in seconds, as its figures say; those that took none left out. */
export function phaseSeconds(figures: StepFigures): [phase: string, length: number][] {
  const ttft = number(figures['ttft_s']) ?? 0;
  const decode = Math.max((number(figures['model_s']) ?? 0) - ttft, 0);
  const out = number(figures['completion_tokens']) ?? 0;
  const share = out > 0 ? Math.min((number(figures['reasoning_tokens']) ?? 0) / out, 1) : 0;
  const lengths: [string, number][] = [
    ['retry', number(figures['wait_s']) ?? 0],
    ['waiting', ttft],
    ['reasoning', decode * share],
    [figures['tool_calls'] ? 'arguments' : 'answer', decode * (1 - share)],
    ['you', number(figures['you_s']) ?? 0],
    ['tool', number(figures['tool_s']) ?? 0]
  ];
  return lengths.filter(([, length]) => length > 0);
}

/** The phases of a step one after the other, as spans. */
export function segmentsFrom(figures: StepFigures | undefined): ChartSegment[] {
  let t = 0;
  return (figures ? phaseSeconds(figures) : []).map(([phase, length]): ChartSegment => {
    t += length;
    return [figures?.step ?? 0, phase, t - length, t];
  });
}

function number(value: Figure): number | null {
  return typeof value === 'number' ? value : null;
}

export function known(values: readonly Figure[]): number[] {
  return values.filter((value): value is number => typeof value === 'number');
}

export function total(values: readonly Figure[]): number | null {
  const numbers = known(values);
  return numbers.length ? sum(numbers) : null;
}
