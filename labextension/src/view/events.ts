// What happens in a run, in the words of the kernel. Shapes as in Python.

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
  note?: string;
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
/** What a question to the person is about. */
export type About = 'call' | 'result' | 'outcome';
export interface ApprovalAsked extends InCall {
  kind: 'approval_asked';
  name: string;
  why: string;
  about?: About;
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
  about?: About;
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
  text: string;
  summary?: string;
  usage?: Usage | null;
}
export interface Compacting extends InStep {
  kind: 'compacting';
  sent?: Sent[];
}
export interface Resumed extends InStep {
  kind: 'resumed';
  text: string;
  fresh?: boolean;
}
export interface RunFinished extends Stamped {
  kind: 'run_finished';
  reason: string;
  error_kind?: string;
  discarded?: string;
  answer?: string;
  text?: string;
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
  | Compacting
  | Compacted
  | Resumed
  | RunFinished;
export type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>;
