// The layers with words and patterns, as SVG: ribbon, axes, stalls, median, live edge. However
// long the run, a phase is one path, so the drawing stays below 500 nodes.

import type { ChartSegment } from '../view/types';
import { short, svg } from './dom';
import type { Patterns } from './phases';
import { GAPS, RIBBON, SPEED, tickStep, tickWords, type Frame } from './scale';
import type { ChartScene } from './types';
import { t } from '../words';

const MAX_STALLS = 40;
/** A stall narrower than this has no room for its length in words. */
const STALL_WORDS = 46;

/** Everything of the speed chart that is not on the canvas. */
export function plotNodes(scene: ChartScene, frame: Frame, patterns: Patterns): SVGElement[] {
  const { chart } = scene;
  return [
    line(frame.left, SPEED.bottom, frame.right, SPEED.bottom, 'nba-ax'),
    ...ribbon(chart.segments, frame, patterns),
    ...stepLabels(chart.segments, frame),
    ...speedAxis(frame),
    ...median(chart.p50, frame),
    ...stalls(chart.stalls, frame),
    ...timeAxis(frame),
    ...liveEdge(scene, frame)
  ];
}

function line(x1: number, y1: number, x2: number, y2: number, name: string): SVGElement {
  return svg('line', { x1, y1, x2, y2, class: name });
}

function text(x: number, y: number, words: string, extra: Record<string, string> = {}): SVGElement {
  return svg('text', { x, y, ...extra }, [words]);
}

const END = { 'text-anchor': 'end' };
const MIDDLE = { 'text-anchor': 'middle' };

/** The phases on the time axis, one path each. */
export function ribbon(
  segments: readonly ChartSegment[],
  frame: Frame,
  patterns: Patterns,
  top = RIBBON.top,
  height = RIBBON.height
): SVGElement[] {
  const paths = new Map<string, string>();
  for (const [, phase, t0, t1] of segments) {
    const d = box(frame.x(t0), frame.x(t1), top, height);
    paths.set(phase, (paths.get(phase) ?? '') + d);
  }
  return [...paths].map(([phase, d]) => svg('path', { d, ...patterns.fill(phase) }));
}

/** A rectangle as a path; the small gap keeps neighbours of one phase apart. */
export function box(x0: number, x1: number, y: number, height: number): string {
  const width = x1 - x0;
  const drawn = width > 2 ? width - 0.6 : Math.max(width, 0.5);
  return `M${short(x0)} ${short(y)}h${short(drawn)}v${short(height)}h${short(-drawn)}z`;
}

/** `step 3` below where a step begins, where there is room for it. */
function stepLabels(segments: readonly ChartSegment[], frame: Frame): SVGElement[] {
  const nodes: SVGElement[] = [];
  let free = frame.left - 1;
  let before = 0;
  for (const [step, , t0] of segments) {
    if (step === before) continue;
    before = step;
    const x = frame.x(t0);
    if (step === 0 || x < free || x > frame.right - 34) continue;
    nodes.push(text(x, frame.labelsTop + 12, t('step {n}', { n: step })));
    if (x > frame.left + 1) nodes.push(line(x, SPEED.top, x, RIBBON.top + 9, 'nba-mark'));
    free = x + 52;
  }
  return nodes;
}

function speedAxis(frame: Frame): SVGElement[] {
  const x = frame.left - 6;
  const nodes = [text(x, SPEED.top + 11, String(frame.top), END), text(x, SPEED.bottom, '0', END)];
  if (frame.wide) nodes.push(text(x, RIBBON.top + 8, t('phases'), END));
  if (frame.wide && frame.withGaps) nodes.push(text(x, GAPS.top + 10, t('gaps'), END));
  return nodes;
}

function median(p50: number | null, frame: Frame): SVGElement[] {
  if (p50 === null || p50 <= 0) return [];
  const y = frame.y(p50);
  const dashed = line(frame.left, y, frame.right, y, 'nba-ax2');
  const words = `p50 ${Math.round(p50)}`;
  const inside = { ...END, class: 'nba-halo' };
  const label = frame.wide
    ? text(frame.right + 6, y + 4, words)
    : text(frame.right - 2, Math.max(y - 3, SPEED.top + 10), words, inside);
  return [dashed, label];
}

/** Where nothing came, on the base line, with its length where there is room. */
function stalls(spans: readonly (readonly [number, number])[], frame: Frame): SVGElement[] {
  const longest = [...spans].sort((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, MAX_STALLS);
  let d = '';
  const words: SVGElement[] = [];
  for (const [t0, t1] of longest) {
    const [x0, x1] = [frame.x(t0), frame.x(t1)];
    d += bracket(x0, x1);
    if (x1 - x0 < STALL_WORDS && longest.length > 3) continue;
    const label = t('stall {time}', { time: `${(t1 - t0).toFixed(1)} s` });
    const extra = { ...MIDDLE, class: 'nba-stall-words nba-halo' };
    words.push(text((x0 + x1) / 2, SPEED.bottom - 19, label, extra));
  }
  return d ? [svg('path', { d, class: 'nba-stall' }), ...words] : [];
}

/** A bracket; a tick where there is no room for one. */
function bracket(x0: number, x1: number): string {
  if (x1 - x0 < 6) return `M${short((x0 + x1) / 2)} ${SPEED.bottom - 7}v7`;
  const top = SPEED.bottom - 14;
  return `M${short(x0)} ${top}v14M${short(x1)} ${top}v14M${short(x0)} ${top + 7}H${short(x1)}`;
}

/** Ticks of the time axis, also below the rows of the steps. */
export function timeAxis(frame: Frame, y = frame.labelsTop + 27): SVGElement[] {
  const every = tickStep(frame.tEnd, Math.max(2, Math.floor((frame.right - frame.left) / 90)));
  const nodes: SVGElement[] = [];
  for (let at = 0; at <= frame.tEnd * 1.0001; at += every) {
    const x = frame.x(at);
    const anchor = at === 0 ? {} : x > frame.right - 16 ? END : MIDDLE;
    nodes.push(text(x, y, tickWords(at), anchor));
  }
  return nodes;
}

/** The line under the cursor, and what stands there, on the side that has room for it. */
export function hairNodes(x: number, words: string, frame: Frame): SVGElement[] {
  const onLeft = x > (frame.left + frame.right) / 2;
  const extra: Record<string, string> = { class: 'nba-halo nba-said', ...(onLeft ? END : {}) };
  return [
    line(x, SPEED.top, x, RIBBON.top + RIBBON.height, 'nba-hair'),
    text(x + (onLeft ? -6 : 6), SPEED.top + 11, words, extra)
  ];
}

function liveEdge(scene: ChartScene, frame: Frame): SVGElement[] {
  if (!scene.live) return [];
  const x = frame.x(scene.chart.t_end);
  return [line(x, 2, x, RIBBON.top + RIBBON.height, 'nba-edge')];
}
