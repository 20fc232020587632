// Find in a trace: in what was thought, said, run and shown; a step with a match is opened.

import type { Desk } from './desk';
import type { RunView } from './fold';
import { button, composes, h, icon, setText } from './dom';
import type { Step } from './steps';
import type { StepList } from './step_list';
import { counted, t } from '../words';

/** All text of a step, in the order in which it stands there. */
export function textOfStep(step: Step): string {
  const calls = step.calls.flatMap(call => [
    call.name,
    call.title,
    call.code,
    call.outcome,
    call.changes,
    call.saw,
    ...call.outputs.map(block => Object.values(block).flat(2).join(' '))
  ]);
  return [
    step.line,
    step.reasoning || step.liveReasoning,
    step.content || step.liveAnswer,
    ...step.retries.map(r => `${r.reason} ${r.discarded ?? ''}`),
    ...step.steered,
    ...step.notes,
    ...calls
  ].join('\n');
}

/** The keys of the rows that hold a text, in order. */
export function matches(view: RunView, wanted: string): string[] {
  const needle = wanted.trim().toLowerCase();
  if (!needle) {
    return [];
  }
  const lines = view.lines
    .filter(line => `${line.gist} ${line.tools} ${line.outcome}`.toLowerCase().includes(needle))
    .map(line => `s${line.number}`);
  const steps = view.steps
    .filter(step => textOfStep(step).toLowerCase().includes(needle))
    .map(step => `s${step.number}`);
  return [...lines, ...steps];
}

export class FindBar {
  readonly node = h('div', { class: 'findbar', role: 'search', hidden: true });
  private readonly input = h('input', {
    type: 'search',
    'aria-label': t('Find in this trace'),
    placeholder: t('Find in reasoning, code and output'),
    autocomplete: 'off',
    spellcheck: 'false',
    dir: 'auto'
  });
  private readonly said = h('span', { class: 'm s nw' });
  private found: string[] = [];
  private at = -1;

  constructor(
    private readonly desk: Desk,
    private readonly list: StepList,
    private readonly leave: () => void
  ) {
    this.input.addEventListener('input', () => this.search());
    this.input.addEventListener('keydown', event => {
      if (event.key === 'Enter' && !composes(event)) {
        event.preventDefault();
        this.go(event.shiftKey ? -1 : 1);
      }
    });
    this.node.append(
      icon('find', 'm'),
      this.input,
      this.said,
      button({ 'aria-label': t('Previous match') }, () => this.go(-1), '↑'),
      button({ 'aria-label': t('Next match') }, () => this.go(1), '↓'),
      button({ class: 'b ghost', 'aria-label': t('Close find') }, () => this.close(), icon('cross'))
    );
  }

  open(): void {
    this.node.hidden = false;
    this.input.focus({ preventScroll: true });
    this.input.select();
  }

  close(): void {
    this.node.hidden = true;
    this.mark(null);
    this.leave();
  }

  private search(): void {
    this.found = matches(this.desk.scene.view, this.input.value);
    this.at = -1;
    this.mark(null);
    const n = this.found.length;
    this.tell(this.input.value.trim() ? (n ? counted(n, 'step') : t('Nothing found')) : '');
  }

  private go(by: number): void {
    if (!this.found.length) {
      this.search();
    }
    const n = this.found.length;
    if (!n) {
      return;
    }
    this.at = this.at < 0 && by < 0 ? n - 1 : (this.at + by + n) % n;
    const node = this.list.reveal(this.found[this.at] ?? '', true, false);
    this.tell(t('{at} of {n}', { at: this.at + 1, n }));
    if (node) {
      this.mark(node);
    }
  }

  private tell(words: string): void {
    setText(this.said, words);
    this.desk.say(words);
  }

  /** Mark a row, and in it the first match where the browser can paint one. */
  private mark(row: HTMLElement | null): void {
    this.list.node.querySelectorAll('.mark').forEach(node => node.classList.remove('mark'));
    const registry = (globalThis as { CSS?: { highlights?: Map<string, unknown> } }).CSS
      ?.highlights;
    registry?.delete('nba-find');
    if (!row) {
      return;
    }
    row.classList.add('mark');
    const range = firstRange(row, this.input.value.trim().toLowerCase());
    const shown = range?.startContainer.parentElement ?? row;
    shown.scrollIntoView({ block: 'nearest' });
    if (range && registry && typeof Highlight !== 'undefined') {
      registry.set('nba-find', new Highlight(range));
    }
  }
}

function firstRange(row: Element, needle: string): Range | null {
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = (node.nodeValue ?? '').toLowerCase().indexOf(needle);
    if (at >= 0 && node.parentElement && !node.parentElement.closest('[hidden]')) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + needle.length);
      return range;
    }
  }
  return null;
}
