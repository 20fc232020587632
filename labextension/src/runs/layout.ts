// Where the lines of a list stand, and which of them are in sight.

export interface Slot {
  readonly key: string;
  readonly top: number;
  readonly height: number;
}

/** Lines one below the other. */
export function laidOut<T extends { readonly key: string }>(
  items: readonly T[],
  heightOf: (item: T) => number
): Slot[] {
  let top = 0;
  return items.map(item => {
    const slot = { key: item.key, top, height: heightOf(item) };
    top += slot.height;
    return slot;
  });
}

/** The height of all. */
export function heightOfAll(slots: readonly Slot[]): number {
  const last = slots.at(-1);
  return last ? last.top + last.height : 0;
}

/** The index of the line at a height; the number of lines below them all. */
export function indexAt(slots: readonly Slot[], y: number): number {
  let [low, high] = [0, slots.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const slot = slots[middle];
    if (slot && slot.top + slot.height <= y) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The lines that are in sight: from the first index up to, not including, the second. */
export function inSight(
  slots: readonly Slot[],
  top: number,
  height: number,
  margin: number
): [from: number, to: number] {
  const from = indexAt(slots, Math.max(0, top - margin));
  return [from, Math.min(slots.length, indexAt(slots, top + height + margin) + 1)];
}
