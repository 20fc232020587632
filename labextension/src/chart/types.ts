// What the chart is given. Times are seconds since the run began, speeds tokens a second; the
// geometry is that of `Meter.chart()`.

import type { ChartJson, Metrics } from '../view/types';

/** How a piece of a reply came after the one before it, for the strip below the speed. */
export interface Gaps {
  /** When the pieces came. */
  readonly t: ArrayLike<number>;
  /** How long after the piece before. */
  readonly gapS: ArrayLike<number>;
}

/** Steps that follow one another. */
export interface StepRange {
  readonly first: number;
  readonly last: number;
}

/** What the overview of a long run shows besides figures. */
export interface LongRun {
  readonly failed: ReadonlySet<number>;
  readonly ranges: readonly StepRange[];
  /** Which of them is open in the list; -1 if none is. */
  readonly shown: number;
}

/** What the chart shows at one moment. */
export interface ChartScene {
  readonly chart: ChartJson;
  readonly metrics: Metrics;
  /** Whether the run goes on: then the right edge is marked. */
  readonly live: boolean;
  /** The speed over the last second; null or missing while nothing is streamed. */
  readonly nowTokensPerS?: number | null;
  /** What each step called, for its row. */
  readonly tools?: ReadonlyMap<number, string>;
  /** None of a run drawn from its saved trace. */
  readonly gaps?: Gaps;
  /** Of a run so long that an overview takes the place of the speed. */
  readonly long?: LongRun | undefined;
}

/** What the reader can do with the chart besides looking. */
export interface ChartActions {
  /** A step was chosen, by click or with Enter. */
  readonly onStep?: (step: number) => void;
  /** A range of the overview was chosen, by its index. */
  readonly onRange?: (index: number) => void;
}

/** A mounted chart. */
export interface ChartView {
  /** Show a later moment; drawn at most ten times a second, once under reduced motion. */
  update(scene: ChartScene): void;
  dispose(): void;
}
