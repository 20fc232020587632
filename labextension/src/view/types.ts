// The words between kernel and view: events, blocks, snapshots, messages. Shapes as in Python.

/** Where a run can rest: around a request, and around a tool call. */
export type Place = '' | 'request' | 'reply' | 'call' | 'result';
export type Phase = 'reasoning' | 'answer' | 'arguments';
export type Sample = [t: number, tokens: number, phase: Phase];

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  cached_tokens?: number;
  reasoning_tokens?: number;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Output {
  output_type?: string;
  name?: string;
  text?: unknown;
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
  traceback?: unknown;
}

export interface Message {
  role?: string;
  content?: string | ContentPart[] | null;
  [key: string]: unknown;
}

export interface ContentPart {
  type: string;
  text?: string;
}

interface Stamped {
  seq: number;
  t: number;
}
interface InStep extends Stamped {
  step: number;
}
interface InCall extends InStep {
  index: number;
}

export interface RunStarted extends Stamped {
  kind: 'run_started';
  run_id: string;
  prompt: string;
  model: string;
  host?: string;
  operator?: string;
  scripted?: boolean;
  conversation?: string;
  wall?: number;
  window_tokens?: number;
  price?: [number, number, number] | null;
  note?: string;
}
export interface Sent {
  kind: string;
  name: string;
  n_bytes: number;
}
export interface StepStarted extends InStep {
  kind: 'step_started';
  attempt?: number;
  n_bytes?: number;
  sent?: Sent[];
}
export interface Delta extends InStep {
  kind: 'delta';
  attempt?: number;
  phase: Phase;
  text: string;
  call_index?: number;
  name?: string;
}
export interface ReplyReceived extends InStep {
  kind: 'reply_received';
  message: Message;
  usage?: Usage | null;
  samples?: Sample[];
  marks?: string[];
}
/** One thing that makes a call need the person's OK. */
export interface Reason {
  verb: string;
  doing?: string;
  what?: string;
  line?: number;
  detail?: string;
}
export interface ApprovalAsked extends InCall {
  kind: 'approval_asked';
  name: string;
  why: string;
  about?: 'call' | 'result';
  key?: string;
  arguments?: Record<string, unknown> | null;
  content?: string | ContentPart[];
  reasons?: Reason[];
}
export interface ApprovalGiven extends InCall {
  kind: 'approval_given';
  decision: string;
  by?: string;
  why?: string;
  about?: 'call' | 'result';
}
export interface ToolStarted extends InCall {
  kind: 'tool_started';
  name: string;
  arguments: Record<string, unknown>;
  edited?: boolean;
}
export interface ToolOutput extends InCall {
  kind: 'tool_output';
  output: Output;
}
export interface Changes {
  added?: string[];
  changed?: string[];
  removed?: string[];
  files?: string[];
}
export interface ToolFinished extends InCall {
  kind: 'tool_finished';
  name: string;
  content: string | ContentPart[];
  display?: Output[];
  is_error?: boolean;
  stopped?: boolean;
  outcome?: string;
  changes?: Changes | null;
  cut_bytes?: number;
}
export interface RetryScheduled extends InStep {
  kind: 'retry_scheduled';
  attempt: number;
  reason: string;
  text: string;
  until_t: number;
  discarded?: string;
}
export interface Paused extends InStep {
  kind: 'paused';
  why: string;
  question?: string;
  key?: string;
  /** Where it rests for the person to step; '' for a question about the run. */
  place?: Place;
  index?: number;
}
export interface Edited extends InCall {
  kind: 'edited';
  place: Place;
  /** The reply as it is now. */
  message?: Message | null;
  content?: ToolFinished['content'];
}
export interface KernelAwaited extends InStep {
  kind: 'kernel_awaited';
  over?: boolean;
}
export interface StopAsked extends InStep {
  kind: 'stop_asked';
}
export interface Steered extends InStep {
  kind: 'steered';
  text: string;
}
export interface Compacted extends InStep {
  kind: 'compacted';
  n_messages: number;
  summary: string;
}
export interface RunFinished extends Stamped {
  kind: 'run_finished';
  reason: string;
  answer?: string;
  text?: string;
}
/** Stands for all events that a long run's snapshot leaves out, in the stored form. */
export interface ViewBase {
  kind: 'view_base';
  view: Snapshot;
  metrics: PackedMetrics;
  chart: PackedChart;
  /** What calls were made, so that a repeated one is known. */
  called?: string;
}
export type Event =
  | RunStarted
  | StepStarted
  | Delta
  | ReplyReceived
  | ApprovalAsked
  | ApprovalGiven
  | ToolStarted
  | ToolOutput
  | ToolFinished
  | RetryScheduled
  | Paused
  | Edited
  | KernelAwaited
  | StopAsked
  | Steered
  | Compacted
  | RunFinished;
export type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>;

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
  about: 'call' | 'result';
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
  compacted?: [step: number, words: string][];
  steps?: StepSnapshot[];
  faults?: string[];
}

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
