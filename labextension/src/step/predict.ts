// Saying what comes before it comes: the question at each place, and how the next move answers it.
// Predictions live in the view alone; the run never hears of them.

import type { Move, MoveFacts, Moves, Place } from './types';
import { t } from '../words';

export interface Guess {
  /** Which option was chosen. */
  choice: number;
  words: string;
  /** Null until the next move has come. */
  verdict: Verdict | null;
}

export interface Verdict {
  isRight: boolean;
  /** The option that was right, and what it was: `An error`, `TypeError`. */
  was: string;
  detail: string;
}

const options = (): Record<Place, readonly string[]> => ({
  '': [],
  request: [t('A tool call'), t('The same tool call again'), t('The answer')],
  reply: [t('The tool runs'), t('The loop ends'), t('Another request')],
  call: [t('A result'), t('An error'), t('It is denied')],
  result: [t('Another request'), t('The loop ends'), t('Another call runs')]
});

/** After these the loop may return. */
const ENDS: readonly Place[] = ['reply', 'result'];

/** The question at a place; '' where there is none. */
export function questionAt(place: Place): string {
  return {
    '': '',
    request: t('What comes back?'),
    reply: t('What happens next?'),
    call: t('What comes of it?'),
    result: t('What happens next?')
  }[place];
}

/** What can be said at a move. */
export function optionsAt(facts: MoveFacts): readonly string[] {
  const at = options()[facts.place];
  const failed = facts.place === 'request' && facts.tool?.is_error;
  return failed ? [t('A tool call, mended'), ...at.slice(1)] : at;
}

/** Which option came true: its index, or −1 for none of them; null while it is not known.
 *
 * @param next the move after it, if there is one
 * @param after what is known of that move
 * @param finished how the run has ended, if it has
 */
export function outcome(
  facts: MoveFacts,
  next: Move | undefined,
  after: MoveFacts | null,
  finished: Moves['finished']
): number | null {
  if (!next)
    return finished ? (ENDS.includes(facts.place) && finished === 'answer' ? 1 : -1) : null;
  switch (facts.place) {
    case 'request':
      return cameBack(facts, next, after);
    case 'call':
      return next.mark === 'denied' ? 2 : next.mark === 'error' ? 1 : next.mark === '' ? 0 : -1;
    case 'reply':
      return next.place === 'call' ? 0 : next.place === 'request' ? 2 : -1;
    case 'result':
      return next.place === 'request' ? 0 : next.place === 'call' ? 2 : -1;
    case '':
      return null;
  }
}

function cameBack(facts: MoveFacts, next: Move, after: MoveFacts | null): number {
  if (next.mark === 'answer') return 2;
  if (next.mark !== 'calls') return -1;
  return facts.tool && after && isRepeated(facts, after) ? 1 : 0;
}

/** Whether the reply makes the call that was made last, with the same arguments. */
function isRepeated(facts: MoveFacts, after: MoveFacts): boolean {
  const [call] = (after.reply?.message['tool_calls'] ?? []) as {
    function?: { name?: string; arguments?: string };
  }[];
  if (call?.function?.name !== facts.tool?.name) return false;
  try {
    const given: unknown = JSON.parse(call?.function?.arguments ?? '');
    return JSON.stringify(given) === JSON.stringify(facts.tool?.arguments);
  } catch {
    return false; // arguments that are no JSON are not those of the call that ran
  }
}

/** The predictions of one run. */
export class Predictions {
  private readonly guesses = new Map<number, Guess>();
  private readonly skipped = new Set<number>();

  choose(n: number, choice: number, words: string): void {
    const guess = this.guesses.get(n);
    if (!guess?.verdict) this.guesses.set(n, { choice, words, verdict: null });
  }
  skip(n: number): void {
    this.skipped.add(n);
    this.guesses.delete(n);
  }
  isSkipped(n: number): boolean {
    return this.skipped.has(n);
  }
  at(n: number): Guess | undefined {
    return this.guesses.get(n);
  }
  /** The moves whose prediction waits for what comes next. */
  get waiting(): number[] {
    return [...this.guesses].filter(([, guess]) => !guess.verdict).map(([n]) => n);
  }

  /** The next move has come: say whether the prediction was right. */
  settle(facts: MoveFacts, right: number, detail: string): void {
    const guess = this.guesses.get(facts.n);
    if (!guess || guess.verdict) return;
    const was = optionsAt(facts)[right] ?? t('Something else');
    guess.verdict = { isRight: guess.choice === right, was, detail };
  }

  /** `3 of 4 right so far`; '' before the first. */
  get score(): string {
    const settled = [...this.guesses.values()].flatMap(guess => guess.verdict ?? []);
    const right = settled.filter(verdict => verdict.isRight).length;
    return settled.length ? t('{right} of {n} right so far', { right, n: settled.length }) : '';
  }
}
