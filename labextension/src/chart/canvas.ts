// The layers with many points, on a canvas: areas and lines of the speed, and the gap strip.

import type { SpeedLine } from '../view/types';
import { columnMaxima, decimate } from './decimate';
import { lookOf, PHASE_NAMES } from './phases';
import { GAPS, SPEED, type Frame } from './scale';
import type { Gaps } from './types';

/** Colours as the canvas wants them: read from the page once a drawing. */
export interface Palette {
  of(phase: string): string;
  readonly quiet: string;
  readonly alarm: string;
}

/** Read the colours that hold for an element now. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const forced = matchMedia('(forced-colors: active)').matches;
  const read = (name: string, fallback: string): string =>
    forced ? 'CanvasText' : style.getPropertyValue(name).trim() || fallback;
  const colours = new Map<string, string>();
  for (const phase of PHASE_NAMES) {
    const { variable, fallback } = lookOf(phase);
    colours.set(phase, read(variable, fallback));
  }
  const quiet = read('--nba-wait', '#6e7781');
  return { of: phase => colours.get(phase) ?? quiet, quiet, alarm: read('--nba-error', '#cf222e') };
}

/** Make the canvas sharp for its size on this screen, and clear it. */
export function prepared(canvas: HTMLCanvasElement, frame: Frame): CanvasRenderingContext2D | null {
  const ratio = Math.min(devicePixelRatio || 1, 3);
  const [width, height] = [Math.round(frame.width * ratio), Math.round(frame.height * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, frame.width, frame.height);
  return context;
}

/** Areas and lines, one for each phase of each reply. No line is drawn where nothing came. */
export function drawSpeed(
  context: CanvasRenderingContext2D,
  lines: readonly SpeedLine[],
  frame: Frame,
  palette: Palette
): void {
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  for (const [phase, points] of lines) {
    const line = decimate(
      points.length,
      i => frame.x(points[i]?.[0] ?? 0),
      i => frame.y(points[i]?.[1] ?? 0)
    );
    if (line.length < 4) continue;
    const colour = palette.of(phase);
    trace(context, line);
    context.strokeStyle = colour;
    context.stroke();
    context.lineTo(line[line.length - 2] ?? 0, SPEED.bottom);
    context.lineTo(line[0] ?? 0, SPEED.bottom);
    context.fillStyle = colour;
    context.globalAlpha = 0.18;
    context.fill();
    context.globalAlpha = 1;
  }
}

function trace(context: CanvasRenderingContext2D, line: Float64Array): void {
  context.beginPath();
  for (let i = 0; i < line.length; i += 2) context.lineTo(line[i] ?? 0, line[i + 1] ?? 0);
}

const SHORTEST_MS = 1;
const LONGEST_MS = 10_000;

/** How high a gap's bar is: the share of a logarithmic scale from 1 ms to 10 s. */
export function gapHeight(gapS: number): number {
  const ms = Math.min(Math.max(1000 * gapS, SHORTEST_MS), LONGEST_MS);
  return (Math.log10(ms / SHORTEST_MS) / Math.log10(LONGEST_MS / SHORTEST_MS)) * GAPS.height;
}

/** One thin bar a pixel, as high as the longest gap that ended there. */
export function drawGaps(
  context: CanvasRenderingContext2D,
  gaps: Gaps,
  frame: Frame,
  palette: Palette
): void {
  const { t, gapS } = gaps;
  const longest = columnMaxima(
    t.length,
    i => frame.x(t[i] ?? 0),
    i => gapS[i] ?? 0
  );
  const bottom = GAPS.top + GAPS.height;
  for (const [column, gap] of longest) {
    const height = Math.max(gapHeight(gap), 0.75);
    context.fillStyle = gap > 1 ? palette.alarm : palette.quiet;
    context.fillRect(column, bottom - height, 1, height);
  }
}
