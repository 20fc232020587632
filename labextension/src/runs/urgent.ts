// The most urgent thing that is to be said of all runs: what the status bar shows.

import { dayStart } from './groups';
import { isLive, needsYou, type RunRow } from './store';
import { nameOf, spentSince } from './words';
import { rounded, share } from '../view/phrases';
import { t, told } from '../words';

export type Sign = 'needs' | 'retrying' | 'running' | 'answer';

export interface Urgent {
  readonly sign: Sign;
  /** What stands out, if something does. */
  readonly strong: string;
  readonly parts: readonly string[];
  /** Whether people wrote the replies. */
  readonly scripted: boolean;
  /** The run that it is about, if it is about one. */
  readonly runId: string;
}

/** What is to be said; null if nothing is.
 *
 * @param unseen a run that has its answer, which the person has not seen
 */
export function mostUrgent(
  rows: readonly RunRow[],
  unseen: RunRow | null,
  now: Date
): Urgent | null {
  const live = rows.filter(isLive);
  const waiting = live.filter(needsYou);
  const others = live.filter(row => !needsYou(row));
  const [first] = waiting;
  if (first) {
    const strong =
      waiting.length === 1 ? t('1 needs you') : t('{n} need you', { n: waiting.length });
    const parts = others.length
      ? [t('{n} running', { n: others.length })]
      : [nameOf(first.notebook)];
    const runId = waiting.length === 1 ? first.run_id : '';
    return said('needs', strong, [...parts, costToday(rows, now)], { scripted: false, runId });
  }
  const [only] = others;
  const retrying = others.find(({ state }) => state === 'retrying');
  if (retrying) return said('retrying', '', [told(retrying.words)], about(retrying));
  if (others.length > 1) {
    const many = t('{n} running', { n: others.length });
    return said('running', '', [t('Kimi'), many, costToday(rows, now)], {
      scripted: false,
      runId: ''
    });
  }
  if (only) return running(only);
  if (!unseen) return null;
  return said('answer', t('Answer ready'), [nameOf(unseen.notebook)], {
    scripted: false,
    runId: unseen.run_id
  });
}

function running(row: RunRow): Urgent {
  const speed =
    row.tokens_per_s === null || row.scripted
      ? ''
      : t('{n} tok/s', { n: rounded(row.tokens_per_s) });
  const context =
    row.context_share === null ? '' : t('context {share}', { share: share(row.context_share) });
  const details = [t('step {n}', { n: row.n_steps }), speed, context].filter(Boolean).join(', ');
  return said('running', '', row.scripted ? [details] : [t('Kimi'), details], about(row));
}

function costToday(rows: readonly RunRow[], now: Date): string {
  return spentSince(rows, dayStart(now, 0)).cost;
}

function about(row: RunRow): { scripted: boolean; runId: string } {
  return { scripted: row.scripted, runId: row.run_id };
}

function said(
  sign: Sign,
  strong: string,
  parts: readonly string[],
  rest: { scripted: boolean; runId: string }
): Urgent {
  return { sign, strong, parts: parts.filter(Boolean), ...rest };
}

/** Follows which run has got its answer while the person was elsewhere. */
export class Unseen {
  row: RunRow | null = null;
  private live = new Set<string>();

  /** @param isSeen whether the person looks at a run's notebook or trace */
  constructor(private readonly isSeen: (row: RunRow) => boolean) {}

  take(rows: readonly RunRow[]): void {
    const ended = rows.find(row => this.live.has(row.run_id) && row.state === 'answer');
    if (ended && !this.isSeen(ended)) this.row = ended;
    this.live = new Set(rows.filter(isLive).map(row => row.run_id));
    this.look();
  }

  /** The person may be looking at it now. */
  look(): void {
    if (this.row && this.isSeen(this.row)) this.row = null;
  }
}
