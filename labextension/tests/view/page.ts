// A view in jsdom, and a kernel's side of its link.
import { vi } from 'vitest';

import { mount, type Extras, type KernelMessage, type Link } from '../../src/view';
import type { Event } from '../../src/view/types';

/** What jsdom lacks and a browser has. */
export function browserLike(): void {
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
  vi.stubGlobal('requestAnimationFrame', (draw: () => void) => Number(setTimeout(draw, 0)));
  Element.prototype.scrollIntoView = () => undefined;
}

export class Kernel implements Link {
  alive = true;
  readonly sent: string[] = [];
  /** What came with the last command. */
  fields: object = {};
  answer: unknown = null;
  private tell: (message: KernelMessage) => void = () => undefined;

  send(action: string, fields: object = {}): Promise<unknown> {
    this.sent.push(action);
    this.fields = fields;
    return Promise.resolve(this.answer);
  }

  onMessage(callback: (message: KernelMessage) => void): () => void {
    this.tell = callback;
    return () => {
      this.tell = () => undefined;
    };
  }

  snapshot(events: readonly Event[]): void {
    const [seq, t] = [events.at(-1)?.seq ?? -1, events.at(-1)?.t ?? 0];
    const running = events.at(-1)?.kind !== 'run_finished';
    this.tell({ nbagent: 1, type: 'snapshot', run_id: 'r1', seq, t, running, events: [...events] });
  }

  events(events: readonly Event[]): void {
    const t = events.at(-1)?.t ?? 0;
    this.tell({ nbagent: 1, type: 'events', run_id: 'r1', t, events: [...events] });
  }
}

export interface Page {
  kernel: Kernel;
  host: HTMLElement;
  root: ShadowRoot;
  drawn: () => Promise<void>;
  dispose: () => void;
}

/** Mount a view that is told these events. */
export async function opened(events: readonly Event[], extras: Extras = {}): Promise<Page> {
  const kernel = new Kernel();
  const host = document.createElement('div');
  document.body.append(host);
  const view = mount(host, { run_id: 'r1' }, kernel, extras);
  kernel.snapshot(events);
  const drawn = (): Promise<void> => new Promise(done => setTimeout(done, 5));
  await drawn();
  const root = host.shadowRoot;
  if (!root) throw new Error('The view has no shadow root.');
  const dispose = (): void => {
    view.dispose();
    host.remove();
  };
  return { kernel, host, root, drawn, dispose };
}

/** The text of the nodes that a selector finds. */
export function texts(root: ParentNode, selector: string): string[] {
  return [...root.querySelectorAll(selector)].map(node => node.textContent);
}
