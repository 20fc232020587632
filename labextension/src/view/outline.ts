// Which rows a trace has: steps, and ranges of steps that stand as one line. Nothing here draws.

import type { RunView, StepLine } from './fold';
import type { Step } from './steps';

/** Older than this many steps before the current one, a live run's steps are one line. */
const LIVE_STEPS = 3;
/** Above this many steps a finished run is shown in ranges. */
const MANY_STEPS = 60;
const AIM_RANGES = 10;

export interface Group {
  kind: 'group';
  key: string;
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
  | { kind: 'left'; key: string; words: string };

/** The rows of a run, the insides of open groups included. */
export function outline(view: RunView, live: boolean, isOpen: (key: string) => boolean): Row[] {
  const top = live ? liveRows(view, isOpen) : finishedRows(view);
  return top.flatMap(row =>
    row.kind === 'group' && isOpen(row.key) ? [row, ...row.inside] : [row]
  );
}

function allRows(view: RunView, depth: number): Row[] {
  const lines = view.lines.map(
    (line): Row => ({ kind: 'line', key: `s${line.number}`, line, depth })
  );
  const steps = view.steps.map(
    (step): Row => ({ kind: 'step', key: `s${step.number}`, step, depth })
  );
  return [...lines, ...steps];
}

function rangeRows(view: RunView): Group[] {
  const known = view.lines[0]?.number ?? view.steps[0]?.number ?? Infinity;
  return view.ranges
    .filter(range => range.last < known)
    .map((range): Group => {
      const gists = range.gists.map(([number, gist]): Row => {
        const line = { number, gist, tools: '', outcome: '', nCalls: 0, nFailed: 0, nRepaired: 0 };
        return { kind: 'line', key: `s${number}`, line, depth: 1 };
      });
      const left = range.n_steps - gists.length;
      const words = `${left.toLocaleString('en-US')} more steps; the run in memory has them all`;
      const more: Row[] = left > 0 ? [{ kind: 'left', key: `l${range.first}`, words }] : [];
      return {
        kind: 'group',
        key: `g${range.first}`,
        first: range.first,
        last: range.last,
        nSteps: range.n_steps,
        nCalls: range.n_calls,
        nFailed: range.n_failed,
        nRepaired: range.n_repaired,
        gist: range.gists[0]?.[1] ?? '',
        inside: [...gists, ...more]
      };
    });
}

function liveRows(view: RunView, isOpen: (key: string) => boolean): Row[] {
  const rows = allRows(view, 0);
  const older = rangeRows(view);
  const current = view.lastStep?.number ?? 0;
  let n = rows.findIndex(row => numberOf(row) > current - LIVE_STEPS || isOpen(row.key));
  n = n < 0 ? rows.length : n;
  if (n + older.length < 2) {
    return [...older, ...rows];
  }
  const group = grouped([...older, ...rows.slice(0, n)], 'older');
  return [group, ...rows.slice(n)];
}

function finishedRows(view: RunView): Row[] {
  const older = rangeRows(view);
  if (view.nSteps <= MANY_STEPS && !older.length) {
    return allRows(view, 0);
  }
  const rows = allRows(view, 1);
  const ranges = Math.max(2, Math.min(AIM_RANGES, AIM_RANGES - older.length));
  const size = Math.max(5, Math.ceil(rows.length / ranges));
  const groups: Row[] = [];
  for (let i = 0; i < rows.length; i += size) {
    const part = rows.slice(i, i + size);
    groups.push(grouped(part, `g${part[0] ? numberOf(part[0]) : i}`));
  }
  return [...older, ...groups];
}

function numberOf(row: Row): number {
  switch (row.kind) {
    case 'step':
      return row.step.number;
    case 'line':
      return row.line.number;
    case 'group':
      return row.first;
    case 'left':
      return 0;
  }
}

function grouped(rows: Row[], key: string): Group {
  const group: Group = {
    kind: 'group',
    key,
    first: 0,
    last: 0,
    nSteps: 0,
    nCalls: 0,
    nFailed: 0,
    nRepaired: 0,
    gist: '',
    inside: []
  };
  for (const row of rows) {
    const counts = countsOf(row);
    group.first ||= counts.first;
    group.last = counts.last;
    group.nSteps += counts.nSteps;
    group.nCalls += counts.nCalls;
    group.nFailed += counts.nFailed;
    group.nRepaired += counts.nRepaired;
    group.gist ||= counts.gist;
    group.inside.push(...(row.kind === 'group' ? row.inside : [row]));
  }
  return group;
}

function countsOf(row: Row): Omit<Group, 'kind' | 'key' | 'inside'> {
  if (row.kind === 'group') {
    return row;
  }
  const none = { first: 0, last: 0, nSteps: 0, nCalls: 0, nFailed: 0, nRepaired: 0, gist: '' };
  if (row.kind === 'line') {
    const { number, ...rest } = row.line;
    return { ...rest, first: number, last: number, nSteps: 1 };
  }
  if (row.kind === 'left') {
    return none;
  }
  const { step } = row;
  return {
    first: step.number,
    last: step.number,
    nSteps: 1,
    nCalls: step.calls.length,
    nFailed: step.calls.filter(call => call.isError).length,
    nRepaired: step.calls.filter(call => call.repaired).length,
    gist: step.line
  };
}
