// @vitest-environment jsdom
import { beforeAll, describe, expect, it } from 'vitest';

import { fixture } from './fixtures';
import { browserLike, opened } from './page';

beforeAll(browserLike);

const PAYLOAD = '<img src=x onerror=fire()>';

function foreign(root: ParentNode): string[] {
  const marked = [...root.querySelectorAll('*')].filter(node =>
    [...node.attributes].some(
      ({ name, value }) => name.startsWith('on') || /^\s*javascript:/i.test(value)
    )
  );
  const wrong = [
    ...root.querySelectorAll('script,iframe,object,embed,a[href],form,link,base,img[src="x"]')
  ];
  return [...marked, ...wrong].map(node => node.nodeName);
}

describe('foreign text', () => {
  it('stays text in every part of an open trace', async () => {
    const { root, drawn, dispose } = await opened(fixture('run_hostile').events);
    root.querySelector<HTMLButtonElement>('[aria-label="Expand all"]')?.click();
    await drawn();
    for (const button of root.querySelectorAll<HTMLButtonElement>('.seg button,.lab,.more'))
      button.click();
    await drawn();
    const shown = root.textContent.split(PAYLOAD).length - 1;
    expect(shown).toBeGreaterThan(15);
    expect(foreign(root)).toEqual([]);
    dispose();
  });

  it('would be found by this test if it became markup', () => {
    const box = document.createElement('div');
    // eslint-disable-next-line no-restricted-syntax -- the control: what the view never does
    box.innerHTML = PAYLOAD;
    expect(foreign(box)).toEqual(['IMG', 'IMG']);
  });
});
