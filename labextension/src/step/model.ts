// Where the step view stands: which run, which move, and what may be done there. Going back and
// forward only reads; the run moves by `go`, and only from where it rests.

import type { ForkFacts, Move, MoveFacts, Moves, Until } from './types';

export type Send = (action: string, fields?: object) => Promise<unknown>;

/** News of the original come often while it streams; the moves are asked for at most so often. */
const APART_MS = 100;
/** A fork sends no news: it is asked. */
const POLL_MS = 250;
/** So many moves are kept as they were read. */
const KEPT = 64;

export class StepModel {
  moves: Moves | null = null;
  /** What is known of the move that is shown. */
  shown: MoveFacts | null = null;
  /** The move that is shown, from 1; 0 before the first. */
  at = 0;
  /** What went wrong last, in words. */
  fault = '';
  /** Whether the view goes along with the run. */
  private isFollowing = true;
  private readonly known = new Map<number, MoveFacts>();
  private isAsking = false;
  private isStale = false;
  private askedAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isOver = false;

  constructor(
    private readonly ask: Send,
    private readonly ownId: string,
    private readonly onChange: () => void,
    public runId = ownId
  ) {
    document.addEventListener('visibilitychange', this.seen);
  }

  dispose(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.seen);
  }

  /** The move where the run is now. */
  get now(): number {
    return this.moves?.open?.n ?? this.moves?.moves.at(-1)?.n ?? 0;
  }
  /** The first move that is told of: of a very long run the last ones are. */
  get first(): number {
    return this.moves?.moves[0]?.n ?? 1;
  }
  get count(): number {
    return this.moves?.moves.at(-1)?.n ?? 0;
  }
  get isFinished(): boolean {
    return Boolean(this.moves?.finished);
  }
  get isMoving(): boolean {
    return this.moves !== null && !this.moves.open && !this.moves.finished;
  }
  /** What a fork asks; what the run itself asks is answered in the trace. */
  get question(): Moves['question'] {
    return (this.runId !== this.ownId && this.moves?.question) || null;
  }
  /** Whether an earlier move is shown than the one where the run is. */
  get looksBack(): boolean {
    return this.at > 0 && this.at !== this.now;
  }
  /** Whether what is shown is where the run rests, so that it can be changed and go on. */
  get isOpen(): boolean {
    return this.moves?.open?.n === this.at;
  }
  move(n: number): Move | undefined {
    return this.moves?.moves.find(move => move.n === n);
  }

  /** The run has moved, or may have. */
  news(): void {
    if (this.runId === this.ownId) this.later(APART_MS);
  }

  async refresh(): Promise<void> {
    if (this.isAsking) {
      this.isStale = true;
      return;
    }
    this.isAsking = true;
    this.askedAt = performance.now();
    try {
      await this.look();
    } catch (error) {
      this.fail(error);
    } finally {
      this.isAsking = false;
    }
    if (this.isStale) {
      this.isStale = false;
      this.later(APART_MS);
    } else if (this.isMoving && this.runId !== this.ownId) {
      this.later(POLL_MS);
    }
  }

  private async look(): Promise<void> {
    const { runId } = this;
    const moves = (await this.send('moves')) as Moves;
    if (this.isOver || runId !== this.runId) return;
    this.moves = moves;
    if (this.isFollowing && this.now) await this.show(this.now);
    else this.onChange();
  }

  private later(apart: number): void {
    if (this.isOver || document.hidden) return;
    const wait = Math.max(0, this.askedAt + apart - performance.now());
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.refresh();
    }, wait);
  }

  private readonly seen = (): void => {
    if (this.isMoving) this.later(APART_MS);
  };

  /** Show a move: it is read, nothing else. */
  async goTo(n: number): Promise<void> {
    const to = Math.min(Math.max(Math.round(n), this.first), this.count);
    if (!this.count || Number.isNaN(to)) return;
    this.isFollowing = to === this.now;
    await this.show(to).catch((error: unknown) => this.fail(error));
  }

  back(): Promise<void> {
    return this.goTo(this.at - 1);
  }
  forward(): Promise<void> {
    return this.goTo(this.at + 1);
  }
  toNow(): Promise<void> {
    return this.goTo(this.now);
  }

  /** What is known of a move; it is kept, unless the run rests there and it can still change. */
  async facts(n: number): Promise<MoveFacts> {
    const known = this.known.get(n);
    if (known && this.moves?.open?.n !== n) return known;
    const { runId } = this;
    const facts = (await this.send('move', { n })) as MoveFacts;
    if (runId === this.runId && n < this.now) this.keep(n, facts);
    return facts;
  }

  /** Requests can be large: of what was read, only the last is kept. */
  private keep(n: number, facts: MoveFacts): void {
    this.known.set(n, facts);
    const [oldest] = this.known.keys();
    if (this.known.size > KEPT && oldest !== undefined) this.known.delete(oldest);
  }

  private async show(n: number): Promise<void> {
    const { runId } = this;
    this.at = n;
    const facts = await this.facts(n);
    if (this.isOver || this.at !== n || runId !== this.runId) return;
    this.shown = facts;
    this.fault = '';
    this.onChange();
  }

  /** Let the run go on from where it rests, or change how far it goes; the view goes along. */
  async go(until: Until): Promise<void> {
    const { moves } = this;
    if (!moves || moves.finished) return;
    this.isFollowing = true;
    try {
      if (moves.open) await this.send('go', { key: moves.open.key, until });
      else await this.send('pace', { until });
      if (this.moves === moves) this.moves = { ...moves, open: null, until };
      this.onChange();
      await this.refresh();
    } catch (error) {
      await this.refresh();
      this.fail(error);
      return;
    }
  }

  /** Change what is in hand where the run rests; null takes the change back.
   *
   * @throws the words of the first fault in it
   */
  async edit(value: string | null): Promise<void> {
    await this.send('edit', { key: this.moves?.open?.key ?? '', value });
    await this.refresh();
  }

  async decide(key: string, decision: 'run' | 'deny'): Promise<void> {
    await this.send('decide', { key, decision }).catch((error: unknown) => this.fail(error));
    await this.refresh();
  }

  stop(): Promise<unknown> {
    return this.send('stop');
  }

  forkFacts(n: number): Promise<ForkFacts> {
    return this.send('fork_facts', { n }) as Promise<ForkFacts>;
  }

  /** Make a new run from a move on, and go over to it.
   *
   * @param value what is in hand at the move instead; null leaves it as it was
   * @param fresh whether it gets a kernel of its own
   */
  async fork(n: number, value: string | null, fresh: boolean): Promise<void> {
    const made = (await this.send('fork', { n, value, fresh })) as { run_id: string };
    await this.over(made.run_id);
  }

  /** Show another run of the family: a fork, or the one that it was made from. */
  async over(runId: string, n = 0): Promise<void> {
    this.runId = runId;
    this.known.clear();
    this.moves = this.shown = null;
    this.at = 0;
    this.isFollowing = n === 0;
    this.onChange();
    await this.refresh();
    if (n) await this.goTo(n);
  }

  private send(action: string, fields: object = {}): Promise<unknown> {
    return this.ask(action, this.runId === this.ownId ? fields : { ...fields, run_id: this.runId });
  }

  private fail(error: unknown): void {
    if (this.isOver) return;
    this.fault = error instanceof Error ? error.message : String(error);
    this.onChange();
  }
}
