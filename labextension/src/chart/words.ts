// What the chart says: its headline, and what stands at one moment of it.

import { count, dollars, numbersOf, seconds, share } from '../view/phrases';
import type { ChartJson, Figure, Metrics } from '../view/types';
import { wordOf } from './phases';
import type { Row } from './rows';
import type { ChartScene, Gaps } from './types';
import { counted, t } from '../words';

/** The figures of the run in one line: what was measured, and nothing else. */
export function headline({ run }: Metrics): string {
  const out = number(run['completion_tokens']);
  const reasoning = number(run['reasoning_tokens']);
  const tool = number(run['tool_s']) ?? 0;
  const n = count(out);
  const written = run['estimated'] ? t('{n} est. out', { n }) : t('{n} out', { n });
  const thought = out && reasoning !== null ? { share: share(reasoning / out) } : null;
  const parts = [
    known(run['ttft_s'], value => `TTFT ${seconds(value)}`),
    known(run['ttfa_s'], value => `TTFA ${seconds(value)}`),
    known(
      run['tokens_per_s'],
      value => t('{n} tok/s', { n: Math.round(value) }) + (run['paced'] ? t(' (timer)') : '')
    ),
    out === null ? '' : written + (thought ? t(' ({share} reasoning)', thought) : ''),
    known(run['cached_share'], value => t('{share} cached', { share: share(value) })),
    tool > 0 ? t('tools {time}', { time: seconds(tool) }) : '',
    known(run['cost_usd'], dollars)
  ];
  return parts.filter(part => part !== '').join(' · ') || t('Nothing was measured yet');
}

/** The stalls in words, '' if there were none: `2 stalls, 3.1 s`. */
export function stallWords({ stalls }: ChartJson): string {
  const total = stalls.reduce((sum, [t0, t1]) => sum + t1 - t0, 0);
  if (!stalls.length) return '';
  return counted(stalls.length, 'stall') + t(', ') + seconds(total);
}

/** What stands at a time: `4.1 s · step 2 · answer · 94 tok/s · gap 12 ms`. */
export function reading(scene: ChartScene, at: number): string {
  const { chart } = scene;
  const segment = chart.segments.find(([, , t0, t1]) => at >= t0 && at <= t1);
  const stall = chart.stalls.find(([t0, t1]) => at >= t0 && at <= t1);
  const speed = speedAt(chart, at);
  const gap = scene.gaps ? gapAt(scene.gaps, at, chart.t_end / 500) : null;
  const parts = [
    `${at.toFixed(at < 100 ? 1 : 0)} s`,
    segment && segment[0] > 0 ? t('step {n}', { n: segment[0] }) : '',
    segment ? wordOf(segment[1]) : '',
    stall ? t('stall {time}', { time: seconds(stall[1] - stall[0]) }) : '',
    speed === null || stall ? '' : t('{n} tok/s', { n: Math.round(speed) }),
    gap === null ? '' : t('gap {n} ms', { n: Math.max(Math.round(gap * 1000), 1) })
  ];
  return parts.filter(part => part !== '').join(' · ');
}

/** What stands in a row: `step 2 · run_python · 6.9 s · 94 tok/s`. */
export function rowWords(row: Row): string {
  const parts = [
    row.first === row.last
      ? t('step {n}', { n: numbersOf(row) })
      : t('steps {n}', { n: numbersOf(row) }),
    row.label,
    seconds(row.t1 - row.t0),
    row.tokensPerS === null ? '' : t('{n} tok/s', { n: Math.round(row.tokensPerS) })
  ];
  return parts.filter(part => part !== '').join(' · ');
}

function speedAt(chart: ChartJson, t: number): number | null {
  for (const [, points] of chart.speed) {
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last || t < first[0] || t > last[0]) continue;
    const i = firstFrom(points.length, k => points[k]?.[0] ?? 0, t);
    return points[i]?.[1] ?? null;
  }
  return null;
}

function gapAt({ t: times, gapS }: Gaps, t: number, near: number): number | null {
  const i = firstFrom(times.length, k => times[k] ?? 0, t);
  const at = times[i];
  return at !== undefined && Math.abs(at - t) <= Math.max(near, 0.05) ? (gapS[i] ?? null) : null;
}

/** The first index whose value is not below `wanted`; values are sorted. */
function firstFrom(n: number, value: (i: number) => number, wanted: number): number {
  let [low, high] = [0, n];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value(middle) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function known(value: Figure, words: (value: number) => string): string {
  return typeof value === 'number' ? words(value) : '';
}

function number(value: Figure): number | null {
  return typeof value === 'number' ? value : null;
}
