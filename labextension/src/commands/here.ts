// Which notebook a run belongs to, and which run a command in a notebook is about.

import { isLive, type RunRow, type RunsStore } from '../runs/store';
import type { Panel, Tracker } from './host';

const CAN_RESUME: readonly string[] = ['interrupted', 'stopped', 'limit', 'error'];

/** The path of a notebook as the server has it; a drive's name before it is no part of it. */
function pathOf(panel: Panel): string {
  return panel.context.path.replace(/^[^/:]+:/, '');
}

/** Whether a run belongs to a notebook: by its kernel while it lives, else by the path. */
export function belongs(row: RunRow, panel: Panel): boolean {
  const kernel = panel.sessionContext.session?.kernel?.id;
  if (row.kernelId !== undefined && row.kernelId === kernel) return true;
  return !row.outside && row.notebook !== '' && row.notebook === pathOf(panel);
}

export function panelOf(row: RunRow, tracker: Tracker): Panel | undefined {
  return tracker.find(panel => belongs(row, panel));
}

/** The run of a notebook that goes on: the active cell's, else the newest of those that match. */
export function liveIn(
  panel: Panel | null,
  store: RunsStore,
  matches: (row: RunRow) => boolean = () => true
): RunRow | undefined {
  if (!panel) return undefined;
  const live = store.rows.filter(row => isLive(row) && belongs(row, panel) && matches(row));
  const cell = panel.content.activeCell?.model.id;
  return live.find(row => row.cell_id === cell) ?? live[0];
}

/** The newest run of a notebook, if it ended without an answer. */
export function resumableIn(panel: Panel | null, store: RunsStore): RunRow | undefined {
  const last = panel && store.rows.find(row => belongs(row, panel));
  return last && CAN_RESUME.includes(last.state) ? last : undefined;
}
