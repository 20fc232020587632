// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';

import { charsOf, scan, spread } from '../../src/step/body';

const TEXT = '{"a": [1.0, 12345678901234567890, "x\\"]"], "b":{"c":"é\\u00e9","d":[]},"e":null}';

describe('a JSON text', () => {
  it('is found in its parts, as it is written', () => {
    const root = scan(TEXT);
    const cut = (node?: { start: number; end: number }): string =>
      node ? TEXT.slice(node.start, node.end) : '';
    expect(root?.items.map(item => [item.key, cut(item.node)])).toEqual([
      ['"a"', '[1.0, 12345678901234567890, "x\\"]"]'],
      ['"b"', '{"c":"é\\u00e9","d":[]}'],
      ['"e"', 'null']
    ]);
    expect(root?.items[0]?.node.items.map(item => cut(item.node))).toEqual([
      '1.0',
      '12345678901234567890',
      '"x\\"]"'
    ]);
    expect(scan('{"a":}')).toBeNull();
  });

  it('is spread over lines without a change in any word of it', () => {
    const lines = spread(TEXT);
    expect(lines).toContain('  1.0,\n  12345678901234567890,');
    expect(JSON.parse(lines)).toEqual(JSON.parse(TEXT));
    // The control: written anew, its numbers would be others.
    expect(JSON.stringify(JSON.parse(TEXT), null, 1)).not.toContain('12345678901234567890');
    expect(spread('no JSON')).toBe('no JSON');
  });

  it('is counted in bytes, also where a character is cut', () => {
    expect([0, 1, 2, 3, 4, 5].map(n => charsOf('aé€', n))).toEqual([0, 1, 1, 2, 2, 2]);
    expect(charsOf('aé€', 6)).toBe(3);
    expect('aé€'.length).not.toBe(6);
  });
});
