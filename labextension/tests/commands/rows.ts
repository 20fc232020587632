// Rows of the list of runs, as tests need them.

import type { RunRow } from '../../src/runs/store';

export function row(values: Partial<RunRow> = {}): RunRow {
  return {
    run_id: 'run-1',
    title: 'Count the rows',
    notebook: 'work/a.ipynb',
    cell_id: 'c1',
    model: 'kimi-k2.6',
    scripted: false,
    conversation: 'main',
    state: 'running',
    words: 'Thinking',
    needs: null,
    n_steps: 1,
    n_tool_calls: 0,
    completion_tokens: 10,
    tokens_per_s: null,
    context_share: null,
    cost_usd: null,
    cost_is_least: false,
    elapsed_s: 1,
    wall: 1_000,
    held_by: '',
    kernel: 'k',
    source: 'kernel',
    kernelId: 'jupyter-k',
    ...values
  };
}

export function asking(key: string, values: Partial<RunRow> = {}): RunRow {
  return row({ state: 'waiting', needs: { title: 'Run this?', key }, ...values });
}
