// What the chart is given of a run; of one that goes on, what is under way grows until now.

import type { ChartScene } from '../chart';
import type { Desk } from './desk';
import { MAX_SEGMENTS } from './streams';
import type { ChartJson } from './types';

/** The chart's scene at this moment; gaps and facts of a long run come from whoever keeps them. */
export function chartScene(desk: Desk, more: Pick<ChartScene, 'gaps' | 'long'>): ChartScene {
  const { meter, view } = desk.scene;
  return {
    chart: desk.live ? growing(desk) : meter.chart(),
    metrics: meter.metrics(),
    live: desk.live,
    nowTokensPerS: meter.estimate(desk.now()).tokensPerS,
    tools: new Map(view.steps.map(step => [step.number, step.tools])),
    ...more
  };
}

/** The chart with the current step's spans counted on. */
function growing(desk: Desk): ChartJson {
  const { meter, view } = desk.scene;
  const [chart, step, now] = [meter.chart(), view.lastStep?.number, desk.now()];
  if (step === undefined || chart.segments.length >= MAX_SEGMENTS) {
    return chart; // in buckets, each longer than what a moment adds
  }
  const before = chart.segments.filter(([number]) => number !== step);
  const segments = [...before, ...meter.segmentsOf(step, now)];
  return { ...chart, segments, t_end: Math.max(chart.t_end, now) };
}
