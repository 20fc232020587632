// The store before it is loaded: empty. What is asked of it meanwhile waits for the real one.

import type { RunRow, RunsStore } from './store';

export class StoreDoor implements RunsStore {
  private store: RunsStore | null = null;
  private readonly callbacks = new Set<() => void>();
  private open_: (store: RunsStore) => void = () => undefined;
  private readonly opened = new Promise<RunsStore>(resolve => {
    this.open_ = resolve;
  });

  readonly changed = {
    connect: (callback: () => void): void => void this.callbacks.add(callback),
    disconnect: (callback: () => void): void => void this.callbacks.delete(callback)
  };

  /** Let the store be what this stands for. */
  lead(store: RunsStore): void {
    this.store = store;
    const tell = (): void => [...this.callbacks].forEach(callback => callback());
    store.changed.connect(tell);
    this.open_(store);
    tell();
  }

  get rows(): readonly RunRow[] {
    return this.store?.rows ?? [];
  }
  get serverNote(): string {
    return this.store?.serverNote ?? '';
  }
  async refresh(): Promise<void> {
    await (await this.opened).refresh();
  }
  async command(runId: string, action: string, fields: object = {}): Promise<unknown> {
    return (await this.opened).command(runId, action, fields);
  }
  open(runId: string): void {
    void this.opened.then(store => store.open(runId));
  }
  async jump(runId: string): Promise<void> {
    await (await this.opened).jump(runId);
  }
}
