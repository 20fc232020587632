// A page of its own for the step view, without Jupyter and without a kernel: a run written by hand,
// told up to any move. `tests/trace/render_step.py` takes pictures of it.

import { open } from '../src/step';
import { mount, type NewCells } from '../src/view';
import type { Event, KernelMessage, Link } from '../src/view/types';
import { Story, StoryKernel } from '../tests/step/story';

class StoryLink implements Link {
  alive = true;
  private readonly listeners = new Set<(message: KernelMessage) => void>();
  constructor(readonly kernel: StoryKernel) {}

  send(action: string, fields?: object): Promise<unknown> {
    const answer = this.kernel.send(action, fields);
    if (action === 'go') setTimeout(() => this.tell(), 0);
    return answer;
  }
  onMessage(callback: (message: KernelMessage) => void): () => void {
    this.listeners.add(callback);
    return () => {
      this.listeners.delete(callback);
    };
  }
  /** As a kernel tells a page that was opened just now. */
  tell(): void {
    const { kernel } = this;
    const open = kernel.moves().open;
    const move = kernel.story.moves[kernel.open - 1];
    const started = {
      kind: 'run_started',
      seq: 0,
      t: 0,
      run_id: 'run-7',
      prompt: '',
      model: 'kimi-k2.6'
    } as const;
    const rests = {
      kind: 'paused',
      seq: 1,
      t: 1,
      step: move?.step ?? 1,
      why: open?.why ?? '',
      key: open?.key ?? '',
      place: move?.place ?? ''
    } as const;
    const over = {
      kind: 'run_finished',
      seq: 1,
      t: 1,
      reason: 'answer',
      answer: 'Five columns.'
    } as const;
    const events: Event[] = [started, open ? rests : over];
    const message = {
      nbagent: 1,
      type: 'snapshot',
      run_id: 'run-7',
      seq: 1,
      t: 1,
      running: open !== null,
      events
    } as const;
    this.listeners.forEach(listener => listener(message));
  }
}

/** Show the run resting at a move; null for the finished run. */
function show(at: number | null): { host: HTMLElement; link: StoryLink } {
  const host = document.createElement('div');
  document.querySelector('main')?.append(host);
  const link = new StoryLink(new StoryKernel(new Story(), at));
  const newCells: NewCells = ([cell]) => void (document.title = cell?.source ?? '');
  mount(host, { run_id: 'run-7' }, link, { loadStep: () => Promise.resolve({ open }), newCells });
  link.tell();
  return { host, link };
}

Object.assign(window, { nbagent: { show } });
