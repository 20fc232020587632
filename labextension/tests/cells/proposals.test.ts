// @vitest-environment jsdom
// Which cards a page shows: what it was asked to, and what the kernel knows to be undecided.

import { describe, expect, it, vi } from 'vitest';

import type { App, CellsPanel, CellWidget } from '../../src/cells/host';
import { Proposals } from '../../src/cells/proposals';
import type { Proposed } from '../../src/cells/protocol';
import { notebook } from './notebooks';

// What else is in there needs a browser.
vi.mock('../../src/renderer', () => ({ TRACE_MIME: 'trace' }));

const proposed = (call: string, source = call): Proposed => ({
  run_id: 'r1',
  tool_call_id: call,
  ops: [{ op: 'insert', after: 'c0', type: 'code', source }]
});

/** A page's cards over a notebook of one cell, and what the kernel was told. */
function page(): {
  proposals: Proposals;
  cards: () => { name: string; code: string; press: (act: string) => void }[];
  told: string[];
} {
  const told: string[] = [];
  const node = document.createElement('div');
  const panel = { content: { node, widgets: [], deselectAll: vi.fn(), scrollToItem: vi.fn() } };
  const proposals = new Proposals(
    panel as unknown as CellsPanel,
    { commands: { execute: () => Promise.resolve() } } as unknown as App,
    ({ request }, how) => void told.push(`${request.tool_call_id} ${how}`)
  );
  const of = notebook('a = 1');
  const there = new Map([['c0', {} as CellWidget]]);
  const cards = (): ReturnType<ReturnType<typeof page>['cards']> =>
    proposals.pieces(of, there).map(piece => {
      const card = piece.draw();
      const button = (act: string): HTMLElement | null => card.querySelector(`[data-act=${act}]`);
      const code = card.querySelector('.code')?.textContent.trim() ?? '';
      return { name: piece.name, code, press: act => button(act)?.click() };
    });
  return { proposals, cards, told };
}

const codes = ({ cards }: ReturnType<typeof page>): string[] => cards().map(({ code }) => code);

describe('the cards of a page', () => {
  it('are those that the kernel knows, once each, and stay the same ones', () => {
    const now = page();
    now.proposals.add(proposed('x'));
    const [before] = now.cards();
    now.proposals.offer([proposed('x'), proposed('y')]);
    now.proposals.offer([proposed('x'), proposed('y')]);
    expect(codes(now)).toEqual(['x', 'y']);
    expect(now.cards()[0]?.name).toBe(before?.name);
    now.proposals.add(proposed('x', 'x again'));
    expect(codes(now)).toEqual(['y', 'x again']);
  });

  it('go where another page has decided, but not before the kernel has told of them', () => {
    const now = page();
    now.proposals.add(proposed('x'));
    now.proposals.offer([]); // said before the kernel knew that this page shows it
    expect(codes(now)).toEqual(['x']);
    now.proposals.offer([proposed('x')]);
    now.proposals.offer([]);
    expect(codes(now)).toEqual([]);
  });

  it('do not come back by a word that was on the way when they were decided', () => {
    const now = page();
    now.proposals.offer([proposed('x'), proposed('y')]);
    now.cards()[0]?.press('close');
    expect(now.told).toEqual(['x dismissed']);
    now.proposals.offer([proposed('x'), proposed('y')]);
    expect(codes(now)).toEqual(['y']);
    const anew = page();
    anew.proposals.offer([proposed('x')]); // the control: a page that is loaded anew shows it
    expect(codes(anew)).toEqual(['x']);
  });
});
