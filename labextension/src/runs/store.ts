// The runs as the page knows them: rows of the server's journal and of live kernels, merged by
// name. Other plugins ask for `IRunsStore`; what it is made of is loaded after the page is there.

import { Token } from '@lumino/coreutils';

export type RunState =
  | 'running'
  | 'waiting'
  | 'paused'
  | 'retrying'
  | 'answer'
  | 'stopped'
  | 'limit'
  | 'error'
  | 'interrupted';

/** One run, as `nbagent/trace/listed.py` tells it. */
export interface ListedRun {
  readonly run_id: string;
  /** The first line of the prompt. */
  readonly title: string;
  /** The notebook's path, relative to the server's root where it is inside. */
  readonly notebook: string;
  /** Whether the path is no path of the server's. */
  readonly outside?: boolean;
  readonly cell_id: string;
  readonly model: string;
  readonly scripted: boolean;
  readonly conversation: string;
  readonly state: RunState;
  /** What it does, or why it ended, in a short phrase. */
  readonly words: string;
  /** The question that it waits with, and the key that an answer names. */
  readonly needs: { readonly title: string; readonly key: string } | null;
  readonly n_steps: number;
  readonly n_tool_calls: number;
  readonly completion_tokens: number;
  readonly tokens_per_s: number | null;
  readonly context_share: number | null;
  readonly cost_usd: number | null;
  /** Whether it may have cost more, as an attempt failed. */
  readonly cost_is_least: boolean;
  readonly elapsed_s: number;
  /** When it began, in seconds since the epoch. */
  readonly wall: number;
  readonly held_by: string;
  /** The boot id of the kernel that made it. */
  readonly kernel: string;
}

export interface RunRow extends ListedRun {
  readonly source: 'server' | 'kernel' | 'both';
  /** Jupyter's name of the kernel that has the run, where one does. */
  readonly kernelId?: string;
  /** Whether the server has no record of it: it is stored on the kernel's machine. */
  readonly elsewhere?: boolean;
}

export interface RunsStore {
  /** Newest first. */
  readonly rows: readonly RunRow[];
  /** Told after each change of the rows or of the note. */
  readonly changed: {
    connect(callback: () => void): void;
    disconnect(callback: () => void): void;
  };
  /** Why the server's journal is not there, in words; '' if it is. */
  readonly serverNote: string;
  refresh(): Promise<void>;
  /** Ask the kernel that has the run; without one a stop goes to the server. */
  command(runId: string, action: string, fields?: object): Promise<unknown>;
  /** Show the run's trace in the main area. */
  open(runId: string): void;
  /** Open the run's notebook and go to its cell. */
  jump(runId: string): Promise<void>;
}

export const IRunsStore = new Token<RunsStore>('nbagent:IRunsStore');

/** Whether a run goes on, as far as its row says. */
export function isLive(row: ListedRun): boolean {
  return ['running', 'waiting', 'paused', 'retrying'].includes(row.state);
}

/** Whether a run waits for the person. */
export function needsYou(row: ListedRun): boolean {
  return row.state === 'waiting' || row.state === 'paused';
}
