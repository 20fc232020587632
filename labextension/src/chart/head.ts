// The line above the chart: the switch, what is said of the place under the cursor, the legend.

import { html, svg } from './dom';
import type { Mode } from './index';
import { PHASE_NAMES, type Patterns, wordOf } from './phases';
import { t } from '../words';

export interface Head {
  readonly element: HTMLElement;
  press(mode: Mode): void;
  say(words: string): void;
  /** Name the first mode. */
  name(word: string): void;
}

/** Make the line; `choose` is called with the mode that the reader wants. */
export function headOf(patterns: Patterns, choose: (mode: Mode) => void): Head {
  const modes: [Mode, string][] = [
    ['speed', t('Speed')],
    ['steps', t('Steps')],
    ['table', t('Table')]
  ];
  const buttons = modes.map(([mode, word]) => {
    const button = html('button', { type: 'button' }, [word]);
    button.addEventListener('click', () => choose(mode));
    return [mode, button] as const;
  });
  const group = { class: 'seg', role: 'group', 'aria-label': t('Chart') };
  const seg = html('div', group, [...buttons.map(([, button]) => button)]);
  const said = html('span', { class: 'nba-chart-said' });
  // Patterns of an element that is not displayed are not drawn, so they live here.
  const defs = svg('svg', { width: 0, height: 0, class: 'nba-defs', 'aria-hidden': 'true' }, [
    patterns.defs()
  ]);
  const parts = [defs, seg, said, legend(patterns)];
  const element = html('div', { class: 'nba-chart-head' }, parts);
  return {
    element,
    press(mode) {
      for (const [name, button] of buttons) {
        button.setAttribute('aria-pressed', String(name === mode));
      }
    },
    name(word) {
      const first = buttons[0]?.[1];
      if (first && first.textContent !== word) first.textContent = word;
    },
    say(words) {
      said.textContent = words;
    }
  };
}

function legend(patterns: Patterns): HTMLElement {
  const entries = PHASE_NAMES.map(phase => {
    const place = { x: 0.75, y: 0.75, width: 12.5, height: 8.5 };
    const sample = svg('svg', { 'aria-hidden': 'true', viewBox: '0 0 14 10' }, [
      svg('rect', { ...place, ...patterns.fill(phase) })
    ]);
    return html('li', {}, [sample, wordOf(phase)]);
  });
  return html('ul', { class: 'nba-chart-legend', 'aria-label': t('Phases') }, entries);
}
