// The fixtures of the Python tests: both renderers must say the same of the same events.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { RunView } from '../../src/view/fold';
import { Meter } from '../../src/view/meter';
import type { Scene } from '../../src/view/stored';
import type { ChartJson, Event, Metrics, Snapshot } from '../../src/view/types';

export interface RunFixture {
  events: Event[];
  snapshot: Snapshot;
  metrics: Metrics;
  chart: ChartJson;
  plain: string;
  plain_steps: string;
}

export const RUNS = [
  'run_repaired',
  'run_asked',
  'run_stopping',
  'run_stopped',
  'run_outcome',
  'run_resumed',
  'run_scripted',
  'run_hostile',
  'run_long',
  'run_many'
] as const;

/** Read one fixture anew, so that no test can change another's. */
export function fixture(name: (typeof RUNS)[number]): RunFixture {
  return read(name) as RunFixture;
}

export function read(name: string): unknown {
  const path = join(import.meta.dirname, '../../../tests/fixtures', `${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as unknown;
}

/** Fold events into what is drawn of them. */
export function folded(events: readonly Event[]): Scene {
  const scene = { view: new RunView(), meter: new Meter() };
  for (const event of events) {
    scene.view.apply(event);
    scene.meter.apply(event);
  }
  return scene;
}

/** Find where two JSON values differ by more than a rounding; '' if nowhere. */
export function difference(a: unknown, b: unknown, path = '$'): string {
  if (typeof a === 'number' && typeof b === 'number') {
    return Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a)) ? '' : `${path}: ${a} is not ${b}`;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return a === b ? '' : `${path}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`;
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = difference(left[key], right[key], `${path}.${key}`);
    if (found) {
      return found;
    }
  }
  return '';
}
