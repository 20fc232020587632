/** A phase of a run; `retry` stands for errors, retries and held-back requests. */
export type Phase = "waiting" | "reasoning" | "arguments" | "answer" | "tool" | "you" | "retry";

/** What `Meter.chart()` returns, in Python and in TypeScript: seconds and tokens a second. */
export interface ChartData {
  readonly t_end: number;
  /** `[step, phase, t0, t1]`; step 0 stands for several. */
  readonly segments: readonly (readonly [number, Phase, number, number])[];
  /** One line for each phase of each reply: `[phase, [[t, tokens/s], …]]`. */
  readonly speed: readonly (readonly [Phase, readonly (readonly [number, number])[]])[];
  /** `[t0, t1]`: nothing came for longer than 1 s and than five median gaps. */
  readonly stalls: readonly (readonly [number, number])[];
  readonly p50: number | null;
  readonly top: number;
  /** A scripted run: its speed is a timer's. */
  readonly paced: boolean;
}

/** Gaps between pieces of replies, for the strip below the speed: when a piece came, and how long
 * after the one before it; seconds. */
export interface Gaps {
  readonly t: ArrayLike<number>;
  readonly gap_s: ArrayLike<number>;
}

/** What the chart shows at one moment. */
export interface ChartScene {
  readonly chart: ChartData;
  /** One sentence that says what the chart shows; its text alternative. */
  readonly headline: string;
  /** Whether the run goes on: then the right edge is marked. */
  readonly live: boolean;
  /** None of a run drawn from its saved trace. */
  readonly gaps?: Gaps | undefined;
}

/** What the reader can do with the chart besides looking. */
export interface ChartActions {
  /** A step was chosen, by click or with Enter. */
  onStep?: (step: number) => void;
}

/** A mounted chart. */
export interface ChartView {
  /** Show a later moment; redraws at most ten times a second (once under reduced motion). */
  update(scene: ChartScene): void;
  dispose(): void;
}
