// Where a host can send the reader of a view.

/** The event by which a host asks; it is cancelled where there is such a place. */
export const GO = 'nbagent-go';

export type Goal = 'question' | 'next-error' | 'previous-error';

export function askFor(goal: Goal): CustomEvent<Goal> {
  return new CustomEvent(GO, { detail: goal, cancelable: true });
}
