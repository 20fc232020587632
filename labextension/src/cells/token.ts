// What other plugins may ask of the cells' plugin.

import { Token } from '@lumino/coreutils';

/** What an agent has changed in a notebook. */
export interface CellChanges {
  /** Put a button into a place that takes back all that a run changed, but for what a person has
   * changed since. It shows as long as there is something; the function that is returned ends it. */
  offerRevert(run: string, place: HTMLElement): () => void;
}

export interface Cells {
  /** The changes in a notebook, by its panel; null if it was closed. */
  of(panel: object): Promise<CellChanges | null>;
}

export const ICells = new Token<Cells>('nbagent:ICells');
