// The trace view: one run, drawn live from its kernel or from where it was stored.

import type { Extras } from './step_door';
import { TraceView } from './trace';
import type { Link, TraceJson } from './types';

export type { CodeCell, NewCells } from './as_cell';
export type { Extras, StepModule } from './step_door';
export type { KernelMessage, Link, TraceJson } from './types';

/** A mounted view. */
export interface Mounted {
  /** Show another stored form of the same run. */
  update(trace: TraceJson): void;
  dispose(): void;
}

/** Put the view of a run into an element; without a link it draws the stored trace alone.
 *
 * @param extras what the host offers besides: the step view's module, new cells
 */
export function mount(
  host: HTMLElement,
  trace: TraceJson,
  link: Link | null,
  extras: Extras = {}
): Mounted {
  return new TraceView(host, trace, link, extras);
}
