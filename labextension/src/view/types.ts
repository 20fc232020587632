// The words between kernel and view: blocks, snapshots, messages. Shapes as in Python.

import type { About, Event, Reason } from './events';

export type * from './events';

/** Stands for all events that a long run's snapshot leaves out, in the stored form. */
export interface ViewBase {
  kind: 'view_base';
  view: Snapshot;
  metrics: PackedMetrics;
  chart: PackedChart;
  /** What calls were made, so that a repeated one is known. */
  called?: string;
}

export type Block =
  | { kind: 'text'; name: string; text: string }
  | { kind: 'table'; head: string[][]; rows: string[][]; note: string }
  | { kind: 'image'; picture: string; alt: string; again?: boolean }
  | { kind: 'error'; name: string; message: string; traceback: string; n_lines: number }
  | { kind: 'source'; what: string; text: string }
  | { kind: 'below'; what: string };

export interface Picture {
  key: string;
  mime: string;
  data: string;
}

/** What the person is asked about a call, or about the result that it made. */
export interface Question {
  key: string;
  about: About;
  content: string;
  reasons: Required<Reason>[];
  /** As the model wrote them; unknown of a question that was stored. */
  arguments?: Record<string, unknown>;
}
/** What the person is asked about the run. */
export interface RunQuestion {
  key: string;
  text: string;
}
export interface CallSnapshot {
  name?: string;
  title?: string;
  code?: string;
  outputs?: Block[];
  outcome?: string;
  is_error?: boolean;
  done?: boolean;
  changes?: string;
  edited?: boolean;
  n_outputs_left_out?: number;
  saw?: string;
  saw_bytes?: number;
  saw_images?: number;
  cut_bytes?: number;
  why?: string;
  decision?: string;
  by?: string;
  repairs?: number;
  repaired?: boolean;
  diff?: string;
  again?: boolean;
  question?: Question;
  withheld?: boolean;
  stopped?: boolean;
}
export interface Retry {
  attempt: number;
  reason: string;
  discarded?: string;
}
export interface StepSnapshot {
  step: number;
  gist?: string;
  tools?: string;
  outcome?: string;
  reasoning?: string;
  reasoning_tokens?: number;
  content?: string;
  retries?: Retry[];
  steered?: string[];
  notes?: string[];
  marks?: string[];
  live_reasoning?: string;
  live_answer?: string;
  calls?: CallSnapshot[];
}
export interface RangeSnapshot {
  first: number;
  last: number;
  n_steps: number;
  n_calls: number;
  n_failed: number;
  n_repaired: number;
  gists: [number, string][];
}
export interface SentPart {
  kind: string;
  name: string;
  n: number;
  n_bytes: number;
}
export interface Snapshot {
  model?: string;
  host?: string;
  operator?: string;
  scripted?: boolean;
  conversation?: string;
  prompt?: string;
  note?: string;
  state?: string;
  text?: string;
  question?: RunQuestion | null;
  answer?: string;
  changes?: string;
  files?: string[];
  counts?: string;
  sent?: string;
  sent_parts?: Partial<SentPart>[];
  ranges?: Partial<RangeSnapshot>[];
  /** Older steps, packed: see `lines.ts`. */
  lines?: string[];
  compacted?: Compaction[];
  steps?: StepSnapshot[];
  faults?: string[];
}

/** The step before which it was, what was left out, and what stands for it: of the last one only. */
export type Compaction = [step: number, words: string, summary?: string];

export type Figure = number | boolean | null | undefined;
export type StepFigures = Record<string, Figure> & { step: number };
export interface Metrics {
  run: Record<string, Figure>;
  steps: StepFigures[];
}
export type ChartSegment = [step: number, phase: string, t0: number, t1: number];
export type SpeedLine = [phase: string, points: [t: number, v: number][]];
export interface ChartJson {
  t_end: number;
  segments: ChartSegment[];
  speed: SpeedLine[];
  stalls: [number, number][];
  p50: number | null;
  top: number;
  paced: boolean;
}

export interface PackedMetrics {
  run?: Record<string, Figure>;
  columns?: string;
  steps?: string[];
}
export interface PackedChart {
  t_end?: number;
  top?: number;
  p50?: number | null;
  paced?: boolean;
  segments?: string[];
  speed?: string[];
  stalls?: string[];
}

/** Our MIME bundle, `application/vnd.nbagent.trace+json`, as a notebook stores it. */
export interface TraceJson {
  schema?: number;
  /** Present and true while the run goes on. */
  running?: boolean;
  run_id: string;
  snapshot?: Snapshot;
  metrics?: PackedMetrics;
  chart?: PackedChart;
  /** Figures as `data:` URLs by their key, where whoever mounts the view has them. */
  pictures?: Record<string, string>;
}

export type KernelMessage =
  | {
      nbagent: 1;
      type: 'snapshot';
      run_id: string;
      comm_id?: string;
      seq: number;
      t: number;
      running: boolean;
      events: (Event | ViewBase)[];
    }
  | { nbagent: 1; type: 'events'; run_id: string; t: number; events: Event[] }
  | {
      nbagent: 1;
      type: 'reply';
      run_id: string;
      request_id: string;
      ok: boolean;
      data?: unknown;
    };

/** The way to the kernel that drives the run. */
export interface Link {
  send(action: string, fields?: object): Promise<unknown>;
  onMessage(callback: (message: KernelMessage) => void): () => void;
  readonly alive: boolean;
}
