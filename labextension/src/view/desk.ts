// What the parts of a view share: the run as it is now, and what they can ask of the whole.

import type { Decision } from './approval';
import type { NewCells } from './as_cell';
import type { Archive } from './archive';
import type { Step } from './steps';
import type { Scene } from './stored';

export type RequestForm = 'json' | 'curl' | 'python';

export interface Desk {
  readonly scene: Scene;
  /** Seconds since the run began, counted on while it goes on. */
  now(): number;
  /** Whether the run goes on and the kernel that drives it answers. */
  readonly live: boolean;
  /** Whether a kernel is there to ask for requests. */
  readonly alive: boolean;
  /** Whether this is the step that a live run is at. */
  isCurrent(step: Step): boolean;
  /** Steps that are not kept whole here. */
  readonly archive: Archive;
  /** Answer the question that has this key; it fails if that is no longer asked. */
  decide(key: string, decision: Decision): Promise<unknown>;
  /** Let a screen reader say it, when it has said what comes before. */
  say(words: string): void;
  copy(text: string, what: string, done?: () => void): void;
  /** New cells below the trace; null where the front end gives no way to them. */
  readonly newCells: NewCells | null;
  copyRequest(step: number, form: RequestForm | 'cell', copied?: () => void): void;
  goTo(step: number): void;
}
