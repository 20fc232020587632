// Ranges of older steps, each one line. Mirrors the end of nbagent/view/steps.py.

import type { Step } from './steps';
import type { RangeSnapshot } from './types';
import { listed, t } from '../words';

const RANGES_MAX = 12;
const GISTS_PER_RANGE = 8;

/** Older steps as one line: their numbers, counts, and a few of their gists. */
export function rangeOf(step: Step): RangeSnapshot {
  return {
    first: step.number,
    last: step.number,
    n_steps: 1,
    n_calls: step.calls.length,
    n_failed: step.calls.filter(call => call.isError).length,
    n_repaired: step.calls.filter(call => call.repaired).length,
    gists: [[step.number, step.line]]
  };
}

/** A range and the next one as one. */
export function joined(a: RangeSnapshot, b: RangeSnapshot): RangeSnapshot {
  let gists = [...a.gists, ...b.gists];
  while (gists.length > GISTS_PER_RANGE) {
    gists = gists.filter((_, i) => i % 2 === 0);
  }
  return {
    first: a.first,
    last: b.last,
    n_steps: a.n_steps + b.n_steps,
    n_calls: a.n_calls + b.n_calls,
    n_failed: a.n_failed + b.n_failed,
    n_repaired: a.n_repaired + b.n_repaired,
    gists
  };
}

/** Keep at most twelve ranges: the shortest pair of neighbours becomes one. */
export function mergedRanges(ranges: RangeSnapshot[]): RangeSnapshot[] {
  let all = ranges;
  while (all.length > RANGES_MAX) {
    const sizes = all.slice(1).map((range, i) => range.n_steps + (all[i]?.n_steps ?? 0));
    const at = sizes.indexOf(Math.min(...sizes));
    const [a, b] = [all[at], all[at + 1]];
    if (!a || !b) {
      break;
    }
    all = [...all.slice(0, at), joined(a, b), ...all.slice(at + 2)];
  }
  return all;
}

/** How many calls failed, were repaired or denied: `1 failed and repaired`. */
export function countWords(steps: readonly Step[], ranges: readonly RangeSnapshot[]): string {
  const calls = steps.flatMap(step => step.calls);
  const older = (key: 'n_failed' | 'n_repaired'): number =>
    ranges.reduce((sum, range) => sum + range[key], 0);
  const failed = calls.filter(c => c.isError).length + older('n_failed');
  const repaired = calls.filter(c => c.repaired).length + older('n_repaired');
  const denied = calls.filter(c => c.decision === 'deny').length;
  return listed(failedWords(failed, repaired), denied && t('{n} denied', { n: denied }));
}

/** How many calls failed and were repaired: `3 failed, 1 repaired`; '' if none failed. */
export function failedWords(n: number, repaired: number): string {
  if (!n) return '';
  if (!repaired) return t('{n} failed', { n });
  if (n === repaired) return t('{n} failed and repaired', { n });
  return t('{n} failed, {repaired} repaired', { n, repaired });
}
