// Rows that stand for several steps, and those between steps: ranges, compactions.

import { speedsOf, sumPhases } from '../chart';
import { h, icon, put, svg } from './dom';
import type { Group, Row } from './outline';
import { dollars, numbersOf, seconds } from './phrases';
import { failedWords } from './ranges';
import { phaseBar } from './step_view';
import type { Scene } from './stored';
import type { ChartSegment, StepFigures } from './types';
import { counted, listed, t, told } from '../words';

const SPARK = { width: 132, height: 16, points: 44 };

/** The names above the columns of a list of ranges. */
export function columnHeads(): HTMLElement {
  const names = ['', t('steps'), t('what it was doing')];
  const deed = h('span', { class: 'deed' }, h('span', {}, t('failed')), h('span', {}, t('tok/s')));
  return h(
    'div',
    { class: 'heads st plain', 'aria-hidden': 'true' },
    ...names.map(name => h('span', {}, name)),
    deed,
    h('span', { class: 'barbox' }, t('time by phase')),
    h('span', { class: 'dur' }, t('time')),
    h('span', { class: 'cost' }, t('cost'))
  );
}

/** A range as one line; the same button stays, so that it keeps the focus when it opens. */
export function rangeNode(
  group: Group,
  scene: Scene,
  isOpen: boolean,
  onToggle: () => void,
  old?: HTMLElement
): HTMLElement {
  const node = old ?? h('div', { class: `item group d${group.depth}`, role: 'listitem' });
  let line = node.querySelector<HTMLButtonElement>('.st');
  if (!line) {
    line = h('button', { class: 'st', type: 'button' });
    line.addEventListener('click', onToggle);
    node.append(line);
  }
  put(line, { 'aria-expanded': String(isOpen) });
  const rows = scene.meter
    .metrics()
    .steps.filter(row => row.step >= group.first && row.step <= group.last);
  const total = (key: string): number => rows.reduce((sum, row) => sum + Number(row[key] ?? 0), 0);
  const cost = total('cost_usd');
  const spans = [...sumPhases(rows)].map(([phase, s]): ChartSegment => [0, phase, 0, s]);
  line.replaceChildren(
    icon('chev', 'chev'),
    h('span', { class: 'no' }, numbersOf(group)),
    gistNode(group),
    h('span', { class: 'deed' }, failedNode(group), spark(group, rows, scene)),
    h('span', { class: 'barbox' }, phaseBar(spans)),
    h('span', { class: 'dur' }, rows.length ? seconds(total('wall_s')) : ''),
    h('span', { class: 'cost' }, cost > 0 ? dollars(cost) : '')
  );
  return node;
}

function gistNode(group: Group): HTMLElement {
  const gist = group.gist && h('span', { dir: 'auto' }, group.gist);
  if (group.key !== 'older') {
    return h('span', { class: 'gist' }, gist); // its steps are counted by their numbers
  }
  const { nSteps, nCalls } = group;
  const words = ` ${listed(counted(nSteps, 'step'), nCalls && counted(nCalls, 'call'))}`;
  return h('span', { class: 'gist' }, gist, h('span', { class: 'm s' }, words));
}

function failedNode(group: Group): HTMLElement {
  if (!group.nFailed) {
    return h('span', { class: 'oc m' });
  }
  const words = failedWords(group.nFailed, group.nRepaired);
  return h(
    'span',
    { class: 'oc c-error', title: words },
    icon('cross'),
    h('span', { 'aria-hidden': 'true' }, ` ${group.nFailed.toLocaleString('en-US')}`),
    h('span', { class: 'vh' }, words)
  );
}

/** The speed over a range as a small line, failures as ticks; all of a run share one scale. */
function spark(group: Group, rows: readonly StepFigures[], scene: Scene): SVGElement {
  const { width, height, points } = SPARK;
  const speeds = speedsOf(rows, points);
  const p50 = Number(scene.meter.metrics().run['tokens_per_s'] ?? 0);
  const top = Math.max(p50 * 2, 1);
  const y = (speed: number): string =>
    (height - 1 - (Math.min(speed, top) / top) * (height - 2)).toFixed(1);
  const x = (i: number, n: number): string => ((i * width) / Math.max(n - 1, 1)).toFixed(1);
  const line = speeds.map((speed, i) => `${x(i, speeds.length)},${y(speed)}`).join(' ');
  const n = group.last - group.first + 1;
  const ticks = failedIn(group).map(number => `M${x(number - group.first, n)} 0v${height}`);
  const failed = ticks.length ? [svg('path', { class: 'tick', d: ticks.join('') })] : [];
  const shape = { class: 'spark', width, height, 'aria-hidden': 'true' };
  return svg('svg', shape, svg('polyline', { points: line }), ...failed);
}

function failedIn(group: Group): number[] {
  return group.inside.flatMap(row => {
    switch (row.kind) {
      case 'group':
        return failedIn(row);
      case 'step':
        return row.step.failed ? [row.step.number] : [];
      case 'line':
        return row.line.nFailed ? [row.line.number] : [];
      default:
        return [];
    }
  });
}

/** What is no step: that the context was compacted, or that steps are not here. */
export function betweenNode(row: Row & { kind: 'compacted' | 'left' }, scene: Scene): HTMLElement {
  if (row.kind === 'left') {
    return h('div', { class: 'item left m s', role: 'listitem' }, row.words);
  }
  const rows = scene.meter.metrics().steps;
  const at = rows.findIndex(step => step.step === row.number);
  const [before, after] = [tokens(rows[at - 1]), tokens(rows[at])];
  const what = told(row.words).replace(/[.。]$/, '');
  const said =
    before && after
      ? t('Compacted: {before} to {after} tokens; {what}', { before, after, what })
      : t('Compacted: {what}', { what });
  const words = h('span', {}, said);
  const summary =
    row.told &&
    h(
      'details',
      {},
      h('summary', {}, t('What requests carry instead')),
      h('pre', { class: 'text', tabindex: 0, dir: 'auto' }, row.told)
    );
  const line = h(
    'div',
    { class: 'st plain' },
    h('span'),
    h('span', { class: 'no' }, row.number.toLocaleString('en-US')),
    h('span', { class: 'row m s wide' }, icon('retry'), h('span', {}, words, summary))
  );
  return h('div', { class: `item d${row.depth} between`, role: 'listitem' }, line);
}

function tokens(row: StepFigures | undefined): string {
  const prompt = row?.['prompt_tokens'];
  return typeof prompt === 'number' ? prompt.toLocaleString('en-US') : '';
}
