// The store: what the server's journal and the kernels say, as one list. It asks by itself only
// while the page is seen and a run goes on; all else is told by the kernels.

import type { App, Tracker } from './host';
import { dayStart } from './groups';
import { KernelRuns } from './kernels';
import { isSame, merged } from './merge';
import { ServerRuns } from './server';
import { isLive, type RunRow, type RunsStore } from './store';
import { t } from '../words';

const POLL_MS = 2_000;
/** While the time to a next try is counted down. */
const COUNT_MS = 1_000;

/** What the store leaves to the page. */
export interface Ways {
  open(row: RunRow): void;
  /** Open it, and put the focus on what it asks. */
  decide(row: RunRow): void;
  jump(row: RunRow): Promise<void>;
}

export class LiveStore implements RunsStore {
  rows: readonly RunRow[] = [];
  readonly server: ServerRuns;
  readonly kernels: KernelRuns;
  ways: Ways | null = null;
  private readonly callbacks = new Set<() => void>();
  /** Runs that only a kernel has told of, and that the server was asked for. */
  private readonly asked = new Set<string>();
  /** Those of them that it has no record of. */
  private readonly absent = new Set<string>();
  private readonly removed = new Set<string>();
  private looking: Promise<void> = Promise.resolve();
  private loaded: Promise<void> | null = null;
  private timer = 0;
  private frame = 0;
  private isShown = false;

  readonly changed = {
    connect: (callback: () => void): void => void this.callbacks.add(callback),
    disconnect: (callback: () => void): void => void this.callbacks.delete(callback)
  };

  constructor(app: App, tracker: Tracker | null) {
    const told = (): void => this.gather();
    this.server = new ServerRuns(app.serviceManager.serverSettings, told);
    this.kernels = new KernelRuns(app.serviceManager, tracker, told);
    document.addEventListener('visibilitychange', () => this.turn());
  }

  get serverNote(): string {
    return this.server.note;
  }
  get hasMore(): boolean {
    return this.server.hasMore;
  }

  async refresh(): Promise<void> {
    this.asked.clear();
    this.absent.clear();
    this.loaded = this.load();
    await Promise.all([this.loaded, this.kernels.askAll()]);
  }

  row(runId: string): RunRow | undefined {
    return this.rows.find(row => row.run_id === runId);
  }

  /** Whether somebody looks at the list. */
  show(isShown: boolean): void {
    if (this.isShown === isShown) return;
    this.isShown = isShown;
    this.turn();
  }

  async command(runId: string, action: string, fields: object = {}): Promise<unknown> {
    const kernel = this.kernels.reach(runId);
    if (kernel) {
      const answer = await kernel.send(runId, action, fields);
      void kernel.ask();
      return answer;
    }
    if (action === 'stop') return this.server.stop(runId);
    throw new Error(t('No kernel that this page can ask has this run.'));
  }

  open(runId: string): void {
    const row = this.row(runId);
    if (row) this.ways?.open(row);
  }

  decide(runId: string): void {
    const row = this.row(runId);
    if (row) this.ways?.decide(row);
  }

  async jump(runId: string): Promise<void> {
    const row = this.row(runId);
    if (row) await this.ways?.jump(row);
  }

  /** Take a run from the server's record; its kernel may still list it, the page does not. */
  async remove(runId: string): Promise<void> {
    await this.server.remove(runId);
    this.removed.add(runId);
    this.gather();
  }

  /** The page came into sight or left it, or the list did. */
  private turn(): void {
    const isSeen = document.visibilityState === 'visible';
    if (isSeen && this.isShown) {
      this.kernels.show();
      this.loaded = this.load();
      this.server.follow();
    } else {
      this.server.leave();
      this.kernels.hide();
    }
    if (isSeen) void this.kernels.askLive();
    this.plan();
  }

  /** Read the list, as far as today reaches. */
  private async load(): Promise<void> {
    await this.server.load();
    if (!this.server.answers) return;
    await this.server.reach(dayStart(new Date(), 0)).catch(() => undefined); // told by the next load
    this.gather();
  }

  /** Put the rows together, once a frame however much is told. */
  private gather(): void {
    this.frame ||= window.setTimeout(() => {
      this.frame = 0;
      this.put();
    }, 0);
  }

  private put(): void {
    const before = new Map(this.rows.map(row => [row.run_id, row]));
    const all = merged(this.server.runs.values(), this.kernels.runs(), this.absent);
    this.rows = all
      .filter(row => !this.removed.has(row.run_id))
      .map(row => {
        const old = before.get(row.run_id);
        return old && isSame(old, row) ? old : row;
      });
    this.callbacks.forEach(callback => callback());
    this.plan();
    this.lookFor();
    if (!this.loaded && this.rows.some(isLive)) this.loaded = this.load();
  }

  /** Ask the server for runs that only a kernel has told of. */
  private lookFor(): void {
    if (!this.loaded || !this.isShown) return;
    for (const { run_id, source } of this.rows) {
      if (source !== 'kernel' || this.asked.has(run_id)) continue;
      this.asked.add(run_id);
      this.looking = this.looking.then(() => this.lookAt(run_id));
    }
  }

  private async lookAt(runId: string): Promise<void> {
    await this.loaded;
    if (!this.server.answers) return; // nobody knows
    const isThere = await this.server.look(runId).catch(() => true);
    if (!isThere) this.absent.add(runId);
    this.gather();
  }

  private plan(): void {
    const isDue = document.visibilityState === 'visible' && this.kernels.isLive;
    if (!isDue) {
      clearTimeout(this.timer);
      this.timer = 0;
      return;
    }
    const isCounting = this.rows.some(({ state }) => state === 'retrying');
    this.timer ||= window.setTimeout(
      () => {
        void this.kernels.askLive().finally(() => {
          this.timer = 0;
          this.plan();
        });
      },
      isCounting ? COUNT_MS : POLL_MS
    );
  }
}
