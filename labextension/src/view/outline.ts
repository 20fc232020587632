// Which rows a trace has: steps, and ranges of steps that stand as one line. Nothing here draws.

import type { RunView } from './fold';
import { lineOf, type StepLine } from './lines';
import type { Step } from './steps';
import { counted, t } from '../words';

/** Older than this many steps before the current one, a live run's steps are one line. */
const LIVE_STEPS = 3;
/** Above this many steps a run is shown in ranges. */
export const MANY_STEPS = 60;
const MOST_RANGES = 14;
/** A range of more steps than this holds ranges of so many. */
const NESTED = 50;
const SIZES = [5, 10, 15, 20, 25, 50, 100, 200, 400, 800];

export interface Group {
  kind: 'group';
  key: string;
  depth: number;
  first: number;
  last: number;
  nSteps: number;
  nCalls: number;
  nFailed: number;
  nRepaired: number;
  gist: string;
  /** What it opens to. */
  inside: Row[];
}

export type Row =
  | Group
  | { kind: 'step'; key: string; step: Step; depth: number }
  | { kind: 'line'; key: string; line: StepLine; depth: number }
  | { kind: 'compacted'; key: string; number: number; words: string; told: string; depth: number }
  | { kind: 'left'; key: string; words: string; depth: number };

/** The rows of a run in order, groups closed; of a filter, the steps that it lets through. */
export function outline(
  view: RunView,
  live: boolean,
  isOpen: (key: string) => boolean,
  only: ReadonlySet<number> | null = null
): Row[] {
  if (only) {
    return stepRows(view, 0).filter(row => only.has(numberOf(row)));
  }
  return live ? liveRows(view, isOpen) : finishedRows(view);
}

/** The rows with the insides of those groups that are open. */
export function unfolded(rows: readonly Row[], isOpen: (key: string) => boolean): Row[] {
  return rows.flatMap(row =>
    row.kind === 'group' && isOpen(row.key) ? [row, ...unfolded(row.inside, isOpen)] : [row]
  );
}

/** The keys of the groups that hold a row, the outermost first; null if no row has this key. */
export function wayTo(rows: readonly Row[], key: string): string[] | null {
  for (const row of rows) {
    if (row.key === key) {
      return [];
    }
    const inside = row.kind === 'group' ? wayTo(row.inside, key) : null;
    if (inside) {
      return [row.key, ...inside];
    }
  }
  return null;
}

function stepRows(view: RunView, depth: number): Row[] {
  const lines = view.lines.map(
    (line): Row => ({ kind: 'line', key: `s${line.number}`, line, depth })
  );
  const steps = view.steps.map(
    (step): Row => ({ kind: 'step', key: `s${step.number}`, step, depth })
  );
  return [...lines, ...steps];
}

/** Ranges of steps that have no line any more. */
function rangeRows(view: RunView): Group[] {
  const known = view.lines[0]?.number ?? view.steps[0]?.number ?? Infinity;
  return view.ranges
    .filter(range => range.first < known)
    .map((range): Group => {
      const last = Math.min(range.last, known - 1);
      const nSteps = Math.min(range.n_steps, last - range.first + 1);
      const steps = counted(nSteps, 'step');
      const words = t('{steps}; the run in memory has them all', { steps });
      return {
        kind: 'group',
        key: `r${range.first}`,
        depth: 0,
        first: range.first,
        last,
        nSteps,
        nCalls: range.n_calls,
        nFailed: range.n_failed,
        nRepaired: range.n_repaired,
        gist: range.gists[0]?.[1] ?? '',
        inside: [{ kind: 'left', key: `l${range.first}`, words, depth: 1 }]
      };
    });
}

function liveRows(view: RunView, isOpen: (key: string) => boolean): Row[] {
  const rows = stepRows(view, 0);
  const older = rangeRows(view);
  const current = view.lastStep?.number ?? 0;
  let n = rows.findIndex(row => numberOf(row) > current - LIVE_STEPS || isOpen(row.key));
  n = n < 0 ? rows.length : n;
  if (n > MANY_STEPS) {
    return [...older, ...ranges(view, rows.slice(0, n), older.length), ...rows.slice(n)];
  }
  if (n + older.length < 2) {
    return [...older, ...rows];
  }
  const inside = [...older, ...withCompactions(view, rows.slice(0, n), 1)];
  return [grouped(inside, 'older', 0), ...rows.slice(n)];
}

function finishedRows(view: RunView): Row[] {
  const older = rangeRows(view);
  const rows = stepRows(view, 0);
  if (view.nSteps <= MANY_STEPS && !older.length) {
    return withCompactions(view, rows, 0);
  }
  return [...older, ...ranges(view, rows, older.length)];
}

/** Steps as ranges of a round size; a range of many is one of ranges. */
function ranges(view: RunView, rows: readonly Row[], nOthers: number): Group[] {
  const most = Math.max(2, MOST_RANGES - nOthers);
  let size = SIZES.find(s => rows.length / s <= most) ?? 1600;
  while (rows.length / size > most) {
    size *= 2;
  }
  return chunks(rows, size).map(part => {
    const inside =
      size > NESTED
        ? chunks(part, NESTED).map(few =>
            grouped(withCompactions(view, few, 2), `n${first(few)}`, 1)
          )
        : withCompactions(view, part, 1);
    return grouped(inside, `g${first(part)}`, 0);
  });
}

function chunks(rows: readonly Row[], size: number): Row[][] {
  const n = Math.ceil(rows.length / size);
  return Array.from({ length: n }, (_, i) => rows.slice(i * size, (i + 1) * size));
}

function first(rows: readonly Row[]): number {
  return rows[0] ? numberOf(rows[0]) : 0;
}

/** Steps at a depth, and a row before each step whose request was compacted. */
function withCompactions(view: RunView, rows: readonly Row[], depth: number): Row[] {
  return rows.flatMap(row => {
    const number = numberOf(row);
    const before = view.compacted
      .filter(([step]) => step === number)
      .map(([, words, told = ''], i): Row => {
        return { kind: 'compacted', key: `c${number}.${i}`, number, words, told, depth };
      });
    return [...before, { ...row, depth }];
  });
}

function numberOf(row: Row): number {
  switch (row.kind) {
    case 'step':
      return row.step.number;
    case 'line':
      return row.line.number;
    case 'group':
      return row.first;
    case 'compacted':
    case 'left':
      return 0;
  }
}

function grouped(rows: Row[], key: string, depth: number): Group {
  const group: Group = {
    kind: 'group',
    key,
    depth,
    first: 0,
    last: 0,
    nSteps: 0,
    nCalls: 0,
    nFailed: 0,
    nRepaired: 0,
    gist: '',
    inside: rows
  };
  for (const row of rows) {
    const counts = countsOf(row);
    if (counts) {
      group.first ||= counts.first;
      group.last = counts.last;
      group.nSteps += counts.nSteps;
      group.nCalls += counts.nCalls;
      group.nFailed += counts.nFailed;
      group.nRepaired += counts.nRepaired;
      group.gist ||= counts.gist;
    }
  }
  return group;
}

function countsOf(row: Row): Omit<Group, 'kind' | 'key' | 'depth' | 'inside'> | null {
  if (row.kind === 'group') {
    return row;
  }
  if (row.kind === 'left' || row.kind === 'compacted') {
    return null;
  }
  const line = row.kind === 'step' ? lineOf(row.step) : row.line;
  return { ...line, first: line.number, last: line.number, nSteps: 1 };
}
