// The run as rows: one a step, or one for several where there are more than 200.

import { phaseSeconds } from '../view/figures';
import type { ChartSegment, Figure, StepFigures } from '../view/types';
import type { ChartScene } from './types';
import { counted } from '../words';

export const MAX_ROWS = 200;

/** A stretch of a row that one phase fills. */
export interface Span {
  readonly phase: string;
  readonly t0: number;
  readonly t1: number;
}

/** One step, or several that follow one another. */
export interface Row {
  readonly first: number;
  readonly last: number;
  readonly label: string;
  readonly t0: number;
  readonly t1: number;
  readonly spans: readonly Span[];
  /** Of several steps: the mean. */
  readonly tokensPerS: number | null;
}

/** The rows of a run, in order. */
export function rowsOf(scene: ChartScene): Row[] {
  const spans = spansByStep(scene);
  const speeds = new Map(scene.metrics.steps.map(s => [s.step, number(s['tokens_per_s'])]));
  const steps = [...spans].map(([step, parts]): Row => {
    const [t0, t1] = [parts[0]?.t0 ?? 0, Math.max(...parts.map(part => part.t1))];
    const label = scene.tools?.get(step) ?? '';
    const tokensPerS = speeds.get(step) ?? null;
    return { first: step, last: step, label, t0, t1, spans: parts, tokensPerS };
  });
  const size = Math.ceil(steps.length / MAX_ROWS);
  return size > 1 ? chunked(steps, size).map(joined) : steps;
}

/** Spans of each step. The geometry of a long run is in buckets of time; then the steps' figures
 * say how long each phase took, and the steps stand one after the other. */
function spansByStep(scene: ChartScene): Map<number, Span[]> {
  const { segments } = scene.chart;
  if (segments.some(([step]) => step > 0)) return grouped(segments);
  let t = scene.chart.t_end - scene.metrics.steps.reduce((sum, s) => sum + wall(s), 0);
  t = Math.max(t, 0);
  const spans = new Map<number, Span[]>();
  for (const figures of scene.metrics.steps) {
    spans.set(figures.step, spansOf(figures, t));
    t += wall(figures);
  }
  return spans;
}

function grouped(segments: readonly ChartSegment[]): Map<number, Span[]> {
  const spans = new Map<number, Span[]>();
  for (const [step, phase, t0, t1] of segments) {
    if (step === 0) continue;
    const parts = spans.get(step) ?? [];
    parts.push({ phase, t0, t1 });
    spans.set(step, parts);
  }
  return spans;
}

function spansOf(figures: StepFigures, start: number): Span[] {
  let t = start;
  return phaseSeconds(figures).map(([phase, length]): Span => {
    t += length;
    return { phase, t0: t - length, t1: t };
  });
}

function wall(figures: StepFigures): number {
  return number(figures['wall_s']) ?? 0;
}

function number(value: Figure): number | null {
  return typeof value === 'number' ? value : null;
}

function chunked<T>(items: readonly T[], size: number): T[][] {
  const chunks = Math.ceil(items.length / size);
  return Array.from({ length: chunks }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function joined(rows: readonly Row[]): Row {
  const [first, last] = [rows[0], rows.at(-1)];
  const speeds = rows.map(row => row.tokensPerS).filter(speed => speed !== null);
  const mean = speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length;
  return {
    first: first?.first ?? 0,
    last: last?.last ?? 0,
    label: counted(rows.length, 'step'),
    t0: first?.t0 ?? 0,
    t1: last?.t1 ?? 0,
    spans: rows.flatMap(row => row.spans),
    tokensPerS: speeds.length ? mean : null
  };
}

/** How long each phase took in a row, in seconds. */
export function totals(spans: readonly Span[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { phase, t0, t1 } of spans) sums.set(phase, (sums.get(phase) ?? 0) + t1 - t0);
  return sums;
}
