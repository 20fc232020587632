// @vitest-environment jsdom
// Code as cells, where the trace has kept an excerpt of it and the kernel has all.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { CodeCell } from '../../src/view';
import type { Event } from '../../src/view/types';
import { fixture } from './fixtures';
import { browserLike, opened, type Page, texts } from './page';

beforeAll(browserLike);

const HEAD = fixture('run_asked').events.slice(0, 3);
const LONG = Array.from({ length: 2_000 }, (_, i) => `value_${i} = ${i}`).join('\n');
const SHORT = 'print("short")';
const stamped = (seq: number, fields: object): Event =>
  ({ seq, t: seq, step: 1, ...fields }) as unknown as Event;
const ran = (index: number, code: string): Event[] => [
  stamped(10 + 2 * index, { kind: 'tool_started', index, name: 'run_python', arguments: { code } }),
  stamped(11 + 2 * index, { kind: 'tool_finished', index, name: 'run_python', content: 'ok' })
];
const EVENTS = [...ran(0, SHORT), ...ran(1, LONG)];
const END = stamped(20, { kind: 'run_finished', reason: 'answer', answer: 'Done.' });

let page: Page;
let cells: CodeCell[];
afterEach(() => page.dispose());

async function open(answer: unknown): Promise<void> {
  cells = [];
  page = await opened([...HEAD, ...EVENTS, END], { newCells: given => void cells.push(...given) });
  page.root.querySelectorAll<HTMLElement>('.st[aria-expanded=false]').forEach(row => row.click());
  await page.drawn();
  page.kernel.answer = answer;
}

async function press(name: string, at = 0): Promise<void> {
  const found = [...page.root.querySelectorAll('button')].filter(b => b.textContent === name)[at];
  if (!found) throw new Error(`There is no button ${name}.`);
  found.click();
  await page.drawn();
}

const sources = (): string[] => cells.map(({ source }) => source);
const said = (): string[] => texts(page.root, 'button + .m').filter(Boolean);
const MISSED = '1 call left out: only an excerpt is here, and no kernel has the rest';

describe('code of which the trace has an excerpt', () => {
  it('becomes a cell whole, as the kernel has it', async () => {
    await open({ events: EVENTS });
    await press('725 more lines');
    expect(page.root.textContent).toMatch(/left out here/); // the control: it is an excerpt
    await press('As a cell', 1);
    expect(sources()).toEqual([LONG]);
    expect(page.kernel.fields).toEqual({ first: 1, last: 1 });
    await press('As a cell', 0);
    expect(sources()).toEqual([LONG, SHORT]);
    expect(said()).toEqual([]);
  });

  it('is among all code of the run, in its order', async () => {
    await open({ events: EVENTS });
    await press('All code as cells');
    expect(sources()).toEqual([SHORT, LONG]);
  });

  it('is left out where no kernel has the rest, and that is said', async () => {
    await open(null);
    await press('As a cell', 1);
    expect(sources()).toEqual([]);
    expect(said()).toEqual([MISSED]);
    await press('All code as cells');
    expect(sources()).toEqual([SHORT]);
    expect(said()).toEqual([MISSED, MISSED]);
    page.kernel.answer = { events: EVENTS };
    await press('As a cell', 1);
    expect(sources()).toEqual([SHORT, LONG]);
    expect(said()).toEqual([MISSED]);
  });
});
