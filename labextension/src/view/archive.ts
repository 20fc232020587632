// Steps of which the view has a line alone, asked from the kernel that still has the run.

import type { Call } from './call';
import { RunView } from './fold';
import { clean } from './phrases';
import { bounded } from './pictures';
import type { Scene } from './stored';
import type { Step } from './steps';
import type { Event } from './types';
import { t } from '../words';

/** Steps that are asked for at once. */
const CHUNK = 10;
/** How far a repair reaches: as many steps more are asked for on both sides. */
const REACH = 3;
/** Steps that are kept once they came. */
const KEPT = 100;
/** The line that stands in an excerpt for what it lacks. */
const CUT = /^… .* left out here …$/m;

export class Archive {
  private readonly whole = new Map<number, Step>();
  private readonly state = new Map<number, 'asked' | 'none'>();

  constructor(
    private readonly scene: () => Scene,
    private readonly ask: (first: number, last: number) => Promise<unknown>,
    private readonly onChange: () => void
  ) {}

  /** A step as the kernel told it, if it did. */
  get(number: number): Step | undefined {
    return this.whole.get(number);
  }

  /** Ask for a step, once; it and its neighbours come later. */
  want(number: number): void {
    if (this.whole.has(number) || this.state.has(number)) {
      return;
    }
    const first = number - ((number - 1) % CHUNK);
    const last = first + CHUNK - 1;
    this.mark(first, last, 'asked');
    this.ask(first - REACH, last + REACH)
      .then(
        data => this.take(data, first, last),
        () => this.mark(first, last, 'none')
      )
      .finally(this.onChange);
  }

  /** What to say in place of a step's texts. */
  words(number: number): string {
    if (this.state.get(number) === 'asked') {
      return t('Asking the kernel for this step');
    }
    const { runId } = this.scene().view;
    return t(
      'Its texts were left out to keep this notebook small, and no kernel answers that has them. {show} brings the run back from memory or disk; then this step opens.',
      { show: `%kimi show ${runId}` }
    );
  }

  /** All code of a call, of which the trace may have an excerpt alone.
   *
   * @throws if nobody answers who has it
   */
  async code({ number }: Step, { index, code }: Call): Promise<string> {
    if (code && !CUT.test(code)) return code;
    const codes = eventsIn(await this.ask(number, number)).flatMap(event => {
      const isOfCall = event.kind === 'tool_started' || event.kind === 'approval_asked';
      const given = isOfCall && event.index === index ? event.arguments?.['code'] : null;
      return typeof given === 'string' ? [clean(given)] : [];
    });
    const last = codes.at(-1);
    if (last === undefined) throw new Error('No such call is known.');
    return last;
  }

  /** A kernel may be there now: what it did not have can be asked for again. */
  retry(): void {
    this.state.clear();
  }

  private mark(first: number, last: number, state: 'asked' | 'none'): void {
    for (let number = first; number <= last; number++) {
      this.state.set(number, state);
    }
  }

  private take(data: unknown, first: number, last: number): void {
    this.mark(first, last, 'none');
    const view = new RunView();
    eventsIn(data).forEach(event => view.apply(event));
    for (const step of view.steps) {
      if (step.number >= first && step.number <= last) {
        this.whole.set(step.number, step);
      }
    }
    const { pictures } = this.scene().view;
    view.pictures.forEach((picture, key) => pictures.set(key, picture));
    bounded(pictures, [...this.scene().view.pictureKeys(), ...view.pictureKeys()]);
    for (const number of [...this.whole.keys()].slice(0, -KEPT)) {
      this.whole.delete(number);
      this.state.delete(number);
    }
  }
}

function eventsIn(data: unknown): Event[] {
  const events = (data as { events?: unknown } | null)?.events;
  return Array.isArray(events) ? (events as Event[]) : [];
}
