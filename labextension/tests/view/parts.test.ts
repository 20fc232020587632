// @vitest-environment jsdom
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { Announcer } from '../../src/view/announce';
import { failingLine } from '../../src/view/code';
import { requestText } from '../../src/view/copy';
import { lineDiff } from '../../src/view/diff';
import { matches } from '../../src/view/find';
import { tokens } from '../../src/view/highlight';
import { LiveMarkdown, markdown } from '../../src/view/markdown_dom';
import { clean, clip, dollars, gist, seconds } from '../../src/view/phrases';
import { sha256 } from '../../src/view/sha256';
import { sceneOf } from '../../src/view/stored';
import { fixture, folded } from './fixtures';
import { browserLike } from './page';
import { snapshotOf } from './snapshot';

beforeAll(browserLike);
afterEach(() => vi.useRealTimers());

describe('phrases', () => {
  it('write numbers as Python does', () => {
    expect([0.25, 6.94, 59.96, 600, 4440].map(seconds)).toEqual([
      '0.2 s',
      '6.9 s',
      '60 s',
      '10 min',
      '1 h 14'
    ]);
    expect([0.0031, 0.0154, 1.2, 23.7, null].map(value => dollars(value))).toEqual([
      '$0.0031',
      '$0.015',
      '$1.20',
      '$23.70',
      '—'
    ]);
    expect(gist('Look at v1.2 first. Then go.')).toBe('Look at v1.2 first');
    expect(clean('a\x1b[31mb\u202ec\r\nd 10%\rd 99%')).toBe('ab[U+202E]c\nd 99%');
    expect(clip('x'.repeat(300), 90)).toContain('left out here');
  });
});

describe('code', () => {
  it('is the same text in tokens', () => {
    const code =
      '# a\nfor x in range(3):\n    print(f"{x} \'q\'", df.loc[0].a, 1e-3)  # b\n"""doc\nstring"""\n%%time\n"open';
    expect(
      tokens(code)
        .map(t => t.text)
        .join('')
    ).toBe(code);
    const kinds = new Map(tokens(code).map(t => [t.text, t.kind]));
    expect([kinds.get('for'), kinds.get('print'), kinds.get('loc'), kinds.get('1e-3')]).toEqual([
      'k',
      'bi',
      'd',
      'n'
    ]);
  });

  it('is marked where a traceback points', () => {
    expect(failingLine('a\nb = c\n', '----> 2 b = c\n')).toBe(2);
    expect(failingLine('a\nb\n', 'File "<cell>", line 2, in <module>')).toBe(2);
    expect(failingLine('a\n', 'KeyError')).toBe(0);
  });

  it('is compared line by line', () => {
    expect(lineDiff(['a', 'b'], ['a', 'c', 'd'])).toBe('  a\n- b\n+ c\n+ d');
  });

  it('is hashed as everybody hashes it', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('é'.repeat(100)).length).toBe(64);
  });
});

describe('markdown that streams', () => {
  it('ends as the same nodes as the whole text', () => {
    const source =
      '# Head\n\nSome **bold** text.\n\n```python\nx = 1\n\ny = 2\n```\n\nEnd\n\n- a\n- b\n\nLast';
    const live = new LiveMarkdown();
    for (let i = 1; i <= source.length; i++) live.update(source.slice(0, i));
    const words = markdown(source)
      .map(node => node.textContent)
      .join('|');
    const shown = [...live.node.querySelectorAll(':scope > *:not(div), :scope > div > *')];
    expect(shown.map(node => node.textContent).join('|')).toBe(words);
  });

  it('leads nowhere', () => {
    const [node] = markdown('[here](javascript:alert(1)) ![p](http://x.y/p.png)');
    expect(node?.querySelectorAll('a,img').length).toBe(0);
    expect(node?.textContent).toContain('http://x.y/p.png');
  });
});

describe('a request', () => {
  const request = {
    url: "https://a.b/v1/it's",
    body: { model: 'k', messages: [{ content: 'é "x" \\n' }] }
  };

  it('is copied in forms that carry the same body and no key', () => {
    const curl = requestText(request, 'curl').split('\n');
    expect(JSON.parse(curl.at(-2) ?? '')).toEqual(request.body);
    const python = /json\.loads\((.*)\)$/m.exec(requestText(request, 'python'))?.[1] ?? '';
    expect(JSON.parse(JSON.parse(python) as string)).toEqual(request.body);
    expect(JSON.parse(requestText(request, 'json'))).toEqual(request.body);
    expect(curl[0]).toBe(`curl 'https://a.b/v1/it'\\''s' \\`);
  });
});

describe('the announcer', () => {
  it('says at most one thing in two seconds, the last one', () => {
    vi.useFakeTimers({ now: 0 });
    const announcer = new Announcer();
    const said: string[] = [];
    const note = (): void => {
      const text = announcer.node.querySelector('[role=status]')?.textContent ?? '';
      if (text && said.at(-1) !== text) said.push(text);
    };
    for (let i = 0; i < 400; i++) {
      announcer.say(`piece ${i}`);
      note();
      vi.advanceTimersByTime(10);
      note();
    }
    expect(said.length).toBeLessThanOrEqual(3);
    vi.advanceTimersByTime(2_000);
    note();
    expect(said.at(-1)).toBe('piece 399');
    announcer.dispose();
  });
});

describe('a stored trace', () => {
  it('is found again, and read back with its figures', () => {
    const { view } = folded(fixture('run_repaired').events);
    expect(matches(view, 'SPECIES')).toEqual(['s1', 's2']);
    expect(matches(view, 'nowhere')).toEqual([]);
    const scene = sceneOf({
      run_id: 'r1',
      snapshot: fixture('run_repaired').snapshot,
      metrics: {
        run: { wall_s: 9.5 },
        columns: 'step wall_s ttft_s',
        steps: ['1 2.5 0.6', '2 3.25 -']
      },
      chart: {
        t_end: 9.5,
        segments: ['1 reasoning 0.600 2.000'],
        speed: ['reasoning 0.60,40 1.00,41']
      },
      pictures: { '8c6cfd936e14': 'data:image/png;base64,iVBORw0KGgo=' }
    });
    expect(scene.view.running).toBe(false);
    expect(snapshotOf(scene.view).steps).toEqual(fixture('run_repaired').snapshot.steps);
    expect(scene.meter.metrics().steps[1]).toEqual({ step: 2, wall_s: 3.25, ttft_s: null });
    expect(scene.meter.chart().segments).toEqual([[1, 'reasoning', 0.6, 2]]);
    expect(scene.view.pictures.get('8c6cfd936e14')?.mime).toBe('image/png');
  });
});
