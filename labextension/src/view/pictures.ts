// The figures of a run: each kept once, in bounded memory.

import type { Picture } from './types';

/** How much of pictures a view keeps, counted in characters of base64. */
const PICTURES_BYTES = 8_000_000;

/** Forget pictures that are not shown any more, then the oldest beyond the limit. */
export function bounded(pictures: Map<string, Picture>, shownKeys: readonly string[]): void {
  let total = [...pictures.values()].reduce((sum, picture) => sum + picture.data.length, 0);
  if (total <= PICTURES_BYTES) {
    return;
  }
  const shown = new Set(shownKeys);
  for (const [key, picture] of [...pictures].slice(0, -1)) {
    if (total > PICTURES_BYTES || !shown.has(key)) {
      total -= picture.data.length;
      pictures.delete(key);
    }
  }
}
