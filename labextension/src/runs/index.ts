// The runs, loaded once the page is there: the store, the panel, the status-bar item.

import type { StoreDoor } from './door';
import type { App, Parts } from './host';

/** Begin to list runs. */
export function begin(_app: App, _parts: Parts, _door: StoreDoor): void {
  // The parts follow.
}
