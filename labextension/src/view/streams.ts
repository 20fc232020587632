// One streamed reply as figures. Mirrors nbagent/meter/streams.py, where the definitions are.

import { rounded } from './phrases';
import type { ChartSegment, Phase, Sample, SpeedLine } from './types';

const STALL_MIN_S = 1;
const STALL_TIMES_MEDIAN = 5;
const BUFFERED_GAP_S = 0.002;
export const MAX_SEGMENTS = 480;
const MAX_LINES = 480;

/** The middle value; null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[half - 1], sorted[half]];
  if (high === undefined) {
    return null;
  }
  return sorted.length % 2 || low === undefined ? high : (low + high) / 2;
}

/** The pieces of one reply: `(t, weight, phase)` in order; the weights are scaled to `nTokens`. */
export class Stream {
  constructor(
    readonly samples: readonly Sample[],
    readonly nTokens: number
  ) {}

  get tFirst(): number | null {
    return this.samples[0]?.[0] ?? null;
  }

  get tLast(): number | null {
    return this.samples[this.samples.length - 1]?.[0] ?? null;
  }

  /** When the first piece of a phase came. */
  first(phase: Phase): number | null {
    return this.samples.find(([, , p]) => p === phase)?.[0] ?? null;
  }

  /** Decode speed; null for a reply of one token or one instant. */
  tokensPerS(): number | null {
    if (this.tFirst === null || this.tLast === null) {
      return null;
    }
    const duration = this.tLast - this.tFirst;
    return duration > 0 && this.nTokens > 1 ? (this.nTokens - 1) / duration : null;
  }

  /** The share of a phase in the weights, 0 to 1. */
  share(phase: Phase): number {
    const whole = sum(this.samples.map(([, w]) => w));
    const part = sum(this.samples.filter(([, , p]) => p === phase).map(([, w]) => w));
    return whole ? part / whole : 0;
  }

  private gaps(): number[] {
    return this.samples.slice(1).map(([t], i) => t - (this.samples[i]?.[0] ?? t));
  }

  /** Gaps longer than 1 s and than five median gaps, as `(t0, t1)`. */
  stalls(): [number, number][] {
    const gaps = this.gaps();
    const limit = Math.max(STALL_MIN_S, STALL_TIMES_MEDIAN * (median(gaps) ?? 0));
    return gaps.flatMap((gap, i): [number, number][] => {
      const t1 = this.samples[i + 1]?.[0] ?? 0;
      return gap > limit ? [[this.samples[i]?.[0] ?? 0, t1]] : [];
    });
  }

  /** Whether most pieces came in bursts, so that the speed's curve says little. */
  buffered(): boolean {
    const gaps = this.gaps();
    return gaps.length >= 10 && gaps.filter(gap => gap < BUFFERED_GAP_S).length > gaps.length / 2;
  }

  /** The reply as spans `(phase, t0, t1)` without gaps, at most `limit`. */
  phases(limit = 12): [Phase, number, number][] {
    const spans: [Phase, number, number][] = [];
    for (const [t, , phase] of this.samples) {
      const last = spans[spans.length - 1];
      if (last) {
        last[2] = t;
      }
      if (!last || (last[0] !== phase && spans.length !== limit)) {
        spans.push([phase, t, t]);
      }
    }
    return spans;
  }

  /** Tokens a second over time, one line a phase; each point counts a centred window. */
  speed(nPoints = 48): SpeedLine[] {
    const [t0, t1] = [this.tFirst, this.tLast];
    if (t0 === null || t1 === null || t1 <= t0) {
      return [];
    }
    const half = (t1 - t0 >= 2 ? 1 : 0.25) / 2;
    const times = this.samples.map(([t]) => t);
    const sums = [0];
    this.samples.forEach(([, w], i) => sums.push((sums[i] ?? 0) + w));
    const whole = sums[sums.length - 1] ?? 0;
    const scale = whole ? this.nTokens / whole : 0;
    const at = (t: number): [number, number] => {
      const [a, b] = [Math.max(t0, t - half), Math.min(t1, t + half)];
      const tokens = (sums[bisect(times, b, true)] ?? 0) - (sums[bisect(times, a, false)] ?? 0);
      return [t, (tokens * scale) / (b - a)];
    };
    const step = (t1 - t0) / nPoints;
    return this.phases().map(([phase, a, b]) => {
      const n = Math.max(1, rounded((b - a) / step));
      return [phase, Array.from({ length: n + 1 }, (_, i) => at(a + ((b - a) * i) / n))];
    });
  }
}

/** How many of the sorted times lie before `t`; those equal to it counted if `inclusive`. */
function bisect(times: readonly number[], t: number, inclusive: boolean): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const time = times[middle] ?? 0;
    if (time < t || (inclusive && time === t)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** The sum of numbers. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Join neighbours, so that a long reply stays bounded; its first and last stamps are kept. */
export function halved(samples: readonly Sample[]): Sample[] {
  const joined: Sample[] = [];
  for (let i = 0; i + 1 < samples.length; i += 2) {
    const [a, b] = [samples[i], samples[i + 1]];
    if (a && b) {
      joined.push([i === 0 ? a[0] : b[0], a[1] + b[1], a[2]]);
    }
  }
  return joined;
}

/** Bound the curves of a long run: every n-th is drawn. */
export function thinned(lines: SpeedLine[]): SpeedLine[] {
  const every = Math.ceil(lines.length / MAX_LINES);
  return every > 1 ? lines.filter((_, i) => i % every === 0) : lines;
}

/** Bound the spans of a long run: each bucket of time shows the phase that filled most of it. */
export function bucketed(segments: ChartSegment[], tEnd: number): ChartSegment[] {
  if (segments.length <= MAX_SEGMENTS || tEnd <= 0) {
    return segments;
  }
  const width = tEnd / MAX_SEGMENTS;
  const bucket = (t: number): number =>
    Math.min(Math.max(Math.trunc(t / width), 0), MAX_SEGMENTS - 1);
  const filled = Array.from({ length: MAX_SEGMENTS }, () => new Map<string, number>());
  for (const [, phase, t0, t1] of segments) {
    for (let i = bucket(t0); i <= bucket(t1); i++) {
      const part = Math.min(t1, (i + 1) * width) - Math.max(t0, i * width);
      filled[i]?.set(phase, (filled[i]?.get(phase) ?? 0) + Math.max(part, 0));
    }
  }
  const joined: ChartSegment[] = [];
  filled.forEach((parts, i) => {
    let [most, phase] = [-1, ''];
    parts.forEach((value, name) => {
      [most, phase] = value > most ? [value, name] : [most, phase];
    });
    const last = joined[joined.length - 1];
    if (last && last[1] === phase) {
      joined[joined.length - 1] = [0, phase, last[2], (i + 1) * width];
    } else if (phase) {
      joined.push([0, phase, i * width, (i + 1) * width]);
    }
  });
  return joined;
}
