// One list of what two sources say. A kernel knows best what its run does now; the server keeps
// what is over.

import type { ListedRun, RunRow } from './store';

/** A run as its kernel tells it. */
export interface KernelRun {
  readonly run: ListedRun;
  readonly kernelId: string;
  /** The notebook's path on the server, as its session has it; '' if there is none. */
  readonly path: string;
}

/** The rows of both sources, newest first.
 *
 * @param absent runs that the server was asked for and has no record of
 */
export function merged(
  stored: Iterable<ListedRun>,
  live: Iterable<KernelRun>,
  absent: ReadonlySet<string>
): RunRow[] {
  const rows = new Map<string, RunRow>();
  for (const run of stored) rows.set(run.run_id, { ...run, source: 'server' });
  for (const one of live) rows.set(one.run.run_id, joined(one, rows.get(one.run.run_id), absent));
  return [...rows.values()].sort(byTime);
}

function joined(
  { run, kernelId, path }: KernelRun,
  stored: RunRow | undefined,
  absent: ReadonlySet<string>
): RunRow {
  const place = path
    ? { notebook: path, outside: false }
    : { notebook: stored?.notebook ?? run.notebook, outside: stored?.outside ?? true };
  return {
    ...run,
    ...place,
    kernelId,
    source: stored ? 'both' : 'kernel',
    elsewhere: !stored && absent.has(run.run_id)
  };
}

function byTime(a: RunRow, b: RunRow): number {
  return b.wall - a.wall || (a.run_id < b.run_id ? 1 : -1);
}

/** Whether two rows say the same. */
export function isSame(a: RunRow | undefined, b: RunRow): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
