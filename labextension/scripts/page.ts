// A page of its own for the view, without Jupyter: `tests/trace/render_view.py` puts events into
// it and takes pictures. The link replays the events as a kernel would send them.

import { mount } from '../src/view';
import type { Event, KernelMessage, Link } from '../src/view/types';

class Replay implements Link {
  alive = true;
  private readonly listeners = new Set<(message: KernelMessage) => void>();

  constructor(
    private readonly runId: string,
    private readonly body: unknown
  ) {}

  send(action: string): Promise<unknown> {
    const request = { url: 'https://api.moonshot.ai/v1/chat/completions', body: this.body };
    return Promise.resolve(action === 'request' ? request : null);
  }

  onMessage(callback: (message: KernelMessage) => void): () => void {
    this.listeners.add(callback);
    return () => {
      this.listeners.delete(callback);
    };
  }

  tell(type: 'snapshot' | 'events', events: Event[], t: number): void {
    const last = events.at(-1);
    const running = last?.kind !== 'run_finished';
    const head = { nbagent: 1, run_id: this.runId, t, events } as const;
    const message: KernelMessage =
      type === 'events' ? { ...head, type } : { ...head, type, seq: last?.seq ?? -1, running };
    this.listeners.forEach(listener => listener(message));
  }
}

interface Shown {
  host: HTMLElement;
  link: Replay;
  dispose(): void;
}

/** Show the events up to `t` (all of them if left out), as a page that was opened then. */
function show(events: Event[], t = Infinity): Shown {
  const host = document.createElement('div');
  document.querySelector('main')?.append(host);
  const first = events[0];
  const runId = first?.kind === 'run_started' ? first.run_id : '';
  const link = new Replay(runId, { model: 'kimi-k2.6', messages: [] });
  const view = mount(host, { run_id: runId }, link);
  const until = events.filter(event => !(event.t > t)); // a view base has no time
  link.tell('snapshot', until, Math.min(t, until.at(-1)?.t ?? 0));
  return { host, link, dispose: () => view.dispose() };
}

/** Replay events in real time, `speed` times as fast, in batches of 33 ms. */
function replay(events: Event[], speed = 1): Shown {
  const shown = show(events, 0);
  let next = events.findIndex(event => event.t > 0);
  const began = performance.now();
  const timer = setInterval(() => {
    const t = ((performance.now() - began) / 1000) * speed;
    const from = next;
    while (next < events.length && (events[next]?.t ?? Infinity) <= t) next++;
    if (next > from) shown.link.tell('events', events.slice(from, next), t);
    if (next >= events.length) clearInterval(timer);
  }, 33);
  return shown;
}

Object.assign(window, { nbagent: { show, replay, mount } });
