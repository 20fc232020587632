// The chart as a table: the same rows in figures, for reading, copying and screen readers.

import { count, numbersOf, seconds } from '../view/phrases';
import { contextOf } from './buckets';
import { html } from './dom';
import { PHASE_NAMES, wordOf } from './phases';
import { totals, type Row } from './rows';
import type { ChartScene, LongRun } from './types';
import { t } from '../words';

/** The table twin of the chart. */
export function tableOf(
  rows: readonly Row[],
  caption: string,
  scene: ChartScene
): HTMLTableElement {
  const phases = PHASE_NAMES.filter(phase =>
    rows.some(row => row.spans.some(span => span.phase === phase))
  );
  const heads = [t('step'), t('begins'), t('lasts'), ...phases.map(wordOf), t('tok/s')];
  const more = scene.long ? longCells(scene, scene.long) : null;
  if (more) heads.push(t('failed'), t('context'));
  const cells = heads.map(words => html('th', { scope: 'col' }, [words]));
  return html('table', { class: 'nba-chart-table' }, [
    html('caption', {}, [caption]),
    html('thead', {}, [html('tr', {}, cells)]),
    html(
      'tbody',
      {},
      rows.map(row => rowOf(row, phases, more?.(row) ?? []))
    )
  ]);
}

/** What the overview shows of a row besides its phases: failures, and the context at its end. */
function longCells({ metrics }: ChartScene, { failed }: LongRun): (row: Row) => string[] {
  const steps = new Map(metrics.steps.map(step => [step.step, step]));
  return ({ first, last }) => {
    const n = [...failed].filter(step => step >= first && step <= last).length;
    const end = steps.get(last);
    return [String(n), count(end ? contextOf(end) : null)];
  };
}

function rowOf(row: Row, phases: readonly string[], more: readonly string[]): HTMLTableRowElement {
  const number = numbersOf(row);
  const sums = totals(row.spans);
  const spent = phases.map(phase => {
    const length = sums.get(phase);
    return length === undefined ? '' : seconds(length);
  });
  const speed = row.tokensPerS === null ? '—' : String(Math.round(row.tokensPerS));
  const values = [seconds(row.t0), seconds(row.t1 - row.t0), ...spent, speed, ...more];
  const cells = values.map(value => html('td', {}, [value]));
  return html('tr', {}, [html('th', { scope: 'row' }, [number]), ...cells]);
}
