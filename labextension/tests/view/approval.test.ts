// @vitest-environment jsdom
// A question to the person: what the card shows, and what each answer sends.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { Event } from '../../src/view/types';
import { fixture } from './fixtures';
import { browserLike, opened, type Page } from './page';

beforeAll(browserLike);

const HEAD = fixture('run_asked').events.slice(0, 3);
const DELETES = { verb: 'deletes files', doing: 'deleting files', what: 'rm', line: 2 };
const QUESTION = {
  kind: 'approval_asked',
  seq: 3,
  t: 1,
  step: 1,
  index: 0,
  name: 'run_python',
  why: 'deletes files',
  key: 'k1',
  arguments: { code: "first()\nrm('old')\u202e" },
  reasons: [DELETES]
};

let page: Page;
afterEach(() => page.dispose());

async function open(last: object): Promise<void> {
  page = await opened([...HEAD, last as Event]);
}

function find(selector: string): HTMLElement {
  const found = page.root.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`There is no ${selector}.`);
  return found;
}

/** Type into a field. */
function type(selector: string, text: string): void {
  (find(selector) as HTMLInputElement).value = text;
}

const card = (): HTMLElement => find('.ask:not([hidden])');

function press(name: RegExp): void {
  const found = [...card().querySelectorAll('button')].find(b => name.test(b.textContent));
  if (!found) throw new Error(`There is no button ${String(name)}.`);
  found.click();
}

function letter(key: string): void {
  card().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
}

/** What was answered last; nothing if nothing was. */
const answered = (): object | null =>
  page.kernel.sent.at(-1) === 'decide' ? page.kernel.fields : null;

describe('a question about a call', () => {
  it('shows why it is asked and exactly what would run, and takes no focus', async () => {
    await open(QUESTION);
    expect(card().textContent).toContain('Run this? It deletes files.');
    expect(find('.ln.hot').textContent).toContain("rm('old')[U+202E]");
    expect(page.root.activeElement).toBeNull();
  });

  it('is answered by its buttons, bound to its key', async () => {
    await open(QUESTION);
    press(/^Approve/);
    expect(answered()).toEqual({ key: 'k1', decision: 'run' });
  });

  it('may be allowed for good', async () => {
    await open(QUESTION);
    press(/^Always allow deleting files in this conversation/);
    expect(answered()).toEqual({ key: 'k1', decision: 'run', always: true });
  });

  it('takes a reason for a denial', async () => {
    await open(QUESTION);
    press(/^Deny/);
    type('.ask input', 'keep it');
    press(/^Deny/);
    expect(answered()).toEqual({ key: 'k1', decision: 'deny', why: 'keep it' });
  });

  it('takes other code to run instead', async () => {
    await open(QUESTION);
    press(/^Edit/);
    type('.ask textarea', 'other()');
    press(/^Run this/);
    expect(answered()).toEqual({ key: 'k1', decision: 'edit', arguments: { code: 'other()' } });
  });

  it('is answered by letters while the focus is in it, and by no other key', async () => {
    await open(QUESTION);
    for (const key of ['Enter', 'x', ' ']) letter(key);
    expect(answered()).toBeNull();
    letter('y');
    expect(answered()).toEqual({ key: 'k1', decision: 'run', always: true });
  });

  it('sends no arguments that are no JSON', async () => {
    await open({ ...QUESTION, arguments: { path: 'old' }, reasons: [] });
    press(/^Edit/);
    type('.ask textarea', '{broken');
    press(/^Run this/);
    expect(answered()).toBeNull();
    expect(card().textContent).toContain('This is no JSON object');
    type('.ask textarea', '{"path": "new"}');
    press(/^Run this/);
    expect(answered()).toMatchObject({ arguments: { path: 'new' } });
  });

  it('goes once it is decided', async () => {
    await open(QUESTION);
    const given = { kind: 'approval_given', seq: 4, t: 2, step: 1, index: 0, decision: 'run' };
    page.kernel.events([given as Event]);
    await page.drawn();
    expect(page.root.querySelector('.ask:not([hidden])')).toBeNull();
  });
});

describe('a question about a result', () => {
  it('shows what would leave, and keeps it if that is wanted', async () => {
    await open({ ...QUESTION, about: 'result', content: 'my secret', reasons: [] });
    expect(card().textContent).toContain('Send this result to the model?');
    expect(card().textContent).toContain('my secret');
    press(/^Keep it here/);
    press(/^Keep it here/);
    expect(answered()).toEqual({ key: 'k1', decision: 'deny', why: '' });
  });
});

describe('a question about a call that nobody saw end', () => {
  const question = { ...QUESTION, about: 'outcome', reasons: [] };
  it.each([
    ['Run again', 'r', { decision: 'run' }],
    ['It was done', 'd', { decision: 'done' }],
    ['Skip', 's', { decision: 'deny' }]
  ])('is answered with %s, by button and by key', async (words, key, sent) => {
    await open(question);
    expect(card().textContent).toContain('The kernel ended while this ran. Run it again?');
    expect(card().textContent).toContain("rm('old')");
    press(new RegExp(`^${words}`));
    expect(answered()).toEqual({ key: 'k1', ...sent });
    page.dispose();
    await open(question);
    letter(key);
    expect(answered()).toEqual({ key: 'k1', ...sent });
  });
});

describe('a limit', () => {
  it('asks whether to go on', async () => {
    const question = 'Go on for another $1.00?';
    const key = '1.limit.usd';
    await open({ kind: 'paused', seq: 3, t: 1, step: 1, why: 'Reached.', question, key });
    const buttons = find(`[aria-label="${question}"]`).querySelectorAll('button');
    expect([...buttons].map(b => b.textContent)).toEqual(['Go on for another $1.00', 'Stop here']);
    buttons[1]?.click();
    expect(answered()).toEqual({ key, decision: 'deny' });
  });
});

describe('the line to the agent', () => {
  it('sends a note, shows that it waits, and forgets it once it was read', async () => {
    await open(QUESTION);
    type('.steer input', 'use another colour');
    const enter = { key: 'Enter', bubbles: true };
    const composing = new KeyboardEvent('keydown', { ...enter, isComposing: true });
    find('.steer input').dispatchEvent(composing);
    expect(page.kernel.sent.at(-1)).not.toBe('say');
    find('.steer input').dispatchEvent(new KeyboardEvent('keydown', enter));
    expect(page.kernel.sent.at(-1)).toBe('say');
    expect(page.kernel.fields).toEqual({ text: 'use another colour' });
    await page.drawn();
    expect(find('.queue').textContent).toContain('“use another colour”');
    const read = { kind: 'steered', seq: 4, t: 2, step: 1, text: 'use another colour' };
    page.kernel.events([read as Event]);
    await page.drawn();
    expect(find('.queue').hidden).toBe(true);
  });
});
