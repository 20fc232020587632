// A long run in columns: some steps each, with the time that each phase took, failures and context.

import { phaseSeconds } from '../view/figures';
import type { Figure, StepFigures } from '../view/types';

/** From this many steps on the run is drawn in columns and ranges. */
export const LONG_RUN = 200;
const MAX_COLUMNS = 180;
/** Of the columns' heights: longer ones are cut, so that one long wait does not flatten the rest. */
const FULL_AT = 0.98;

/** Some steps that follow one another. */
export interface Column {
  readonly first: number;
  readonly last: number;
  /** Mean seconds a step, by phase. */
  readonly phases: ReadonlyMap<string, number>;
  readonly failed: number;
}

/** The columns of a run, in order; at most 180. */
export function columnsOf(
  rows: readonly StepFigures[],
  failed: ReadonlySet<number>,
  most = MAX_COLUMNS
): Column[] {
  const size = Math.max(1, Math.ceil(rows.length / most));
  const columns: Column[] = [];
  for (let i = 0; i < rows.length; i += size) {
    const part = rows.slice(i, i + size);
    columns.push({
      first: part[0]?.step ?? 0,
      last: part.at(-1)?.step ?? 0,
      phases: meanPhases(part),
      failed: part.filter(row => failed.has(row.step)).length
    });
  }
  return columns;
}

function meanPhases(rows: readonly StepFigures[]): Map<string, number> {
  const sums = sumPhases(rows);
  sums.forEach((value, phase) => sums.set(phase, value / rows.length));
  return sums;
}

/** How long each phase took in some steps, in seconds. */
export function sumPhases(rows: readonly StepFigures[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const row of rows) {
    for (const [phase, length] of phaseSeconds(row)) {
      sums.set(phase, (sums.get(phase) ?? 0) + length);
    }
  }
  return sums;
}

/** Seconds a step at which a column is full. */
export function fullHeight(columns: readonly Column[]): number {
  const heights = columns
    .map(({ phases }) => [...phases.values()].reduce((sum, part) => sum + part, 0))
    .sort((a, b) => a - b);
  return Math.max(heights[Math.floor((heights.length - 1) * FULL_AT)] ?? 0, 1e-3);
}

/** Tokens in the model's context after each step; null where nobody counted them. */
export function contextOf(row: StepFigures): number | null {
  const [prompt, out] = [number(row['prompt_tokens']), number(row['completion_tokens'])];
  return prompt === null ? null : prompt + (out ?? 0);
}

/** The middle of the speeds of at most so many stretches of some steps, for a small line. */
export function speedsOf(rows: readonly StepFigures[], most: number): number[] {
  const size = Math.max(1, Math.ceil(rows.length / most));
  const speeds: number[] = [];
  for (let i = 0; i < rows.length; i += size) {
    const part = rows
      .slice(i, i + size)
      .map(row => number(row['tokens_per_s']))
      .filter(speed => speed !== null)
      .sort((a, b) => a - b);
    const middle = part[Math.floor(part.length / 2)];
    if (middle !== undefined) speeds.push(middle);
  }
  return speeds;
}

function number(value: Figure): number | null {
  return typeof value === 'number' ? value : null;
}
