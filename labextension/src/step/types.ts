// What the kernel tells of a run's moves. Texts in it are a model's, a tool's or the user's.

import type { ContentPart, Message, Output, Place } from '../view/types';

export type { Place };

/** How far the run goes on. */
export type Until = 'end' | 'move' | 'tool' | 'error' | 'answer';

export interface Move {
  /** From 1. */
  n: number;
  place: Place;
  step: number;
  /** Which call of the step, from 0. */
  index: number;
  mark: '' | 'error' | 'denied' | 'stopped' | 'answer' | 'calls';
  edited: boolean;
}

export interface Kin {
  run_id: string;
  move: number;
}

export interface Moves {
  /** `file` is the loop's module; `source` is '' where it cannot be had. */
  loop: { name: string; source: string; file: string; builtin: boolean };
  moves: Move[];
  /** Where the run rests and waits for a step. */
  open: { n: number; key: string; why: string } | null;
  /** What the run asks besides: whether a call may run, whether its result may leave. */
  question: { key: string; text: string; why: string; shown: string } | null;
  finished: '' | 'answer' | 'stopped' | 'limit' | 'error';
  until: Until;
  forked_from: Kin | null;
  forks: Kin[];
  can_fork_fresh: boolean;
}

export interface Card {
  role: string;
  title: string;
  text: string;
  n_bytes: number;
  is_new: boolean;
  /** In hand: it joins the history on the next move. */
  joins: boolean;
  edited: boolean;
  /** The text before it was edited. */
  was: string;
  /** It was compacted: it is not part of the history any more. */
  gone?: boolean;
}

export interface History {
  messages: Card[];
  n_cached: number;
  /** The request that the new ones came after. */
  since: number;
}

export interface RequestFacts {
  /** The exact text as it goes on the wire. */
  body: string;
  n_bytes: number;
  est_tokens: number;
  /** How many bytes are the same as in the request before. */
  cached_bytes: number;
  est_usd: number | null;
  is_sent: boolean;
  edited: boolean;
  url: string;
  step: number;
}

export interface ReplyFacts {
  message: Message;
  finish_reason: string;
  usage: Record<string, number> | null;
  ttft_s: number | null;
  tokens_per_s: number | null;
  edited: boolean;
  was: string;
  reasoning: 'kept' | 'missing' | 'none';
  step: number;
}

export interface ToolFacts {
  name: string;
  call_id: string;
  arguments: Record<string, unknown>;
  code: string;
  gate: string;
  /** What the model gets. */
  content: string | ContentPart[];
  n_bytes: number;
  /** What the person sees. */
  outputs: Output[];
  is_error: boolean;
  outcome: string;
  changes: {
    added: string[];
    changed: string[];
    removed: string[];
    files: string[];
  };
  wall_s: number | null;
  edited: boolean;
  was: string;
  state: 'waits' | 'done';
  step: number;
  index: number;
  of: number;
}

/** One move, and all that was in hand at it. */
export interface MoveFacts {
  n: number;
  place: Place;
  step: number;
  index: number;
  mark: Move['mark'];
  /** Whether what is in hand was changed by the person. */
  edited: boolean;
  /** The line where the loop rests; 0 once it has returned. */
  line: number;
  ran: number[];
  tests: { line: number; taken: boolean; text: string }[];
  skipped: number[];
  say: string;
  history: History;
  request: RequestFacts | null;
  reply: ReplyFacts | null;
  tool: ToolFacts | null;
}

/** What a fork can and cannot give back. */
export interface ForkFacts {
  changed: string;
  n_worked: number;
  n_failed: number;
  files: string[];
  words_here: string;
  words_fresh: string;
}
