// Which steps are open: by the rules of a live run, unless the reader has opened or closed them.

import type { RunView } from './fold';
import { isHeld } from './held';

export class Folding {
  private readonly byHand = new Map<string, boolean>();
  private auto = new Set<string>();

  /** Whether a row is open. */
  isOpen = (key: string): boolean => this.byHand.get(key) ?? this.auto.has(key);

  /** The reader opened or closed a row. */
  set(key: string, isOpen: boolean): void {
    this.byHand.set(key, isOpen);
  }

  /** Open or close all at once; a group is opened too, so that its steps are seen. */
  setAll(keys: Iterable<string>, isOpen: boolean): void {
    for (const key of keys) {
      this.byHand.set(key, isOpen);
    }
  }

  /** Apply the rules to the run as it is; what the reader holds stays as it is. */
  follow(view: RunView, live: boolean, nodeOf: (key: string) => Element | undefined): void {
    const wanted = live ? openSteps(view) : new Set<string>();
    for (const key of this.auto) {
      const node = wanted.has(key) ? undefined : nodeOf(key);
      if (node && isHeld(node)) {
        wanted.add(key);
      }
    }
    this.auto = wanted;
  }
}

/** The current step; the one before until the current one calls a tool; failed ones until repaired. */
function openSteps(view: RunView): Set<string> {
  const [current, before] = [view.steps.at(-1), view.steps.at(-2)];
  const open = new Set<string>();
  if (current) {
    open.add(`s${current.number}`);
  }
  if (before && !current?.calls.length) {
    open.add(`s${before.number}`);
  }
  for (const step of view.steps.slice(-3)) {
    if (step.unrepaired) {
      open.add(`s${step.number}`);
    }
  }
  return open;
}
