// Rows as the server and a kernel tell them.

import type { ListedRun, RunRow } from '../../src/runs/store';

/** A run that has its answer, but for what is given. */
export function listed(run_id: string, facts: Partial<ListedRun> = {}): ListedRun {
  return {
    run_id,
    title: 'Plot bill length',
    notebook: 'work/penguins.ipynb',
    cell_id: 'c',
    model: 'kimi-k2.6',
    scripted: false,
    conversation: 'main',
    state: 'answer',
    words: 'Done',
    needs: null,
    n_steps: 4,
    n_tool_calls: 3,
    completion_tokens: 100,
    tokens_per_s: null,
    context_share: null,
    cost_usd: 0.009,
    cost_is_least: false,
    elapsed_s: 21,
    wall: 1_000,
    held_by: '',
    kernel: 'k',
    ...facts
  };
}

/** The same, as a row of the page. */
export function row(run_id: string, facts: Partial<RunRow> = {}): RunRow {
  return { ...listed(run_id), source: 'server', ...facts };
}
