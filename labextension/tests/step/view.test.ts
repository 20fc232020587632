// @vitest-environment jsdom
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { browserLike, texts } from '../view/page';
import { stepPage } from './page';
import { STEPS } from './steps';
import { Story } from './story';

beforeAll(browserLike);

const PAYLOAD = '<img src=x onerror=fire()>';

function area(node: HTMLElement): HTMLTextAreaElement {
  const found = node.querySelector('textarea');
  if (!found) throw new Error('No form is open.');
  return found;
}

describe('the step view', () => {
  it('shows the loop where it rests, what ran and what was not taken', async () => {
    const { node } = await stepPage(13);
    expect(node.querySelector('.now')?.textContent).toBe(
      'Paused before request 4. Nothing has been sent yet.'
    );
    expect(texts(node, '.cl.cur code')).toEqual(['        reply = yield Ask(messages, tools)']);
    expect(texts(node, '.cl.dim code')).toEqual(['            return reply']);
    expect(texts(node, '.iv').at(-1)).toBe('not taken');
    expect(node.querySelectorAll('.rn')).toHaveLength(2);
    expect(node.querySelector('[aria-current=step]')?.getAttribute('aria-label')).toBe(
      'Move 13, step 4, request'
    );
  });

  it('opens the tab of what moves next', async () => {
    const { node, press } = await stepPage(13);
    const open = (): string[] => texts(node, '[role=tab][aria-selected=true]');
    expect(open()).toEqual([expect.stringMatching(/^Request /)]);
    await press('ArrowLeft');
    expect(open()).toEqual([expect.stringMatching(/^Tool error/)]);
    await press('ArrowLeft');
    await press('ArrowLeft');
    expect(open()).toEqual([expect.stringMatching(/^Reply 1 call/)]);
  });

  it('keeps a tab that was chosen before the facts of its move came', async () => {
    const tab = (name: string): HTMLElement => {
      const tabs = [...document.querySelectorAll<HTMLElement>('[role=tab]')];
      return tabs.find(each => each.textContent.startsWith(name)) ?? document.body;
    };
    const open = (): string[] => texts(document, '[role=tab][aria-selected=true]');
    const opening = stepPage(13);
    tab('History').click();
    expect(open()).toEqual([expect.stringMatching(/^History/)]);
    const { node, press, drawn } = await opening;
    expect(open()).toEqual([expect.stringMatching(/^History/)]);
    node.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
    tab('Reply').click();
    await drawn();
    expect(open()).toEqual([expect.stringMatching(/^Reply/)]);
    await press('ArrowRight'); // the choice was for that move alone
    expect(open()).toEqual([expect.stringMatching(/^Request/)]);
    tab('History').click();
    await press('ArrowLeft'); // and one for a move that is shown does not go along
    expect(open()).toEqual([expect.stringMatching(/^Tool/)]);
  });

  it('shows the very bytes of the request', async () => {
    const { node, click, kernel } = await stepPage(13);
    await click('Exact bytes');
    const { body, cached_bytes } = kernel.story.at(13).request ?? { body: '', cached_bytes: 0 };
    expect(node.querySelector('.wire')?.textContent).toBe(body);
    const same = node.querySelector('.same')?.textContent ?? '';
    expect(new TextEncoder().encode(same)).toHaveLength(cached_bytes);
    await click('Readable');
    expect(node.querySelectorAll('.jsn .new').length).toBeGreaterThan(2);
    expect(node.querySelectorAll('.jsn .pre .new')).toHaveLength(0);
  });

  it('copies the request and puts it into a new cell', async () => {
    const { click, copied, cells, kernel } = await stepPage(13);
    await click('Copy as JSON');
    await click('Copy as curl');
    await click('New cell');
    expect(copied[0]).toBe(kernel.story.at(13).request?.body);
    expect(copied[1]).toContain('curl');
    expect(cells).toEqual([expect.stringContaining('urllib.request')]);
  });

  it('only reads while one looks back, and says so', async () => {
    const { node, press, kernel, actions } = await stepPage(13);
    kernel.sent.length = 0;
    await press('ArrowLeft');
    await press('ArrowLeft');
    expect(node.querySelector('.bn:not([hidden])')?.textContent).toContain(
      'Looking back at move 11 of 13. Nothing is sent and nothing runs. The run waits at move 13.'
    );
    await press('Enter'); // Step does nothing here
    await press('c');
    await press('ArrowRight');
    await press('End');
    expect([...new Set(actions())]).toEqual(['move']);
    await press('Enter'); // the control: from where it rests, it does
    expect(actions()).toContain('go');
  });

  it('steps by keys and keeps the focus where it is', async () => {
    const { node, press, kernel } = await stepPage(3);
    node.focus();
    await press('Enter');
    expect(kernel.open).toBe(4);
    expect(document.activeElement).toBe(node);
    await press('c');
    expect(kernel.sent.at(-3)).toEqual(['go', { key: 'k4', until: 'tool' }]);
    await press('r');
    expect(kernel.sent.map(([, fields]) => fields['until'])).toContain('end');
    await press('.');
    expect(kernel.sent.map(([action]) => action)).toContain('stop');
  });

  it('edits what is in hand, keeps the text at a fault, and takes it back', async () => {
    const { node, press, click, kernel, drawn } = await stepPage(8);
    await press('e');
    expect(document.activeElement).toBe(area(node));
    area(node).value = 'Say: 42';
    kernel.refuses = 'A result must not be empty.';
    await click('Save');
    expect(node.querySelector('.edit [role=alert]')?.textContent).toBe(kernel.refuses);
    expect(area(node).value).toBe('Say: 42');
    kernel.refuses = '';
    await click('Save');
    await drawn();
    expect(kernel.story.edits.get(8)).toBe('Say: 42');
    expect(node.querySelector('textarea')).toBeNull();
    expect(texts(node, '.half s')).toHaveLength(1);
    await press('e');
    await click('Take back');
    expect(kernel.story.edits.size).toBe(0);
  });

  it('closes a form by Esc, then leaves', async () => {
    const { node, press, gone } = await stepPage(8);
    await press('e');
    await press('Escape', area(node));
    expect([node.querySelector('textarea'), gone]).toEqual([null, []]);
    await press('Escape');
    expect(gone).toEqual(['leave']);
  });

  it('edits code as code, and the arguments around it stay', async () => {
    const { node, press, click, kernel } = await stepPage(11);
    await press('e');
    expect(area(node).value).toBe('typical = df.groupby("species").median()');
    area(node).value = 'typical = 1';
    await click('Save');
    expect(kernel.sent).toContainEqual(['edit', { key: 'k11', value: '{"code":"typical = 1"}' }]);
  });

  it('makes a fork of an edit in the past', async () => {
    const { node, press, click, kernel, drawn } = await stepPage(13);
    await press('ArrowLeft');
    await press('e');
    expect(node.querySelector('.edit')?.textContent).toContain('A past move can’t change');
    area(node).value = 'Hint: numeric_only';
    await click('Fork with this edit');
    const dialog = node.querySelector<HTMLElement>('[role=dialog]');
    expect(dialog?.textContent).toContain('+typical');
    expect(kernel.sent.map(([action]) => action)).not.toContain('edit');
    node.querySelectorAll<HTMLInputElement>('[name=nba-fork]')[1]?.click();
    await press('Enter', node.querySelector<HTMLElement>('[name=nba-fork]') ?? node);
    await drawn();
    expect(kernel.sent).toContainEqual([
      'fork',
      { n: 12, value: 'Hint: numeric_only', fresh: true }
    ]);
    expect(texts(node, '.kin')[0]).toContain('Fork run-8 of run-7 at move 12');
    await click('Go to run-7');
    expect(texts(node, '.kin')[0]).toContain('Go to run-8');
  });

  it('asks what comes next, and tells whether it was right', async () => {
    const { node, press, drawn } = await stepPage(11);
    expect(texts(node, 'fieldset b')).toEqual(['What comes of it?']);
    node.querySelectorAll<HTMLInputElement>('fieldset input')[1]?.click();
    await press('Enter');
    await drawn();
    expect(texts(node, '.pred.done .row')).toEqual(['“An error”. Right: TypeError.']);
    await vi.waitFor(() => expect(node.textContent).toContain('1 of 1 right so far'));
  });

  it('shows history with what is new, and what was before an edit', async () => {
    const story = new Story();
    story.edits.set(12, 'Hint: numeric_only');
    const { node, click } = await stepPage(12, story);
    await click('History');
    expect(texts(node, '.ms.new .ro')).toEqual(['assistant']);
    expect(texts(node, '.ms.ed .el')).toEqual(['joins on the next move, edited by you']);
    expect(texts(node, '.mx s')).toEqual([expect.stringContaining('TypeError')]);
    expect(node.querySelectorAll('.mx:not([hidden])')).toHaveLength(2);
    await click('All text');
    expect(node.querySelectorAll('.mx[hidden]')).toHaveLength(0);
  });

  it('keeps the focus inside when what had it goes away', async () => {
    const { node, press, click } = await stepPage(13);
    const copy = node.querySelector<HTMLElement>('.bar .b');
    copy?.focus();
    expect(document.activeElement).toBe(copy);
    await press('ArrowLeft', copy ?? node); // another tab opens
    expect(document.activeElement).toBe(node);
    await press('End');
    node.querySelector<HTMLElement>('.lnk')?.focus();
    await click('Skip');
    expect(node.querySelector('fieldset')).toBeNull();
    expect(document.activeElement).toBe(node);
  });

  it('offers Pause while the run goes on by itself', async () => {
    const { node, view, kernel, click } = await stepPage(12);
    const moves = kernel.moves.bind(kernel);
    kernel.moves = runId => ({ ...moves(runId), open: null, until: 'end' });
    view.news();
    await vi.waitFor(() =>
      expect(node.querySelector('.now')?.textContent).toBe('Running to the end')
    );
    const offered = texts(node, '.hd button:not([hidden])').filter(Boolean);
    expect(offered).toEqual(['Pause', 'Stop']);
    await click('Pause');
    expect(kernel.sent).toContainEqual(['pace', { until: 'move' }]);
  });

  it('is done with a run that is finished', async () => {
    const { node, press, actions } = await stepPage(null);
    expect(node.querySelector('.now')?.textContent).toBe('Finished. 20 moves');
    await press('Enter');
    await press('r');
    expect(actions()).not.toContain('go');
  });
});

describe('foreign text in the step view', () => {
  it('stays text in every pane', async () => {
    const steps = structuredClone(STEPS).map(step => ({
      ...step,
      reasoning: PAYLOAD + step.reasoning,
      content: PAYLOAD,
      calls: step.calls.map(call => ({
        ...call,
        name: PAYLOAD,
        given: { code: `print(1)  # ${PAYLOAD}` },
        saw: PAYLOAD,
        outputs: [{ output_type: 'stream', name: 'stdout', text: PAYLOAD }],
        added: [PAYLOAD]
      }))
    }));
    const { node, click, press, drawn } = await stepPage(8, new Story(steps));
    const seen: string[] = [];
    for (const tab of ['History', 'Request', 'Reply', 'Tool']) {
      await click(tab);
      for (const fold of node.querySelectorAll<HTMLElement>('.fold,.lab,.more,.ms')) fold.click();
      await drawn();
      seen.push(node.querySelector('.pane')?.textContent ?? '');
      const wrong = [...node.querySelectorAll('*')].filter(
        each => each.matches('script,iframe,img[src="x"]') || each.hasAttribute('onerror')
      );
      expect(wrong).toEqual([]);
    }
    await press('e');
    expect(seen.filter(text => text.includes(PAYLOAD))).toHaveLength(4);
    const box = document.createElement('div');
    // eslint-disable-next-line no-restricted-syntax -- the control: what the view never does
    box.innerHTML = PAYLOAD;
    expect(box.querySelectorAll('[onerror]')).toHaveLength(1);
  });
});
