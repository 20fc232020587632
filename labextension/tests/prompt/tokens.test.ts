// What of a cell is what: by the fixture that Python's tests read too.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALONE, magicLine, pieces } from '../../src/prompt/tokens';

interface Fixture {
  readonly alone: string[];
  readonly cells: { text: string; pieces: [kind: string, text: string][] | null }[];
}

const path = new URL('../../../tests/fixtures/prompts.json', import.meta.url);
const { alone, cells } = JSON.parse(readFileSync(path, 'utf8')) as Fixture;

describe('a cell', () => {
  it.each(cells)('has its pieces: $text', ({ text, pieces: expected }) => {
    const found = pieces(text).map(({ from, to, kind }) => [kind, text.slice(from, to)]);
    expect(found).toEqual(expected ?? []);
    expect(magicLine(text) >= 0).toBe(expected !== null);
  });

  it('has pieces in order that do not overlap, wherever it is cut', () => {
    for (const { text } of cells) {
      for (let end = 0; end <= text.length; end += 1) {
        const found = pieces(text.slice(0, end));
        const edges = found.flatMap(({ from, to }) => [from, to]);
        expect(edges).toEqual([...edges].sort((a, b) => a - b));
        expect(edges.every(edge => edge <= end)).toBe(true);
      }
    }
  });

  it('of 100,000 characters is told apart without backtracking for ever', () => {
    const hostile = `%%kimi ${'@a.'.repeat(20_000)}\n${'```\n'.repeat(10_000)}`;
    expect(pieces(hostile).length).toBeGreaterThan(0);
  });
});

it('options without a value are those that the kernel has', () => {
  expect([...ALONE]).toEqual(alone);
});
