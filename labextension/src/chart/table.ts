// The chart as a table: the same rows in figures, for reading, copying and screen readers.

import { seconds } from '../view/phrases';
import { html } from './dom';
import { lookOf, PHASE_NAMES } from './phases';
import { totals, type Row } from './rows';

/** The table twin of the chart. */
export function tableOf(rows: readonly Row[], caption: string): HTMLTableElement {
  const phases = PHASE_NAMES.filter(phase =>
    rows.some(row => row.spans.some(span => span.phase === phase))
  );
  const heads = ['step', 'begins', 'lasts', ...phases.map(p => lookOf(p).word), 'tok/s'];
  const cells = heads.map(words => html('th', { scope: 'col' }, [words]));
  return html('table', { class: 'nba-chart-table' }, [
    html('caption', {}, [caption]),
    html('thead', {}, [html('tr', {}, cells)]),
    html(
      'tbody',
      {},
      rows.map(row => rowOf(row, phases))
    )
  ]);
}

function rowOf(row: Row, phases: readonly string[]): HTMLTableRowElement {
  const number = row.first === row.last ? String(row.first) : `${row.first}–${row.last}`;
  const sums = totals(row.spans);
  const spent = phases.map(phase => {
    const length = sums.get(phase);
    return length === undefined ? '' : seconds(length);
  });
  const speed = row.tokensPerS === null ? '—' : String(Math.round(row.tokensPerS));
  const values = [seconds(row.t0), seconds(row.t1 - row.t0), ...spent, speed];
  const cells = values.map(value => html('td', {}, [value]));
  return html('tr', {}, [html('th', { scope: 'row' }, [number]), ...cells]);
}
