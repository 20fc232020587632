// Which steps a reader may want to see alone: those that failed, took long, came again, or in
// which a person had a say. Each filter carries its count; one that lets nothing through is away.

import type { RunView } from './fold';
import { h, put } from './dom';
import { hasFailed, lineOf, type StepLine } from './lines';
import type { StepFigures } from './types';
import { t } from '../words';

const SIGMAS = 2;

/** The steps that each filter lets through, by its name. */
export function filtered(
  view: RunView,
  rows: readonly StepFigures[]
): Map<string, ReadonlySet<number>> {
  const lines = [...view.lines, ...view.steps.map(lineOf)];
  const numbers = (wanted: (line: StepLine) => boolean): Set<number> =>
    new Set(lines.filter(wanted).map(line => line.number));
  return new Map<string, ReadonlySet<number>>([
    ['Failed', numbers(hasFailed)],
    ['Slow', slowSteps(rows)],
    ['Repeated', numbers(line => line.marks.includes('r'))],
    ['Yours', numbers(line => line.marks.includes('y'))]
  ]);
}

/** Steps that took longer than the mean and two standard deviations. */
function slowSteps(rows: readonly StepFigures[]): Set<number> {
  const walls = rows.map(row => Number(row['wall_s'] ?? 0));
  const mean = walls.reduce((sum, wall) => sum + wall, 0) / Math.max(walls.length, 1);
  const square = walls.reduce((sum, wall) => sum + (wall - mean) ** 2, 0);
  const limit = mean + SIGMAS * Math.sqrt(square / Math.max(walls.length, 1));
  return new Set(rows.filter((_, i) => (walls[i] ?? 0) > limit).map(row => row.step));
}

/** What a filter is called. */
function nameOf(filter: string): string {
  const names: Readonly<Record<string, string>> = {
    All: t('All'),
    Failed: t('Failed'),
    Slow: t('Slow'),
    Repeated: t('Repeated'),
    Yours: t('Yours')
  };
  return names[filter] ?? filter;
}

export class FilterBar {
  readonly node = h('div', { class: 'seg', role: 'group', 'aria-label': t('Show steps') });
  private chosen = '';
  private key = '';

  constructor(private readonly onChoose: () => void) {}

  /** Show the filters with their counts; the steps to show come back, null for all. */
  update(n: number, sets: ReadonlyMap<string, ReadonlySet<number>>): ReadonlySet<number> | null {
    const found = [...sets].filter(([, set]) => set.size > 0);
    const chosen = found.find(([name]) => name === this.chosen);
    this.chosen = chosen?.[0] ?? '';
    const words: [string, number][] = [
      ['All', n],
      ...found.map(([k, s]): [string, number] => [k, s.size])
    ];
    const key = JSON.stringify(words);
    if (key !== this.key) {
      this.key = key;
      this.draw(words);
    }
    this.press();
    return chosen?.[1] ?? null;
  }

  /** Let all steps through again. */
  clear(): void {
    if (this.chosen) {
      this.chosen = '';
      this.onChoose();
    }
  }

  private draw(words: readonly [string, number][]): void {
    const had = (this.node.getRootNode() as ShadowRoot).activeElement;
    const focused = had instanceof HTMLElement ? had.dataset['filter'] : undefined;
    const buttons = words.map(([name, n]) => {
      const label = `${nameOf(name)} ${n.toLocaleString('en-US')}`;
      const node = h('button', { type: 'button', 'data-filter': name }, label);
      node.addEventListener('click', () => {
        this.chosen = name === 'All' ? '' : name;
        this.onChoose();
      });
      return node;
    });
    this.node.replaceChildren(...buttons);
    buttons.find(node => node.dataset['filter'] === focused)?.focus({ preventScroll: true });
  }

  private press(): void {
    for (const node of this.node.querySelectorAll('button')) {
      put(node, { 'aria-pressed': String(node.dataset['filter'] === (this.chosen || 'All')) });
    }
  }
}
