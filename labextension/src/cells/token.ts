// What other plugins may ask of the cells' plugin.

import { Token } from '@lumino/coreutils';

/** What an agent has changed in a notebook. */
export interface CellChanges {
  /** How many changes of a run wait for an answer. */
  count(run: string): number;
  /** Take back all that a run changed, but for what a person has changed since. */
  revert(run: string): void;
}

export interface Cells {
  /** The changes in a notebook, by its panel; null if it was closed. */
  of(panel: object): Promise<CellChanges | null>;
}

export const ICells = new Token<Cells>('nbagent:ICells');
