import { describe, expect, it } from 'vitest';

import { inline, type Node, parse } from '../../src/view/markdown';
import { read } from './fixtures';

const CASES = read('markdown') as { source: string; blocks: Node[] }[];

describe('markdown', () => {
  it.each(CASES.map(c => [c.source, c.blocks] as const))(
    'reads %j as Python does',
    (source, blocks) => {
      expect(parse(source)).toEqual(blocks);
    }
  );

  it('reads inlines as Python does', () => {
    expect(inline('a_b_c and 2*3*4')).toEqual([
      ['text', 'a_b_c and 2'],
      ['em', [['text', '3']]],
      ['text', '4']
    ]);
    expect(inline('$x_1$ and $5 or $6')).toEqual([
      ['math', '$x_1$'],
      ['text', ' and $5 or $6']
    ]);
    expect(inline('\\*not\\* `a``b`')).toEqual([
      ['text', '*not* '],
      ['code', 'a``b']
    ]);
    expect(inline('![alt](http://t.co/p.png)')).toEqual([
      ['link', [['text', 'alt']], 'http://t.co/p.png']
    ]);
  });

  it('reads a nested list, and what follows it, once each', () => {
    const kinds = parse('- a\n  - b\n\n  more\n\nend\n\n> q').map(node => node.kind);
    expect(kinds).toEqual(['list', 'paragraph', 'quote']);
  });

  it('reads hostile text without markup of its own, and at length', () => {
    for (const piece of [
      '*a ',
      '`',
      '[',
      '**',
      '> ',
      '- ',
      '|',
      '$a',
      '<http://',
      '_a',
      '~~',
      '  - '
    ]) {
      const source = piece.repeat(Math.floor(20_000 / piece.length));
      expect(JSON.stringify(parse(source)).length).toBeLessThan(4_000_000);
    }
    expect(parse('<img src=x onerror=alert(1)>')).toEqual([
      { kind: 'paragraph', inline: [['text', '<img src=x onerror=alert(1)>']] }
    ]);
  });
});
