// The gaps between the pieces of replies, from a run's events: what the gap strip draws.

import type { Event } from '../view/types';
import type { Gaps } from './types';

/** So many gaps are kept; beyond that neighbours are joined, and the longer one stays. */
export const MAX_GAPS = 20_000;

/** Collects gaps; `apply` each event once, in order. */
export class GapLog {
  private t: number[] = [];
  private gapS: number[] = [];
  /** When the last piece of the reply under way came; null before its first. */
  private last: number | null = null;
  /** How many gaps there were before the reply under way, whose samples will replace its own. */
  private settled = 0;

  /** Take an event into account. */
  apply(event: Event): void {
    if (event.kind === 'delta') this.piece(event.t);
    else if (event.kind === 'step_started') this.begin();
    else if (event.kind === 'reply_received' && event.samples?.length) {
      this.t.length = this.gapS.length = this.settled;
      this.last = null;
      for (const [t] of event.samples) this.piece(t);
      this.begin();
    }
  }

  /** All gaps so far; the arrays are not copied. */
  gaps(): Gaps {
    return { t: this.t, gapS: this.gapS };
  }

  private begin(): void {
    this.last = null;
    if (this.t.length > MAX_GAPS) this.halve();
    this.settled = this.t.length;
  }

  private piece(t: number): void {
    if (this.last !== null) {
      this.t.push(t);
      this.gapS.push(Math.max(t - this.last, 0));
    }
    this.last = t;
  }

  private halve(): void {
    const kept = this.t.map((_, i) => i).filter(i => i % 2 === 0);
    const longer = kept.map(i => ((this.gapS[i + 1] ?? 0) > (this.gapS[i] ?? 0) ? i + 1 : i));
    this.t = longer.map(i => this.t[i] ?? 0);
    this.gapS = longer.map(i => this.gapS[i] ?? 0);
  }
}
