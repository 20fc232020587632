// @vitest-environment jsdom
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { BADGE } from './plain';
import type { Event } from '../../src/view/types';
import { fixture } from './fixtures';
import { browserLike, opened, texts } from './page';

beforeAll(browserLike);

const REPAIRED = fixture('run_repaired').events;

function until(events: readonly Event[], kind: Event['kind'], nth = 0): Event[] {
  const places = events.flatMap((event, i) => (event.kind === kind ? [i] : []));
  return events.slice(0, (places[nth] ?? 0) + 1);
}

describe('a stop', () => {
  it('says after two seconds that the code does not let go, and counts on', async () => {
    const { root, drawn, dispose } = await opened(until(REPAIRED, 'tool_started'));
    const clock = vi.spyOn(performance, 'now');
    [...root.querySelectorAll('button')].find(b => b.textContent === 'Stop')?.click();
    await drawn();
    expect(texts(root, '.words')[0]).toBe('Stopping');
    const now = performance.now();
    clock.mockReturnValue(now + 3_400);
    await vi.waitFor(() =>
      expect(texts(root, '.words')[0]).toMatch(/^Stopping for 3\.\d s: the code/)
    );
    clock.mockRestore();
    dispose();
  });

  it('says the same where the stop came another way, and takes it for no failure', async () => {
    const going = await opened(fixture('run_stopping').events);
    const words = texts(going.root, '.words')[0];
    expect(words).toMatch(/^Stopping for 6\.\d s: the code .* Restart the kernel .* are kept/);
    going.dispose();
    const { root, dispose } = await opened(fixture('run_stopped').events);
    expect(texts(root, '.oc')).toEqual([' done', ' stopped, did not run']);
    expect(root.querySelectorAll('.st .c-error, .card.err').length).toBe(0);
    const failed = await opened(REPAIRED);
    expect(failed.root.querySelectorAll('.st .c-error').length, 'the control').toBeGreaterThan(0);
    failed.dispose();
    dispose();
  });
});

describe('a trace', () => {
  it('says that a cost is the least, where the tokens of an attempt are unknown', async () => {
    const isBefore = (event: Event): boolean => event.kind !== 'run_finished';
    const going = await opened(REPAIRED.filter(isBefore));
    expect(texts(going.root, '.sl')[0]).toMatch(/cost ≥ \$\d/);
    going.dispose();
    const whole = await opened(fixture('run_asked').events);
    expect(texts(whole.root, '.sl')[0], 'the control').toMatch(/cost \$\d/);
    whole.dispose();
  });

  it('puts the answer first once the run has ended, and folds every step', async () => {
    const { root, dispose } = await opened(REPAIRED);
    const run = root.querySelector('.run');
    expect(run?.querySelector('.top .md')?.textContent).toContain('Gentoo, 5,076 g.');
    expect(texts(root, '.st .gist').length).toBe(fixture('run_repaired').snapshot.steps?.length);
    expect(root.querySelectorAll('.st[aria-expanded=true]').length).toBe(0);
    expect(texts(root, '.sum')[0]).toContain('3 steps, 2 tool calls');
    dispose();
  });

  it('says what to type as code where a run ends without an answer', async () => {
    const text = 'Stopped. Go on with `%kimi <b>` or ` alone.';
    const { root, dispose } = await opened([
      ...REPAIRED.slice(0, -1),
      { ...REPAIRED.at(-1), reason: 'stopped', answer: '', text } as Event
    ]);
    expect(texts(root, '.ended')).toEqual(['Stopped. Go on with %kimi <b> or ` alone.']);
    expect(texts(root, '.ended code')).toEqual(['%kimi <b>']);
    dispose();
  });

  it('keeps the step before the current one open until the current one calls a tool', async () => {
    const open = async (events: readonly Event[]): Promise<string[]> => {
      const { root, dispose } = await opened(events);
      const rows = texts(root, '.st[aria-expanded=true] .no');
      dispose();
      return rows;
    };
    const thinking = [...until(REPAIRED, 'step_started', 1)];
    expect(await open(thinking)).toEqual(['1', '2']);
    const repaired = fixture('run_repaired').events.filter(
      e => e.kind !== 'tool_finished' || e.step > 1
    );
    expect(await open(until(repaired, 'tool_started', 1))).toEqual(['2']);
    expect(await open(until(REPAIRED, 'tool_started', 1)), 'a failed step stays').toEqual([
      '1',
      '2'
    ]);
  });

  it('leaves open what the reader has opened, and closed what they have closed', async () => {
    const { root, kernel, drawn, dispose } = await opened(until(REPAIRED, 'step_started', 1));
    root.querySelector<HTMLButtonElement>('.st[data-step="2"]')?.click();
    kernel.events(REPAIRED.slice(until(REPAIRED, 'step_started', 1).length, -1));
    await drawn();
    expect(root.querySelector('.st[data-step="2"]')?.getAttribute('aria-expanded')).toBe('false');
    dispose();
  });

  it('appends what streams to the same text node, and never moves the focus', async () => {
    const start = until(REPAIRED, 'delta', 2);
    const { root, kernel, drawn, dispose } = await opened(start);
    const node = root.querySelector('.rz .win p')?.firstChild;
    const stop = [...root.querySelectorAll('button')].find(b => b.textContent === 'Stop');
    stop?.focus();
    kernel.events(REPAIRED.slice(start.length, start.length + 4));
    await drawn();
    const later = root.querySelector('.rz .win p')?.firstChild;
    expect(later).toBe(node);
    expect(later?.nodeValue?.length).toBeGreaterThan(5);
    expect(root.activeElement).toBe(stop);
    stop?.click();
    expect(kernel.sent).toEqual(['stop']);
    dispose();
  });

  it('asks for a snapshot when a number is missing, once', async () => {
    const start = until(REPAIRED, 'delta', 2);
    const { kernel, drawn, dispose } = await opened(start);
    kernel.events(REPAIRED.slice(start.length + 2, start.length + 4));
    kernel.events(REPAIRED.slice(start.length + 4, start.length + 6));
    await drawn();
    expect(kernel.sent).toEqual(['ready']);
    dispose();
  });

  it('says that a run is scripted, at the head and at the answer, in the exact words', async () => {
    const { root, dispose } = await opened(fixture('run_scripted').events);
    expect(texts(root, '.badge:not([hidden])')).toEqual([BADGE, BADGE]);
    dispose();
    const other = await opened(REPAIRED);
    expect(texts(other.root, '.badge:not([hidden])')).toEqual([]);
    other.dispose();
  });

  it('shows what changed since the failed call, and what the model saw', async () => {
    const { root, drawn, dispose } = await opened(REPAIRED);
    root.querySelector<HTMLButtonElement>('[aria-label="Expand all"]')?.click();
    await drawn();
    const failed = root.querySelector('.card.err');
    expect(failed?.textContent).toContain('KeyError');
    const saw = [...root.querySelectorAll('button')].filter(b =>
      b.textContent.startsWith('Model saw')
    );
    expect(saw.length).toBeGreaterThan(0);
    saw.at(-1)?.click();
    expect(texts(root, '.out:not([hidden]) pre').join(' ')).toContain('3 groups');
    expect(root.querySelector('img.fig')?.getAttribute('src')).toMatch(/^data:image\/png;base64,/);
    dispose();
  });

  it('is walked with keys', async () => {
    const { root, dispose } = await opened(REPAIRED);
    const press = (key: string): void => {
      const at = root.activeElement ?? root.querySelector('.st');
      at?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, composed: true }));
    };
    const row = (): string => (root.activeElement as HTMLElement).dataset['step'] ?? '';
    press('ArrowDown');
    press('ArrowDown');
    expect(row()).toBe('2');
    press('ArrowRight');
    expect(root.activeElement?.getAttribute('aria-expanded')).toBe('true');
    press('e');
    expect(row()).toBe('3');
    press('E');
    expect(row()).toBe('1');
    dispose();
  });
});

describe('a long run', () => {
  it('has few nodes, and every step within reach', async () => {
    const { root, drawn, dispose } = await opened(many(1_000));
    expect(root.querySelectorAll('*').length).toBeLessThan(600);
    expect(texts(root, '.group .no').length).toBeLessThanOrEqual(14);
    root.querySelector<HTMLButtonElement>('.group .st')?.click();
    await drawn();
    root.querySelector<HTMLButtonElement>('.group.d1 .st')?.click();
    await drawn();
    expect(texts(root, '.item.d2 .no').slice(0, 2)).toEqual(['1', '2']);
    dispose();
  });
});

/** A run of so many steps, each the second one of the long fixture. */
function many(n: number): Event[] {
  const { events } = fixture('run_long');
  const part = events.filter(event => 'step' in event && event.step === 2);
  const steps = Array.from({ length: n }, (_, i) =>
    part.map(e => ({ ...e, step: i + 1 }) as Event)
  );
  const all = [...events.slice(0, 1), ...steps.flat(), ...events.slice(-1)];
  return all.map((event, seq) => ({ ...event, seq, t: seq / 10 }));
}
