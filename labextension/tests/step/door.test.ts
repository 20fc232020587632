// @vitest-environment jsdom
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { open } from '../../src/step';
import { mount, type Mounted } from '../../src/view';
import type { Event } from '../../src/view/types';
import { browserLike, Kernel } from '../view/page';
import { Story, StoryKernel } from './story';

beforeAll(browserLike);

/** A kernel that also knows the moves of the run written by hand. */
class SteppedKernel extends Kernel {
  readonly story = new StoryKernel(new Story(), 13, 'r1');
  override send(action: string, fields: object = {}): Promise<unknown> {
    this.sent.push(action);
    return this.story.send(action, fields);
  }
}

const STARTED: Event = { kind: 'run_started', seq: 0, t: 0, run_id: 'r1', prompt: '', model: 'm' };
const WAITS: Event = { kind: 'step_started', seq: 1, t: 0, step: 1 };
const RESTS: Event = {
  kind: 'paused',
  seq: 2,
  t: 1,
  step: 4,
  why: 'Paused before request 4. Nothing has been sent yet.',
  key: 'k13',
  place: 'request'
};
const OVER: Event = { kind: 'run_finished', seq: 3, t: 2, reason: 'answer', answer: 'Two.' };

describe('the way to the step view', () => {
  let kernel: SteppedKernel;
  let host: HTMLElement;
  let view: Mounted;
  let nLoaded: number;
  let fails: boolean;
  const drawn = (): Promise<void> => new Promise(done => setTimeout(done, 15));
  const find = (selector: string): HTMLElement | null =>
    host.shadowRoot?.querySelector<HTMLElement>(selector) ?? null;
  const button = (name: string): HTMLButtonElement | undefined =>
    [...(host.shadowRoot?.querySelectorAll('button') ?? [])].find(
      each => (each.getAttribute('aria-label') ?? each.textContent) === name
    );
  const tell = async (...events: Event[]): Promise<void> => {
    kernel.snapshot(events);
    await drawn();
  };

  beforeEach(() => {
    kernel = new SteppedKernel();
    host = document.createElement('div');
    document.body.append(host);
    nLoaded = 0;
    fails = false;
    const loadStep = (): Promise<{ open: typeof open }> => {
      nLoaded += 1;
      return fails ? Promise.reject(new Error('gone')) : Promise.resolve({ open });
    };
    view = mount(host, { run_id: 'r1' }, kernel, { loadStep });
  });
  afterEach(() => {
    vi.useRealTimers();
    view.dispose();
    host.remove();
  });

  it('is not loaded before it is needed; Pause asks the kernel and says so', async () => {
    await tell(STARTED, WAITS);
    expect([nLoaded, find('.sv')]).toEqual([0, null]);
    button('Pause')?.click();
    await drawn();
    expect(kernel.story.sent).toContainEqual(['pace', { until: 'move' }]);
    expect(find('.words')?.textContent).toBe('Pausing at the next move');
  });

  it('opens by itself where the run rests, and takes no focus', async () => {
    const other = document.createElement('input');
    document.body.append(other);
    other.focus();
    await tell(STARTED, WAITS, RESTS);
    expect(find('.sv .now')?.textContent).toContain('Paused before request 4.');
    expect(document.activeElement).toBe(other);
    expect(find('.steps')).toBeNull();
    other.remove();
  });

  it('has the focus if the button that was pressed has gone', async () => {
    await tell(STARTED, WAITS);
    button('Pause')?.focus();
    button('Pause')?.click();
    await tell(STARTED, WAITS, RESTS);
    expect(host.shadowRoot?.activeElement).toBe(find('.sv'));
  });

  it('has it too on a busy machine, where time counts on before the frame comes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearInterval'] });
    kernel.snapshot([STARTED, WAITS]);
    await vi.advanceTimersByTimeAsync(15);
    button('Pause')?.focus();
    button('Pause')?.click();
    await vi.advanceTimersByTimeAsync(15);
    const frames: (() => void)[] = [];
    vi.stubGlobal('requestAnimationFrame', (draw: () => void) => frames.push(draw));
    kernel.snapshot([STARTED, WAITS, RESTS]);
    await vi.advanceTimersByTimeAsync(500);
    browserLike();
    frames.forEach(draw => draw());
    await vi.advanceTimersByTimeAsync(15);
    expect(host.shadowRoot?.activeElement).toBe(find('.sv'));
  });

  it('stays closed once the person has closed it, until they open it', async () => {
    await tell(STARTED, WAITS, RESTS);
    find('.sv')?.focus();
    button('Close step view')?.click();
    await drawn();
    expect(find('.sv')).toBeNull();
    expect(host.shadowRoot?.activeElement).toBe(button('Step view'));
    await tell(STARTED, WAITS, { ...RESTS, key: 'k14' });
    expect(find('.sv')).toBeNull();
    button('Step')?.click();
    expect(kernel.story.sent).toContainEqual(['go', { key: 'k14', until: 'move' }]);
    button('Step view')?.click();
    await drawn();
    expect(host.shadowRoot?.activeElement).toBe(find('.sv'));
  });

  it('steps through a run that is finished, as long as its kernel is there', async () => {
    kernel.story.finished = 'answer';
    await tell(STARTED, WAITS, OVER);
    expect([nLoaded, button('Step')]).toEqual([0, undefined]);
    button('Step through')?.click();
    await drawn();
    expect(find('.sv .now')?.textContent).toContain('Finished');
    kernel.alive = false;
    await tell(STARTED, WAITS, OVER);
    expect([find('.sv'), button('Step through')]).toEqual([null, undefined]);
  });

  it('says so when it cannot be loaded, and is not tried again by itself', async () => {
    fails = true;
    await tell(STARTED, WAITS, RESTS);
    await tell(STARTED, WAITS, RESTS);
    expect(nLoaded).toBe(1);
    expect(find('.words')?.textContent).toContain('Paused before request 4.');
    expect(button('Step view')).toBeDefined();
  });
});
