// What a row, the footer and the status bar say.

import { needsYou, type RunRow } from './store';
import { count, dollars, elapsed, rounded, seconds } from '../view/phrases';
import { counted, t, told } from '../words';

/** A notebook's name without its folders. */
export function nameOf(path: string): string {
  return path.split(/[\\/]/).pop() || t('no notebook');
}

/** A duration for a list: `21 s`, `4.2 s`, `1 h 14`. */
export function brief(value: number): string {
  return value >= 9.95 && value < 119.5 ? `${rounded(value)} s` : seconds(value);
}

/** What a run has cost; '' where nothing is to be said. */
export function costOf(row: RunRow): string {
  if (row.scripted) return t('scripted');
  if (row.cost_usd === null) return '';
  const cost = dollars(row.cost_usd);
  return row.cost_is_least ? t('≥ {cost}', { cost }) : cost;
}

/** The second line of a row: what is urgent, and the rest. */
export function secondLine(row: RunRow): { urgent: string; rest: string } {
  const notebook = nameOf(row.notebook);
  const urgent = needsYou(row) ? told(row.needs?.title || row.words) : '';
  if (urgent) return { urgent, rest: notebook };
  const place = row.elsewhere ? [notebook, t("stored on the kernel's machine")] : [notebook];
  return { urgent: '', rest: [...place, ...stateParts(row)].filter(Boolean).join(', ') };
}

/** Whether a run waits until the kernel is free. */
export function isQueued(row: RunRow): boolean {
  return row.state === 'running' && row.words.startsWith('Waiting for the kernel');
}

function stateParts(row: RunRow): string[] {
  const n = row.n_steps.toLocaleString('en-US');
  switch (row.state) {
    case 'running':
      return isQueued(row)
        ? [t('waiting for the kernel'), elapsed(row.elapsed_s)]
        : [t('step {n}', { n }), brief(row.elapsed_s), costOf(row)];
    case 'waiting':
    case 'paused':
    case 'retrying':
      return [told(row.words)];
    case 'answer':
      return [counted(row.n_steps, 'step'), brief(row.elapsed_s), costOf(row)];
    case 'error':
      return [row.words ? t('failed: {why}', { why: told(row.words) }) : t('failed')];
    case 'stopped':
      return [t('stopped at step {n}', { n })];
    case 'limit':
      return [row.words ? told(row.words) : t('limit reached')];
    case 'interrupted':
      return [t('kernel gone at step {n}', { n })];
  }
}

/** A run's state in a word, for those who do not see its icon. */
export function stateWord(row: RunRow): string {
  const words: Record<RunRow['state'], string> = {
    running: t('Running'),
    waiting: t('Needs you'),
    paused: t('Needs you'),
    retrying: t('Trying again'),
    answer: t('Done'),
    stopped: t('Stopped'),
    limit: t('Limit reached'),
    error: t('Failed'),
    interrupted: t('Interrupted')
  };
  return words[row.state];
}

/** What is left of a run that was cut off. */
export function interruptedNote(row: RunRow): string {
  const kept =
    row.n_steps === 1
      ? t('Its step is on disk.')
      : t('All {n} steps are on disk.', { n: row.n_steps.toLocaleString('en-US') });
  const call = t(
    'A call that had begun may or may not have finished; it is not run again unless you say so.'
  );
  return row.n_tool_calls ? `${kept} ${call}` : kept;
}

/** What the runs since a time have used. */
export function spentSince(
  rows: readonly RunRow[],
  since: number
): { cost: string; tokens: string; usd: number } {
  const own = rows.filter(row => row.wall >= since);
  const known = own.filter(row => !row.scripted && row.cost_usd !== null);
  const usd = known.reduce((sum, row) => sum + (row.cost_usd ?? 0), 0);
  const isLeast = own.some(row => !row.scripted && (row.cost_usd === null || row.cost_is_least));
  const cost = dollars(usd);
  return {
    cost: known.length ? (isLeast ? t('≥ {cost}', { cost }) : cost) : '',
    usd,
    tokens: count(own.reduce((sum, row) => sum + row.completion_tokens, 0))
  };
}
