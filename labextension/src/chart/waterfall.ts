// The run as a waterfall: a row a step on the chart's own time axis, with its phases.

import { numbersOf, seconds } from '../view/phrases';
import { svg } from './dom';
import { box, timeAxis } from './plot';
import type { Patterns } from './phases';
import type { Row } from './rows';
import type { Frame } from './scale';
import { rowWords } from './words';

export const ROW_HEIGHT = 16;
const BAR = 9;
const TOP = 4;

/** How high the rows and their axis are, in pixels. */
export function waterfallHeight(n: number): number {
  return TOP + n * ROW_HEIGHT + 20;
}

/** The row at a height. */
export function rowAt(y: number, n: number): number {
  return Math.min(Math.max(Math.floor((y - TOP) / ROW_HEIGHT), 0), n - 1);
}

/** The rows, their words and the axis: at most two texts a row and one path a phase. */
export function waterfallNodes(
  rows: readonly Row[],
  frame: Frame,
  patterns: Patterns,
  chosen: number | null
): SVGElement[] {
  const paths = new Map<string, string>();
  const words: SVGElement[] = [];
  rows.forEach((row, i) => {
    const y = TOP + i * ROW_HEIGHT;
    for (const { phase, t0, t1 } of row.spans) {
      paths.set(phase, (paths.get(phase) ?? '') + box(frame.x(t0), frame.x(t1), y + 3, BAR));
    }
    words.push(...labels(row, y + 11, frame));
  });
  const shapes = [...paths].map(([phase, d]) => svg('path', { d, ...patterns.fill(phase) }));
  return [
    ...highlight(chosen, frame),
    ...shapes,
    ...words,
    ...said(rows, chosen, frame),
    ...timeAxis(frame, TOP + rows.length * ROW_HEIGHT + 14)
  ];
}

function highlight(chosen: number | null, frame: Frame): SVGElement[] {
  if (chosen === null) return [];
  const y = TOP + chosen * ROW_HEIGHT;
  const place = { x: 0, y, width: frame.width, height: ROW_HEIGHT };
  return [svg('rect', { ...place, class: 'nba-chosen' })];
}

/** The chosen row in words, after its bar or before it. */
function said(rows: readonly Row[], chosen: number | null, frame: Frame): SVGElement[] {
  const row = rows[chosen ?? -1];
  if (!row || chosen === null) return [];
  const after = frame.x(row.t1) < (frame.left + frame.right) / 2;
  const x = after ? frame.x(row.t1) + 6 : frame.x(row.t0) - 6;
  const place = { x, y: TOP + chosen * ROW_HEIGHT + 11, class: 'nba-halo nba-said' };
  return [svg('text', after ? place : { ...place, 'text-anchor': 'end' }, [rowWords(row)])];
}

function labels(row: Row, y: number, frame: Frame): SVGElement[] {
  const number = numbersOf(row);
  const name = row.label && frame.wide ? `${number} ${row.label}` : number;
  const long = name.length > 18 ? `${name.slice(0, 17)}…` : name;
  const left = svg('text', { x: 0, y, class: 'nba-mono' }, [long]);
  if (!frame.wide) return [left];
  const right = { x: frame.width, y, 'text-anchor': 'end' };
  return [left, svg('text', right, [seconds(row.t1 - row.t0)])];
}
